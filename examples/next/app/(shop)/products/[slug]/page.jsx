// Measured as /products/[slug].
export default async function Page({ params }) {
  const { slug } = await params
  return <main>A {slug}</main>
}
