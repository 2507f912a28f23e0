/**
 * JSON in columns, read so that one broken text costs itself: SQL for what the text says, or for nothing where it is
 * broken. SQLite fails the whole statement otherwise.
 *
 * What the worker writes is never broken. A hand on the database, or a restore of it, can break a row.
 */

import { type SQL, sql } from 'drizzle-orm'
import { pageviews } from '../../schema/storage/tables.ts'
import { ONCE, texts } from '../store/names.ts'

/** The columns of `pageviews` that hold JSON. */
const JSON_COLUMNS = [
  'calls',
  'marks',
  'why',
  'phases',
  'server',
  'tags',
  'blocking',
  'bfcache',
  'errorList',
] as const
const p = texts(pageviews, 'p')

/** The JSON in `column`, NULL where it is broken. `json_valid` takes what `JSON.parse` takes. */
export function sound(column: string): string {
  return `iif(json_valid(${column}), ${column}, NULL)`
}

/** 1 for a page view `p` with a broken column, else 0. */
export const UNREADABLE: SQL = sql.raw(
  `(${JSON_COLUMNS.map(column => `NOT coalesce(json_valid(${p[column]}), 1)`).join(' OR ')})`,
)

/**
 * What lists by beacon of the page views `from` hold, one `c` for each: `{"0":[["GET /",...],...]}`. A broken text, and what is
 * no list where one should be, holds nothing.
 */
export function unpacked(column: 'calls' | 'marks', from: SQL): SQL {
  return sql`${from} ${LISTS[column]}`
}

/** The same of one page view `p` of a statement around it. */
export function unpackedOf(column: 'calls' | 'marks'): SQL {
  return sql.raw(`json_each(${sound(p[column])}) AS b CROSS JOIN json_each(${LIST}) AS c`)
}

/** The beacons `b` of a page view that hold calls, or marks. */
const BEACONS = { calls: beaconsOf('calls'), marks: beaconsOf('marks') }
/** What one of them holds. */
const LIST = `iif(b.type = 'array', b.value, NULL)`
const LISTS = { calls: listsOf('calls'), marks: listsOf('marks') }

function beaconsOf(column: 'calls' | 'marks'): string {
  return `CROSS JOIN json_each(${sound(p[column])}) AS b`
}

function listsOf(column: 'calls' | 'marks'): SQL {
  return sql.raw(`${BEACONS[column]} CROSS JOIN json_each(${LIST}) AS c`)
}

/**
 * The same of page views of which `where` holds, with the part that each call or mark has of its beacon, `p.part`. It is worked out
 * once a beacon: for each of 64 calls it would take ten times as long.
 */
export function unpackedParts(column: 'calls' | 'marks', from: SQL, where: SQL): SQL {
  return sql`(SELECT p.*, ${sql.raw(`${LIST} AS list, 1.0 / json_array_length(${LIST}) AS part`)}
      FROM ${from} ${sql.raw(BEACONS[column])} WHERE ${where} ${ONCE}) AS p CROSS JOIN json_each(p.list) AS c`
}

/** The value at `index` of a call or a mark `c`. SQLite may ask for it before it has looked whether `c` is a list. */
export function itemOf(index: number): string {
  return `(iif(c.type = 'array', c.value, '[]') ->> ${index})`
}

/** True where SQL's value is a number, as no text in a list of numbers is. */
export function isNumber(value: string): SQL {
  return sql.raw(`typeof(${value}) IN ('integer', 'real')`)
}
