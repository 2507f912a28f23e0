// Measured as /docs/[...path].
export default async function Page({ params }) {
  const { path } = await params
  return <main>A page of docs: {path.join(', ')}</main>
}
