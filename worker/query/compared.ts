/**
 * Which groups are compared, and how busy each of them is: that of two days tells how many rows and how much text the
 * histograms of all periods will take.
 */

import { sql } from 'drizzle-orm'
import type { Metric, Vital } from '../../schema/domain/metrics.ts'
import { isReserved } from '../../schema/domain/names.ts'
import type { TagKey } from '../../schema/domain/tag.ts'
import { CALL_DIMENSIONS, type RollupDimension, viewDimensions, weightSql } from '../histogram/dimensions.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import type { Periods } from './covered.ts'

/** Days that tell the busiest groups; hours where there are none. */
const RANKING = { days: 2, hours: 6 }
/** Rows that these take at most, of each table. */
const MOST_RANKED = { rollups: 1_900, api_rollups: 550 }

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
export interface Table {
  name: 'rollups' | 'api_rollups'
  metrics: Metric[]
  dimensions: RollupDimension[]
}

export interface Ranked {
  table: Table
  dimension: string
  value: string
  /** The share of the page views, or calls, of its table. */
  share: number
  /** Characters of its histograms in one period. */
  text: number
}

/** The tables in which the groups of some metrics lie. */
export function tablesOf(metrics: readonly Metric[], tags: readonly TagKey[]): Table[] {
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
export async function rankedOf(
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

/** The weight of a group in one period, and the characters of its histograms there. */
interface Weighed {
  dimension: string
  value: string
  n: number
  text: number
}

async function weighed(
  d1: Preparer,
  site: string,
  { name, metrics, dimensions }: Table,
  tier: 'day' | 'hour',
  starts: readonly number[],
): Promise<Weighed[]> {
  const text = metrics.map(metric => sql`coalesce(length(r.${sql.raw(metric)}), 0)`)
  const { results } = await prepare(
    d1,
    sql`SELECT r.dimension, r.value, ${weightSql(name === 'rollups' ? 'views' : 'api')} AS n,
        ${sql.join(text, sql` + `)} AS text
      FROM json_each(${JSON.stringify(dimensions.map(({ name }) => name))}) AS d CROSS JOIN ${sql.raw(name)} AS r
      WHERE r.site = ${site} AND r.tier = ${tier} AND r.dimension = d.value
        AND r.start IN (SELECT value FROM json_each(${JSON.stringify(starts)})) LIMIT ${MOST_RANKED[name]}`,
  ).all<Weighed>()
  return results
}

/** The names of a value; null for what is no group of its own, or has a part that nobody knows. */
export function namesOf(value: string): string[] | null {
  const names: (string | null)[] = JSON.parse(value)
  return names.every(name => name !== null && !isReserved(name)) ? (names as string[]) : null
}
