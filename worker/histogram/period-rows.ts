/**
 * The roll-up rows of one period, written where they differ from those that are stored. The first roll-up of a period writes all of
 * them. After a late page view few have changed, and D1 bills only these.
 *
 *     stored            made anew         written
 *     ["/a"]  n: 40     ["/a"]  n: 41     ["/a"]  n: 41
 *     ["/b"]  n: 10     ["/b"]  n: 10
 *     ["/c"]  n: 1                        ["/c"]  is emptied, and then deleted
 *
 * D1 bills a row that is deleted as it bills one that is written, and one whose key changes once. So an hour takes over the rows of
 * the hour that is past its days, where both have the same name: of two rows written, for the new one and for the old one's end,
 * one is left.
 *
 * Key: (site, tier, dimension, start, value).
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Hour } from '../../schema/domain/units.ts'
import { periods, rollups, type Tier } from '../../schema/storage/tables.ts'
import { keyColumns, listed, named } from '../store/names.ts'
import type { ROLLUPS } from './dimensions.ts'

/** A period of a site, and where the rows of an hour may come from. */
export interface Period {
  site: string
  tier: Tier
  start: Hour
  /** The hour whose rows an hour takes over: `lenderOf`. A day takes over none. */
  lender: Hour | null
}

/** Rows of one table: the columns that say something, and the names of the dimensions. */
interface Rows {
  table: (typeof ROLLUPS)[number]['table']
  columns: readonly [string, ...string[]]
  dimensions: readonly string[]
}

const sealed = named(periods, 'd')
/** The columns that the tables of roll-ups have in common: their key. */
const KEY = keyColumns(rollups)
const o = named(rollups, 'o')
const l = named(rollups, 'l')

/** Where the first column holds this, the row is about to be deleted. */
const EMPTY = sql.raw("''")

/** The hour whose rows an hour takes over: the same of the day before the first that is kept. */
export function lenderOf(hour: Hour, hourDays: number): Hour {
  return hour - (hourDays + 1) * 24
}

/** Writes what differs; `fresh` are all rows of the period: (dimension, value, the columns). `deleteEmpty` must follow. */
export function writeChanged({ table, columns, dimensions }: Rows, period: Period, fresh: SQL): SQL {
  const { site, tier, start } = period
  const [, ...others] = columns
  const each = (prefix: string) => sql.raw(columns.map(name => prefix + name).join(', '))
  const own = named<typeof table>(table, 'o').table
  const isOwn = (dimension: SQL) =>
    sql`${o.site} = ${site} AND ${o.tier} = ${tier} AND ${o.dimension} = ${dimension} AND ${o.start} = ${start}`
  return sql`INSERT INTO ${named<typeof table>(table).table} (${sql.raw([...KEY, ...columns].join(', '))})
    WITH fresh AS MATERIALIZED (${fresh})
    SELECT ${site}, ${tier}, f.dimension, coalesce(${listed(o.start, ...lent(table, period), sql`${start}`)}), f.value, ${each('f.')}
    FROM fresh AS f LEFT JOIN ${own} ON ${isOwn(sql.raw('f.dimension'))} AND ${o.value} = f.value
    WHERE ${o.start} IS NULL OR (${each('o.')}) IS NOT (${each('f.')})
    UNION ALL
    SELECT ${site}, ${tier}, ${o.dimension}, ${start}, ${o.value}, ${listed(EMPTY, ...others.map(() => sql.raw('NULL')))}
    FROM json_each(${JSON.stringify(dimensions)}) AS d CROSS JOIN ${own} ON ${isOwn(sql.raw('d.value'))}
    WHERE (${listed(o.dimension, o.value)}) NOT IN (SELECT dimension, value FROM fresh)
    ON CONFLICT (${sql.raw(KEY.join(', '))}) DO UPDATE SET start = ${start},
      ${sql.raw(columns.map(name => `${name} = excluded.${name}`).join(', '))}`
}

/**
 * SQL of the lender's start, where it has a row of that name, and its day is sealed, so that nothing reads it any more. A row that is
 * inserted with the lender's key meets the old one, and moves it. What has no row there is inserted as the hour's own.
 *
 *     hour 480000, lender 479136    ["/a"] is there: inserted at 479136, moved to 480000
 *                                   ["/b"] is not: inserted at 480000
 */
function lent(table: Rows['table'], { site, lender }: Period): SQL[] {
  if (lender === null) return []
  return [
    sql`(SELECT ${l.start} FROM ${named<typeof table>(table, 'l').table} WHERE ${l.site} = ${site} AND ${l.tier} = 'hour'
    AND ${l.dimension} = f.dimension AND ${l.start} = ${lender} AND ${l.value} = f.value AND EXISTS (
      SELECT 1 FROM ${sealed.table} WHERE ${sealed.site} = ${site} AND ${sealed.tier} = 'day'
        AND ${sealed.start} = ${Math.floor(lender / 24) * 24} AND ${sealed.state} = 'sealed'))`,
  ]
}

/** Deletes the rows that `writeChanged` has emptied. */
export function deleteEmpty({ table, columns: [first], dimensions }: Rows, period: Period): SQL {
  const r = named<typeof table>(table)
  const { site, tier, start } = period
  return sql`DELETE FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.tier} = ${tier} AND ${r.start} = ${start}
    AND ${r.dimension} IN (SELECT value FROM json_each(${JSON.stringify(dimensions)})) AND ${sql.raw(first)} = ${EMPTY}`
}
