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
import type { Tier } from '../../schema/storage/tables.ts'
import { asRows, asText, unreadRows } from '../store/histogram-text.ts'
import { listed } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { namesOf, type Ranked, rankedOf, type Table, tablesOf } from './compared.ts'
import type { Periods } from './covered.ts'
import { type Distribution, filled, type Row, type TextRow, total, withUnread } from './distribution.ts'
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
  const periods = before.days.length + before.hours.length + after.days.length + after.hours.length
  const text = ranked.reduce((sum, { text }) => sum + text, 0)
  const isAll = ranked.length * periods <= MOST_ROWS && text * periods <= MOST_TEXT
  const chosen = isAll ? ranked : busiest(ranked, periods)
  const found = tables.map(async table => {
    const groups = chosen.filter(group => group.table === table)
    if (!groups.length) return []
    const limit = Math.ceil((MOST_ROWS * groups.length) / chosen.length)
    const sides = isAll
      ? await scanned(d1, site, table, groups, before, after, limit)
      : await sought(d1, site, table, groups, before, after)
    return groupsFrom(sides, table)
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

/** The rows of a group in both times. */
interface Sides {
  dimension: string
  value: string
  before: Row[]
  after: Row[]
}

/** All groups of the dimensions that there are. Where they have more rows than `limit`, the dimension that was cut is left out. */
async function scanned(
  d1: Preparer,
  site: string,
  { name, metrics, dimensions }: Table,
  groups: readonly Ranked[],
  before: Periods,
  after: Periods,
  limit: number,
): Promise<Sides[]> {
  const names = new Set(groups.map(({ dimension }) => dimension))
  const list = dimensions.map(({ name }) => name).filter(name => names.has(name))
  const both = { days: [...before.days, ...after.days], hours: [...before.hours, ...after.hours] }
  const histograms = asText(metrics.map(columnOf))
  const parts = tiersOf(both).map(
    ([tier, starts]) => sql`SELECT r.dimension, r.start, r.value, ${histograms} AS histograms
      FROM json_each(${JSON.stringify(list)}) AS g CROSS JOIN ${sql.raw(name)} AS r
      WHERE ${isOf(site, tier, starts)} AND r.dimension = g.value`,
  )
  if (!parts.length) return []
  const { results } = await prepare(d1, sql`${sql.join(parts, sql` UNION ALL `)} LIMIT ${limit}`).all<
    TextRow & { dimension: string; start: Hour; value: string }
  >()
  const cut = results.length === limit ? results.at(-1)?.dimension : undefined
  const whole = results.filter(({ dimension }) => dimension !== cut).map(row => withUnread(row, metrics))
  const late = Math.min(...after.days, ...after.hours)
  return [...Map.groupBy(whole, ({ dimension, value }) => `${dimension} ${value}`).values()].flatMap(rows =>
    rows.slice(0, 1).map(({ dimension, value }) => ({
      dimension,
      value,
      before: rows.filter(({ start }) => start < late),
      after: rows.filter(({ start }) => start >= late),
    })),
  )
}

/** These groups alone. Each comes as one row, with a text of its periods: D1 takes as long to answer a row as to read it. */
async function sought(
  d1: Preparer,
  site: string,
  { name, metrics }: Table,
  groups: readonly Ranked[],
  before: Periods,
  after: Periods,
): Promise<Sides[]> {
  const textsOf = (side: string, periods: Periods) =>
    tiersOf(periods).map(
      ([tier, starts]) => sql`(SELECT ${asRows(metrics.map(columnOf))} FROM ${sql.raw(name)} AS r
        WHERE ${isOf(site, tier, starts)} AND r.dimension = g.value ->> 0 AND r.value = g.value ->> 1)
        AS ${sql.raw(`${side}_${tier}`)}`,
    )
  const list = JSON.stringify(groups.map(({ dimension, value }) => [dimension, value]))
  const texts = [...textsOf('before', before), ...textsOf('after', after)]
  const { results } = await prepare(
    d1,
    sql`SELECT ${listed(sql`g.key AS place`, ...texts)} FROM json_each(${list}) AS g`,
  ).all<{ place: number } & Record<string, string | null>>()
  return results.flatMap(row => {
    const rowsOf = (side: string) =>
      [row[`${side}_day`], row[`${side}_hour`]].flatMap(text =>
        text ? unreadRows(text, metrics.length).map(cells => filled({}, metrics, cells)) : [],
      )
    const group = groups[row.place]
    return group
      ? [{ dimension: group.dimension, value: group.value, before: rowsOf('before'), after: rowsOf('after') }]
      : []
  })
}

/** The tiers that have periods, each with these. */
function tiersOf({ days, hours }: Pick<Periods, 'days' | 'hours'>): [Tier, readonly Hour[]][] {
  const tiers: [Tier, readonly Hour[]][] = [
    ['day', days],
    ['hour', hours],
  ]
  return tiers.filter(([, starts]) => starts.length)
}

function isOf(site: string, tier: Tier, starts: readonly Hour[]): SQL {
  return sql`r.site = ${site} AND r.tier = ${tier} AND r.start IN (SELECT value FROM json_each(${JSON.stringify(starts)}))`
}

function columnOf(metric: Metric): SQL {
  return sql.raw(`r.${metric}`)
}

/** Adds up the periods of each group. */
function groupsFrom(sides: readonly Sides[], { metrics, dimensions }: Table): TwoSided[] {
  return sides.flatMap(({ dimension, value, before, after }) => {
    const names = namesOf(value)
    const keys = dimensions.find(({ name }) => name === dimension)?.keys
    if (!names || !keys) return []
    const values = Object.fromEntries(keys.map((key, i) => [key as GroupKey, names[i] ?? null]))
    return metrics.map(metric => ({
      values,
      metric,
      before: total(before, metric) ?? null,
      after: total(after, metric) ?? null,
    }))
  })
}
