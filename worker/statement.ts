/**
 * Drizzle's `sql` as a statement of D1: for batches and for the receipt (`meta`), which Drizzle's own driver has no
 * way to combine with raw SQL.
 */

import type { SQL } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'

const dialect = new SQLiteSyncDialect()

/** Either a database or a session on one of its replicas. */
export type Preparer = Pick<D1Database, 'prepare'>

export function prepare(d1: Preparer, query: SQL): D1PreparedStatement {
  const { sql, params } = dialect.sqlToQuery(query)
  return d1.prepare(sql).bind(...params)
}
