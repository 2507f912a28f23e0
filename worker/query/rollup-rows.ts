/**
 * The rows of roll-ups, stored or computed of open hours. Key: (site, tier, dimension, start, value).
 *
 * A row is a period, a value of the dimension, and a histogram for each metric of the source. Example, of LCP by route:
 * `{ start: 480000, value: '["/p/[id]"]', lcp: '{"n":12,"s":12,...}' }`.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Hour } from '../../schema/domain/units.ts'
import { rollups } from '../../schema/storage/tables.ts'
import { columnSql, type RollupColumn, weightSql } from '../histogram/dimensions.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { asList, asText, unreadIn } from '../store/histogram-text.ts'
import { listed, NO_SQL, named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import type { Periods } from './covered.ts'
import { type Row, type TextRow, weightIn, withHistograms } from './distribution.ts'
import { matchesSample } from './filters.ts'
import type { Reading } from './reading.ts'
import type { Slice } from './slice.ts'
import type { Source } from './source.ts'

/** A roll-up row: the three tables have these columns in common. */
const r = named(rollups)

/** A period's histograms of one value: a column for each metric. */
export interface RollupRow extends Row {
  start: Hour
  value: string
}

/** As D1 brings those of a period: the names of values, and of each column what is stored of them (`asList`). */
type PeriodText = { start: Hour; names: string } & Record<string, string | number>

/** As D1 brings one. */
type RowText = TextRow & { start: Hour; value: string }

/** The weight of each metric of a source, in its order, of one value in one period. */
export interface Weights {
  start: Hour
  value: string
  weights: number[]
}

/** The weights alone, for queries that need no histogram. */
export async function rollupWeights(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  open: Selection,
): Promise<Weights[]> {
  const [known, fresh] = await Promise.all([
    storedWeights(d1, reading, periods),
    openRows(d1, reading, periods.open, open),
  ])
  return [...known, ...fresh.map(weighing(reading.source))]
}

/** The weights that are stored, by period and value. */
export async function storedWeights(d1: Preparer, reading: Reading, periods: Periods): Promise<Weights[]> {
  const weights = listed(...reading.source.columns.map(weightSql))
  const parts = inEachTier(reading, periods).map(
    from =>
      sql`SELECT ${r.start} AS start, json_group_object(${r.value}, json_array(${weights})) AS byValue ${from} GROUP BY ${r.start}`,
  )
  if (!parts.length) return []
  const { results } = await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<{
    start: Hour
    byValue: string
  }>()
  return results.flatMap(({ start, byValue }) =>
    Object.entries<number[]>(JSON.parse(byValue)).map(([value, weights]) => ({ start, value, weights })),
  )
}

export function weighing({ columns }: Source): (row: RollupRow) => Weights {
  return row => {
    const weights = columns.map(column => weightIn(row, column))
    return { start: row.start, value: row.value, weights }
  }
}

/**
 * The rows of `values`, or of the whole slice. A period of page views comes as one row, since D1 takes as long to answer a row as to
 * read it. Those of calls and marks come one by one: with their pairs, a list of 200 could pass the 2 MB of a text.
 */
export async function storedRows(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  values: readonly string[] | null,
): Promise<RollupRow[]> {
  const { columns, kind } = reading.source
  const alone = kind === 'views' ? NO_SQL : sql`, ${r.value}`
  const wanted = values ? oneOf(values) : NO_SQL
  const texts = columns.map(column => sql`${asList(stored(column))} AS ${sql.raw(column)}`)
  const parts = inEachTier(reading, periods).map(
    from => sql`SELECT ${r.start} AS start, json_group_array(${r.value}) AS names, ${listed(...texts)}
      ${from} ${wanted} GROUP BY ${r.start}${alone}`,
  )
  if (!parts.length || values?.length === 0) return []
  const { results } = await prepare(d1, sql.join(parts, sql` UNION ALL `)).all<PeriodText>()
  return results.flatMap(period => rowsIn(period, columns))
}

/** The rows of a period. */
function rowsIn(period: PeriodText, columns: readonly string[]): RollupRow[] {
  const names: string[] = JSON.parse(period.names)
  const rows = names.map((value): RollupRow => ({ start: period.start, value }))
  for (const column of columns) {
    const cells = unreadIn(String(period[column] ?? ''), names.length)
    for (const [i, row] of rows.entries()) row[column] = cells[i] ?? null
  }
  return rows
}

/** The rows of hours without a roll-up, computed by what would have stored them. */
export async function openRows(
  d1: Preparer,
  { source, slice, filters }: Reading,
  hours: readonly Hour[],
  open: Selection,
): Promise<RollupRow[]> {
  if (!hours.length) return []
  // What is asked for by name needs no place among all others: here it is never in `(other)`.
  const asked = matchesSample(filters)
  const selection = slice.values ? { ...open, ...asked, where: sql`${open.where} AND ${asked.where}` } : open
  const fresh = source.hours(selection, [slice.dimension])
  const histograms = asText(source.columns.map(column => sql.raw(column)))
  const rows = sql`SELECT start, value, ${histograms} AS histograms FROM (${fresh}) WHERE true ${bounds(slice)}`
  const { results } = await prepare(d1, rows).all<RowText>()
  return results.map(row => withHistograms(row, source.columns))
}

/** As it is stored: what is broken is found as it is read, and D1 need not look first. */
function stored(column: RollupColumn): SQL {
  return column === 'views' ? columnSql(column) : sql.raw(column)
}

/** `FROM ... WHERE ...` of the slice's rows in each tier that has periods. */
function inEachTier({ site, source, slice }: Reading, periods: Periods): SQL[] {
  const tiers = { day: periods.days, hour: periods.hours }
  const { table } = source
  if (!table) return []
  return Object.entries(tiers).flatMap(([tier, starts]) =>
    starts.length
      ? sql`FROM ${sql.raw(table)} WHERE ${r.site} = ${site} AND ${r.tier} = ${tier}
          AND ${r.dimension} = ${slice.dimension.name} AND ${r.start} IN (SELECT value FROM json_each(${JSON.stringify(starts)})) ${bounds(slice)}`
      : [],
  )
}

function bounds({ values, prefix, others }: Slice): SQL {
  if (values) return oneOf([...values, ...others])
  // ',' and '-' are neighbours in ASCII, so the prefix `["phone",` ends before `["phone"-`.
  return prefix ? sql`AND value >= ${prefix} AND value < ${`${prefix.slice(0, -1)}-`}` : NO_SQL
}

function oneOf(values: readonly string[]): SQL {
  return sql`AND value IN (SELECT value FROM json_each(${JSON.stringify(values)}))`
}
