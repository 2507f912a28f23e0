/**
 * The distributions that answer a question: a checked query goes in, one histogram for each group and metric comes
 * out, from roll-ups where they hold the combination, else from raw rows.
 */

import { sql } from 'drizzle-orm'
import { type Histogram, merge } from '../../schema/histogram.ts'
import { HOUR } from '../../schema/hour.ts'
import type { Metric } from '../../schema/metrics.ts'
import type { GroupedQuestion, GroupKey } from '../../schema/query.ts'
import { type Choice, callSamples, histograms, keySql, vitalSamples } from '../rollup/sql.ts'
import { type Preparer, prepare } from '../statement.ts'
import { type Periods, periodsOf, type Slice, sliceOf } from './plan.ts'
import { type RollupRow as Row, rollupRows, vitalsOf } from './rows.ts'

/** A histogram of API calls carries the weights of those that failed, too. */
export interface Distribution extends Histogram {
  http: number
  network: number
}

export interface Group {
  values: Partial<Record<GroupKey, string | null>>
  metric: Metric
  distribution: Distribution
}

interface Answer {
  source: 'samples' | 'rollup'
  groups: Group[]
}

/** The distributions of all of `metrics`, those of page views first. `now` (Unix ms) tells open hours. */
export async function groupsOf(
  d1: Preparer,
  query: GroupedQuestion & { metrics: readonly Metric[] },
  now: number,
): Promise<Answer> {
  const periods = await periodsOf(d1, query, now)
  const vitals = query.metrics.filter(metric => metric !== 'api')
  const calls = query.metrics.filter(metric => metric === 'api')
  const parts = await Promise.all(
    [vitals, calls].flatMap(metrics => (metrics.length ? [distributions(d1, query, metrics, periods)] : [])),
  )
  return {
    source: parts.every(part => part.source === 'rollup') ? 'rollup' : 'samples',
    groups: parts.flatMap(part => part.groups),
  }
}

/** The distributions of `metrics`, all of page views or all of calls; the largest groups first. */
export async function distributions(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
): Promise<Answer> {
  const kind = metrics.includes('api') ? 'calls' : 'views'
  const slice = sliceOf(query, kind)
  if (slice) {
    const rows = await rollupRows(d1, query, metrics, periods, slice)
    if (!isHidden(rows, slice)) {
      return {
        source: 'rollup',
        groups: fold(
          rows.filter(row => !slice.others.includes(row.value)),
          query,
          metrics,
          slice,
        ),
      }
    }
  }
  return { source: 'samples', groups: await sampleGroups(d1, query, metrics) }
}

/** True when, in some period, the value that is filtered by lies in `(other)`, where it cannot be told from the rest. */
function isHidden(rows: readonly Row[], { values, others }: Slice): boolean {
  if (!values || !others.length) return false
  const named = new Set(rows.filter(row => values.includes(row.value)).map(row => row.start))
  return rows.some(row => others.includes(row.value) && !named.has(row.start))
}

/** Adds up the periods of each value; the first `limit` values count. */
function fold(
  rows: readonly Row[],
  query: GroupedQuestion,
  metrics: readonly Metric[],
  { dimension }: Slice,
): Group[] {
  const byValue = new Map<string, Row[]>()
  for (const row of rows) {
    const list = byValue.get(row.value)
    if (list) list.push(row)
    else byValue.set(row.value, [row])
  }
  return [...byValue].slice(0, query.limit).flatMap(([value, periods]) => {
    const list: (string | null)[] = JSON.parse(value)
    const values = Object.fromEntries(
      query.groupBy.map(key => [key, list[dimension.keys.indexOf(key)] ?? null]),
    )
    return metrics.flatMap(metric => {
      const parts = periods.flatMap(row => (row[metric] ? [JSON.parse(row[metric]) as Distribution] : []))
      return parts.length ? [{ values, metric, distribution: total(parts) }] : []
    })
  })
}

function total(parts: readonly Distribution[]): Distribution {
  const sum = (field: 'http' | 'network') => parts.reduce((n, part) => n + (part[field] ?? 0), 0)
  return { ...merge(parts), http: sum('http'), network: sum('network') }
}

/** The same from raw rows, for any combination of keys. Key: (site, hour). */
async function sampleGroups(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
): Promise<Group[]> {
  const { site, from, to, filters, groupBy, limit } = query
  const conditions = [
    sql`p.site = ${site} AND p.hour >= ${from / HOUR} AND p.hour < ${to / HOUR}`,
    ...Object.entries(filters).flatMap(([key, value]) =>
      value === undefined ? [] : [sql`${keySql(key as GroupKey)} = ${value}`],
    ),
  ]
  const choice: Choice = {
    where: sql.join(conditions, sql` AND `),
    by: { key: sql`json_array(${sql.join(groupBy.map(keySql), sql`, `)})` },
  }
  const calls = metrics.includes('api')
  const samples = calls ? callSamples(choice) : vitalSamples(choice, vitalsOf(metrics))
  const { results } = await prepare(
    d1,
    sql`SELECT key, metric, histogram FROM (
        SELECT *, dense_rank() OVER (ORDER BY total DESC, key) AS place FROM (
          SELECT *, max(n) OVER (PARTITION BY key) AS total
          FROM (${histograms(samples, ['key'], calls ? 'calls' : 'views')})))
      WHERE place <= ${limit} ORDER BY place`,
  ).all<{ key: string; metric: Metric; histogram: string }>()
  const order = (metric: Metric) => metrics.indexOf(metric)
  const groups = results.map(({ key, metric, histogram }) => {
    const list: (string | null)[] = JSON.parse(key)
    const values = Object.fromEntries(groupBy.map((name, i) => [name, list[i] ?? null]))
    return { key, group: { values, metric, distribution: total([JSON.parse(histogram)]) } }
  })
  // Rows come by group; within one the metrics stand in the order asked for.
  const keys = [...new Set(groups.map(({ key }) => key))]
  return groups
    .toSorted(
      (a, b) => keys.indexOf(a.key) - keys.indexOf(b.key) || order(a.group.metric) - order(b.group.metric),
    )
    .map(({ group }) => group)
}
