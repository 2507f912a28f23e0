/** How two rows of one key become one, where both databases of a move have it: `excluded` is the row of the old database. */

import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import { intake, pageviews, type traffic } from '../../schema/storage/tables.ts'
import { COLUMN_NAMES, type Column, columns } from './brought.ts'
import { keyColumns, listed, named, texts } from './names.ts'
import { OF_BOTH } from './upsert.ts'

/** Sums of both; of `one_in` the larger. */
export function addedCounts(table: typeof intake | typeof traffic): SQL {
  const name = getTableName(table)
  const key = keyColumns(table)
  const sums = Object.values(getTableColumns(table))
    .filter(column => !key.includes(column.name))
    .map(column =>
      column.name === intake.oneIn.name
        ? `${column.name} = max(${name}.${column.name}, excluded.${column.name})`
        : `${column.name} = ${name}.${column.name} + excluded.${column.name}`,
    )
  return sql.raw(sums.join(', '))
}

/**
 * A page view of both: the old database saw its begin, the new one maybe its later beacons. Most rows are there already, as they
 * were when they were copied: those that have heard nothing since become what they are in the old one.
 */
export function mergedViews(): SQL {
  const t = texts(pageviews, 'pageviews')
  const x = texts(pageviews, 'excluded')
  const old = named(pageviews, 'excluded')
  const json = (column: 'calls' | 'marks') =>
    `json_patch(iif(json_valid(${x[column]}), ${x[column]}, '{}'), iif(json_valid(${t[column]}), ${t[column]}, '{}'))`
  // What was cut of a beacon that both have heard of is in both counts. Then the larger is right, but for a page view of which
  // more was cut here and there within the seconds of a move.
  const cut = (column: 'callsCut' | 'marksCut') =>
    `CASE WHEN ${t.received} & ~${x.received} = 0 THEN ${x[column]}
      WHEN ${t.received} & ${x.received} = 0 THEN ${t[column]} + ${x[column]} ELSE max(${t[column]}, ${x[column]}) END`
  const merged: Partial<Record<Column, SQL>> = {
    ...OF_BOTH,
    calls: sql.raw(json('calls')),
    marks: sql.raw(json('marks')),
    callsCut: sql.raw(cut('callsCut')),
    marksCut: sql.raw(cut('marksCut')),
  }
  const key = keyColumns(pageviews)
  return listed(
    ...COLUMN_NAMES.filter(column => !key.includes(columns[column].name)).map(
      column => sql`${sql.raw(columns[column].name)} = ${merged[column] ?? old[column]}`,
    ),
  )
}

/** What is sealed stays so; what is dirty on one side is dirty. */
export function mergedPeriods(): SQL {
  return sql.raw(`state = CASE WHEN 'sealed' IN (periods.state, excluded.state) THEN 'sealed'
    WHEN 'dirty' IN (periods.state, excluded.state) THEN 'dirty' ELSE excluded.state END,
    rolled = min(periods.rolled, excluded.rolled)`)
}
