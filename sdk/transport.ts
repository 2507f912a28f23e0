/**
 * When and how beacons leave: the page views that have changed, each as one body or, if too long, as several.
 *
 * Where the browser has fetchLater, what the current page view has to say waits there, in the browser's own process:
 * it leaves even if the page's process dies. As the page hides, it is taken back, and the state of that moment leaves.
 */

import { encode, MAX_BYTES } from '../schema/beacon.ts'
import type { ApiCall, Mark } from '../schema/pageview.ts'
import { routeName } from '../schema/route.ts'
import { snapshot, type View } from './pageview.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { SETTLED, type Views } from './views.ts'

/** ms after which what waits in the browser is renewed: the age that it tells stands still. */
const STALE = 60_000

declare global {
  interface Window {
    /** @see https://whatpr.org/fetch/1647.html#fetch-later-method */
    fetchLater?(url: string, init: RequestInit): { readonly activated: boolean }
  }
}

/** Sends from now on. */
export function startTransport(settings: Settings, views: Views): void {
  let shown = !document.hidden
  // The page's own fetch, not the patched one.
  const { fetch, fetchLater } = window
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Bodies sent last. */
  let last: string[] = []

  /** Sends all there is to say. With `hold`, the current page view waits where it can, or goes on. */
  const flush = (hold?: boolean): void => {
    timer = clearTimeout(timer) as undefined
    last = []
    if (!document.prerendering) for (const view of views._list) deliver(view, hold && view === views._last)
  }

  const deliver = quietly((view: View, hold?: boolean) => {
    view._held?.()
    // A page that nobody saw is no page view.
    if (!settings._consent || !view._weight || !(shown || view._vitals.fcp) || (hold && !fetchLater)) return
    const page = snapshot(view, views._routeOf(view), settings.release)
    const calls = view._calls.length
    const marks = view._marks.length
    const state = JSON.stringify([page.route, page.vitals, page.phases, page.dropped])
    if (!calls && !marks && state === view._sent) return
    const said = (): void => {
      view._sent = state
      view._calls.splice(0, calls)
      view._marks.splice(0, marks)
    }
    // What beforeSend drops is not offered again.
    if (!hold) said()
    const { beforeSend } = settings
    const allowed = beforeSend ? beforeSend(page) : page
    if (!allowed) return
    const route = routeName(allowed.route)
    const bodies: string[] = []
    /** Adds one body, or several where it would be too long. */
    const add = (calls: ApiCall[], marks: Mark[]): void => {
      const body = encode({ ...allowed, route, sequence: view._sequence + bodies.length, calls, marks })
      const half = calls.length >> 1
      if (half && new Blob([body]).size > MAX_BYTES) {
        add(calls.slice(0, half), [])
        add(calls.slice(half), marks)
      } else bodies.push(body)
    }
    add(allowed.calls, allowed.marks)
    const [body, more] = bodies
    if (hold && fetchLater && body && !more) {
      const back = new AbortController()
      const left = fetchLater(settings._url, requestOf(body, back.signal))
      view._held = () => {
        view._held = undefined
        if (left.activated) {
          view._sequence++
          said()
        } else back.abort()
      }
    } else {
      view._sequence += bodies.length
      if (hold) said()
      bodies.forEach(send)
      last.push(...bodies)
    }
  })

  const send = (body: string): void => {
    try {
      if (navigator.sendBeacon(settings._url, body)) return
    } catch {}
    fetch(settings._url, requestOf(body, null)).catch(() => {})
  }

  // Leaving a visible page fires pagehide and then visibilitychange: the first is not yet hidden and waits for the
  // second. Pagehide counts where a hidden page ends.
  // https://html.spec.whatwg.org/multipage/document-lifecycle.html#unloading-documents
  const onHide = (event: Event): void => {
    shown ||= event.type !== 'pagehide'
    if (!document.hidden) return
    views._hidden = event.timeStamp
    views._read?.()
    flush()
  }
  addEventListener('visibilitychange', onHide)
  addEventListener('pagehide', onHide)

  // A page's policy refuses late: the browser has taken the beacon by then. Each further one would be a console line.
  addEventListener('securitypolicyviolation', ({ blockedURI, disposition }) => {
    if (disposition !== 'enforce' || blockedURI !== settings._url) return
    const { _fallback } = settings
    if (_fallback && _fallback !== settings._url) {
      settings._url = _fallback
      last.forEach(send)
      views._onChange()
    } else views._consent(false)
  })

  // Unless it says when, a change leaves with those before it.
  views._onChange = (wait = timer ? -1 : SETTLED) => {
    if (wait < 0) return
    clearTimeout(timer)
    timer = setTimeout(flush, wait, true)
  }
  views._onChange()
  setInterval(flush, STALE, true)
}

function requestOf(body: string, signal: AbortSignal | null): RequestInit {
  return { body, signal, method: 'POST', mode: 'no-cors', credentials: 'omit', keepalive: true }
}
