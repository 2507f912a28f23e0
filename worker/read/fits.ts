/**
 * Which page views a question is about: its filters go in, conditions on `pageviews AS p` come out.
 */

import { type SQL, sql } from 'drizzle-orm'
import { DIMENSIONS, type Filters } from '../../schema/query.ts'
import { keySql } from '../rollup/sql.ts'

/** True for the page views that have every value of `filters`; `endpoint` means: that called it. */
export function fits(filters: Filters): SQL {
  const conditions = DIMENSIONS.flatMap(key =>
    filters[key] === undefined ? [] : [sql`${keySql(key)} = ${filters[key]}`],
  )
  // Calls are stored as JSON lists that begin with the endpoint; unpacking them would cost a row for each.
  if (filters.endpoint !== undefined) {
    conditions.push(sql`instr(p.calls, ${`[${JSON.stringify(filters.endpoint)},`}) > 0`)
  }
  return conditions.length ? sql`(${sql.join(conditions, sql` AND `)})` : sql`true`
}
