/**
 * Reads what beacon.ts writes: `decode` makes a page view of a beacon's body, or names the first field without which it is
 * none.
 *
 * One odd value never costs the page view. Browsers, extensions, old libraries and scripts of another release send what
 * nobody thought of, so:
 * - Refused is what is no beacon: no JSON, no object, another version, no id, no number of its own, no whole weight.
 * - A number is cut to what is believed, a text to what is kept, a query string off a name.
 * - What may be null is null where it is odd, and a list ends where it is too long.
 * - A call that does not say what, when, how long and how it ended is left out, and counted in `dropped`.
 * - A mark or a tag without a proper name or value is left out, and so is a field that nobody knows.
 */

import * as v from 'valibot'
import { PHASES } from '../domain/metrics.ts'
import { pageName } from '../domain/names.ts'
import { plainMessage } from '../domain/plain-message.ts'
import type { Parsed } from '../domain/problem.ts'
import { template } from '../domain/route.ts'
import { MAX_TAG_SENT, MAX_TAGS, MAX_TAGS_SENT, tagName } from '../domain/tag.ts'
import { decodeAttribution } from './attribution-lists.ts'
import {
  MAX_CALLS,
  MAX_ERRORS,
  MAX_HOSTS,
  MAX_MARKS,
  MAX_SELECTOR,
  MAX_SERVER,
  MAX_WEIGHT,
  WIRE_VERSION,
} from './beacon.ts'
import {
  type Blocking,
  CONNECTIONS,
  ERROR_KINDS,
  NAVIGATIONS,
  type Navigation,
  OUTCOMES,
  type PageError,
  type PageErrors,
  type PageView,
} from './pageview.ts'

/** The longest duration that is believed, in ms: 10 minutes. */
export const MAX_MS = 600_000
/** The largest CLS that is believed, in thousandths. */
export const MAX_CLS = 100_000
/** The most bytes of one call that are believed: 1 GB. */
const MAX_TRANSFER = 1_000_000_000
/** The longest age of a page view that is believed, in ms; the worker may allow less. */
export const MAX_AGE = 25 * 30 * 86_400_000
/** The largest value of a mark. */
export const MAX_MARK = 600_000
/** The most beacons of one page view. */
export const MAX_SEQUENCE = 999
/** The most errors that are believed where a page view says how many, or how many of one. All that it lists count. */
const MAX_COUNT = 100_000
/** The largest line or column that is believed. */
const MAX_PLACE = 100_000_000
/** The most calls beyond `MAX_CALLS` that are counted. */
const MAX_DROPPED = 100_000
export const MAX_ROUTE = 200
export const MAX_ENDPOINT = 256
export const MAX_RELEASE = 64

/** Reads a beacon. Answers the page view, or the first field without which it is none. */
export function decode(body: string): Parsed<PageView> {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return { error: { field: 'body', detail: 'is not JSON' } }
  }
  const result = v.safeParse(STATE, json, ABORT)
  if (result.success) return { ok: fromWire(result.output) }
  const [issue] = result.issues
  return { error: { field: v.getDotPath(issue) ?? 'body', detail: issue.message } }
}

const ABORT = { abortEarly: true }

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
    v.transform(value => Math.round(Math.max(0, Math.min(max, value)))),
  )
const ms = amount(MAX_MS)
/** Null where there is none, or what is there is odd. */
const maybe = <T extends v.GenericSchema>(schema: T) => v.fallback(v.optional(v.nullable(schema), null), null)
/** Without control characters and halves of letters, which D1 cannot keep, cut to `max`. */
const cut = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.transform(value => cutText(value, max)),
  )
/** The same of a text. */
export function cutText(value: string, max: number): string {
  const text = value.replace(/\p{Cc}/gu, '')
  let end = Math.min(max, text.length)
  // Between letters: `é` may be two characters, a picture of a person eleven.
  while (end > max - LONGEST_LETTER && isInside(text, end)) end--
  return text.slice(0, end).replace(/\p{Surrogate}/gu, '\ufffd')
}
/** Longer heaps of accents may be cut. */
const LONGEST_LETTER = 20
/** True before the second half of a character, an accent, and on either side of a joiner. */
const isInside = (text: string, place: number) =>
  /^[\p{M}\p{Surrogate}\u200d]/u.test(text.slice(place)) || text[place - 1] === '\u200d'
/** A query string or fragment is never kept. */
const withoutQuery = v.pipe(
  v.string('must be a string'),
  v.transform(name => name.replace(/[?#].*/s, '')),
)
const name = (max: number) =>
  v.pipe(withoutQuery, cut(max), v.minLength(1, 'must not be empty'), v.transform(pageName))
const oneOf = <const T extends readonly string[]>(list: T) =>
  v.picklist(list, `must be one of ${list.join(', ')}`)

/** Empty where the page gives no more: inline code, an element without a name. */
const label = cut(MAX_SELECTOR)
const address = v.pipe(withoutQuery, label)
/** `BUTTON#buy.onclick`, or an address. */
const invoker = v.pipe(
  v.string('must be a string'),
  v.transform(text => text.replace(/\?.*/s, '')),
  label,
)

const SERVER = v.tuple([
  v.pipe(cut(32), v.minLength(1)),
  v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MS), v.transform(Math.round)),
])

const SERVERS = maybe(
  v.pipe(
    v.array(v.unknown(), 'must be a list'),
    // Browsers take anything for a duration; what is none says nothing of the call.
    v.transform(list => fitting(SERVER, list, MAX_SERVER)),
  ),
)
/**
 * A trace's id: 32 hex digits, 16 of older tracers. All zero is none.
 *
 * @see https://www.w3.org/TR/trace-context/#trace-id
 */
const TRACE = maybe(
  v.pipe(
    v.string('must be a string'),
    v.regex(/^([\da-fA-F]{16}){1,2}$/, 'must be 16 or 32 hex digits'),
    v.check(id => /[^0]/.test(id), 'must not be all 0'),
    v.transform(id => id.toLowerCase()),
  ),
)

const CALL = v.tuple(
  [
    name(MAX_ENDPOINT),
    amount(MAX_AGE),
    ms,
    oneOf(OUTCOMES),
    // Servers answer with numbers of their own, as 999, and browsers hand them on.
    maybe(integer(999)),
    maybe(ms),
    maybe(amount(MAX_TRANSFER)),
    SERVERS,
    TRACE,
  ],
  'must be [endpoint, start, duration, outcome, status, ttfb, bytes, server, trace]',
)

/** `cdn.example:8080`, `[::1]`, `blob:`; empty for the page's own. No address has other characters there. */
const HOST = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w.:[\]-]*$/, 'must be a host'),
  v.maxLength(MAX_SELECTOR, `must be at most ${MAX_SELECTOR} characters`),
  v.transform(host => host.toLowerCase()),
)
const BLOCKED = v.tuple([ms, ms, HOST], 'must be [load, after, host]')
const BLOCKING = v.tuple([maybe(ms), ms, v.array(v.unknown())], 'must be [load, after, hosts]')

const ATTRIBUTION = v.tuple([
  maybe(
    v.tuple(
      [label, maybe(address), ms, ms, ms],
      'must be [target, url, loadDelay, loadDuration, renderDelay]',
    ),
  ),
  maybe(
    v.tuple(
      [
        label,
        label,
        amount(MAX_AGE),
        ms,
        ms,
        ms,
        maybe(v.tuple([address, invoker, ms], 'must be [url, invoker, duration]')),
      ],
      'must be [target, event, time, inputDelay, processing, presentation, script]',
    ),
  ),
  maybe(v.tuple([label, amount(MAX_CLS), amount(MAX_AGE)], 'must be [target, value, time]')),
])

/** The name of a mark: `search.results-shown`. */
export const MARK_NAME = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of letters, digits, _, . and -'),
)

const MARK = v.tuple([
  MARK_NAME,
  v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MARK), v.transform(Math.round)),
])

/** As the page names it; without a value it is taken away. Whether it is kept, the site's declared tags decide. */
const TAG = v.tuple([
  v.pipe(cut(64), v.transform(tagName), v.minLength(1)),
  v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String), cut(MAX_TAG_SENT), v.trim()),
])
/** Line or column: of a rejection there is none. */
const place = v.pipe(
  maybe(amount(MAX_PLACE)),
  v.transform(value => value ?? 0),
)

/** A browser has taken the values out already, but anybody may send a beacon. */
const ERROR = v.tuple(
  [
    oneOf(ERROR_KINDS),
    v.pipe(
      v.string('must be a string'),
      v.transform(message => plainMessage(message)),
    ),
    v.pipe(
      maybe(address),
      v.transform(script => (script ?? '').replace(/(?<=^|[^/])\/.*/, template)),
    ),
    place,
    place,
    v.pipe(amount(MAX_COUNT), v.minValue(1)),
  ],
  'must be [kind, message, script, line, column, count]',
)

const NO_VITALS = { lcp: null, inp: null, cls: null, fcp: null, ttfb: null }

/** A list whose items are looked at one by one. A foreign `toJSON` makes a text of it. */
const items = v.fallback(
  v.union([v.array(v.unknown()), v.pipe(v.string(), v.parseJson(), v.array(v.unknown()))]),
  [],
)

/** A beacon as it is read: all of it but the items of its lists. */
const STATE = v.object(
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
    // A clock that was set while the page lasted, or stands still, says nothing: the page view is one of now.
    age: v.fallback(v.pipe(v.number(), v.maxValue(MAX_AGE), amount(MAX_AGE)), 0),
    // A kind that is not known yet.
    navigation: v.fallback(oneOf(NAVIGATIONS), 'navigate'),
    route: v.fallback(name(MAX_ROUTE), '(unknown)'),
    // A release may be a number, or left empty by the page's template.
    release: maybe(
      v.pipe(
        v.union([v.string(), v.number()], 'must be a string'),
        v.transform(String),
        cut(MAX_RELEASE),
        v.transform(release => pageName(release) || null),
      ),
    ),
    connection: maybe(oneOf(CONNECTIONS)),
    touch: v.fallback(v.optional(v.boolean('must be true or false'), false), false),
    vitals: v.fallback(
      v.object({
        lcp: maybe(ms),
        inp: maybe(ms),
        cls: maybe(amount(MAX_CLS)),
        fcp: maybe(ms),
        ttfb: maybe(ms),
      }),
      NO_VITALS,
    ),
    phases: maybe(v.tuple([ms, ms, ms, ms, ms, ms, ms], `must be ${PHASES.length} numbers`)),
    server: SERVERS,
    trace: TRACE,
    why: maybe(ATTRIBUTION),
    blocking: maybe(BLOCKING),
    calls: items,
    dropped: v.fallback(v.optional(amount(MAX_DROPPED), 0), 0),
    marks: items,
    tags: items,
    // Missing where nobody looks. What is odd says nothing.
    errors: maybe(v.looseTuple([amount(MAX_COUNT), v.array(v.unknown())], 'must be [count, list]')),
  },
  issue => (issue.received === 'undefined' ? 'is missing' : 'must be an object'),
)

/** Kinds of navigation that load no document. */
const LOADLESS: readonly Navigation[] = ['back-forward-cache', 'soft-navigation']

/** A beacon as it should be sent. */
export const WIRE = v.object({
  ...STATE.entries,
  blocking: maybe(v.tuple([maybe(ms), ms, v.pipe(v.array(BLOCKED), v.maxLength(MAX_HOSTS))])),
  calls: v.optional(v.pipe(v.array(CALL), v.maxLength(MAX_CALLS))),
  marks: v.optional(v.pipe(v.array(MARK), v.maxLength(MAX_MARKS))),
  tags: v.optional(v.pipe(v.array(TAG), v.maxLength(MAX_TAGS_SENT))),
  errors: maybe(v.tuple([amount(MAX_COUNT), v.pipe(v.array(ERROR), v.maxLength(MAX_ERRORS))])),
})

/** The first items, those that fit. */
function fitting<T extends v.GenericSchema>(
  item: T,
  list: readonly unknown[],
  max: number,
): v.InferOutput<T>[] {
  return list.slice(0, max).flatMap(one => {
    const { success, output } = v.safeParse(item, one, ABORT)
    return success ? [output] : []
  })
}

function fromWire({
  v: _,
  phases,
  server,
  trace,
  why,
  blocking,
  dropped,
  errors,
  ...rest
}: v.InferOutput<typeof STATE>): PageView {
  const [lcp, inp, cls] = why ?? []
  const calls = fitting(CALL, rest.calls, MAX_CALLS)
  return {
    ...rest,
    // Back from the cache no byte is asked for, so there is none to wait for; a soft navigation has no document at all.
    vitals:
      rest.navigation === 'back-forward-cache'
        ? { ...rest.vitals, ttfb: rest.vitals.ttfb ?? 0 }
        : rest.vitals,
    phases: phases && record(PHASES, (_, i) => phases[i] ?? 0),
    ...(server?.length && { server }),
    ...(trace && { trace }),
    why: decodeAttribution({ lcp, inp, cls }),
    ...(blocking && { blocking: toBlocking(blocking, rest.navigation) }),
    calls: calls.map(([endpoint, start, duration, outcome, status, ttfb, bytes, server, trace]) => ({
      endpoint,
      start,
      duration,
      outcome,
      status,
      ttfb,
      bytes,
      server: server?.length ? server : null,
      ...(trace && { trace }),
    })),
    dropped: Math.min(MAX_DROPPED, dropped + rest.calls.length - calls.length),
    marks: fitting(MARK, rest.marks, MAX_MARKS).map(([name, value]) => ({ name, value })),
    tags: [...new Map(fitting(TAG, rest.tags, MAX_TAGS_SENT))]
      .filter(([, value]) => value)
      .slice(0, MAX_TAGS),
    errors: errors && toErrors(errors[0], fitting(ERROR, errors[1], errors[1].length)),
  }
}

/** Each host once, and none that blocked nothing. Until the load, what loads no document blocks nothing that is known. */
function toBlocking([load, after, hosts]: v.InferOutput<typeof BLOCKING>, navigation: Navigation): Blocking {
  const found = new Map(
    fitting(BLOCKED, hosts, MAX_HOSTS).map(([load, after, host]) => [host, { load, after, host }]),
  )
  return {
    load: LOADLESS.includes(navigation) ? null : load,
    after,
    hosts: [...found.values()].filter(({ load, after }) => load + after > 0),
  }
}

/**
 * The first, each once, and at least as many as the list has. What a browser told apart may be one without its values, and what
 * is none takes no other's place.
 */
function toErrors(count: number, lists: v.InferOutput<typeof ERROR>[]): PageErrors {
  const found = new Map<string, PageError>()
  for (const [kind, message, script, line, column, count] of lists) {
    const error = { kind, message, script, line, column }
    const key = Object.values(error).join('\n')
    found.set(key, { ...error, count: Math.min(MAX_COUNT, count + (found.get(key)?.count ?? 0)) })
  }
  const list = [...found.values()].slice(0, MAX_ERRORS)
  const listed = list.reduce((sum, { count }) => sum + count, 0)
  return { count: Math.max(count, listed), list }
}

function record<K extends string, V>(keys: readonly K[], of: (key: K, index: number) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key, index) => [key, of(key, index)])) as Record<K, V>
}
