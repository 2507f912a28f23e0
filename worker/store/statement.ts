/**
 * Drizzle's `sql` as a statement of D1: for batches and for the receipt (`meta`), which Drizzle's own driver has no
 * way to combine with raw SQL.
 */

import type { SQL } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'

const dialect = new SQLiteSyncDialect()

/** Either a database or a session on one of its replicas. */
export type Preparer = Pick<D1Database, 'prepare'>

/** What some statements have cost so far. */
export interface Receipt {
  statements: number
  /** `meta.rows_read`, as D1 bills them. */
  read: number
}

/** The same database, whose statements add what they cost to `receipt`. */
export function counted(d1: Preparer, receipt: Receipt): Preparer {
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const all = async <T>(): Promise<D1Result<T>> => {
      receipt.statements++
      const result = await statement.all<T>()
      receipt.read += result.meta.rows_read
      return result
    }
    const bind = (...values: unknown[]) => wrap(statement.bind(...values))
    return Object.assign(Object.create(statement), { bind, all, run: all })
  }
  return { prepare: text => wrap(d1.prepare(text)) }
}

export function prepare(d1: Preparer, query: SQL): D1PreparedStatement {
  const { sql, params } = dialect.sqlToQuery(query)
  return d1.prepare(sql).bind(...params)
}
