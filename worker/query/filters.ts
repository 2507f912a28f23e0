/** Which page views a query is about, and which of their calls and marks: conditions on `pageviews AS p` and `c`. */

import { type SQL, sql } from 'drizzle-orm'
import { DIMENSIONS } from '../../schema/api/query.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import type { Key } from '../histogram/dimensions.ts'
import { keySql } from '../histogram/histogram-sql.ts'
import { named } from '../store/names.ts'

const p = named(pageviews, 'p')

/** What samples are filtered by: a query's filters, and the name of a mark. */
export type SampleFilters = { [K in Key]?: string | undefined }

/** The page views that match, and of their calls or marks those of that name: conditions on `p` and `c`. */
export function matchesSample(filters: SampleFilters): SQL {
  const { endpoint, mark } = filters
  const name = endpoint ?? mark
  return name === undefined
    ? matchesPageView(filters)
    : sql`${matchesPageView(filters)} AND ${keySql('endpoint')} = ${name}`
}

/** True for the page views that have every value of `filters`; `endpoint` means: that called it, `mark`: that set it. */
export function matchesPageView(filters: SampleFilters): SQL {
  const conditions = DIMENSIONS.flatMap(key =>
    filters[key] === undefined ? [] : [sql`${keySql(key)} = ${filters[key]}`],
  )
  // Calls and marks are stored as JSON lists that begin with their name; unpacking them would cost a row for each.
  const begin = (name: string) => `[${JSON.stringify(name)},`
  if (filters.endpoint !== undefined) conditions.push(sql`instr(${p.calls}, ${begin(filters.endpoint)}) > 0`)
  if (filters.mark !== undefined) conditions.push(sql`instr(${p.marks}, ${begin(filters.mark)}) > 0`)
  return conditions.length ? sql`(${sql.join(conditions, sql` AND `)})` : sql`true`
}
