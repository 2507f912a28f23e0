/**
 * When and how beacons leave: the page views that have changed, each as one body or, if too long, as several.
 *
 * Where the browser has fetchLater, what the current page view has to say waits there, in the browser's own process:
 * it leaves even if the page's process dies. As the page hides, it is taken back, and the state of that moment leaves.
 *
 * Never by sendBeacon: it takes the page's referrer policy, which may tell the whole address, and does not say what
 * became of it. So the SDK begins only where fetch can outlive its page.
 */

import { routeName } from '../schema/domain/route.ts'
import { encode, MAX_BYTES, write } from '../schema/wire/beacon.ts'
import type { ApiCall, Beacon, Mark } from '../schema/wire/pageview.ts'
import { ofDocument } from './dom.ts'
import { snapshot, type View } from './pageview.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { CUT, SETTLED, type Views } from './views.ts'
import { outside } from './zone.ts'

/** ms after which what waits in the browser is renewed: the age that it tells stands still. */
const STALE = 60_000
/** ms after which what was refused is tried again: by then a policy has said that it was it. */
const SOON = 500
/** Beacons kept that could not leave. */
const KEPT = 8

declare global {
  interface Window {
    /** @see https://whatpr.org/fetch/1647.html#fetch-later-method */
    fetchLater?(url: string, init: RequestInit): { readonly activated: boolean }
  }
}

/** Sends from now on. */
export function startTransport(settings: Settings, views: Views): void {
  let shown = !ofDocument('hidden')
  // The page's own fetch, not the patched one.
  const { fetch, fetchLater } = window
  let timer: ReturnType<typeof setTimeout> | undefined
  /** What could not leave, the oldest first. */
  const kept: Beacon[] = []
  /** When the visitor left. */
  let left = -CUT

  /** Sends all there is to say. With `hold`, the current page view waits where it can, or goes on. */
  const flush = (hold?: boolean): void => {
    timer = clearTimeout(timer) as undefined
    listenAgain()
    views._settle?.(!hold)
    // A no to what is sent is one to what could not leave.
    if (!settings._consent) kept.length = 0
    if (!hold) sendKept(true)
    if (!ofDocument('prerendering'))
      for (const view of views._list) deliver(view, hold && view === views._last)
  }

  const deliver = quietly((view: View, hold?: boolean) => {
    view._held?.()
    // A page that nobody saw is no page view.
    if (!settings._consent || !view._weight || !(shown || view._vitals.fcp) || (hold && !fetchLater)) return
    const page = snapshot(view, views._routeOf(view), settings.release)
    const calls = view._calls.length
    const marks = view._marks.length
    const state = write([page.route, page.vitals, page.phases, page.dropped])
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
    const beacons: Beacon[] = []
    /** Adds one beacon, or several where it would be too long. */
    const add = (calls: ApiCall[], marks: Mark[]): void => {
      const beacon = { ...allowed, route, sequence: view._sequence + beacons.length, calls, marks }
      const half = calls.length >> 1
      if (half && new Blob([encode(beacon)]).size > MAX_BYTES) {
        add(calls.slice(0, half), [])
        add(calls.slice(half), marks)
      } else beacons.push(beacon)
    }
    add(allowed.calls, allowed.marks)
    const [beacon, more] = beacons
    if (hold && fetchLater && beacon && !more) {
      const back = new AbortController()
      const waiting = fetchLater(settings._url, requestOf(beacon, true, back.signal))
      view._held = () => {
        view._held = undefined
        if (waiting.activated) {
          view._sequence++
          said()
        } else back.abort()
      }
    } else {
      view._sequence += beacons.length
      if (hold) said()
      for (const beacon of beacons) send(beacon, true)
    }
  })

  // All requests with keepalive of a page, other libraries' too, share 64 KB, and each of them is refused beyond. What is
  // refused goes without soon, if the page lives on; what is refused again waits until something has left, or the page hides.
  const send = (beacon: Beacon, keepalive: boolean): void => {
    const time = Date.now()
    fetch(settings._url, requestOf(beacon, keepalive)).then(
      () => sendKept(),
      () => {
        kept.push({
          ...beacon,
          get age() {
            return beacon.age + Date.now() - time
          },
        })
        kept.splice(0, kept.length - KEPT)
        if (keepalive) setTimeout(sendKept, SOON)
      },
    )
  }
  const sendKept = (keepalive = false): void => {
    const beacon = settings._consent && kept.shift()
    if (beacon) send({ ...beacon }, keepalive)
  }

  // Leaving a visible page fires pagehide and then visibilitychange, which is the end: the vitals have their last values
  // by then. Where nothing waits in the browser, pagehide counts, too: the page may stop or forge the other.
  // https://html.spec.whatwg.org/multipage/document-lifecycle.html#unloading-documents
  const onHide = quietly(({ type, timeStamp, eventPhase }: Event): void => {
    const leaving = type === 'pagehide'
    shown ||= !leaving
    const over = ofDocument('hidden') || timeStamp - left < CUT || (leaving && !fetchLater)
    if (leaving) left = timeStamp
    if (over) {
      views._hidden = timeStamp
      // On the event's way down nobody can have stopped it; on its way up, all have heard of it.
      if (eventPhase === 1) timer = setTimeout(flush)
      else {
        views._read?.()
        flush()
      }
    } else if (leaving && timer) flush(true)
  })
  const listen = (): void => {
    addEventListener('visibilitychange', onHide, true)
    addEventListener('visibilitychange', onHide)
    addEventListener('pagehide', onHide, true)
  }
  // A page that lets nobody listen throws here, before anything has begun: web-vitals would throw later, into the page.
  listen()
  // Again and again, since `document.open` removes all listeners. Those that are there are not added.
  const listenAgain = quietly(listen)

  // A page's policy refuses late: the browser has taken the beacon by then. Each further one would be a console line.
  addEventListener('securitypolicyviolation', ({ blockedURI, disposition }) => {
    if (disposition !== 'enforce' || blockedURI !== settings._url) return
    const { _fallback } = settings
    if (_fallback && _fallback !== settings._url) {
      settings._url = _fallback
      views._onChange()
    } else views._consent(false)
  })

  // Unless it says when, a change leaves with those before it.
  views._onChange = (wait = timer ? -1 : SETTLED) => {
    if (wait < 0) return
    clearTimeout(timer)
    outside(() => {
      timer = setTimeout(flush, wait, true)
    })
  }
  views._onChange()
  setInterval(flush, STALE, true)
  new MutationObserver(listenAgain).observe(document, { childList: true })
}

/** Whatever the page's policy says, the address of the page stays in it. */
function requestOf(beacon: Beacon, keepalive: boolean, signal: AbortSignal | null = null): RequestInit {
  return {
    body: encode(beacon),
    keepalive,
    signal,
    method: 'POST',
    mode: 'no-cors',
    credentials: 'omit',
    referrerPolicy: 'origin',
  }
}
