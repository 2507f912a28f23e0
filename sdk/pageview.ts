/**
 * The state of one page view while it lasts, and what a beacon says of it.
 */

import type { Vital } from '../schema/domain/metrics.ts'
import type { ApiCall, Beacon, Connection, Navigation, Why } from '../schema/wire/pageview.ts'
import { loadPhases } from './navigation.ts'

/** Times are those of `performance.now()`. */
export interface View {
  _id: string
  /** When it began; 0 for the document's own. */
  _start: number
  /** What its times count from: a prerendered page's visitor saw nothing before its activation. */
  _origin: number
  /** `Date.now()` at `_start`. */
  _began: number
  _navigation: Navigation
  /** What names it, if nobody does: where the visitor ended. */
  _path: string
  /** When the path changed; undefined once the soft navigation is known that measures it, if there is one. */
  _moved?: number | undefined
  /** The name that the page gave it. */
  _named?: string | undefined
  /** Page views that it stands for; 0 where it was not drawn. */
  _weight: number
  _vitals: Record<Vital, number | null>
  /** Null in the core. */
  _why: Why | null
  /** Calls not sent yet; `start` as the browser tells it. */
  _calls: ApiCall[]
  /** Calls taken, sent or not, and calls beyond. */
  _taken: number
  _dropped: number
  /** Marks not sent yet; `value` undefined: the time since the page view began. */
  _marks: { name: string; value: number | undefined; start: number }[]
  /** Marks taken, sent or not. */
  _marked: number
  /** Number of the next beacon. */
  _sequence: number
  /** What the last beacon said, calls and marks apart. */
  _sent?: string
  /** Takes back what waits in the browser, or notes that it has left. */
  _held?: (() => void) | undefined
}

/** @see https://wicg.github.io/netinfo/ */
interface Client extends Navigator {
  readonly connection?: { readonly effectiveType?: Connection }
}

/** Begins a page view. It is drawn with a chance of 1 in `rate`. */
export function openView(start: number, navigation: Navigation, path: string, rate: number): View {
  const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1))
  return {
    _id: random.toString(16),
    _start: start,
    _origin: start,
    // Both clocks are read within the page view's first moments: later `performance.now()` may have slept.
    _began: Date.now() - performance.now(),
    _navigation: navigation,
    _path: path,
    _weight: Math.random() * rate < 1 ? rate : 0,
    _vitals: { lcp: null, fcp: null, cls: null, inp: null, ttfb: null },
    _why: null,
    _calls: [],
    _taken: 0,
    _dropped: 0,
    _marks: [],
    _marked: 0,
    _sequence: 0,
  }
}

/** Everything known of a page view now. */
export function snapshot(view: View, route: string, release: string | null = null): Beacon {
  const client: Client = navigator
  const origin = view._origin
  return {
    id: view._id,
    sequence: view._sequence,
    weight: view._weight,
    age: Date.now() - view._began - origin,
    navigation: view._navigation,
    route,
    release,
    connection: client.connection?.effectiveType ?? null,
    touch: client.maxTouchPoints > 0,
    vitals: { ...view._vitals },
    phases: view._start ? null : loadPhases(origin),
    why: view._why,
    dropped: view._dropped,
    marks: view._marks.map(({ name, value, start }) => ({ name, value: value ?? start - origin })),
    calls: view._calls.map(call => ({ ...call, start: call.start - origin })),
  }
}
