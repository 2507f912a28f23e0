/**
 * One page view as the browser saw it: what the SDK fills in, the beacon carries and the worker stores.
 */

import type { Phase, Vital } from '../domain/metrics.ts'

/** How the page view began, in the words of web-vitals. */
export const NAVIGATIONS = [
  'navigate',
  'reload',
  'back-forward',
  'back-forward-cache',
  'prerender',
  'restore',
  'soft-navigation',
] as const
export type Navigation = (typeof NAVIGATIONS)[number]

/** `navigator.connection.effectiveType`. */
export const CONNECTIONS = ['slow-2g', '2g', '3g', '4g'] as const
export type Connection = (typeof CONNECTIONS)[number]

/**
 * How an API call ended: a status below 400, one from 400, no response, called off by the page, or given up for taking too
 * long. Rows keep an outcome by its place in this list, so new ones go to the end.
 */
export const OUTCOMES = ['ok', 'http', 'network', 'aborted', 'timeout'] as const
export type Outcome = (typeof OUTCOMES)[number]
/** The outcomes that count in an error rate. */
export const FAILURES = ['http', 'network', 'timeout'] as const satisfies readonly Outcome[]

/** One call of fetch or XMLHttpRequest. Times in ms. */
export interface ApiCall {
  /** Method, host (own origin left out) and templated path: `GET /api/products/[id]`. */
  endpoint: string
  /** From the beginning of the page view to the call. */
  start: number
  /** To the last byte; of a stream, to its end. */
  duration: number
  /** What the page saw. */
  outcome: Outcome
  /** The status of the answer; null where there is none, or the browser hides it. */
  status: number | null
  /** Time to first byte; null where the browser hides it (cross-origin without Timing-Allow-Origin). */
  ttfb: number | null
  /** Bytes transferred, headers included; null where hidden. */
  bytes: number | null
  /** Durations that the response names in its Server-Timing header, in ms; where there are none null, in the browser []. */
  server: [name: string, duration: number][] | null
  /** The id of its trace, as its Server-Timing header tells it: of failed and slow calls, where there is one. */
  trace?: string | null | undefined
}

/**
 * Why the LCP was late: the element, and three of the four parts that its time falls into. The first, TTFB, is the rest.
 *
 * @see https://web.dev/articles/optimize-lcp#lcp-breakdown
 */
export interface LcpCause {
  /** Selector of the element. */
  target: string
  /** Address of its image without query string; null for text. */
  url: string | null
  /** From the first byte of the document to the request of the image, in ms; 0 for text. */
  loadDelay: number
  loadDuration: number
  /** From the image's last byte (the document's first, for text) to the paint. */
  renderDelay: number
}

/**
 * Why the slowest interaction was slow: what was touched, three phases, and the longest script among them.
 *
 * @see https://web.dev/articles/optimize-inp
 */
export interface InpCause {
  target: string
  /** `click`, `keydown`, ... */
  event: string
  /** From the beginning of the page view to the interaction, in ms. */
  time: number
  inputDelay: number
  processing: number
  presentation: number
  /** The longest script of the long animation frames; null where the browser tells none. */
  script: ScriptCause | null
}

/** A script that ran during an interaction, from https://w3c.github.io/long-animation-frames/ */
export interface ScriptCause {
  /** Its address without query string; empty for inline code. */
  url: string
  /** What called it: `BUTTON#buy.onclick`, `TimerHandler:setTimeout`. */
  invoker: string
  /** ms of it within the interaction. */
  duration: number
}

/** Where the largest layout shift was. */
export interface ClsCause {
  /** Selector of the element that moved most. */
  target: string
  /** Its score, in thousandths. */
  value: number
  /** From the beginning of the page view, in ms. */
  time: number
}

/** Why the vitals are what they are; null where there is nothing to say. */
export interface Attribution {
  lcp: LcpCause | null
  inp: InpCause | null
  cls: ClsCause | null
}

/** How long scripts kept the page from answering, in ms, of what https://w3c.github.io/long-animation-frames/ calls blocking. */
export interface Blocking {
  /** Until the document had loaded; null for navigations that load none. */
  load: number | null
  /** After that. */
  after: number
  /** Of it by scripts, those of the hosts with most, the worst first. */
  hosts: BlockingHost[]
}

export interface BlockingHost {
  load: number
  after: number
  /** `cdn.example:8080`; empty for the page's own origin, a scheme (`blob:`) for what has no host. */
  host: string
}

/** A custom measure that the page reported by `mark(name, value)`: a whole number. */
export interface Mark {
  name: string
  value: number
}

/** What the page says of a page view in its own words: `plan` being `pro`. */
export type Tag = [name: string, value: string]
/** What the browser fires where nobody catches. */
export const ERROR_KINDS = ['error', 'unhandledrejection'] as const
export type ErrorKind = (typeof ERROR_KINDS)[number]

/** The fields that make two errors different. */
export interface Fingerprint {
  kind: ErrorKind
  /** Without values: `TypeError: Cannot read properties of undefined (reading`; empty where nothing could be read. */
  message: string
  /** Path of the script, behind its host if that is another; empty where the browser tells none. */
  script: string
  /** From 1; 0 where the browser tells none. */
  line: number
  column: number
}

/** `/app.js:118:23`; empty where the browser tells no place. */
export function placeOf({ script, line, column }: Pick<Fingerprint, 'script' | 'line' | 'column'>): string {
  return script && `${script}:${line}:${column}`
}

/** An error of one page view, and how often it came. */
export interface PageError extends Fingerprint {
  count: number
}

/** The same as a list of its values. */
export type ErrorList = unknown[]

/** The uncaught errors and unhandled rejections of one page view. */
export interface PageErrors {
  /** All of them, those beyond the list, too. */
  count: number
  list: PageError[]
}

/** A page view as a browser tells it. */
export interface Beacon
  extends Omit<
    PageView,
    'release' | 'connection' | 'vitals' | 'phases' | 'why' | 'blocking' | 'dropped' | 'errors'
  > {
  /** What the page says of itself. */
  release?: string | null | undefined
  /** The speed class of the network, where the browser tells it. */
  connection?: Connection | null | undefined
  /** Calls beyond what is sent of one page view, so far; from a browser below 0 as long as calls have places left. */
  dropped: number
  /** Grains of those that are known. */
  vitals: Partial<Record<Vital, number | null>>
  /** In the order of `PHASES`. */
  phases: Record<Phase, number> | readonly number[] | null
  /** A list of lists from a browser; missing from a script that looks for none. */
  why?: Attribution | readonly (readonly unknown[] | null | undefined)[] | null
  /** A list from a browser: `[load, after, [[load, after, host], ...]]`. */
  blocking?: Blocking | readonly unknown[] | null | undefined
  /** From a browser their number and a list for each; missing where nobody looks. */
  errors?: PageErrors | readonly [count: number, list: readonly ErrorList[]] | null
}

/** What one beacon says of a page view. */
export interface PageView {
  /** Random hex digits, 16 at most; lives as long as the page view. The worker stores a keyed hash of it. */
  id: string
  /** The beacon's number within its page view, from 0. */
  sequence: number
  /** The browser kept 1 of `weight` page views. */
  weight: number
  /** ms since the page view began, by the difference of two readings of the browser's clock. */
  age: number
  /** How it began. */
  navigation: Navigation
  /** Name or template of the path: `/p/[id]`. Never a query string. */
  route: string
  /** What the page says of itself. */
  release: string | null
  /** The speed class of the network, where the browser tells it. */
  connection: Connection | null
  /** True where the device has a touch screen; tells an iPad from a Mac. */
  touch: boolean
  /** Grains; null where there is none (yet) or the browser cannot measure it. */
  vitals: Record<Vital, number | null>
  /** ms from navigation start to the end of each phase; null for navigations that load no document. */
  phases: Record<Phase, number> | null
  /** Of the document, as `server` and `trace` of a call. */
  server?: ApiCall['server'] | undefined
  trace?: ApiCall['trace']
  /** What the vitals came from. */
  why: Attribution
  /** Absent where the browser tells none. */
  blocking?: Blocking | undefined
  /**
   * Why the page to which its visitor came back was loaded anew, in the browser's words: `unload-listener`, at most 8. Absent
   * where nobody came back, where the page was restored, and where the browser does not tell.
   */
  bfcache?: string[] | undefined
  /** Since the last beacon. */
  calls: ApiCall[]
  /** Calls beyond what is sent of one page view, so far. */
  dropped: number
  /** Since the last beacon. */
  marks: Mark[]
  /** The full current state, as the page names it. */
  tags: Tag[]
  /** So far; null where nobody looks. */
  errors: PageErrors | null
}
