/**
 * The roll-up rows of a question, stored and live: periods and a slice of a dimension go in, the rows of its largest
 * groups come out.
 *
 * Counts are read first, in the order of the key, and added up here: sorting would read every row twice. Then the
 * histograms of those groups that are answered are sought. Key: (site, tier, dimension, start, value).
 */

import { type SQL, sql } from 'drizzle-orm'
import { type Preparer, prepare } from '../statement.ts'
import type { Periods, Slice } from './plan.ts'
import type { Source } from './source.ts'

/** A period's histograms of one value: a column of JSON for each metric. */
export interface RollupRow {
  start: number
  value: string
  [column: string]: string | number | null
}

/** What is read: of which site, in which slice, from which table. */
export interface Reading {
  site: string
  source: Source
  slice: Slice
}

/** The weight of each metric of a source, in its order, of one value in one period. */
export interface Weights {
  start: number
  value: string
  weights: number[]
}

/** The rows of the `limit` groups with the most weight in `ranked`, those first. */
export async function rollupRows(
  d1: Preparer,
  reading: Reading,
  limit: number,
  periods: Periods,
  ranked: Periods = periods,
): Promise<RollupRow[]> {
  const { source, slice } = reading
  const live = liveRows(d1, reading, periods.live)
  if (!slice.dimension.keys.length) {
    return (await Promise.all([storedRows(d1, reading, periods, null), live])).flat()
  }
  const [known, fresh] = await Promise.all([storedWeights(d1, reading, ranked), live])
  const weights = new Map<string, number[]>()
  for (const { value, weights: given } of [...known, ...fresh.map(row => weigh(row, source))]) {
    weights.set(
      value,
      given.map((n, i) => n + (weights.get(value)?.[i] ?? 0)),
    )
  }
  // Values asked for by name are few and all read, so that `others` shows what they hide.
  const { values, others } = slice
  const largest = [...weights]
    .map(([value, given]) => ({ value, total: Math.max(...given) }))
    .sort((a, b) => b.total - a.total || (a.value < b.value ? -1 : 1))
    .slice(0, values ? values.length + others.length : limit)
    .map(({ value }) => value)
  const place = new Map(largest.map((value, i) => [value, i]))
  const rows = await storedRows(d1, reading, periods, largest)
  return [...rows, ...fresh]
    .filter(row => place.has(row.value))
    .sort((a, b) => (place.get(a.value) ?? 0) - (place.get(b.value) ?? 0))
}

/** The weights alone, for questions that need no histogram. */
export async function rollupWeights(d1: Preparer, reading: Reading, periods: Periods): Promise<Weights[]> {
  const [known, fresh] = await Promise.all([
    storedWeights(d1, reading, periods),
    liveRows(d1, reading, periods.live),
  ])
  return [...known, ...fresh.map(row => weigh(row, reading.source))]
}

/** The weights that are stored, by period and value. */
async function storedWeights(d1: Preparer, reading: Reading, periods: Periods): Promise<Weights[]> {
  const weights = sql.raw(reading.source.columns.map(column => `coalesce(${column} ->> 'n', 0)`).join(', '))
  const parts = stored(reading, periods).map(
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

function weigh(row: RollupRow, { columns }: Source): Weights {
  const weights = columns.map(column => (row[column] ? JSON.parse(String(row[column])).n : 0))
  return { start: row.start, value: row.value, weights }
}

/** The rows of `values`, or of the whole slice. */
async function storedRows(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  values: readonly string[] | null,
): Promise<RollupRow[]> {
  const named = values ? oneOf(values) : NOTHING
  const parts = stored(reading, periods).map(
    from => sql`SELECT ${columnsOf(reading.source)} ${from} ${named}`,
  )
  if (!parts.length || values?.length === 0) return []
  return (await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<RollupRow>()).results
}

/** The rows of hours without a roll-up, computed by what would have stored them. */
async function liveRows(
  d1: Preparer,
  { site, source, slice }: Reading,
  hours: readonly number[],
): Promise<RollupRow[]> {
  if (!hours.length) return []
  const fresh = source.hours(site, hours, [slice.dimension])
  const rows = sql`SELECT ${columnsOf(source)} FROM (${fresh}) WHERE true ${bounds(slice)}`
  return (await prepare(d1, rows).all<RollupRow>()).results
}

function columnsOf(source: Source): SQL {
  return sql.raw(['start', 'value', ...source.columns].join(', '))
}

/** `FROM ... WHERE ...` of the slice's rows in each tier. */
function stored({ site, source, slice }: Reading, periods: Periods): SQL[] {
  const tiers = { day: periods.days, hour: periods.hours }
  const { table } = source
  if (!table) return []
  return Object.entries(tiers).flatMap(([tier, starts]) =>
    starts.length
      ? sql`FROM ${sql.raw(table)} WHERE site = ${site} AND tier = ${tier} AND dimension = ${slice.dimension.name}
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
