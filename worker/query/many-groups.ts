/**
 * The histograms of many groups, of several dimensions at once, from the roll-ups of two times.
 *
 * A site of 60 routes has some 300 groups, and 28 days with the 28 before are 56 periods: 16,800 rows, which are read whole.
 * Where that would be more than may be read, the busiest groups alone are sought, at two rows each in each period. How many
 * groups there are, and how busy and how long each is, two days tell.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { GroupKey } from '../../schema/api/query.ts'
import type { Metric, Vital } from '../../schema/domain/metrics.ts'
import { isReserved } from '../../schema/domain/names.ts'
import type { TagKey } from '../../schema/domain/tag.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { CALL_DIMENSIONS, columnSql, type RollupDimension, viewDimensions } from '../histogram/dimensions.ts'
import { histogramOf } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import type { Periods } from './covered.ts'
import { added, type Distribution } from './distribution.ts'
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
/** Days that tell the busiest groups; hours where there are none. */
const RANKING = { days: 2, hours: 6 }
/** Rows that these take at most, of each table. */
const MOST_RANKED = { rollups: 1_900, api_rollups: 550 }
const ROWS_A_SEEK = 2

/** The dimensions that are compared, the most telling first; the tags of the site come last. */
const COMPARED = [
  'all',
  'device',
  'route',
  'device+route',
  'browser',
  'country',
  'release',
  'endpoint',
  'device+endpoint',
]

/** Where the histograms of some metrics lie. */
interface Table {
  name: 'rollups' | 'api_rollups'
  metrics: Metric[]
  dimensions: RollupDimension[]
}

interface Ranked {
  table: Table
  dimension: string
  value: string
  /** The share of the page views, or calls, of its table. */
  share: number
  /** Characters of its histograms in one period. */
  text: number
}

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

function tablesOf(metrics: readonly Metric[], tags: readonly TagKey[]): Table[] {
  const compared: readonly string[] = [...COMPARED, ...tags]
  const isCompared = ({ name }: RollupDimension) => compared.includes(name)
  const inOrder = (dimensions: readonly RollupDimension[]) =>
    dimensions.filter(isCompared).sort((a, b) => compared.indexOf(a.name) - compared.indexOf(b.name))
  const vitals = metrics.filter((metric): metric is Vital => metric !== 'api')
  const views: Table = { name: 'rollups', metrics: vitals, dimensions: inOrder(viewDimensions(tags)) }
  const calls: Table = { name: 'api_rollups', metrics: ['api'], dimensions: inOrder(CALL_DIMENSIONS) }
  return [...(vitals.length ? [views] : []), ...(metrics.includes('api') ? [calls] : [])]
}

/** What two days, or some hours, tell of the groups. Key: (site, tier, dimension, start). */
async function rankedOf(
  d1: Preparer,
  site: string,
  table: Table,
  { days, hours }: Periods,
): Promise<Ranked[]> {
  const last = Math.max(...days, ...hours)
  const today = Math.floor(last / 24) * 24
  const recent = Array.from(
    { length: RANKING.days },
    (_, i) => today - 24 * i - (days.includes(today) ? 0 : 24),
  )
  const step = Math.ceil(hours.length / RANKING.hours)
  const some = hours.filter((_, i) => i % step === 0)
  const byDay = await weighed(d1, site, table, 'day', recent)
  const rows = byDay.length ? byDay : await weighed(d1, site, table, 'hour', some)
  const all = rows.reduce((sum, { dimension, n }) => sum + (dimension === 'all' ? n : 0), 0)
  return [...Map.groupBy(rows, ({ dimension, value }) => `${dimension} ${value}`).values()].flatMap(same => {
    const [first] = same
    if (!first || !namesOf(first.value)) return []
    const { dimension, value } = first
    const n = same.reduce((sum, { n }) => sum + n, 0)
    return [{ table, dimension, value, share: n / all, text: Math.max(...same.map(({ text }) => text)) }]
  })
}

function weighed(
  d1: Preparer,
  site: string,
  { name, metrics, dimensions }: Table,
  tier: 'day' | 'hour',
  starts: readonly number[],
): Promise<{ dimension: string; value: string; n: number; text: number }[]> {
  const text = metrics.map(metric => sql`coalesce(length(r.${sql.raw(metric)}), 0)`)
  return prepare(
    d1,
    sql`SELECT r.dimension, r.value, coalesce(${columnSql(name === 'rollups' ? 'views' : 'api')} ->> 'n', 0) AS n,
        ${sql.join(text, sql` + `)} AS text
      FROM json_each(${namesIn(dimensions)}) AS d CROSS JOIN ${sql.raw(name)} AS r
      WHERE r.site = ${site} AND r.tier = ${tier} AND r.dimension = d.value
        AND r.start IN (SELECT value FROM json_each(${JSON.stringify(starts)})) LIMIT ${MOST_RANKED[name]}`,
  )
    .all<{ dimension: string; value: string; n: number; text: number }>()
    .then(({ results }) => results)
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

interface Row {
  dimension: string
  start: Hour
  value: string
  [metric: string]: string | number | null
}

/** The rows of both times. Where there are more than `limit`, the dimension that was cut is left out. */
async function rowsOf(
  d1: Preparer,
  site: string,
  { name, metrics }: Table,
  { list, bound }: Wanted,
  periods: Record<'day' | 'hour', readonly number[]>,
  limit: number,
): Promise<Row[]> {
  const columns = metrics.map(metric => sql`${columnSql(metric)} AS ${sql.raw(metric)}`)
  const parts = Object.entries(periods).flatMap(([tier, starts]) =>
    starts.length
      ? sql`SELECT r.dimension, r.start, r.value, ${sql.join(columns, sql`, `)}
          FROM json_each(${list}) AS g CROSS JOIN ${sql.raw(name)} AS r
          WHERE r.site = ${site} AND r.tier = ${tier} AND ${bound}
            AND r.start IN (SELECT value FROM json_each(${JSON.stringify(starts)}))`
      : [],
  )
  if (!parts.length) return []
  const { results } = await prepare(d1, sql`${sql.join(parts, sql` UNION ALL `)} LIMIT ${limit}`).all<Row>()
  const cut = results.length === limit ? results.at(-1)?.dimension : undefined
  return results.filter(({ dimension }) => dimension !== cut)
}

/** Adds up the periods of each group. */
function groupsFrom(
  rows: readonly Row[],
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
      const [before = null, after = null] = sides.map(rows => sumOf(rows, metric))
      return { values, metric, before, after }
    })
  })
}

function sumOf(rows: readonly Row[], metric: Metric): Distribution | null {
  const parts = rows.flatMap(row => histogramOf<Distribution>(row[metric]) ?? [])
  return parts.length ? added(parts) : null
}

/** The names of a value; null for what is no group of its own, or has a part that nobody knows. */
function namesOf(value: string): string[] | null {
  const names: (string | null)[] = JSON.parse(value)
  return names.every(name => name !== null && !isReserved(name)) ? (names as string[]) : null
}

function namesIn(dimensions: readonly RollupDimension[]): string {
  return JSON.stringify(dimensions.map(({ name }) => name))
}
