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
import { eachVital, PHASES } from '../domain/metrics.ts'
import { pageName } from '../domain/names.ts'
import type { Parsed } from '../domain/problem.ts'
import { MAX_TAGS, MAX_TAGS_SENT } from '../domain/tag.ts'
import { decodeAttribution, type LcpList } from './attribution-lists.ts'
import {
  MAX_CALLS,
  MAX_ERRORS,
  MAX_HOSTS,
  MAX_MARKS,
  MAX_REASONS,
  MAX_WEIGHT,
  WIRE_VERSION,
} from './beacon.ts'
import { ATTRIBUTION, BLOCKED, BLOCKING, CALL, ERROR, MARK, REASON, SERVERS, TAG, TRACE } from './items.ts'
import {
  type Blocking,
  CONNECTIONS,
  NAVIGATIONS,
  type Navigation,
  type PageError,
  type PageErrors,
  type PageView,
} from './pageview.ts'
import { partsOf } from './parts.ts'
import {
  ABORT,
  amount,
  cut,
  firstFitting,
  fitting,
  integer,
  MAX_AGE,
  MAX_CLS,
  MAX_COUNT,
  MAX_DROPPED,
  MAX_RELEASE,
  MAX_ROUTE,
  MAX_SEQUENCE,
  MAX_TRANSFER,
  maybe,
  ms,
  name,
  oneOf,
} from './values.ts'

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

/**
 * Errors, or reasons, of a list that are read: more than a browser sends, since some may be one. A beacon has room for 95 errors, whose
 * scripts take 6 ms of CPU, where the free plan allows 10.
 */
const MAX_LISTED = 4 * MAX_ERRORS

const NO_VITALS = eachVital(() => null)

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
      v.object(eachVital(vital => maybe(vital === 'cls' ? amount(MAX_CLS) : ms))),
      NO_VITALS,
    ),
    phases: maybe(v.tuple([ms, ms, ms, ms, ms, ms, ms], `must be ${PHASES.length} numbers`)),
    server: SERVERS,
    trace: TRACE,
    why: maybe(ATTRIBUTION),
    blocking: maybe(BLOCKING),
    bfcache: items,
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
  bfcache: v.optional(v.pipe(v.array(REASON), v.maxLength(MAX_REASONS))),
  calls: v.optional(v.pipe(v.array(CALL), v.maxLength(MAX_CALLS))),
  marks: v.optional(v.pipe(v.array(MARK), v.maxLength(MAX_MARKS))),
  tags: v.optional(v.pipe(v.array(TAG), v.maxLength(MAX_TAGS_SENT))),
  errors: maybe(v.tuple([amount(MAX_COUNT), v.pipe(v.array(ERROR), v.maxLength(MAX_ERRORS))])),
})

function fromWire({
  v: _,
  phases,
  server,
  trace,
  why,
  blocking,
  bfcache,
  dropped,
  errors,
  ...rest
}: v.InferOutput<typeof STATE>): PageView {
  const [seen, inp, cls] = why ?? []
  const lcp = seen && lcpParts(seen, rest.vitals)
  // The document keeps those of its load, whatever page views follow.
  const reasons =
    rest.navigation === 'back-forward'
      ? new Set(firstFitting(REASON, bfcache, MAX_LISTED))
      : new Set<string>()
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
    ...(reasons.size && { bfcache: [...reasons].slice(0, MAX_REASONS) }),
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
    errors: errors && toErrors(errors[0], firstFitting(ERROR, errors[1], MAX_LISTED)),
  }
}

/** As it is kept: with the times between the first byte and the paint, not those of the image. */
function lcpParts(
  seen: NonNullable<v.InferOutput<typeof ATTRIBUTION>[0]>,
  { ttfb, lcp }: PageView['vitals'],
): LcpList {
  if (seen.length === 5) return seen
  const [target, url, requested, loaded] = seen
  return [target, url, ...partsOf(ttfb ?? 0, requested ?? 0, loaded ?? 0, lcp ?? 0)]
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
