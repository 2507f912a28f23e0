/**
 * Distributions as OpenTelemetry has them: exponential histograms with our buckets, one data point for each metric and
 * group over the whole range.
 *
 * Our bucket i ends where OpenTelemetry's bucket i - 1 does. CLS stays in thousandths: to change the unit would be to
 * move every bucket's ends, since 1,000 is no power of 2^(1/32).
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */

import { type OtlpAnswer, type OtlpDataPoint, type OtlpQuery, parseOtlpQuery } from '../../schema/api/otlp.ts'
import { byBucket, ZERO } from '../../schema/domain/buckets.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'
import { isRated, type Measure, unitOf } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { groupsOf } from '../query/distributions.ts'
import { byParameters, handler } from '../query/endpoint.ts'
import type { Group } from '../query/groups.ts'
import { keptGroups, oldestRaw, type Retention } from '../query/kept.ts'
import type { Preparer } from '../store/statement.ts'

/** `AGGREGATION_TEMPORALITY_DELTA` */
const DELTA = 1
const SCALE = 5

/** `GET /v1/export?format=otlp` */
export const otlpRoute = handler({
  ...byParameters(parseOtlpQuery),
  async answer({ query, site, now, d1 }) {
    const body = JSON.stringify(await exportRequest(d1, query, site, now))
    return { body, headers: { 'Content-Type': 'application/json' } }
  },
})

/** The figures of a range as an `ExportMetricsServiceRequest`. */
export async function exportRequest(
  d1: Preparer,
  query: OtlpQuery,
  site: Retention,
  now: Ms,
): Promise<OtlpAnswer> {
  const kept = keptGroups(query, site, now)
  const { groups } = await groupsOf(d1, kept, now, { oldest: oldestRaw(site, now) })
  return toOtlp(kept, groups, now)
}

function toOtlp(query: OtlpQuery, groups: readonly Group[], now: Ms): OtlpAnswer {
  const { site, from, to } = query
  const time = { startTimeUnixNano: nanoseconds(from), timeUnixNano: nanoseconds(Math.min(to, now)) }
  const metrics = query.metrics.flatMap(metric => {
    const points = groups
      .filter(group => group.metric === metric && group.distribution.n > 0)
      .map(group => pointOf(site, group, time))
    return points.length
      ? [
          {
            ...meta(metric),
            exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: points },
          } as const,
        ]
      : []
  })
  const resource = { attributes: attributes({ 'service.name': site }) }
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'fieldline' }, metrics }] }] }
}

function meta(measure: Measure) {
  const name = `fieldline.${measure.replace(':', '.')}`
  if (!isRated(measure)) {
    const [family = ''] = measure.split(':')
    const what = { phase: 'Load phase', blocking: 'Blocking time' }[family] ?? 'Custom measure'
    return { name, description: `${what}.`, unit: unitOf(measure) === 'ms' ? 'ms' : '1' }
  }
  const what = measure === 'api' ? 'Duration of API calls' : `${measure.toUpperCase()} of page views`
  return unitOf(measure) === 'ms'
    ? { name, description: `${what}.`, unit: 'ms' }
    : { name, description: `${what}, in thousandths.`, unit: '10*-3' }
}

function pointOf(
  site: string,
  { values, distribution }: Group,
  time: Pick<OtlpDataPoint, 'startTimeUnixNano' | 'timeUnixNano'>,
): OtlpDataPoint {
  return {
    attributes: attributes({ site, ...values }),
    ...time,
    count: String(distribution.n),
    scale: SCALE,
    zeroCount: String(byBucket(distribution.h).get(ZERO) ?? 0),
    positive: positive(distribution),
  }
}

/** The buckets above 0, dense. */
function positive({ h }: Histogram): OtlpDataPoint['positive'] {
  const [first, last] = [h.at.find(index => index !== ZERO), h.at.at(-1)]
  if (first === undefined || last === undefined) return { offset: 0, bucketCounts: [] }
  const weights = byBucket(h)
  const bucketCounts = Array.from({ length: last - first + 1 }, (_, i) => String(weights.get(first + i) ?? 0))
  return { offset: first - 1, bucketCounts }
}

/** A value that is not known is left out. */
function attributes(values: Readonly<Record<string, string | null>>): OtlpDataPoint['attributes'] {
  return Object.entries(values).flatMap(([key, text]) =>
    text === null ? [] : [{ key, value: { stringValue: text } }],
  )
}

function nanoseconds(ms: number): string {
  return `${ms}000000`
}
