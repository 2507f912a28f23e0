/**
 * The roll-up rows of a question, stored and live: periods and a slice of a dimension go in, the rows of its largest
 * groups come out.
 *
 * Where few of many groups are answered, counts are read first, in the order of the key, and added up here: sorting would
 * read every row twice. Then the histograms of those groups are sought. Key: (site, tier, dimension, start, value).
 */

import { type SQL, sql } from 'drizzle-orm'
import { columnSql } from '../histogram/dimensions.ts'
import type { Selection } from '../histogram/histogram-sql.ts'
import { histogramOf } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { matchesSample, type SampleFilters } from './filters.ts'
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
  /** What the slice stands for. */
  filters: SampleFilters
}

/** The weight of each metric of a source, in its order, of one value in one period. */
export interface Weights {
  start: number
  value: string
  weights: number[]
}

/**
 * What is stored of a reading: all rows where those are few, or as many as must be read; else the weights alone. Where the
 * rows are `ranking`, they are those of coarser periods and tell which groups are read of the finer ones.
 */
export type Stored = { rows: RollupRow[]; ranking: boolean } | { weights: Weights[] }

/** The rows of some values, and of `(other)`, in which they may lie where they have none. */
export interface Found {
  rows: RollupRow[]
  others: RollupRow[]
  /** The rows of all groups, in the periods in which all were read. */
  every: RollupRow[]
  /** True where all periods are such. */
  isAll: boolean
  /** How many groups there are. */
  groups: number
  /** The days among the periods: what starts there and is none is an hour. */
  days: ReadonlySet<number>
}

/** From so many groups on, the rows of all are read at once: to seek one costs two rows, and caps are at 200. */
const OUTRIGHT = 100
const ROWS_A_SEEK = 2

/** Reads what tells the `limit` largest groups; `ranked` are the periods that tell it with the fewest rows. */
export async function storedOf(
  d1: Preparer,
  reading: Reading,
  limit: number,
  periods: Periods,
  ranked: Periods = periods,
): Promise<Stored> {
  const { dimension, values } = reading.slice
  const few = !dimension.keys.length || values !== null
  if (!few && limit < OUTRIGHT) return { weights: await storedWeights(d1, reading, ranked) }
  const ranking = !few && ranked !== periods
  return { rows: await storedRows(d1, reading, ranking ? ranked : periods, null), ranking }
}

/** The rows that `rollupRows` will read of what is stored, at most. */
export function yetToRead(stored: Stored, limit: number, { days, hours }: Periods, others: number): number {
  if ('rows' in stored && !stored.ranking) return 0
  const values = new Set(('rows' in stored ? stored.rows : stored.weights).map(({ value }) => value))
  const [seeks, periods] = [Math.min(limit, values.size) + others, days.length + hours.length]
  // And what is sought by, unpacked.
  return ROWS_A_SEEK * (seeks * periods + seeks + periods)
}

/**
 * The rows of the `limit` groups with the most weight, those first; `live` chooses page views of the live hours, and `pick`
 * the values whose rows are read of finer periods, by their rows of coarser ones.
 */
export async function rollupRows(
  d1: Preparer,
  reading: Reading,
  limit: number,
  periods: Periods,
  stored: Stored,
  live: Selection,
  pick: (rows: RollupRow[]) => string[] = () => [],
): Promise<Found> {
  const { source, slice } = reading
  const days = new Set(periods.days)
  const fresh = await liveRows(d1, reading, periods.live, live)
  if (!slice.dimension.keys.length && 'rows' in stored)
    return { rows: [...stored.rows, ...fresh], others: [], every: [], isAll: true, groups: 1, days }
  const weigh = weighing(source)
  const weights = new Map<string, number[]>()
  const known = 'rows' in stored ? stored.rows.map(weigh) : stored.weights
  for (const { value, weights: given } of [...known, ...fresh.map(weigh)]) {
    weights.set(
      value,
      given.map((n, i) => n + (weights.get(value)?.[i] ?? 0)),
    )
  }
  // Values asked for by name are few and all taken.
  const largest = [...weights]
    .filter(([value]) => !slice.values || slice.values.includes(value))
    .map(([value, given]) => ({ value, total: Math.max(...given) }))
    .sort((a, b) => b.total - a.total || (a.value < b.value ? -1 : 1))
    .slice(0, slice.values ? undefined : limit)
    .map(({ value }) => value)
  const place = new Map(largest.map((value, i) => [value, i]))
  const placed = (rows: readonly RollupRow[]) =>
    rows
      .filter(row => place.has(row.value))
      .sort((a, b) => (place.get(a.value) ?? 0) - (place.get(b.value) ?? 0))
  const hiding = (rows: readonly RollupRow[]) => rows.filter(row => slice.others.includes(row.value))
  if ('rows' in stored && !stored.ranking) {
    const all = [...stored.rows, ...fresh]
    return { rows: placed(all), others: hiding(all), every: all, isAll: true, groups: weights.size, days }
  }
  const wanted = 'rows' in stored ? pick(placed([...stored.rows, ...fresh])) : largest
  const rows = await storedRows(d1, reading, periods, [...new Set([...wanted, ...slice.others])])
  const all = [...rows, ...fresh]
  const kept = placed(all.filter(({ value }) => wanted.includes(value)))
  return { rows: kept, others: hiding(all), every: fresh, isAll: false, groups: weights.size, days }
}

/** The weights alone, for questions that need no histogram. */
export async function rollupWeights(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  live: Selection,
): Promise<Weights[]> {
  const [known, fresh] = await Promise.all([
    storedWeights(d1, reading, periods),
    liveRows(d1, reading, periods.live, live),
  ])
  return [...known, ...fresh.map(weighing(reading.source))]
}

/** The weights that are stored, by period and value. */
async function storedWeights(d1: Preparer, reading: Reading, periods: Periods): Promise<Weights[]> {
  const weights = sql.join(
    reading.source.columns.map(column => sql`coalesce(${columnSql(column)} ->> 'n', 0)`),
    sql`, `,
  )
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

function weighing({ columns }: Source): (row: RollupRow) => Weights {
  return row => {
    const weights = columns.map(column => histogramOf(row[column])?.n ?? 0)
    return { start: row.start, value: row.value, weights }
  }
}

/** The rows of `values`, or of the whole slice. */
export async function storedRows(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  values: readonly string[] | null,
): Promise<RollupRow[]> {
  const named = values ? oneOf(values) : NOTHING
  const parts = stored(reading, periods).map(
    from => sql`SELECT ${columnsOf(reading.source, column => sql`${columnSql(column)} AS ${sql.raw(column)}`)}
      ${from} ${named}`,
  )
  if (!parts.length || values?.length === 0) return []
  return (await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<RollupRow>()).results
}

/** The rows of hours without a roll-up, computed by what would have stored them. */
export async function liveRows(
  d1: Preparer,
  { source, slice, filters }: Reading,
  hours: readonly number[],
  live: Selection,
): Promise<RollupRow[]> {
  if (!hours.length) return []
  // What is asked for by name needs no place among all others: here it is never in `(other)`.
  const chosen = slice.values ? { ...live, where: sql`${live.where} AND ${matchesSample(filters)}` } : live
  const fresh = source.hours(chosen, [slice.dimension])
  const rows = sql`SELECT ${columnsOf(source)} FROM (${fresh}) WHERE true ${bounds(slice)}`
  return (await prepare(d1, rows).all<RollupRow>()).results
}

function columnsOf({ columns }: Source, of: (column: string) => SQL = sql.raw): SQL {
  return sql`start, value, ${sql.join(columns.map(of), sql`, `)}`
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
