/**
 * What roll-ups are keyed by: the dimensions, the caps on their values, and the SQL that names a sample's value.
 *
 * A value is written as a JSON list of the dimension's keys, `["phone","/p/[id]"]`, in SQL and in the worker alike.
 * The coarse key comes first, so that one device's routes lie together under the primary key.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { GroupKey } from '../../schema/api/filters.ts'
import { VITALS } from '../../schema/domain/metrics.ts'
import { isTagKey, type TagKey } from '../../schema/domain/tag.ts'
import { apiRollups, errorRollups, measureRollups, rollups, type Tier } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'
import { sound } from './safe-json.ts'

/** What a roll-up may be keyed by: all that a question may group by, and the name of a mark. */
export type Key = GroupKey | 'mark'

export interface RollupDimension {
  readonly name: string
  readonly keys: readonly Key[]
}

/** The dimensions of page views. */
export const VIEW_DIMENSIONS: readonly RollupDimension[] = [
  { name: 'all', keys: [] },
  { name: 'route', keys: ['route'] },
  { name: 'device', keys: ['device'] },
  { name: 'country', keys: ['country'] },
  { name: 'browser', keys: ['browser'] },
  { name: 'connection', keys: ['connection'] },
  { name: 'navigation', keys: ['navigation'] },
  { name: 'release', keys: ['release'] },
  { name: 'device+route', keys: ['device', 'route'] },
]

/** The same with the tags that a site declares, or that a question is about. */
export function viewDimensions(tags: readonly TagKey[]): readonly RollupDimension[] {
  return [...VIEW_DIMENSIONS, ...tags.map(key => ({ name: key, keys: [key] }))]
}

/** The tags that a site declares, as keys. */
export function tagKeys(declared: Readonly<Record<string, unknown>>): TagKey[] {
  return Object.keys(declared).map((name): TagKey => `tag:${name}`)
}

/** The dimensions of API calls. */
export const CALL_DIMENSIONS: readonly RollupDimension[] = [
  { name: 'all', keys: [] },
  { name: 'endpoint', keys: ['endpoint'] },
  { name: 'device+endpoint', keys: ['device', 'endpoint'] },
]

/** The dimensions of marks. */
export const MARK_DIMENSIONS: readonly RollupDimension[] = [
  { name: 'mark', keys: ['mark'] },
  { name: 'device+mark', keys: ['device', 'mark'] },
]

/** The dimensions of errors: their fingerprints, which no question groups or filters page views by. */
export const ERROR_DIMENSIONS: readonly { readonly name: string }[] = [{ name: 'error' }]

/** What a row of `rollups` holds: the page views themselves, as `{n, s, q}`, and a histogram of each vital and of errors. */
export const VIEW_COLUMNS = [
  'views',
  ...VITALS,
  'errors',
] as const satisfies readonly (keyof typeof rollups.$inferSelect)[]
export type ViewColumn = (typeof VIEW_COLUMNS)[number]

type Column<T extends { $inferSelect: object }, K extends string> = Extract<keyof T['$inferSelect'], K>
/** The columns of roll-ups that hold histograms. */
export type RollupColumn =
  | ViewColumn
  | Column<typeof apiRollups, 'api'>
  | Column<typeof measureRollups, 'measure'>

/**
 * SQL of a column of roll-ups. Rows of before page views were counted have the vital that most page views had in their
 * place: those that had none are missing.
 */
export function columnSql(column: RollupColumn): SQL {
  if (column !== 'views') return sql.raw(sound(column))
  const counts = VITALS.map(vital => `coalesce(${sound(vital)} ->> 'n', 0)`)
  const largest = VITALS.map(vital => `WHEN ${sound(vital)} ->> 'n' THEN ${vital}`)
  return sql.raw(`coalesce(${sound('views')}, CASE max(${counts.join(', ')}) ${largest.join(' ')} END)`)
}

/**
 * SQL of the weight in a column of roll-ups, 0 where it has none. `json_object` writes it first, `{"n":12,...}`: to read the whole
 * text for it takes twice the time of a question by route.
 */
export function weightSql(column: RollupColumn): SQL {
  const first = (name: string, other = '0') =>
    `iif(${name} GLOB '{"n":*}', CAST(substr(${name}, 6, 20) AS NUMERIC), ${other})`
  if (column !== 'views') return sql.raw(first(column))
  return sql.raw(first(column, `max(${VITALS.map(vital => first(vital)).join(', ')})`))
}

/** The tables of histograms, with what each is keyed by. */
export const HISTOGRAMS = [
  { table: rollups, dimensions: VIEW_DIMENSIONS },
  { table: apiRollups, dimensions: CALL_DIMENSIONS },
  { table: measureRollups, dimensions: MARK_DIMENSIONS },
] as const
export type RollupTable = (typeof HISTOGRAMS)[number]['table']['_']['name']

/** All tables of roll-ups. */
export const ROLLUPS = [...HISTOGRAMS, { table: errorRollups, dimensions: ERROR_DIMENSIONS }] as const

const tag = named(rollups, 'tag')

/** The names of the dimensions in which a table has roll-ups of a site, as a table of one column, `value`. */
export function dimensionsIn({ table, dimensions }: (typeof ROLLUPS)[number], site: string, tier: Tier): SQL {
  const names = JSON.stringify(dimensions.map(({ name }) => name))
  // The tags that have roll-ups, whether they are still declared or not: skipped through by key.
  const next = (after: SQL) => sql`(SELECT min(${tag.dimension}) FROM ${tag.table} WHERE ${tag.site} = ${site}
    AND ${tag.tier} = ${tier} AND ${tag.dimension} > ${after} AND ${tag.dimension} < 'tag;')`
  const tags = sql` UNION ALL SELECT value FROM (WITH RECURSIVE tags(value) AS (
    SELECT ${next(sql`'tag:'`)} UNION ALL SELECT ${next(sql`tags.value`)} FROM tags WHERE tags.value IS NOT NULL)
    SELECT value FROM tags WHERE value IS NOT NULL)`
  return sql`(SELECT value FROM json_each(${names})${table === rollups ? tags : sql.raw('')})`
}

/** What a site itself can multiply without end is capped: the largest keep their name, what is beyond is `OTHER`. */
const CAPPED = ['route', 'release', 'endpoint', 'mark'] as const satisfies readonly Key[]
export type CappedKey = (typeof CAPPED)[number] | TagKey

const CAPS: Record<(typeof CAPPED)[number], { alone: number; paired: number }> = {
  route: { alone: 200, paired: 100 },
  release: { alone: 200, paired: 100 },
  endpoint: { alone: 100, paired: 50 },
  mark: { alone: 50, paired: 50 },
}
const TAG_CAP = 20

/** How many values of `key` a dimension keeps by name, in a period. */
export function capOf(key: CappedKey, dimension: RollupDimension): number {
  return isTagKey(key) ? TAG_CAP : CAPS[key][dimension.keys.length > 1 ? 'paired' : 'alone']
}

export function isCapped(key: Key): key is CappedKey {
  return isTagKey(key) || (CAPPED as readonly Key[]).includes(key)
}

/** SQL of a sample's value in the dimension at `place`; `keySql` is the SQL of one key, capped for it. */
export function valueSql(
  dimensions: readonly RollupDimension[],
  place: SQL,
  keySql: (key: Key, dimension: RollupDimension) => SQL,
): SQL {
  const cases = dimensions.map((dimension, i) => {
    const keys = dimension.keys.map(key => keySql(key, dimension))
    return sql`WHEN ${sql.raw(String(i))} THEN json_array(${sql.join(keys, sql`, `)})`
  })
  return sql`CASE ${place} ${sql.join(cases, sql` `)} END`
}
