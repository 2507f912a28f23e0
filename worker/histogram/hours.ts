/**
 * Hours, as SQL: the raw rows of some hours as roll-up rows. A roll-up stores what it answers; a query that meets an hour
 * without a roll-up asks the same and stores nothing.
 *
 * Three page views of one hour:
 *
 *     route  device   weight  lcp
 *     /a     phone    1       1800
 *     /a     phone    4       2600
 *     /b     desktop  1       900
 *
 * - `rank` gives each route its place by page views within the hour: /a is 1 (two), /b is 2. Beyond the cap of a dimension (200 for
 *   `route`) a page view counts for `(other)`. A weight is claimed by whoever sends it, so it decides no place.
 * - `byDimension` makes each sample once for each dimension `d`. The first page view is a sample of `all` [], of `route`
 *   ["/a"], of `device` ["phone"], of `device+route` ["phone","/a"], and so on.
 * - `viewHistograms` puts them into buckets, a column for each metric: lcp of `route` ["/a"] is {"n":5,"s":2,"q":17,"good":1,"poor":0,
 *   "h":{"347":1,"364":4}}, since 1800 lies in (2^(346/32), 2^(347/32)] and 2600 in bucket 364.
 */

import { type SQL, sql } from 'drizzle-orm'
import { OTHER } from '../../schema/domain/names.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { listed, named } from '../store/names.ts'
import {
  CALL_DIMENSIONS,
  type CappedKey,
  capOf,
  isCapped,
  type Key,
  MARK_DIMENSIONS,
  type RollupDimension,
  VIEW_COLUMNS,
  VIEW_DIMENSIONS,
  type ViewColumn,
  valueSql,
} from './dimensions.ts'
import { histograms } from './histogram-sql.ts'
import { unpackedParts } from './safe-json.ts'
import {
  callSamples,
  type GroupedSelection,
  ITEM_NAME,
  keySql,
  markSamples,
  type Selection,
  TRUE,
} from './samples-sql.ts'
import { viewHistograms } from './view-histograms.ts'

const p = named(pageviews, 'p')

/** No page view. */
export const NO_VIEWS: Selection = { oneIn: 1, from: p.table, where: sql`false` }

/** All page views of `hours`. Key: (site, hour): one range where these follow each other, else each is sought. */
export function allOf(site: string, hours: readonly Hour[]): Selection {
  if (!isRange(hours)) return { oneIn: 1, ...eachOf(site, hours) }
  const [first = 0] = hours
  const where = sql`${p.site} = ${site} AND ${p.hour} >= ${first} AND ${p.hour} < ${first + hours.length}`
  return { oneIn: 1, from: p.table, where }
}

/** True for hours that follow each other. */
export function isRange(hours: readonly Hour[]): boolean {
  return hours.every((hour, i) => hour === (hours[0] ?? 0) + i)
}

/**
 * The page views of `hours`, each hour sought by itself, so that a bound on ids is part of what is sought. Key: (site, hour, id).
 *
 * D1 counts a seek. It counts nothing for VALUES, and two rows more for each hour where the hours are bound as one list and looked
 * up by IN. That was 6,480 rows of 90 days (measured).
 */
export function eachOf(site: string, hours: readonly Hour[]): Pick<Selection, 'from' | 'where'> {
  if (!hours.length) return NO_VIEWS
  const list = sql.raw(hours.map(hour => `(${hour})`).join(','))
  return {
    from: sql`(VALUES ${list}) AS sought CROSS JOIN ${p.table}`,
    where: sql`${p.site} = ${site} AND ${p.hour} = sought.column1`,
  }
}

/** The page views `selection`: (dimension, start, value, and what `VIEW_COLUMNS` hold). */
export function viewHours(
  selection: Selection,
  dimensions = VIEW_DIMENSIONS,
  columns: readonly ViewColumn[] = VIEW_COLUMNS,
  isMerged = true,
): SQL {
  const { ranks, dimension, grouped } = byDimension(selection, dimensions)
  const filled = VIEW_COLUMNS.map(name => sql.raw(columns.includes(name) ? name : `NULL AS ${name}`))
  return sql`${ranks} SELECT ${dimension}, start, value, ${listed(...filled)} FROM (${viewHistograms(grouped, columns, isMerged)})`
}

/** The API calls of the page views `selection`: (dimension, start, value, api). */
export function callHours(selection: Selection, dimensions = CALL_DIMENSIONS): SQL {
  const { ranks, dimension, grouped } = byDimension(selection, dimensions, 'calls')
  return sql`${ranks} SELECT ${dimension}, start, value, histogram AS api
    FROM (${histograms(callSamples(grouped), Object.keys(grouped.by), 'calls')})`
}

/** The marks of the page views `selection`: (dimension, start, value, measure). */
export function markHours(selection: Selection, dimensions = MARK_DIMENSIONS): SQL {
  const { ranks, dimension, grouped } = byDimension(selection, dimensions, 'marks')
  return sql`${ranks} SELECT ${dimension}, start, value, histogram AS measure
    FROM (${histograms(markSamples(grouped), Object.keys(grouped.by), 'marks')})`
}

/**
 * Every sample once for each dimension, and what ranks the names that are capped, `WITH ... AS`. Groups are told apart and sorted by
 * the number of a dimension, and `dimension` names it.
 */
function byDimension(
  selection: Selection,
  dimensions: readonly RollupDimension[],
  kind?: 'calls' | 'marks',
): { ranks: SQL; dimension: SQL; grouped: GroupedSelection } {
  const item = kind && ITEM_NAME
  const capped = [...new Set(dimensions.flatMap(({ keys }) => keys.filter(isCapped)))]
  const ranks = capped.map(key => rank(key, selection, kind))
  const nameIn = (key: Key, dimension: RollupDimension) =>
    isCapped(key)
      ? sql`CASE WHEN ${ranked(key, item)} IN (SELECT name FROM ${rankName(key)} WHERE place <= ${sql.raw(String(capOf(key, dimension)))})
          THEN ${keySql(key, item)} ELSE ${sql.raw(`'${OTHER}'`)} END`
      : keySql(key, item)
  const names = JSON.stringify(dimensions.map(({ name }) => name))
  return {
    ranks: ranks.length ? sql`WITH ${listed(...ranks)}` : sql``,
    dimension: sql`${names} ->> dimension AS dimension`,
    grouped: {
      ...selection,
      each: sql`CROSS JOIN json_each(${names}) AS d`,
      by: {
        dimension: sql.raw('d.key'),
        start: p.hour,
        value: valueSql(dimensions, sql.raw('d.key'), nameIn),
      },
    },
  }
}

function rankName(key: CappedKey): SQL {
  return sql.raw(`rank_${key.replace(':', '_')}`)
}

/** What `rank` calls a sample's value of `key`. */
function ranked(key: CappedKey, item?: string): SQL {
  return sql`json_array(${p.hour}, ${keySql(key, item)})`
}

/**
 * Each value of `key` with its place within its hour, by page views. Of calls and marks a beacon has one vote, in equal parts: one that
 * holds 64 calls would outvote as many page views. Looked up by `IN`, which D1 counts no row for, unlike a join.
 */
function rank(key: CappedKey, { from, where, items = TRUE }: Selection, kind?: 'calls' | 'marks'): SQL {
  const value = keySql(key)
  const votes = kind ? sql`round(sum(p.part), 6)` : sql`count(*)`
  const samples = kind ? sql`${unpackedParts(kind, from, where)} WHERE ${items}` : sql`${from} WHERE ${where}`
  return sql`${rankName(key)} AS MATERIALIZED (
      SELECT ${ranked(key)} AS name,
        row_number() OVER (PARTITION BY ${p.hour} ORDER BY ${votes} DESC, ${value}) AS place
      FROM ${samples} GROUP BY ${p.hour}, ${value})`
}
