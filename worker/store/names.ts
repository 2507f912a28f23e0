/**
 * The names of tables and columns in hand-written SQL, taken from schema/storage/tables and made once, at load.
 *
 * A statement that names a column which is no longer there does not compile. Drizzle's own column objects give the same,
 * but each is escaped and looked up anew in each statement: 276 to 346 us of CPU for six columns against 73 to 105 us for
 * these (measured), of the 10 ms that the free plan allows a request.
 */

import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core'

type Property<T extends SQLiteTable> = Extract<keyof T['_']['columns'], string>

/** A table in a statement (`pageviews AS p`), and its columns there (`p.hour`), by the properties of tables.ts. */
export type Names<T extends SQLiteTable> = { readonly table: SQL } & { readonly [K in Property<T>]: SQL }

/**
 * The names of a table, where `alias` stands for it.
 *
 * @example
 * const p = named(pageviews, 'p')
 * sql`SELECT ${p.route} FROM ${p.table} WHERE ${p.site} = ${site}`
 * // p.route, pageviews AS p, p.site
 */
export function named<T extends SQLiteTable>(table: T, alias?: string): Names<T> {
  const name = getTableName(table)
  const columns = Object.entries(texts(table, alias)).map(([property, text]) => [property, sql.raw(text)])
  const from = sql.raw(alias ? `${name} AS ${alias}` : name)
  return Object.fromEntries([...columns, ['table', from]]) as Names<T>
}

/** The same columns as text, for SQL that is put together from text once, at load. */
export function texts<T extends SQLiteTable>(
  table: T,
  alias?: string,
): Readonly<Record<Property<T>, string>> {
  const prefix = alias ? `${alias}.` : ''
  const columns = Object.entries(getTableColumns(table)).map(([property, { name }]) => [
    property,
    prefix + name,
  ])
  return Object.fromEntries(columns) as Record<Property<T>, string>
}

/** Columns of a table, by default all, to be selected under the names of `$inferSelect`: `raw_days AS rawDays`. */
export function selected<T extends SQLiteTable>(
  table: T,
  alias?: string,
  properties?: readonly Property<T>[],
): SQL {
  const names = texts(table, alias)
  const wanted = properties ?? (Object.keys(names) as Property<T>[])
  return sql.raw(
    wanted
      .map(property => (names[property] === property ? property : `${names[property]} AS ${property}`))
      .join(', '),
  )
}

/** The columns of a table's primary key, in its order: `site`, `hour`, `id`. */
export function keyColumns(table: SQLiteTable): string[] {
  const { columns, primaryKeys } = getTableConfig(table)
  return (primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary)).map(({ name }) => name)
}

/** The same as a list, for `ON CONFLICT` and row values: `site, hour, id`. */
export function keyOf(table: SQLiteTable, alias?: string): SQL {
  return sql.raw(
    keyColumns(table)
      .map(name => (alias ? `${alias}.${name}` : name))
      .join(', '),
  )
}

/** A list of names or values: `a, b, c`. */
export function listed(...items: readonly SQL[]): SQL {
  return sql.join([...items], COMMA)
}

/** No SQL: a part of a statement that is left out. */
export const NO_SQL = sql.raw('')

/**
 * The end of a subquery whose columns are worked out once. Without it, SQLite puts them, as they are written, wherever they are
 * named, and works each out anew there.
 */
export const ONCE = sql.raw('LIMIT -1')

const COMMA = sql.raw(', ')
