/**
 * What a beacon has lists of, and what it may have once: calls, marks, tags, errors; causes, blocking time, a trace.
 */

import * as v from 'valibot'
import { plainMessage } from '../domain/plain-message.ts'
import { template } from '../domain/route.ts'
import { MAX_TAG_SENT, tagName } from '../domain/tag.ts'
import { MAX_SELECTOR, MAX_SERVER } from './beacon.ts'
import { ERROR_KINDS, OUTCOMES } from './pageview.ts'
import { partsOf } from './parts.ts'
import {
  address,
  amount,
  cut,
  fitting,
  integer,
  invoker,
  label,
  MAX_AGE,
  MAX_CLS,
  MAX_COUNT,
  MAX_ENDPOINT,
  MAX_MARK,
  MAX_MS,
  MAX_PLACE,
  MAX_TRANSFER,
  maybe,
  ms,
  name,
  oneOf,
} from './values.ts'

const SERVER = v.tuple([
  v.pipe(cut(32), v.minLength(1)),
  v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MS), v.transform(Math.round)),
])

export const SERVERS = maybe(
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
export const TRACE_ID = v.pipe(
  v.string('must be a string'),
  v.regex(/^([\da-fA-F]{16}){1,2}$/, 'must be 16 or 32 hex digits'),
  v.check(id => /[^0]/.test(id), 'must not be all 0'),
  v.transform(id => id.toLowerCase()),
)
export const TRACE = maybe(TRACE_ID)

export const CALL = v.tuple(
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
export const BLOCKED = v.tuple([ms, ms, HOST], 'must be [load, after, host]')
export const BLOCKING = v.tuple([maybe(ms), ms, v.array(v.unknown())], 'must be [load, after, hosts]')

/**
 * Why a page was not restored: `unload-listener`. Browsers have words of their own, and new ones.
 *
 * @see https://html.spec.whatwg.org/multipage/nav-history-apis.html#the-notrestoredreasons-interface
 */
export const REASON = v.pipe(
  v.string('must be a string'),
  v.regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 of lower-case letters, digits and -'),
)

/** From the beginning of the page view. */
const time = amount(MAX_AGE)
const SCRIPT = maybe(v.tuple([address, invoker, ms], 'must be [url, invoker, duration]'))

/** What a browser sends: when its image was asked for and when it was there, null for text. */
const LCP_TIMES = v.strictTuple(
  [label, maybe(address), v.nullable(time), v.nullable(time)],
  'must be [target, url, requested, loaded]',
)
/** What older scripts send. */
const LCP = v.tuple(
  [label, maybe(address), ms, ms, ms],
  'must be [target, url, loadDelay, loadDuration, renderDelay]',
)
/** What a browser sends. */
const INP_TIMES = v.pipe(
  v.strictTuple(
    [label, label, SCRIPT, time, time, time, time],
    'must be [target, event, script, start, processingStart, processingEnd, paint]',
  ),
  v.transform(([target, event, script, start, begin, end, paint]): v.InferOutput<typeof INP> => {
    const [inputDelay, processing, presentation] = partsOf(start, begin, end, Math.min(paint, start + MAX_MS))
    return [target, event, start, inputDelay, processing, presentation, script]
  }),
)
/** What older scripts send. */
const INP = v.tuple(
  [label, label, time, ms, ms, ms, SCRIPT],
  'must be [target, event, time, inputDelay, processing, presentation, script]',
)

export const ATTRIBUTION = v.tuple([
  maybe(v.union([LCP_TIMES, LCP])),
  maybe(v.union([INP_TIMES, INP])),
  maybe(v.tuple([label, amount(MAX_CLS), time], 'must be [target, value, time]')),
])

/** The name of a mark: `search.results-shown`. */
export const MARK_NAME = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 of letters, digits, _, . and -'),
)

export const MARK = v.tuple([
  MARK_NAME,
  v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MARK), v.transform(Math.round)),
])

/** As the page names it; without a value it is taken away. Whether it is kept, the site's declared tags decide. */
export const TAG = v.tuple([
  v.pipe(cut(64), v.transform(tagName), v.minLength(1)),
  v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String), cut(MAX_TAG_SENT), v.trim()),
])
/** Line or column: of a rejection there is none. */
const place = v.pipe(
  maybe(amount(MAX_PLACE)),
  v.transform(value => value ?? 0),
)

/** A browser has taken the values out already, but anybody may send a beacon. */
export const ERROR = v.tuple(
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
