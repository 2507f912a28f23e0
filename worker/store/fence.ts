/**
 * Fences: a database refuses to write rows of a site that leaves it. So it does not matter how long an isolate, a queue or a run
 * of the cron takes the site to be there.
 *
 * A fence is a trigger for each table and kind of write. It costs nobody else anything, and is there for the time of a move.
 */

import { getTableName, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { MOVED } from '../unavailable.ts'

export type Write = 'INSERT' | 'UPDATE' | 'DELETE'

/** Triggers that are made, or dropped, at once: as few as a run of the cron may have left. */
const MAX_TRIGGERS = 20

/**
 * Fences these writes to rows of `site`, which is a checked name, in each of the tables, `MAX_TRIGGERS` at once. Answers whether some
 * are left, and the statements it took.
 */
export async function fence(
  d1: D1Database,
  site: string,
  tables: readonly SQLiteTable[],
  writes: readonly Write[],
): Promise<{ left: boolean; taken: number }> {
  const there = new Set(await triggersOf(d1, site))
  const missing = tables.flatMap(table =>
    writes.flatMap(write => {
      const name = `${prefixOf(site)}${getTableName(table)}:${write}`
      // In one line, and BEGIN in capitals: what splits statements for D1 knows a trigger by it.
      const text = `CREATE TRIGGER IF NOT EXISTS "${name}" BEFORE ${write} ON ${getTableName(table)} WHEN ${
        write === 'DELETE' ? 'OLD' : 'NEW'
      }.site = '${site}' BEGIN SELECT RAISE(ABORT, '${MOVED}'); END`
      return there.has(name) ? [] : [d1.prepare(text)]
    }),
  )
  const some = missing.slice(0, MAX_TRIGGERS)
  if (some.length) await d1.batch(some)
  return { left: missing.length > MAX_TRIGGERS, taken: 1 + some.length }
}

/** Takes fences of a site away, `MAX_TRIGGERS` at once; answers how many, whether some are left, and the statements it took. */
export async function unfence(
  d1: D1Database,
  site: string,
): Promise<{ dropped: number; left: boolean; taken: number }> {
  const all = await triggersOf(d1, site)
  const some = all.slice(0, MAX_TRIGGERS)
  if (some.length) await d1.batch(some.map(name => d1.prepare(`DROP TRIGGER IF EXISTS "${name}"`)))
  return { dropped: some.length, left: all.length > MAX_TRIGGERS, taken: 1 + some.length }
}

/** SQL of whether a site has fences. */
export function isFenced(site: string): SQL {
  return sql`EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND instr(name, ${prefixOf(site)}) = 1)`
}

async function triggersOf(d1: D1Database, site: string): Promise<string[]> {
  const { results } = await d1
    .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND instr(name, ?1) = 1")
    .bind(prefixOf(site))
    .all<{ name: string }>()
  return results.map(({ name }) => name)
}

/** A site's name has no colon. */
function prefixOf(site: string): string {
  return `moving:${site}:`
}
