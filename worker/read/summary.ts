/**
 * A checked question goes in, the summary comes out: distributions read as percentiles, with their counts.
 */

import type { PercentileAnswer } from '../../schema/answer.ts'
import { type Percentile, percentiles, RELATIVE_ERROR } from '../../schema/histogram.ts'
import { fromGrains, METRICS, type Metric, rate } from '../../schema/metrics.ts'
import type { SummaryAnswer, SummaryQuery, SummaryRow } from '../../schema/summary.ts'
import type { Preparer } from '../statement.ts'
import { type Group, groupsOf } from './distributions.ts'
import { onKept } from './plan.ts'

/** Answers for the time that is kept; see `onKept`. */
export function summarizeKept(
  d1: Preparer,
  query: SummaryQuery,
  site: { hourDays: number; rawDays: number },
  now: number,
): Promise<SummaryAnswer> {
  return onKept(query, site, now, kept => summarize(d1, kept, now))
}

/** Answers a summary. `now` (Unix ms) tells open hours and ends the time that calls a minute are counted over. */
export async function summarize(d1: Preparer, query: SummaryQuery, now: number): Promise<SummaryAnswer> {
  const { source, groups } = await groupsOf(d1, query, now)
  const minutes = (Math.min(query.to, now) - query.from) / 60_000
  return {
    site: query.site,
    from: new Date(query.from).toISOString(),
    to: new Date(query.to).toISOString(),
    source,
    relative_error: RELATIVE_ERROR,
    data: groups.flatMap(group => toRow(query, group, minutes) ?? []),
  }
}

function toRow(
  query: SummaryQuery,
  { values, metric, distribution }: Group,
  minutes: number,
): SummaryRow | null {
  const { n, s, good, poor, http, network } = distribution
  const found = percentiles(distribution, [75, ...query.percentiles]).map(p => p && inUnit(metric, p))
  const p75 = found.shift()
  if (!p75) return null
  return {
    group: values,
    metric,
    unit: METRICS[metric].unit,
    count: n,
    samples: s,
    percentiles: Object.fromEntries(
      found.flatMap((answer, i) => (answer ? [[`p${query.percentiles[i]}`, answer]] : [])),
    ),
    rating: rate(metric, p75.value),
    shares: { good: good / n, needs_improvement: (n - good - poor) / n, poor: poor / n },
    ...(metric === 'api' && { error_rate: (http + network) / n, per_minute: n / minutes }),
  }
}

/** Six significant digits: far finer than a bucket, and no tail of float noise in the JSON. */
function inUnit(metric: Metric, { value, low, high }: Percentile): PercentileAnswer {
  const convert = (grains: number) => Number(fromGrains(metric, grains).toPrecision(6))
  return {
    value: convert(value),
    low: low === null ? null : convert(low),
    high: high === null ? null : convert(high),
  }
}
