/**
 * A checked question goes in, the summary comes out: one histogram for each group and metric, read as percentiles.
 */

import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Histogram, type Percentile, percentiles, RELATIVE_ERROR } from '../../schema/histogram.ts'
import { fromGrains, METRICS, type Metric, rate } from '../../schema/metrics.ts'
import {
  DIMENSIONS,
  type GroupKey,
  type PercentileAnswer,
  type SummaryAnswer,
  type SummaryQuery,
  type SummaryRow,
} from '../../schema/query.ts'
import { type Choice, callSamples, ENDPOINT, histograms, vitalSamples } from '../rollup/sql.ts'

/** A histogram as SQL answers it, with the weights of the calls that went wrong. */
interface Counted extends Histogram {
  http: number
  network: number
  aborted: number | null
}

interface GroupRow {
  key: string
  metric: Metric
  histogram: string
}

/** Answers a summary from raw rows. `now` ends the part of the range that calls a minute are counted over. */
export async function summarize(d1: D1Database, query: SummaryQuery, now: number): Promise<SummaryAnswer> {
  const db = drizzle(d1)
  const vitals = query.metrics.filter(metric => metric !== 'api')
  const parts = await Promise.all([
    vitals.length ? db.all<GroupRow>(largest(vitalSamples(choose(query), vitals), query.limit)) : [],
    vitals.length < query.metrics.length
      ? db.all<GroupRow>(largest(callSamples(choose(query)), query.limit))
      : [],
  ])
  const minutes = (Math.min(query.to, now) - query.from) / 60_000
  return {
    site: query.site,
    from: new Date(query.from).toISOString(),
    to: new Date(query.to).toISOString(),
    source: 'samples',
    relative_error: RELATIVE_ERROR,
    data: parts.flat().flatMap(row => toRow(query, row, minutes) ?? []),
  }
}

/** The `limit` groups with the most samples' weight, in that order; a group keeps all of its metrics. */
function largest(samples: SQL, limit: number): SQL {
  return sql`SELECT key, metric, histogram FROM (
      SELECT *, dense_rank() OVER (ORDER BY total DESC, key) AS place FROM (
        SELECT *, max(n) OVER (PARTITION BY key) AS total FROM (${histograms(samples)})))
    WHERE place <= ${limit} ORDER BY place`
}

/** Rows of the site and range, by primary key (site, hour), and the filters; grouped by a JSON list of values. */
function choose({ site, from, to, filters, groupBy }: SummaryQuery): Choice {
  const hour = 3_600_000
  const conditions = [
    sql`p.site = ${site} AND p.hour >= ${from / hour} AND p.hour < ${to / hour}`,
    ...([...DIMENSIONS, 'endpoint'] as const).flatMap(name => {
      const value = filters[name]
      return value === undefined ? [] : [sql`${source(name)} = ${value}`]
    }),
  ]
  return {
    where: sql.join(conditions, sql` AND `),
    key: sql`json_array(${sql.join(groupBy.map(source), sql`, `)})`,
  }
}

/** SQL of what a group key stands for. */
function source(name: GroupKey): SQL {
  return name === 'endpoint' ? ENDPOINT : sql.raw(`p.${name}`)
}

function toRow(query: SummaryQuery, row: GroupRow, minutes: number): SummaryRow | null {
  const histogram = JSON.parse(row.histogram) as Counted
  const { n } = histogram
  if (!n) return null
  const values: (string | null)[] = JSON.parse(row.key)
  const { metric } = row
  const found = percentiles(histogram, [75, ...query.percentiles]).map(p => p && inUnit(metric, p))
  const p75 = found.shift()
  if (!p75) return null
  return {
    group: Object.fromEntries(query.groupBy.map((name, i) => [name, values[i] ?? null])),
    metric,
    unit: METRICS[metric].unit,
    count: n,
    samples: histogram.s,
    percentiles: Object.fromEntries(
      found.flatMap((answer, i) => (answer ? [[`p${query.percentiles[i]}`, answer]] : [])),
    ),
    rating: rate(metric, p75.value),
    shares: {
      good: histogram.good / n,
      needs_improvement: (n - histogram.good - histogram.poor) / n,
      poor: histogram.poor / n,
    },
    ...(metric === 'api' && {
      error_rate: (histogram.http + histogram.network) / n,
      per_minute: n / minutes,
    }),
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
