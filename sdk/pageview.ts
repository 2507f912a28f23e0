/**
 * The state of one page view while it lasts, and what a beacon says of it.
 */

import type { Vital } from '../schema/metrics.ts'
import { type ApiCall, CONNECTIONS, type Navigation, type PageView } from '../schema/pageview.ts'
import { activationStart, loadPhases, timeToFirstByte } from './navigation.ts'

/** Times are those of `performance.now()`. */
export interface View {
  _id: string
  /** When it began; 0 for the document's own. The key that web-vitals' metrics carry too. */
  _start: number
  /** `Date.now()` at `_start`. */
  _began: number
  _navigation: Navigation
  /** Path of its address. */
  _path: string
  /** Page views that it stands for; 0 where it was not drawn. */
  _weight: number
  _vitals: Record<Vital, number | null>
  /** Calls not sent yet; `start` as the browser tells it. */
  _calls: ApiCall[]
  /** Calls seen, sent or not. */
  _counted: number
  /** Number of the next beacon. */
  _sequence: number
  /** What the last beacon said, calls apart. */
  _sent: string
}

/** @see https://wicg.github.io/netinfo/ */
interface Client extends Navigator {
  readonly connection?: { readonly effectiveType?: string }
}

/** Begins a page view. It is drawn with a chance of 1 in `rate`. */
export function openView(start: number, navigation: Navigation, url: string, rate: number): View {
  return {
    _id: randomId(),
    _start: start,
    // Both clocks are read within the page view's first moments: later `performance.now()` may have slept.
    _began: Date.now() - performance.now() + start,
    _navigation: navigation,
    _path: new URL(url, document.baseURI).pathname,
    _weight: Math.random() * rate < 1 ? rate : 0,
    _vitals: { lcp: null, inp: null, cls: null, fcp: null, ttfb: null },
    _calls: [],
    _counted: 0,
    _sequence: 0,
    _sent: '',
  }
}

/** Everything known of a page view now. */
export function snapshot(view: View, route: string, release: string | null): PageView {
  const { connection, maxTouchPoints }: Client = navigator
  const hard = !view._start
  const origin = hard ? activationStart() : view._start
  return {
    id: view._id,
    sequence: view._sequence,
    weight: view._weight,
    age: Date.now() - view._began - origin + view._start,
    navigation: view._navigation,
    route,
    release,
    connection: CONNECTIONS.find(type => type === connection?.effectiveType) ?? null,
    touch: maxTouchPoints > 0,
    vitals: { ...view._vitals, ttfb: view._vitals.ttfb ?? (hard ? timeToFirstByte() : null) },
    phases: hard ? loadPhases() : null,
    calls: view._calls.map(call => ({ ...call, start: call.start - origin })),
  }
}

/** 16 hex digits. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
