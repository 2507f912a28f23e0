/**
 * When and how beacons leave: the page views that have changed, each as one body or, if too long, as several.
 *
 * Where the browser has fetchLater, what the current page view has to say waits there, in the browser's own process:
 * it leaves even if the page's process dies. As the page hides, it is taken back, and the state of that moment leaves.
 *
 * Never by sendBeacon: it takes the page's referrer policy, which may tell the whole address, and does not say what
 * became of it. So the SDK begins only where fetch can outlive its page.
 */

import { encode, MAX_BYTES, write } from '../schema/wire/beacon.ts'
import { changed, onChange } from './change.ts'
import { native } from './dom.ts'
import { listen } from './listen.ts'
import { read } from './observe.ts'
import { snapshot, type View } from './pageview.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { current, views } from './views.ts'

/** ms within which leaving, begun, cuts off calls: Firefox does so at once, Chromium when the page hides. */
export const CUT = 200
/** ms after which what waits in the browser is renewed: the age that it tells stands still. */
const STALE = 60_000
/** ms after which what was refused is tried again: by then a policy has said that it was it. */
const SOON = 500

declare global {
  interface Window {
    /** @see https://whatpr.org/fetch/1647.html#fetch-later-method */
    fetchLater?(url: string, init: RequestInit): { readonly activated: boolean }
  }
}

/** When the page hid last; below 0: never. */
export let hidden = -CUT

/** When the visitor last began to leave; a download begins alike. */
export let unloading = -CUT

/** Whether anything may be sent; undefined as long as nobody has said. */
let granted: boolean | undefined

/** Takes a yes or a no. */
export function consent(yes: boolean): void {
  granted = !!yes
  // The page views so far are as if they had not been drawn.
  if (!granted) for (const view of views) view._page.weight = view._news.length = 0
  changed(1)
}

/** Sends from now on. `settle` has said what is still to be said of calls. */
export function startTransport(settings: Settings, settle?: () => void): void {
  const { beforeSend, consent = 'true', _urls } = settings
  // The page's own fetch, not the patched one.
  const { fetch, fetchLater } = window
  let shown = !native(document, 'hidden')
  /** Something could not leave. */
  let refused = false
  // Whatever is not `true` is no yes.
  granted ??= consent === 'true'

  /** Sends all there is to say. With `hold`, the current page view waits where it can, or goes on. */
  const flush = (hold?: boolean, keepalive = true): void => {
    read?.()
    settle?.()
    for (const view of hold && refused ? [current] : views) deliver(view, hold && view === current, keepalive)
  }

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one delivery, whose steps undo each other
  const deliver = quietly((view: View, hold: boolean | undefined, keepalive: boolean, most?: number) => {
    view._held?.()
    view._held = undefined
    const { _page } = view
    const [url] = _urls
    const later = hold && fetchLater
    // A page that nobody saw is no page view.
    if (!url || !granted || !_page.weight || !(shown || _page.vitals.fcp) || (hold && !later)) return
    const news = view._news.slice(0, most)
    const page = snapshot(view, news)
    // The numbers that change by themselves apart.
    const state = write({ ...page, age: 0, sequence: 0, calls: 0, marks: 0 })
    if (!news[0] && state === view._sent) return
    const said = (): void => {
      view._sent = state
      view._news.splice(0, news.length)
    }
    const allowed = beforeSend ? quietly(beforeSend)(page) : page
    const body = allowed && encode({ ...allowed, route: allowed.route.replace(/[?#].*/s, '') })
    if (body && news[1] && new Blob([body]).size > MAX_BYTES) {
      deliver(view, false, keepalive, news.length >> 1)
      deliver(view, false, keepalive)
      return
    }
    // What beforeSend drops is not offered again.
    if (!hold) said()
    if (!body) return
    const back = new AbortController()
    const request: RequestInit = {
      body,
      keepalive,
      signal: back.signal,
      method: 'POST',
      mode: 'no-cors',
      credentials: 'omit',
      // Whatever the page's policy says, the address of the page stays in it.
      referrerPolicy: 'origin',
    }
    if (later) {
      const waiting = later(url, request)
      view._held = () => {
        if (waiting.activated) {
          _page.sequence++
          said()
        } else back.abort()
      }
    } else {
      _page.sequence++
      // All requests with keepalive of a page, other libraries' too, share 64 KB, and each of them is refused beyond. What is
      // refused is unsaid again, and goes without soon, if the page lives on; what is refused then waits until something has
      // left, or the page hides.
      fetch(url, request).then(
        () => {
          refused = false
        },
        () => {
          refused = true
          view._sent = ''
          view._news.unshift(...news)
          // A number that others have followed is a gap.
          if (_page.sequence === page.sequence + 1) _page.sequence--
          if (keepalive) setTimeout(flush, SOON, false, false)
        },
      )
    }
  })

  let unheard: ReturnType<typeof setTimeout> | undefined
  // Leaving a visible page fires pagehide and then visibilitychange, which is the end: the vitals have their last values
  // by then. Where nothing waits in the browser, pagehide counts, too: the page may stop or forge the other.
  // https://html.spec.whatwg.org/multipage/document-lifecycle.html#unloading-documents
  const onHide = quietly(({ type, timeStamp, eventPhase }: Event): void => {
    const leaving = type === 'pagehide'
    const over = native(document, 'hidden')
    if (!over) {
      shown = true
      if (!leaving) return
    }
    hidden = timeStamp
    // On the event's way down nobody can have stopped it; on its way up, all have heard of it.
    clearTimeout(unheard)
    if (eventPhase < 2) unheard = setTimeout(flush)
    else flush(leaving && !!fetchLater)
  })
  // A page that lets nobody listen throws here, before anything has begun: web-vitals would throw later, into the page.
  listen('visibilitychange', onHide)
  listen('pagehide', onHide)
  listen('beforeunload', () => {
    // What has ended by now is told by now: from here on others are cut off within the same ms.
    flush(true)
    unloading = performance.now()
  })
  listen('visibilitychange', onHide, true)

  // A page's policy refuses late: the browser has taken the beacon by then. Each further one would be a console line.
  listen('securitypolicyviolation', ({ blockedURI, disposition }: SecurityPolicyViolationEvent) => {
    if (disposition === 'enforce' && blockedURI === _urls[0]) {
      _urls.shift()
      changed()
    }
  })

  onChange(() => flush(true))
  changed()
  setInterval(flush, STALE, true)
}
