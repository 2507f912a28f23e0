/**
 * The roll-up rows of a question, stored and live: periods and a slice of a dimension go in, the rows of its largest
 * groups come out.
 *
 * Counts are read first, in the order of the key, and added up here: sorting would read every row twice. Then the
 * histograms of those groups that are answered are sought. Key: (site, tier, dimension, start, value).
 */

import { type SQL, sql } from 'drizzle-orm'
import { type Metric, VITALS, type Vital } from '../../schema/metrics.ts'
import type { GroupedQuestion } from '../../schema/query.ts'
import { callHours, viewHours } from '../rollup/hours.ts'
import { type Preparer, prepare } from '../statement.ts'
import type { Periods, Slice } from './plan.ts'

/** A period's histograms of one value, as JSON. */
export type RollupRow = { start: number; value: string } & Partial<Record<Metric, string | null>>

/** The weight of each metric, in the order asked for, of one value in one period. */
export interface Weights {
  start: number
  value: string
  weights: number[]
}

/** The rows of the groups with the most weight, those first. `metrics` are all of page views or all of calls. */
export async function rollupRows(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
  slice: Slice,
): Promise<RollupRow[]> {
  const { dimension, values, others } = slice
  const live = liveRows(d1, query, metrics, periods.live, slice)
  if (!dimension.keys.length) {
    return (await Promise.all([storedRows(d1, query, metrics, periods, slice, null), live])).flat()
  }
  const [known, fresh] = await Promise.all([storedWeights(d1, query, metrics, periods, slice), live])
  const weights = new Map<string, number[]>()
  for (const { value, weights: given } of [...known, ...fresh.map(row => weigh(row, metrics))]) {
    weights.set(
      value,
      given.map((n, i) => n + (weights.get(value)?.[i] ?? 0)),
    )
  }
  // Values asked for by name are few and all read, so that `others` shows what they hide.
  const limit = values ? values.length + others.length : query.limit
  const largest = [...weights]
    .map(([value, given]) => ({ value, total: Math.max(...given) }))
    .sort((a, b) => b.total - a.total || (a.value < b.value ? -1 : 1))
    .slice(0, limit)
    .map(({ value }) => value)
  const place = new Map(largest.map((value, i) => [value, i]))
  const rows = await storedRows(d1, query, metrics, periods, slice, largest)
  return [...rows, ...fresh]
    .filter(row => place.has(row.value))
    .sort((a, b) => (place.get(a.value) ?? 0) - (place.get(b.value) ?? 0))
}

/** The weights alone, for questions that need no histogram. */
export async function rollupWeights(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
  slice: Slice,
): Promise<Weights[]> {
  const [known, fresh] = await Promise.all([
    storedWeights(d1, query, metrics, periods, slice),
    liveRows(d1, query, metrics, periods.live, slice),
  ])
  return [...known, ...fresh.map(row => weigh(row, metrics))]
}

export function vitalsOf(metrics: readonly Metric[]): Vital[] {
  return metrics.filter((metric): metric is Vital => (VITALS as readonly Metric[]).includes(metric))
}

/** The weights that are stored, by period and value. */
async function storedWeights(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
  slice: Slice,
): Promise<Weights[]> {
  const weights = sql.raw(metrics.map(metric => `coalesce(${metric} ->> 'n', 0)`).join(', '))
  const parts = stored(query, metrics, periods, slice).map(
    from =>
      sql`SELECT start, json_group_object(value, json_array(${weights})) AS byValue ${from} GROUP BY start`,
  )
  if (!parts.length) return []
  const { results } = await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<{
    start: number
    byValue: string
  }>()
  return results.flatMap(({ start, byValue }) =>
    Object.entries<number[]>(JSON.parse(byValue)).map(([value, weights]) => ({ start, value, weights })),
  )
}

function weigh({ start, value, ...row }: RollupRow, metrics: readonly Metric[]): Weights {
  return { start, value, weights: metrics.map(metric => (row[metric] ? JSON.parse(row[metric]).n : 0)) }
}

/** The rows of `values`, or of the whole slice. */
async function storedRows(
  d1: Preparer,
  query: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
  slice: Slice,
  values: readonly string[] | null,
): Promise<RollupRow[]> {
  const columns = sql.raw(['start', 'value', ...metrics].join(', '))
  const named = values ? oneOf(values) : NOTHING
  const parts = stored(query, metrics, periods, slice).map(from => sql`SELECT ${columns} ${from} ${named}`)
  if (!parts.length || values?.length === 0) return []
  return (await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<RollupRow>()).results
}

/** The rows of hours without a roll-up, computed by what would have stored them. */
async function liveRows(
  d1: Preparer,
  { site }: GroupedQuestion,
  metrics: readonly Metric[],
  hours: readonly number[],
  slice: Slice,
): Promise<RollupRow[]> {
  if (!hours.length) return []
  const columns = sql.raw(['start', 'value', ...metrics].join(', '))
  const fresh = metrics.includes('api')
    ? callHours(site, hours, [slice.dimension])
    : viewHours(site, hours, [slice.dimension], vitalsOf(metrics))
  const rows = sql`SELECT ${columns} FROM (${fresh}) WHERE true ${bounds(slice)}`
  return (await prepare(d1, rows).all<RollupRow>()).results
}

/** `FROM ... WHERE ...` of the slice's rows in each tier. */
function stored(
  { site }: GroupedQuestion,
  metrics: readonly Metric[],
  periods: Periods,
  slice: Slice,
): SQL[] {
  const table = sql.raw(metrics.includes('api') ? 'api_rollups' : 'rollups')
  const tiers = { day: periods.days, hour: periods.hours }
  return Object.entries(tiers).flatMap(([tier, starts]) =>
    starts.length
      ? sql`FROM ${table} WHERE site = ${site} AND tier = ${tier} AND dimension = ${slice.dimension.name}
          AND start IN (SELECT value FROM json_each(${JSON.stringify(starts)})) ${bounds(slice)}`
      : [],
  )
}

const NOTHING = sql.raw('')

function bounds({ values, prefix, others }: Slice): SQL {
  if (values) return oneOf([...values, ...others])
  // ',' and '-' are neighbours in ASCII, so the prefix `["phone",` ends before `["phone"-`.
  return prefix ? sql`AND value >= ${prefix} AND value < ${`${prefix.slice(0, -1)}-`}` : NOTHING
}

function oneOf(values: readonly string[]): SQL {
  return sql`AND value IN (SELECT value FROM json_each(${JSON.stringify(values)}))`
}
