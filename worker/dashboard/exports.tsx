/** What a panel shows, to take away: as CSV, as JSON, or as a curl line, which names a variable in place of the token. */

import { request } from './client.ts'
import { useWork } from './use-action.ts'

export function Exports({ path, of }: { path: string; of: string }) {
  const [said, run] = useWork()
  return (
    <p class="exports">
      <button type="button" onClick={() => run(download(path, 'text/csv', 'csv'), 'CSV saved.')}>
        CSV<span class="hidden"> of {of}</span>
      </button>
      <button type="button" onClick={() => run(download(path, 'application/json', 'json'), 'JSON saved.')}>
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

async function download(path: string, accept: string, ending: string): Promise<void> {
  const url = URL.createObjectURL(await (await request(path, { accept })).blob())
  const link = document.createElement('a')
  link.href = url
  link.download = `fieldline.${ending}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1_000)
}
