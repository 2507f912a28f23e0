/** Which page views a query is about, and which of their calls and marks: conditions on `pageviews AS p` and `c`. */

import { type SQL, sql } from 'drizzle-orm'
import { DIMENSIONS, type Filter, type GroupKey } from '../../schema/api/filters.ts'
import { isTagKey } from '../../schema/domain/tag.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { keySql } from '../histogram/samples-sql.ts'
import { named } from '../store/names.ts'

const p = named(pageviews, 'p')

/** What samples are filtered by: a query's filters, and the name of a mark. */
export type SampleFilters = { [K in GroupKey]?: Filter | undefined } & { mark?: string | undefined }

/** The page views that match, and of their calls or marks those of that name. */
export function matchesSample(filters: SampleFilters): { where: SQL; items?: SQL } {
  const name = filters.endpoint ?? filters.mark
  if (name === undefined) return { where: matchesPageView(filters) }
  return { where: pagesOf(filters), items: isOneOf(keySql('endpoint'), name) }
}

/** The page views of which calls or marks may match. One that has calls to what is left out has others, too. */
export function pagesOf(filters: SampleFilters): SQL {
  const { endpoint, mark, ...views } = filters
  const name = endpoint ?? mark
  if (typeof name !== 'object' || !name.not) return matchesPageView(filters)
  return matchesPageView({ ...views, ...(name.any && { endpoint: { any: name.any } }) })
}

/** True for the page views that have every value of `filters`; `endpoint` means: that called it, `mark`: that set it. */
export function matchesPageView(filters: SampleFilters): SQL {
  const tags = Object.keys(filters).filter(isTagKey)
  const conditions = [...DIMENSIONS, ...tags].flatMap(key => {
    const filter = filters[key]
    return filter === undefined ? [] : [isOneOf(keySql(key), filter)]
  })
  const { endpoint, mark } = filters
  if (endpoint !== undefined) conditions.push(...hasNames(p.calls, endpoint))
  if (mark !== undefined) conditions.push(...hasNames(p.marks, mark))
  return conditions.length ? sql`(${sql.join(conditions, sql` AND `)})` : sql`true`
}

/** What is not known is none of the values that are left out. */
function isOneOf(value: SQL, filter: Filter): SQL {
  if (typeof filter === 'string') return sql`${value} = ${filter}`
  const { any, not } = filter
  const among = (names: readonly string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(names)}))`
  const parts = [
    ...(any ? [sql`${value} ${among(any)}`] : []),
    ...(not ? [sql`(${value} IS NULL OR ${value} NOT ${among(not)})`] : []),
  ]
  return sql`(${sql.join(parts, sql` AND `)})`
}

/** Calls and marks are stored as JSON lists that begin with their name; unpacking them would cost a row for each. */
function hasNames(list: SQL, filter: Filter): SQL[] {
  const has = (name: string) => sql`instr(${list}, ${`[${JSON.stringify(name)},`}) > 0`
  if (typeof filter === 'string') return [has(filter)]
  const { any, not } = filter
  const oneOf = any && sql`(${sql.join(any.map(has), sql` OR `)})`
  return [...(oneOf ? [oneOf] : []), ...(not ?? []).map(name => sql`NOT ${has(name)}`)]
}
