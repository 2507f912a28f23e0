/**
 * The histograms of many groups, of several dimensions at once, from the roll-ups of two times.
 *
 * A site of 60 routes has some 300 groups, and 28 days with the 28 before are 56 periods: 16,800 rows, which are read whole.
 * Where that would be more than may be read, the busiest groups alone are sought, at two rows each in each period. How many
 * groups there are, and how busy and how long each is, two days tell.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { GroupKey } from '../../schema/api/filters.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import type { TagKey } from '../../schema/domain/tag.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { asText } from '../store/histogram-text.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { namesOf, type Ranked, rankedOf, type Table, tablesOf } from './compared.ts'
import type { Periods } from './covered.ts'
import { type Distribution, type Row, type TextRow, total, withHistograms } from './distribution.ts'
import type { GroupValues } from './groups-query.ts'

/** One group and metric, in both times. */
export interface TwoSided {
  values: GroupValues
  metric: Metric
  before: Distribution | null
  after: Distribution | null
}

/** Rows that histograms may take, beside those that tell the busiest groups. */
const MOST_ROWS = 17_000
/** Characters of histograms that the worker parses at most: some 0.1 s of CPU. */
const MOST_TEXT = 12_000_000
/** A row that is sought by its key is billed with the name that it is sought by. */
const ROWS_A_SEEK = 2

/** Reads the groups of `metrics` in `before` and in `after`, which have no period in common. */
export async function manyGroups(
  d1: Preparer,
  site: string,
  metrics: readonly Metric[],
  before: Periods,
  after: Periods,
  tags: readonly TagKey[] = [],
): Promise<TwoSided[]> {
  const tables = tablesOf(metrics, tags)
  const ranked = (await Promise.all(tables.map(table => rankedOf(d1, site, table, after)))).flat()
  const days = [...before.days, ...after.days]
  const hours = [...before.hours, ...after.hours]
  const periods = days.length + hours.length
  const text = ranked.reduce((sum, { text }) => sum + text, 0)
  const isAll = ranked.length * periods <= MOST_ROWS && text * periods <= MOST_TEXT
  const chosen = isAll ? ranked : busiest(ranked, periods)
  const late = Math.min(...after.days, ...after.hours)
  const found = tables.map(async table => {
    const groups = chosen.filter(group => group.table === table)
    if (!groups.length) return []
    const limit = Math.ceil((MOST_ROWS * groups.length) / chosen.length)
    const source = isAll ? scanned(groups) : sought(groups)
    const rows = await rowsOf(d1, site, table, source, { day: days, hour: hours }, limit)
    return groupsFrom(rows, table, start => start >= late)
  })
  return (await Promise.all(found)).flat()
}

/** As many of the busiest as may be read. */
function busiest(ranked: readonly Ranked[], periods: number): Ranked[] {
  let [rows, text] = [0, 0]
  return ranked
    .toSorted((a, b) => b.share - a.share)
    .filter(group => {
      rows += ROWS_A_SEEK * periods
      text += group.text * periods
      return rows <= MOST_ROWS && text <= MOST_TEXT
    })
}

/** A part of a statement: `g` names what is read, and `bound` is the condition on a row `r`. */
interface Wanted {
  list: string
  bound: SQL
}

/** All groups of the dimensions that there are. */
function scanned(groups: readonly Ranked[]): Wanted {
  const [first] = groups
  const names = new Set(groups.map(({ dimension }) => dimension))
  const list = first?.table.dimensions.map(({ name }) => name).filter(name => names.has(name)) ?? []
  return { list: JSON.stringify(list), bound: sql`r.dimension = g.value` }
}

/** These groups alone. */
function sought(groups: readonly Ranked[]): Wanted {
  return {
    list: JSON.stringify(groups.map(({ dimension, value }) => [dimension, value])),
    bound: sql`r.dimension = g.value ->> 0 AND r.value = g.value ->> 1`,
  }
}

interface GroupRow extends Row {
  dimension: string
  start: Hour
  value: string
}

/** The rows of both times. Where there are more than `limit`, the dimension that was cut is left out. */
async function rowsOf(
  d1: Preparer,
  site: string,
  { name, metrics }: Table,
  { list, bound }: Wanted,
  periods: Record<'day' | 'hour', readonly number[]>,
  limit: number,
): Promise<GroupRow[]> {
  const histograms = asText(metrics.map(metric => sql.raw(`r.${metric}`)))
  const parts = Object.entries(periods).flatMap(([tier, starts]) =>
    starts.length
      ? sql`SELECT r.dimension, r.start, r.value, ${histograms} AS histograms
          FROM json_each(${list}) AS g CROSS JOIN ${sql.raw(name)} AS r
          WHERE r.site = ${site} AND r.tier = ${tier} AND ${bound}
            AND r.start IN (SELECT value FROM json_each(${JSON.stringify(starts)}))`
      : [],
  )
  if (!parts.length) return []
  const { results } = await prepare(d1, sql`${sql.join(parts, sql` UNION ALL `)} LIMIT ${limit}`).all<
    TextRow & { dimension: string; start: Hour; value: string }
  >()
  const cut = results.length === limit ? results.at(-1)?.dimension : undefined
  return results.filter(({ dimension }) => dimension !== cut).map(row => withHistograms(row, metrics))
}

/** Adds up the periods of each group. */
function groupsFrom(
  rows: readonly GroupRow[],
  { metrics, dimensions }: Table,
  isLate: (start: Hour) => boolean,
): TwoSided[] {
  return [...Map.groupBy(rows, ({ dimension, value }) => `${dimension} ${value}`).values()].flatMap(same => {
    const [first] = same
    const names = first && namesOf(first.value)
    const keys = dimensions.find(({ name }) => name === first?.dimension)?.keys
    if (!names || !keys) return []
    const values = Object.fromEntries(keys.map((key, i) => [key as GroupKey, names[i] ?? null]))
    const sides = [same.filter(({ start }) => !isLate(start)), same.filter(({ start }) => isLate(start))]
    return metrics.map(metric => {
      const [before = null, after = null] = sides.map(rows => total(rows, metric))
      return { values, metric, before, after }
    })
  })
}
