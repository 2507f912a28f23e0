/**
 * Inserts a row if its site has fewer than N of its kind, in one statement. What is read before says too little: of two
 * requests at once, neither sees the other's row.
 */

import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { budgets, collectors, segments, tokens, webhooks } from '../../schema/storage/tables.ts'

type Limited = typeof budgets | typeof collectors | typeof segments | typeof tokens | typeof webhooks

/**
 * For `insert(table).select(...)`: the row, or nothing where the site has `most` of them; `where` says what must hold besides.
 *
 * @example
 * const [made] = await db.insert(tokens).select(limited(tokens, row, 100)).returning()
 */
export function limited<T extends Limited>(
  table: T,
  row: T['$inferInsert'],
  most: number,
  where: SQL = sql`true`,
): SQL {
  const given: Record<string, unknown> = row
  const values = Object.entries(getTableColumns<Limited>(table)).map(([property, column]) =>
    sql.param(given[property] ?? column.default ?? null, column),
  )
  return sql`SELECT ${sql.join(values, sql`, `)}
    WHERE (SELECT count(*) FROM ${table} WHERE ${table.site} = ${row.site}) < ${most} AND ${where}`
}

/** True of the rows that say this. */
export function says(table: SQLiteTable, terms: Readonly<Record<string, unknown>>): SQL | undefined {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => name in terms)
  return and(...columns.map(([name, column]) => sql`${column} IS ${sql.param(terms[name] ?? null, column)}`))
}

/** True of the rows of a site that say this: who adds something twice has it once. Key: (site). */
export function isSame<T extends Limited>(
  table: T,
  site: string,
  terms: Partial<T['$inferInsert']>,
): SQL | undefined {
  return and(eq(table.site, site), says(table, terms))
}

/** For `limited`: true where there is no such row. */
export function isNew<T extends Limited>(table: T, site: string, terms: Partial<T['$inferInsert']>): SQL {
  return sql`NOT EXISTS (SELECT 1 FROM ${table} WHERE ${isSame(table, site, terms)})`
}
