/**
 * The state of one page view while it lasts, and what a beacon says of it.
 */

import { template } from '../schema/domain/route.ts'
import { MAX_TAGS_SENT } from '../schema/domain/tag.ts'
import { MAX_CALLS } from '../schema/wire/beacon.ts'
import type { ApiCall, Beacon, Connection, ErrorList, Navigation } from '../schema/wire/pageview.ts'
import { loadPhases, navigationEntry } from './navigation.ts'
import { serverTiming } from './server-timing.ts'
import type { Settings } from './settings.ts'

/** A cause in its wire form: its values, in the order of its type in schema/pageview. */
export type CauseList = readonly unknown[]

/** ms that scripts of a host blocked the page, until it had loaded and after. */
type BlockingHost = [load: number, after: number, host: string]

/** A call or a mark; `start` as the browser tells it. Those of the highest rank have a place. */
type News = CallNews | MarkNews
type CallNews = ApiCall & { _rank: number }
/** Without a value it is the time since the page view began. */
type MarkNews = {
  _rank: number
  start: number
  name: string
  value: number | undefined
  endpoint?: undefined
}

/** Times are those of `performance.now()`. */
export interface View {
  /** What is on the wire as it is here. */
  _page: Omit<
    Beacon,
    | 'age'
    | 'route'
    | 'phases'
    | 'server'
    | 'trace'
    | 'calls'
    | 'marks'
    | 'tags'
    | 'why'
    | 'blocking'
    | 'errors'
  > & {
    why?: (CauseList | null | undefined)[]
    blocking?: [load: number, after: number, hosts: BlockingHost[]]
    /** Undefined where nobody looks. */
    errors?: [count: number, list: ErrorList[]]
  }
  /** When it began; 0 for the document's own. */
  _start: number
  /** What its times count from: a prerendered page's visitor saw nothing before its activation. */
  _origin: number
  /** `Date.now()` at time 0, by two clocks read at its begin: later `performance.now()` may have slept. */
  _zero: number
  /** What names it, if nobody does: where the visitor ended. */
  _path: string
  /** When the path changed; undefined once the soft navigation is known that measures it, if there is one. */
  _moved?: number | undefined
  /** The name that the page gave it. */
  _named?: string | undefined
  /** Calls and marks not sent yet. */
  _news: News[]
  /** What the page says of it, by name. */
  _tags: Record<string, string>
  /** All hosts whose scripts blocked it. */
  _hosts?: BlockingHost[]
  /** What the last beacon said, calls and marks apart. */
  _sent?: string
  /** Takes back what waits in the browser, or notes that it has left. */
  _held?: (() => void) | undefined
}

/** @see https://wicg.github.io/netinfo/ */
interface Client extends Navigator {
  readonly connection?: { readonly effectiveType?: Connection }
}

/** Begins a page view. It is drawn with a chance of 1 in `rate`; one that is not stands for none. */
export function newView(
  start: number,
  navigation: Navigation,
  path: string,
  { _rate: rate, release }: Settings,
  before?: View,
): View {
  return {
    _page: {
      // 53 bits. The clock is among them: WebKit begins with one of 2^32 numbers, and some pages choose theirs.
      id: Math.round(Date.now() * Math.random() * 5e3).toString(16),
      sequence: 0,
      weight: Math.random() * rate < 1 ? rate : 0,
      navigation,
      release,
      connection: (navigator as Client).connection?.effectiveType,
      touch: navigator.maxTouchPoints > 0,
      vitals: {},
      dropped: -MAX_CALLS,
    },
    _start: start,
    _origin: start,
    _zero: Date.now() - performance.now(),
    _path: path,
    _news: [],
    _tags: { ...before?._tags },
  }
}

/** Everything known of a page view now, with some of its calls and marks. */
export function snapshot(view: View, news: readonly News[]): Beacon {
  // Other page views load no document.
  const load = view._start ? undefined : navigationEntry()
  return {
    ...view._page,
    // Of two clocks the one that has neither been set back nor slept.
    age: Math.max(Date.now() - view._zero, performance.now()) - view._origin,
    route: view._named || template(view._path),
    vitals: { ...view._page.vitals },
    phases: loadPhases(load, view._origin),
    ...serverTiming(load?.serverTiming, true),
    calls: (news.filter(one => one.endpoint) as CallNews[]).map(({ _rank, ...call }) => ({
      ...call,
      start: call.start - view._origin,
    })),
    marks: (news.filter(one => !one.endpoint) as MarkNews[]).map(({ name, value, start }) => ({
      name,
      value: value ?? Math.max(0, start - view._origin),
    })),
    tags: Object.entries(view._tags).slice(0, MAX_TAGS_SENT),
  }
}
