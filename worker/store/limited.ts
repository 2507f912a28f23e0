/**
 * Inserts a row if its site has fewer than N of its kind, in one statement. A count that is read before says too little: of two
 * requests at once, neither sees the other's row.
 */

import { getTableColumns, type SQL, sql } from 'drizzle-orm'
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
