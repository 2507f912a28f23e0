/**
 * What a script tag does: puts `window.fieldline` in place, reads its own `data-*` attributes and starts.
 */

import type { Fieldline } from './fieldline.ts'

declare global {
  interface Window {
    fieldline?: Fieldline
  }
}

/** A page that holds the tag twice is measured once. */
export function startScript(fieldline: Fieldline): void {
  try {
    const script = document.currentScript
    // An element with that id is a global of that name, too.
    if (window.fieldline?.init) return
    window.fieldline = fieldline
    if (script instanceof HTMLScriptElement) {
      const { site = '', endpoint, sample, release, route, api } = script.dataset
      fieldline.init({
        site,
        endpoint: endpoint ?? new URL('/f', script.src || location.href).href,
        sample: Number(sample ?? 1),
        release,
        route,
        api: api !== 'off',
      })
    }
  } catch {}
}
