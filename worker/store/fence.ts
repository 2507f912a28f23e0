/**
 * Fences: a database refuses to write rows of a site that leaves it, whoever still thinks that the site is there. So nobody has to
 * know how long an isolate, a queue or a run of the cron remembers.
 *
 * A fence is a trigger for each table and kind of write. It costs nobody else anything, and is there for the time of a move.
 */

import { getTableName } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { MOVED } from '../unavailable.ts'

export type Write = 'INSERT' | 'UPDATE' | 'DELETE'

/** Triggers that are dropped at once, as few as a run of the cron may have left. */
const DROPPED = 20

/** Statements that refuse these writes to rows of `site`, which is a checked name, in each of the tables. They may run again. */
export function fence(
  d1: D1Database,
  site: string,
  tables: readonly SQLiteTable[],
  writes: readonly Write[],
): D1PreparedStatement[] {
  return tables.flatMap(table => {
    const name = getTableName(table)
    return writes.map(write =>
      d1.prepare(
        `CREATE TRIGGER IF NOT EXISTS "${prefixOf(site)}${name}:${write}" BEFORE ${write} ON ${name} WHEN ${
          write === 'DELETE' ? 'OLD' : 'NEW'
        }.site = '${site}' BEGIN SELECT RAISE(ABORT, '${MOVED}'); END`,
      ),
    )
  })
}

/** Takes fences of a site away; answers whether some are left. It takes up to `DROPPED` statements and one. */
export async function unfence(d1: D1Database, site: string): Promise<{ left: boolean; taken: number }> {
  const { results } = await d1
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'trigger' AND instr(name, ?1) = 1 LIMIT ${DROPPED + 1}`,
    )
    .bind(prefixOf(site))
    .all<{ name: string }>()
  const names = results.slice(0, DROPPED)
  if (names.length) await d1.batch(names.map(({ name }) => d1.prepare(`DROP TRIGGER IF EXISTS "${name}"`)))
  return { left: results.length > DROPPED, taken: 1 + names.length }
}

/** A site's name has no colon. */
function prefixOf(site: string): string {
  return `moving:${site}:`
}
