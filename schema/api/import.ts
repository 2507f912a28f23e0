/**
 * `POST /v1/sites/<site>/pageviews`: page views come back as an export wrote them, a line each. What the body may be, and what
 * is answered.
 */

import * as v from 'valibot'
import { PHASES } from '../domain/metrics.ts'
import { pageName } from '../domain/names.ts'
import { MAX_TAG, TAG_NAME, TAG_NAME_DETAIL } from '../domain/tag.ts'
import { MAX_REASONS } from '../wire/beacon.ts'
import { MARK_NAME, REASON, TRACE_ID } from '../wire/items.ts'
import { ERROR_KINDS, NAVIGATIONS, OUTCOMES } from '../wire/pageview.ts'
import { MAX_AGE, MAX_CLS, MAX_MARK, MAX_MS, MAX_SEQUENCE } from '../wire/values.ts'
import { GIVEN_TIME, isPlain, oneOf, PLAIN_DETAIL, plainText, shortText, wholeNumber } from './fields.ts'
import { filterValue } from './filters.ts'

/** The most of one request. */
export const MAX_LINES = 500
export const MAX_IMPORT_BYTES = 1_000_000

/** What a row can hold of one page view. */
const MAX_ITEMS = 256
const MAX_COUNT = 1_000_000_000

const text = (max = 300) => v.pipe(shortText(max), v.check(isPlain, PLAIN_DETAIL))
/** What a beacon cannot be called either: an old export, or one by hand, may have such names. */
const name = v.pipe(plainText(300), v.transform(pageName))
const maybe = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema), null)
const listOf = <T extends v.GenericSchema>(schema: T, max = MAX_ITEMS) =>
  v.pipe(v.array(schema, 'must be a list'), v.maxLength(max, `must have at most ${max} items`))
/** An export says more than a row holds: what follows from it is not read. */
const object = <T extends v.ObjectEntries>(entries: T) =>
  v.looseObject(entries, issue => (issue.expected === 'Object' ? 'must be an object' : 'is missing'))
const namesOf = <K extends v.GenericSchema<string, string>, T extends v.GenericSchema>(key: K, value: T) =>
  v.pipe(
    v.record(key, value, 'must be an object'),
    v.check(record => Object.keys(record).length <= MAX_ITEMS, `must have at most ${MAX_ITEMS} names`),
  )

const ms = wholeNumber(0, MAX_AGE)
const vital = wholeNumber(0, MAX_MS)
const count = wholeNumber(0, MAX_COUNT)
const server = maybe(namesOf(text(), ms))
const trace = maybe(object({ id: TRACE_ID }))
const tags = namesOf(
  v.pipe(v.string(), v.regex(TAG_NAME, TAG_NAME_DETAIL)),
  v.pipe(plainText(MAX_TAG), v.transform(pageName)),
)
const parts = <const K extends readonly string[]>(keys: K) =>
  object(Object.fromEntries(keys.map(key => [key, ms])) as Record<K[number], typeof ms>)

/** A page view, as a line of an export has it. What follows from other parts (`waited`) is not read. */
export const IMPORT_LINE = object({
  id: v.pipe(v.string('must be a string'), v.regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits')),
  began: GIVEN_TIME,
  weight: wholeNumber(1, MAX_COUNT),
  route: name,
  navigation: oneOf(NAVIGATIONS),
  release: maybe(name),
  device: filterValue('device', text()),
  country: maybe(filterValue('country', text())),
  browser: maybe(text()),
  browser_version: maybe(count),
  os: maybe(text()),
  connection: maybe(filterValue('connection', text())),
  lcp: maybe(vital),
  inp: maybe(vital),
  cls: maybe(
    v.pipe(
      v.number('must be a number'),
      v.minValue(0, 'must not be negative'),
      v.maxValue(MAX_CLS / 1_000, `must be at most ${MAX_CLS / 1_000}`),
    ),
  ),
  fcp: maybe(vital),
  ttfb: maybe(vital),
  phases: maybe(parts(PHASES)),
  server,
  trace,
  blocking: maybe(
    object({ load: maybe(ms), after: ms, hosts: listOf(object({ load: ms, after: ms, host: text() })) }),
  ),
  bfcache: maybe(listOf(REASON, MAX_REASONS)),
  why: v.optional(
    object({
      lcp: maybe(
        object({
          target: text(),
          url: maybe(text()),
          parts: parts(['load_delay', 'load_duration', 'render_delay']),
        }),
      ),
      inp: maybe(
        object({
          target: text(),
          event: text(),
          at: ms,
          parts: parts(['input_delay', 'processing', 'presentation']),
          script: maybe(object({ url: text(), invoker: text(), duration: ms })),
        }),
      ),
      cls: maybe(object({ target: text(), score: v.number('must be a number'), at: ms })),
    }),
    {},
  ),
  calls: v.optional(
    listOf(
      object({
        endpoint: name,
        start: ms,
        duration: ms,
        outcome: oneOf(OUTCOMES),
        status: maybe(count),
        ttfb: maybe(ms),
        bytes: maybe(count),
        server,
        trace,
      }),
    ),
    [],
  ),
  calls_dropped: v.optional(v.nullable(count), 0),
  calls_cut: v.optional(v.nullable(count), 0),
  marks: v.optional(listOf(object({ name: MARK_NAME, value: wholeNumber(0, MAX_MARK) })), []),
  marks_dropped: v.optional(v.nullable(count), 0),
  tags: v.optional(tags, {}),
  errors: maybe(
    listOf(
      object({
        kind: oneOf(ERROR_KINDS),
        message: text(),
        script: text(),
        line: count,
        column: count,
        count: wholeNumber(1, MAX_COUNT),
      }),
    ),
  ),
  errors_beyond: v.optional(v.nullable(count), 0),
  beacons: v.optional(
    v.nullable(
      object({ newest: wholeNumber(0, MAX_SEQUENCE), received: wholeNumber(0, Number.MAX_SAFE_INTEGER) }),
    ),
  ),
})
export type ImportLine = v.InferOutput<typeof IMPORT_LINE>

export const IMPORT_ANSWER = v.object({
  imported: v.pipe(v.number(), v.description('page views that are new here, or newer than what was here')),
  unchanged: v.pipe(v.number(), v.description('page views that were here already')),
  refused: v.pipe(
    v.array(
      v.object({
        line: v.pipe(v.number(), v.description('from 1')),
        field: v.string(),
        detail: v.string(),
      }),
    ),
    v.description('lines that are not taken, and why; all others are'),
  ),
})
export type ImportAnswer = v.InferOutput<typeof IMPORT_ANSWER>

export const IMPORT_EXAMPLE: ImportAnswer = {
  imported: 498,
  unchanged: 1,
  refused: [{ line: 17, field: 'lcp', detail: 'must be a whole number' }],
}
