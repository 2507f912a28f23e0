/**
 * When and how beacons leave: the page views that have changed, each as one body or, if too long, as several.
 */

import { type encodeWhy as EncodeWhy, encodeWith, MAX_BYTES, MAX_SEQUENCE } from '../schema/beacon.ts'
import type { PageView } from '../schema/pageview.ts'
import { routeName } from '../schema/route.ts'
import { snapshot, type View } from './pageview.ts'
import type { Settings } from './settings.ts'
import type { Views } from './views.ts'

/** ms after a soft navigation at which web-vitals has said all it has to say of the page view before. */
const SETTLED = 2000

/** Sends from now on. `collect` brings in what observers hold back as the page hides. */
export function startTransport(
  settings: Settings,
  views: Views,
  collect: (() => void) | undefined,
  encodeWhy: typeof EncodeWhy | undefined,
): void {
  const { _url, _release, _beforeSend } = settings
  // The page's own fetch, not the patched one.
  const { fetch } = window
  let shown = document.visibilityState === 'visible'

  const flush = (list: View[]): void => {
    try {
      if (document.prerendering) return
      list.forEach(sendChanges)
    } catch {}
  }

  const sendChanges = (view: View): void => {
    // A page that nobody saw is no page view.
    if (!view._weight || !(shown || view._vitals.fcp !== null)) return
    const page = snapshot(view, views._routeOf(view), _release)
    const state = JSON.stringify([page.route, page.vitals, page.phases])
    if (state === view._sent && !view._calls.length) return
    view._sent = state
    view._calls = []
    try {
      const allowed = _beforeSend(page)
      if (allowed) post(view, { ...allowed, route: routeName(allowed.route) })
    } catch {}
  }

  const post = (view: View, page: PageView): void => {
    const { calls } = page
    const body = encodeWith({ ...page, sequence: view._sequence }, encodeWhy)
    if (calls.length > 1 && new Blob([body]).size > MAX_BYTES) {
      const half = calls.length >> 1
      post(view, { ...page, calls: calls.slice(0, half) })
      post(view, { ...page, calls: calls.slice(half) })
    } else if (view._sequence++ <= MAX_SEQUENCE) send(body)
  }

  const send = (body: string): void => {
    try {
      if (navigator.sendBeacon(_url, body)) return
    } catch {}
    fetch(_url, { method: 'POST', body, keepalive: true, mode: 'no-cors', credentials: 'omit' }).catch(
      () => {},
    )
  }

  // Leaving a visible page fires pagehide and then visibilitychange, at which web-vitals reports: the first is not
  // yet hidden and waits for the second. Pagehide counts where a hidden page ends.
  // https://html.spec.whatwg.org/multipage/document-lifecycle.html#unloading-documents
  const onHide = (event: Event): void => {
    if (event.type !== 'pagehide') shown = true
    if (document.visibilityState !== 'hidden') return
    collect?.()
    flush(views._list)
  }
  addEventListener('visibilitychange', onHide)
  addEventListener('pagehide', onHide)
  views._onEnd = () => setTimeout(() => flush(views._list.slice(0, -1)), SETTLED)
}
