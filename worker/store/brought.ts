/** A row as its beacon brings it: the values of one element `j` of the list that is bound. */

import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { pageviews, periods } from '../../schema/storage/tables.ts'
import { WEIGHT } from './judge.ts'
import { named } from './names.ts'

export const columns = getTableColumns(pageviews)
export type Column = keyof typeof columns
export const COLUMN_NAMES = Object.keys(columns) as Column[]

/** Where a row lies, and what it stands for. */
export type Stored = Pick<typeof pageviews.$inferSelect, 'site' | 'hour' | 'id' | 'weight'>

const p = named(pageviews, 'p')
const s = named(periods, 's')

/** The value of one column. */
export function brought(column: Column): SQL {
  return sql.raw(`j.value ->> '${column}'`)
}

/** What is stored of one column where the row is new; a queue may hold rows of an older version. */
export function newValue(column: Column): SQL {
  const value = column === 'weight' ? WEIGHT : brought(column)
  if (column !== 'hour') {
    const { default: otherwise } = columns[column]
    return otherwise === undefined ? value : sql`coalesce(${value}, ${sql.raw(`'${otherwise}'`)})`
  }
  return sql`coalesce((SELECT ${p.hour} FROM ${p.table} WHERE ${p.site} = ${brought('site')}
    AND ${p.hour} IN ((${value}) - 1, (${value}) + 1) AND ${p.id} = ${brought('id')}), ${value})`
}

/** False for a row of an hour whose raw rows are deleted: nothing would roll it up. Key: (site, tier, start). */
export const OPEN = sql`NOT EXISTS (SELECT 1 FROM ${s.table} WHERE ${s.site} = ${brought('site')} AND ${s.tier} = 'hour'
  AND ${s.start} = ${brought('hour')} AND ${s.state} = 'sealed')`
