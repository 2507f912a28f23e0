/**
 * Drizzle's `sql` as a statement of D1, for batches and for the receipt (`meta`).
 *
 * Drizzle's own driver cannot do both. In drizzle-orm 0.45.4, `db.run(sql)` answers rows and `meta`, but
 * `db.batch([db.run(sql)])` with a bound parameter throws `Cannot read properties of undefined (reading 'bind')`: a raw
 * query has no prepared statement that the batch could bind to. Look again before this file goes.
 */

import type { SQL } from 'drizzle-orm'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'

const dialect = new SQLiteSyncDialect()

/** Either a database or a session on one of its replicas. */
export interface Preparer extends Pick<D1Database, 'prepare'> {
  /** Takes the plan of a query that has been answered; only `npm run explain` listens. */
  explain?(plan: object): void
}

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
  return { ...(d1.explain && { explain: d1.explain }), prepare: text => wrap(d1.prepare(text)) }
}

/** The text of a statement that is bound by hand each time: writing it out costs more than what it is bound to. */
export function textOf(query: SQL): string {
  return dialect.sqlToQuery(query).sql
}

export function prepare(d1: Preparer, query: SQL): D1PreparedStatement {
  const { sql, params } = dialect.sqlToQuery(query)
  return d1.prepare(sql).bind(...params)
}
