/**
 * The wire form of a page view, version 1: `encode` in the browser, `decode` at the edge, side by side.
 *
 * A beacon is one JSON object, sent as `text/plain`, at most `MAX_BYTES` long. Absent or null means no data:
 *
 *     { v: 1, id, n, k, age, nav, r, rel, net, tp, m: { lcp, inp, cls, fcp, ttfb }, t: [7 phases],
 *       w: { lcp: [target, url, loadDelay, loadDuration, renderDelay],
 *            inp: [target, event, time, inputDelay, processing, presentation, [script url, invoker, duration]],
 *            cls: [target, value, time] },
 *       c: [[endpoint, start, duration, outcome, status, ttfb, bytes, { server timing }], ...], x: calls left out,
 *       u: [[mark, value], ...] }
 *
 * Numbers are whole grains (ms; CLS in thousandths). Vitals, phases and causes are the full current state of the page
 * view, calls and marks are those since the beacon before. `n` counts from 0 and so says how many came before: a lost
 * beacon is healed by the next one, shows as a gap, and a repeated one changes nothing.
 */

import * as v from 'valibot'
import { PHASES, VITALS } from './metrics.ts'
import {
  type ApiCall,
  CONNECTIONS,
  type InpCause,
  type LcpCause,
  NAVIGATIONS,
  OUTCOMES,
  type PageView,
  type Why,
} from './pageview.ts'

export const WIRE_VERSION = 1
/** The longest body that is sent or read, in bytes. */
export const MAX_BYTES = 16_384
/** The longest duration that is believed, in ms: 10 minutes. */
export const MAX_MS = 600_000
/** The most bytes of one call that are believed: 1 GB. */
export const MAX_TRANSFER = 1_000_000_000
/** The largest CLS that is believed, in thousandths. */
export const MAX_CLS = 100_000
/** The longest age of a page view, in ms; the worker may allow less. */
export const MAX_AGE = 25 * 30 * 86_400_000
export const MAX_CALLS = 64
/** The most calls beyond that are counted. */
const MAX_DROPPED = 100_000
export const MAX_ROUTE = 200
export const MAX_ENDPOINT = 256
export const MAX_RELEASE = 64
/** The most page views that one may stand for by the browser's own sampling. */
export const MAX_WEIGHT = 1_000
/** Longest selector, address of an image or script, and name of what called a script. */
export const MAX_SELECTOR = 128
export const MAX_MARKS = 32
/** The largest value of a mark. */
export const MAX_MARK = 600_000
/** Most named durations of one response. */
export const MAX_SERVER = 4
/** The most beacons of one page view. */
export const MAX_SEQUENCE = 999

/** A field that does not fit, in wire names (`m.lcp`, `c.0.2`), and why. */
export interface FieldError {
  field: string
  detail: string
}

/** Writes a page view for the wire. Fractions are rounded; what exceeds a limit is cut to it. */
export function encode(view: PageView): string {
  return encodeWith(view, encodeWhy)
}

/** The same where causes are written by `why`, or not at all: the SDK's core holds no code for them. */
export function encodeWith(view: PageView, why?: typeof encodeWhy): string {
  const { vitals, phases } = view
  return JSON.stringify(
    {
      v: WIRE_VERSION,
      id: view.id,
      n: view.sequence,
      k: view.weight,
      age: whole(view.age, MAX_AGE),
      nav: view.navigation,
      r: view.route.slice(0, MAX_ROUTE),
      rel: view.release?.slice(0, MAX_RELEASE),
      net: view.connection,
      tp: view.touch ? 1 : null,
      m: {
        lcp: whole(vitals.lcp),
        inp: whole(vitals.inp),
        cls: whole(vitals.cls, MAX_CLS),
        fcp: whole(vitals.fcp),
        ttfb: whole(vitals.ttfb),
      },
      t: phases && Object.values(phases).map(phase => whole(phase)),
      w: why?.(view.why),
      c: view.calls.map(encodeCall),
      x: whole(view.dropped, MAX_DROPPED) || null,
      u: view.marks.map(encodeMark),
    },
    // Absent means no data.
    (_, value) => value ?? undefined,
  )
}

/** The causes as the beacon carries them and the row keeps them; undefined where there are none. */
export function encodeWhy({ lcp, inp, cls }: Why): Record<keyof Why, unknown> | undefined {
  if (lcp || inp || cls) return { lcp: lcp && list(lcp), inp: inp && list(inp), cls: cls && list(cls) }
}

/** What an object holds, in the order of its type: so beacons need no names. */
function list(record: object): unknown[] {
  return Object.values(record).map(value =>
    typeof value === 'number'
      ? whole(value, MAX_AGE)
      : typeof value === 'string'
        ? value.slice(0, MAX_SELECTOR)
        : value && list(value),
  )
}

/** One mark as the list that the beacon carries and the row keeps. */
export function encodeMark({ name, value }: PageView['marks'][number]): [string, number | null] {
  return [name, whole(value, MAX_MARK)]
}

/** One call as the list that the beacon carries and the row keeps. */
export function encodeCall(call: ApiCall): unknown[] {
  const tuple = [
    call.endpoint.slice(0, MAX_ENDPOINT),
    whole(call.start, MAX_AGE),
    whole(call.duration),
    OUTCOMES.indexOf(call.outcome),
    call.status,
    whole(call.ttfb),
    whole(call.bytes, MAX_TRANSFER),
    call.server,
  ]
  while (tuple[tuple.length - 1] === null) tuple.pop()
  return tuple
}

/** A whole number within bounds; null where there is no data, 0 for what is no number. */
function whole(value: number | null, max = MAX_MS): number | null {
  return value === null ? null : Math.round(Math.max(0, Math.min(max, value || 0)))
}

/** Reads a beacon. Answers the page view, or the first field that does not fit. */
export function decode(body: string): { ok: PageView } | { error: FieldError } {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return { error: { field: 'body', detail: 'is not JSON' } }
  }
  const result = v.safeParse(WIRE, json, { abortEarly: true })
  if (result.success) return { ok: fromWire(result.output) }
  const [issue] = result.issues
  return { error: { field: v.getDotPath(issue) ?? 'body', detail: issue.message } }
}

const integer = (max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(0, 'must not be negative'),
    v.maxValue(max, `must be at most ${max}`),
  )
const ms = integer(MAX_MS)
const text = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(max, `must be at most ${max} characters`),
    v.check(value => !hasControl(value), 'must hold no control characters'),
    // Cutting a text may halve its last character, and D1 cannot keep the half.
    v.transform(value => value.replace(/\p{Surrogate}/gu, '\ufffd')),
  )
// Without the mark a bundler keeps the whole decoder for the sake of `join`, and the SDK doubles in size.
/* @__NO_SIDE_EFFECTS__ */
const oneOf = <const T extends readonly string[]>(list: T) =>
  v.picklist(list, `must be one of ${list.join(', ')}`)

const CALL = v.strictTuple(
  [
    text(MAX_ENDPOINT),
    integer(MAX_AGE),
    ms,
    integer(OUTCOMES.length - 1),
    v.optional(v.nullable(integer(599))),
    v.optional(v.nullable(ms)),
    v.optional(v.nullable(integer(MAX_TRANSFER))),
    v.optional(
      v.nullable(
        v.pipe(
          v.record(text(32), ms, 'must be an object'),
          v.check(
            timing => Object.keys(timing).length <= MAX_SERVER,
            `must name at most ${MAX_SERVER} durations`,
          ),
        ),
      ),
    ),
  ],
  'must be [endpoint, start, duration, outcome, status, ttfb, bytes, server]',
)

/** Empty where the page gives no more: inline code, an element without a name. */
const label = v.pipe(
  v.string('must be a string'),
  v.maxLength(MAX_SELECTOR, `must be at most ${MAX_SELECTOR} characters`),
  v.check(value => !hasControl(value), 'must hold no control characters'),
  v.transform(value => value.replace(/\p{Surrogate}/gu, '\ufffd')),
)
const address = v.pipe(
  label,
  v.check(url => !/[?#]/.test(url), 'must hold no query string or fragment'),
)

const WHY = v.strictObject(
  {
    lcp: v.optional(
      v.strictTuple(
        [label, v.nullable(address), ms, ms, ms],
        'must be [target, url, loadDelay, loadDuration, renderDelay]',
      ),
    ),
    inp: v.optional(
      v.strictTuple(
        [
          label,
          label,
          integer(MAX_AGE),
          ms,
          ms,
          ms,
          v.nullable(v.strictTuple([address, label, ms], 'must be [url, invoker, duration]')),
        ],
        'must be [target, event, time, inputDelay, processing, presentation, script]',
      ),
    ),
    cls: v.optional(
      v.strictTuple([label, integer(MAX_CLS), integer(MAX_AGE)], 'must be [target, value, time]'),
    ),
  },
  issue => (issue.expected === 'never' ? 'is not known' : 'must be an object'),
)
export type WireWhy = v.InferInput<typeof WHY>
export type WireCall = v.InferInput<typeof CALL>

/** The name of a mark: `search.results-shown`. */
export const MARK_NAME = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of letters, digits, _, . and -'),
)

export const WIRE = v.strictObject(
  {
    v: v.literal(WIRE_VERSION, `must be ${WIRE_VERSION}`),
    id: v.pipe(v.string('must be a string'), v.regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits')),
    n: integer(MAX_SEQUENCE),
    k: v.optional(v.pipe(integer(MAX_WEIGHT), v.minValue(1, 'must be at least 1'))),
    age: integer(MAX_AGE),
    nav: oneOf(NAVIGATIONS),
    r: v.pipe(
      text(MAX_ROUTE),
      v.check(route => !/[?#]/.test(route), 'must hold no query string or fragment'),
    ),
    rel: v.optional(text(MAX_RELEASE)),
    net: v.optional(oneOf(CONNECTIONS)),
    tp: v.optional(v.literal(1, 'must be 1')),
    m: v.strictObject(
      {
        lcp: v.optional(ms),
        inp: v.optional(ms),
        cls: v.optional(integer(MAX_CLS)),
        fcp: v.optional(ms),
        ttfb: v.optional(ms),
      },
      issue => (issue.expected === 'never' ? 'is not known' : 'must be an object'),
    ),
    t: v.optional(v.strictTuple([ms, ms, ms, ms, ms, ms, ms], `must be ${PHASES.length} numbers`)),
    w: v.optional(WHY),
    c: v.optional(
      v.pipe(v.array(CALL, 'must be a list'), v.maxLength(MAX_CALLS, `must hold at most ${MAX_CALLS} calls`)),
    ),
    x: v.optional(integer(MAX_DROPPED)),
    u: v.optional(
      v.pipe(
        v.array(v.strictTuple([MARK_NAME, integer(MAX_MARK)], 'must be [name, value]'), 'must be a list'),
        v.maxLength(MAX_MARKS, `must hold at most ${MAX_MARKS} marks`),
      ),
    ),
  },
  issue =>
    issue.expected === 'never'
      ? 'is not known'
      : issue.received === 'undefined'
        ? 'is missing'
        : 'must be an object',
)

function fromWire(wire: v.InferOutput<typeof WIRE>): PageView {
  const { t } = wire
  return {
    id: wire.id,
    sequence: wire.n,
    weight: wire.k ?? 1,
    age: wire.age,
    navigation: wire.nav,
    route: wire.r,
    release: wire.rel ?? null,
    connection: wire.net ?? null,
    touch: wire.tp === 1,
    vitals: record(VITALS, vital => wire.m[vital] ?? null),
    phases: t ? record(PHASES, (_, i) => t[i] ?? 0) : null,
    why: decodeWhy(wire.w ?? {}),
    calls: (wire.c ?? []).map(decodeCall),
    dropped: wire.x ?? 0,
    marks: (wire.u ?? []).map(([name, value]) => ({ name, value })),
  }
}

/** The call that a list stands for. */
export function decodeCall([
  endpoint,
  start,
  duration,
  outcome,
  status = null,
  ttfb = null,
  bytes = null,
  server = null,
]: WireCall): ApiCall {
  return { endpoint, start, duration, outcome: OUTCOMES[outcome] ?? 'ok', status, ttfb, bytes, server }
}

/** The causes that the wire form stands for. */
export function decodeWhy({ lcp, inp, cls }: WireWhy): Why {
  return {
    lcp: lcp ? lcpCause(lcp) : null,
    inp: inp ? inpCause(inp) : null,
    cls: cls ? { target: cls[0], value: cls[1], time: cls[2] } : null,
  }
}

function lcpCause([target, url, loadDelay, loadDuration, renderDelay]: NonNullable<
  WireWhy['lcp']
>): LcpCause {
  return { target, url: url || null, loadDelay, loadDuration, renderDelay }
}

function inpCause([target, event, time, inputDelay, processing, presentation, script]: NonNullable<
  WireWhy['inp']
>): InpCause {
  const [url = '', invoker = '', duration = 0] = script ?? []
  return {
    target,
    event,
    time,
    inputDelay,
    processing,
    presentation,
    script: script && { url, invoker, duration },
  }
}

function record<K extends string, V>(keys: readonly K[], of: (key: K, index: number) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key, index) => [key, of(key, index)])) as Record<K, V>
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 32 || code === 127) return true
  }
  return false
}
