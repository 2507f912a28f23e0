/**
 * D1 with a meter: a database goes in, the same database comes out and adds up what D1 says that each statement
 * read and wrote.
 */

import type { Meter } from '../bill.ts'

export function newMeter(): Meter {
  return { statements: 0, read: 0, written: 0 }
}

/** The database, its sessions and their statements, all counted in `meter`. */
export function metered<T extends object>(target: T, meter: Meter): T {
  const count = <R extends D1Result>(result: R): R => {
    meter.statements++
    meter.read += result.meta.rows_read
    meter.written += result.meta.rows_written
    return result
  }
  const plain = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const all = async () => count(await statement.all())
    const wrapped = Object.assign(Object.create(statement), {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all,
      run: all,
      // Drizzle asks so, and D1 says nothing of its cost.
      raw: async () => (await all()).results.map(row => Object.values(row as object)),
      first: async (column?: string) => {
        const row = (await all()).results[0]
        return row === undefined ? null : column === undefined ? row : row[column]
      },
    })
    plain.set(wrapped, statement)
    return wrapped
  }
  return new Proxy(target, {
    get(database, name) {
      const value = Reflect.get(database, name)
      if (typeof value !== 'function') return value
      if (name === 'prepare') return (text: string) => wrap(value.call(database, text))
      if (name === 'withSession') return (mark: string) => metered(value.call(database, mark), meter)
      if (name !== 'batch') return value.bind(database)
      return async (statements: D1PreparedStatement[]) => {
        const results: D1Result[] = await value.call(
          database,
          statements.map(statement => plain.get(statement) ?? statement),
        )
        return results.map(count)
      }
    },
  })
}
