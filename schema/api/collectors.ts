/**
 * Collectors: where a site's figures are pushed as OpenTelemetry metrics, hour by hour. `POST /v1/sites/shop/collectors` takes
 * a `COLLECTOR`. What it is sent is what `GET /v1/export?format=otlp` answers for that hour.
 */

import * as v from 'valibot'
import { VITALS } from '../domain/metrics.ts'
import { ID, oneOf, shortText, TIME, unknownOrMissing, wholeNumber } from './fields.ts'
import { GROUP_KEYS } from './filters.ts'
import { MAX_LIMIT } from './query.ts'
import { DEFAULT_LIMIT, MEASURE_DETAIL, MEASURE_PATTERN } from './summary.ts'
import { badWebhook } from './webhook-address.ts'

/** Collectors of one site. */
export const MAX_COLLECTORS = 3
/** Hours that wait for a collector that takes none; older ones are left out. */
export const MAX_WAITING_HOURS = 48
const MAX_HEADERS = 10
/** What the push itself says of its body. */
const OWN_HEADERS = /^(content-.*|host|transfer-encoding|connection|user-agent)$/i

const url = v.pipe(
  shortText(1_000),
  v.check(
    url => badWebhook(url) === null,
    ({ input }) => badWebhook(input) ?? '',
  ),
  v.description('a public https address, with its path: https://otlp.example.com/v1/metrics'),
)

const headers = v.pipe(
  v.optional(
    v.pipe(
      v.record(
        v.pipe(
          v.string(),
          v.regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'is not the name of a header'),
          v.check(name => !OWN_HEADERS.test(name), 'is set by the worker itself'),
        ),
        v.pipe(
          v.string('must be a string'),
          v.regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII'),
          v.maxLength(2_000, 'must be at most 2000 characters'),
        ),
        'must be an object of names and values',
      ),
      v.check(given => Object.keys(given).length <= MAX_HEADERS, `must have at most ${MAX_HEADERS} headers`),
    ),
    {},
  ),
  v.description('sent along, such as Authorization; their values are kept, and never shown'),
)

const METRICS = v.pipe(
  v.array(
    v.pipe(v.string(MEASURE_DETAIL), v.regex(new RegExp(MEASURE_PATTERN), `must be ${MEASURE_DETAIL}`)),
    'must be a list',
  ),
  v.minLength(1, 'must name a metric'),
  v.maxLength(12, 'must have at most 12 metrics'),
)
const GROUPS = v.pipe(
  v.array(oneOf(GROUP_KEYS), 'must be a list'),
  v.maxLength(2, 'must have at most 2 keys'),
)

/** A collector as it is made or replaced. */
export const COLLECTOR = v.strictObject(
  {
    url,
    headers,
    metrics: v.optional(METRICS, () => [...VITALS]),
    group_by: v.optional(GROUPS, () => []),
    limit: v.pipe(
      v.optional(wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT),
      v.description('the most groups, the busiest'),
    ),
  },
  unknownOrMissing,
)
export type Collector = v.InferOutput<typeof COLLECTOR>

export const COLLECTOR_ID = v.pipe(ID, v.description('the id of the collector'))

export const COLLECTOR_ANSWER = v.object({
  id: ID,
  url: v.string(),
  headers: v.pipe(v.array(v.string()), v.description('the names of the headers; their values are not shown')),
  metrics: v.array(v.string()),
  group_by: v.array(v.string()),
  limit: v.number(),
  next: v.pipe(TIME, v.description('the beginning of the hour that is sent next')),
  attempts: v.pipe(v.number(), v.description('how often it was tried in vain')),
  status: v.pipe(
    v.nullable(v.string()),
    v.description('what the collector answered last, or what went wrong; null: nothing was sent yet'),
  ),
})
export type CollectorAnswer = v.InferOutput<typeof COLLECTOR_ANSWER>

export const COLLECTORS_ANSWER = v.object({ data: v.array(COLLECTOR_ANSWER) })
export type CollectorsAnswer = v.InferOutput<typeof COLLECTORS_ANSWER>

export const COLLECTOR_TEST_ANSWER = v.object({
  delivered: v.boolean(),
  status: v.pipe(v.string(), v.description('what the collector answered, or what went wrong')),
})
export type CollectorTestAnswer = v.InferOutput<typeof COLLECTOR_TEST_ANSWER>

export const COLLECTOR_EXAMPLE: CollectorAnswer = {
  id: '5d0c9a71e2b4',
  url: 'https://otlp.example.com/v1/metrics',
  headers: ['Authorization'],
  metrics: ['lcp', 'inp', 'cls'],
  group_by: ['route'],
  limit: 20,
  next: '2026-11-21T08:00:00.000Z',
  attempts: 0,
  status: '200',
}
