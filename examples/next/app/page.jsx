export default function Page() {
  return <main>Start</main>
}
