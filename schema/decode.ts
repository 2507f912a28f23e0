/**
 * Reads what beacon.ts writes: `decode` makes a page view of a beacon's body, or names the first field that does not fit.
 *
 * What no browser sends is refused. What is beyond belief or longer than is kept is cut to its limit, and what is left out
 * is filled in, so that the page holds no code for either.
 */

import * as v from 'valibot'
import { MAX_CALLS, MAX_MARKS, MAX_SELECTOR, MAX_SERVER, MAX_WEIGHT, WIRE_VERSION } from './beacon.ts'
import { PHASES } from './metrics.ts'
import { CONNECTIONS, NAVIGATIONS, OUTCOMES, type PageView } from './pageview.ts'
import type { FieldError } from './problem.ts'
import { decodeWhy } from './row.ts'

/** The longest duration that is believed, in ms: 10 minutes. */
export const MAX_MS = 600_000
/** The largest CLS that is believed, in thousandths. */
export const MAX_CLS = 100_000
/** The most bytes of one call that are believed: 1 GB. */
const MAX_TRANSFER = 1_000_000_000
/** The longest age of a page view, in ms; the worker may allow less. */
export const MAX_AGE = 25 * 30 * 86_400_000
/** The largest value of a mark. */
export const MAX_MARK = 600_000
/** The most beacons of one page view. */
export const MAX_SEQUENCE = 999
/** The most calls beyond `MAX_CALLS` that are counted. */
const MAX_DROPPED = 100_000
export const MAX_ROUTE = 200
export const MAX_ENDPOINT = 256
export const MAX_RELEASE = 64

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
/** Cut to what is believed: clocks that are set, and pages that sleep, tell less than nothing and too much. */
const amount = (max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.minValue(-MAX_AGE, `must be at least -${MAX_AGE}`),
    v.maxValue(MAX_AGE, `must be at most ${MAX_AGE}`),
    v.transform(value => Math.round(Math.max(0, Math.min(max, value)))),
  )
const ms = amount(MAX_MS)
const maybe = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema), null)
/** Without control characters, cut to `max`. Cutting may halve the last, and D1 cannot keep the half. */
const cut = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.transform(value =>
      value
        .replace(/\p{Cc}/gu, '')
        .slice(0, max)
        .replace(/\p{Surrogate}/gu, '\ufffd'),
    ),
  )
const text = (max: number) => v.pipe(cut(max), v.minLength(1, 'must not be empty'))
const oneOf = <const T extends readonly string[]>(list: T) =>
  v.picklist(list, `must be one of ${list.join(', ')}`)

const NO_QUERY = 'must hold no query string or fragment'
const path = (max: number) =>
  v.pipe(
    text(max),
    v.check(route => !/[?#]/.test(route), NO_QUERY),
  )
/** Empty where the page gives no more: inline code, an element without a name. */
const label = cut(MAX_SELECTOR)
const address = v.pipe(
  label,
  v.check(url => !/[?#]/.test(url), NO_QUERY),
)

const SERVER = v.strictTuple([
  text(32),
  v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MS), v.transform(Math.round)),
])

const CALL = v.strictTuple(
  [
    text(MAX_ENDPOINT),
    amount(MAX_AGE),
    ms,
    oneOf(OUTCOMES),
    maybe(integer(599)),
    maybe(ms),
    maybe(amount(MAX_TRANSFER)),
    maybe(
      v.pipe(
        v.array(v.unknown(), 'must be a list'),
        v.maxLength(MAX_SERVER, `must hold at most ${MAX_SERVER} durations`),
        // Browsers take anything for a duration; what is none says nothing of the call.
        v.transform(list => list.filter(named => v.is(SERVER, named)).map(named => v.parse(SERVER, named))),
      ),
    ),
  ],
  'must be [endpoint, start, duration, outcome, status, ttfb, bytes, server]',
)

const WHY = v.strictTuple(
  [
    maybe(
      v.strictTuple(
        [label, v.nullable(address), ms, ms, ms],
        'must be [target, url, loadDelay, loadDuration, renderDelay]',
      ),
    ),
    maybe(
      v.strictTuple(
        [
          label,
          label,
          amount(MAX_AGE),
          ms,
          ms,
          ms,
          v.nullable(v.strictTuple([address, label, ms], 'must be [url, invoker, duration]')),
        ],
        'must be [target, event, time, inputDelay, processing, presentation, script]',
      ),
    ),
    maybe(v.strictTuple([label, amount(MAX_CLS), amount(MAX_AGE)], 'must be [target, value, time]')),
  ],
  'must be [lcp, inp, cls]',
)

/** The name of a mark: `search.results-shown`. */
export const MARK_NAME = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of letters, digits, _, . and -'),
)

/** What an object may not have, must have, or must be. */
const object = (issue: v.StrictObjectIssue): string =>
  issue.expected === 'never'
    ? 'is not known'
    : issue.received === 'undefined'
      ? 'is missing'
      : 'must be an object'

const MARK = v.strictTuple([MARK_NAME, v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MARK))])

export const WIRE = v.strictObject(
  {
    v: v.literal(WIRE_VERSION, `must be ${WIRE_VERSION}`),
    id: v.pipe(
      v.string('must be a string'),
      v.regex(/^[0-9a-f]{1,16}$/, 'must be at most 16 hex digits'),
      v.transform(id => id.padStart(16, '0')),
    ),
    // A tab that stays open for days goes on: the last number is all that it says from there.
    sequence: v.pipe(
      integer(MAX_TRANSFER),
      v.transform(sequence => Math.min(sequence, MAX_SEQUENCE)),
    ),
    weight: v.pipe(integer(MAX_WEIGHT), v.minValue(1, 'must be at least 1')),
    age: amount(MAX_AGE),
    navigation: oneOf(NAVIGATIONS),
    route: path(MAX_ROUTE),
    // A release may be a number, or left empty by the page's template.
    release: maybe(
      v.pipe(
        v.union([v.string(), v.number()], 'must be a string'),
        v.transform(String),
        cut(MAX_RELEASE),
        v.transform(release => release || null),
      ),
    ),
    connection: maybe(oneOf(CONNECTIONS)),
    touch: v.optional(v.boolean('must be true or false'), false),
    vitals: v.strictObject(
      { lcp: maybe(ms), inp: maybe(ms), cls: maybe(amount(MAX_CLS)), fcp: maybe(ms), ttfb: maybe(ms) },
      object,
    ),
    phases: maybe(v.strictTuple([ms, ms, ms, ms, ms, ms, ms], `must be ${PHASES.length} numbers`)),
    why: maybe(WHY),
    calls: v.optional(
      v.pipe(v.array(CALL, 'must be a list'), v.maxLength(MAX_CALLS, `must hold at most ${MAX_CALLS} calls`)),
      [],
    ),
    dropped: v.optional(amount(MAX_DROPPED), 0),
    marks: v.optional(
      v.pipe(
        v.array(v.unknown(), 'must be a list'),
        v.maxLength(MAX_MARKS, `must hold at most ${MAX_MARKS} marks`),
        // What a page calls by a wrong name says nothing of the rest.
        v.transform(marks => marks.filter(mark => v.is(MARK, mark))),
      ),
      [],
    ),
  },
  object,
)

function fromWire({ v: _, phases, why, calls, marks, ...rest }: v.InferOutput<typeof WIRE>): PageView {
  const [lcp, inp, cls] = why ?? []
  return {
    ...rest,
    // Back from the cache no byte is asked for, so there is none to wait for; a soft navigation has no document at all.
    vitals:
      rest.navigation === 'back-forward-cache'
        ? { ...rest.vitals, ttfb: rest.vitals.ttfb ?? 0 }
        : rest.vitals,
    phases: phases && record(PHASES, (_, i) => phases[i] ?? 0),
    why: decodeWhy({ lcp, inp, cls }),
    calls: calls.map(([endpoint, start, duration, outcome, status, ttfb, bytes, server]) => ({
      endpoint,
      start,
      duration,
      outcome,
      status,
      ttfb,
      bytes,
      server: server?.length ? server : null,
    })),
    marks: marks.map(([name, value]) => ({ name, value: Math.round(value) })),
  }
}

function record<K extends string, V>(keys: readonly K[], of: (key: K, index: number) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key, index) => [key, of(key, index)])) as Record<K, V>
}
