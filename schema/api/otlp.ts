/**
 * `GET /v1/export?format=otlp`: what may be asked, and what is answered: OpenTelemetry's metrics in OTLP/JSON, with
 * 64-bit integers as strings and enums as numbers.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

import * as v from 'valibot'
import { fail, type Parsed } from '../domain/problem.ts'
import { SHARED } from './query.ts'
import { MEASURES, parseSummaryQuery, SUMMARY_QUERY, type SummaryQuery } from './summary.ts'

const { percentiles: _, ...GROUPS } = SUMMARY_QUERY
/** All parameters. */
export const OTLP_QUERY = { format: v.literal('otlp'), ...SHARED, ...GROUPS, metrics: MEASURES }

/** The question of a summary, but for percentiles: those are the reader's to take. */
export type OtlpQuery = Omit<SummaryQuery, 'percentiles'>

/** Checks the parameters beside `format`, against the clock `now` (Unix ms). */
export function parseOtlpQuery(params: URLSearchParams, now: number): Parsed<OtlpQuery> {
  if (params.has('percentiles')) return fail('percentiles', 'is not a parameter of this format')
  const own = new URLSearchParams(params)
  own.delete('format')
  const parsed = parseSummaryQuery(own, now)
  if ('ok' in parsed && parsed.ok.metrics.includes('pageviews')) {
    return fail('metrics', 'cannot be pageviews here: a count is not a histogram')
  }
  return parsed
}

const UINT64 = v.pipe(v.string(), v.regex(/^\d+$/))
const ATTRIBUTES = v.array(v.object({ key: v.string(), value: v.object({ stringValue: v.string() }) }))

const DATA_POINT = v.object({
  attributes: v.pipe(ATTRIBUTES, v.description('the site, and what the point is grouped by')),
  startTimeUnixNano: UINT64,
  timeUnixNano: UINT64,
  count: v.pipe(UINT64, v.description('estimated page views (or calls) that have the metric')),
  scale: v.pipe(v.literal(5), v.description('32 buckets in a factor of two')),
  zeroCount: UINT64,
  positive: v.object({
    offset: v.pipe(v.number(), v.integer()),
    bucketCounts: v.pipe(
      v.array(UINT64),
      v.description('the i-th counts the values in (2^((offset + i) / 32), 2^((offset + i + 1) / 32)]'),
    ),
  }),
})
export type OtlpDataPoint = v.InferOutput<typeof DATA_POINT>

const METRIC = v.object({
  name: v.string(),
  description: v.string(),
  unit: v.pipe(v.string(), v.description('UCUM: ms, or 10*-3 for thousandths of CLS')),
  exponentialHistogram: v.object({
    aggregationTemporality: v.pipe(v.literal(1), v.description('delta')),
    dataPoints: v.array(DATA_POINT),
  }),
})

export const OTLP_ANSWER = v.object({
  resourceMetrics: v.array(
    v.object({
      resource: v.object({ attributes: ATTRIBUTES }),
      scopeMetrics: v.array(v.object({ scope: v.object({ name: v.string() }), metrics: v.array(METRIC) })),
    }),
  ),
})
export type OtlpAnswer = v.InferOutput<typeof OTLP_ANSWER>
