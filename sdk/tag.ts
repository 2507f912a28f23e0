/**
 * The script tag: reads its own `data-*` attributes and starts.
 *
 *     <script async src="https://rum.example.com/fieldline.js" data-site="shop"></script>
 */

import { init, setRoute } from './index.ts'

declare global {
  interface Window {
    fieldline?: { init: typeof init; setRoute: typeof setRoute }
  }
}

const script = document.currentScript
// A page that holds the tag twice is measured once.
if (!window.fieldline) {
  window.fieldline = { init, setRoute }
  if (script instanceof HTMLScriptElement) {
    const { site = '', endpoint, sample, release, route, api } = script.dataset
    init({
      site,
      endpoint: endpoint ?? new URL('/f', script.src || location.href).href,
      sample: Number(sample ?? 1),
      release,
      route,
      api: api !== 'off',
    })
  }
}
