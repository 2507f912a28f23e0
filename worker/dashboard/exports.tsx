/** What a panel shows, to take away: as CSV or as JSON, in a file named after site, panel and range, or as a curl line, which names a variable in place of the token. */

import { request } from './client.ts'
import { usePlace } from './link.tsx'
import { useWork } from './use-action.ts'

export function Exports({ path, of }: { path: string; of: string }) {
  const [{ site, range, from, to }] = usePlace()
  const [said, run] = useWork()
  const words = [site, of, range === 'own' ? `${from} to ${to}` : range].join(' ')
  const name = words.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')
  return (
    <p class="exports">
      <button type="button" onClick={() => run(download(path, 'text/csv', `${name}.csv`), 'CSV saved.')}>
        CSV<span class="hidden"> of {of}</span>
      </button>
      <button
        type="button"
        onClick={() => run(download(path, 'application/json', `${name}.json`), 'JSON saved.')}
      >
        JSON<span class="hidden"> of {of}</span>
      </button>
      <button type="button" onClick={() => run(navigator.clipboard.writeText(curl(path)), 'Copied.')}>
        Copy as curl<span class="hidden"> of {of}</span>
      </button>
      <span role="status">{said}</span>
    </p>
  )
}

function curl(path: string): string {
  return `curl -H "Authorization: Bearer $FIELDLINE_TOKEN" '${location.origin}${path}'`
}

async function download(path: string, accept: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await request(path, { accept })).blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1_000)
}
