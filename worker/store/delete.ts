/**
 * Deletes rows of a site, a bounded number at a time.
 */

import { type SQL, sql } from 'drizzle-orm'
import * as tables from '../../schema/storage/tables.ts'
import { isFenced, unfence } from './fence.ts'
import { tablesOf } from './move-steps.ts'
import { keyColumns, type Names, named } from './names.ts'
import { prepare } from './statement.ts'

const { moves, sites } = tables

/** Rows that one statement deletes at most, far below what takes D1 its 30 seconds. */
export const DELETE_BATCH = 5_000

/** A table whose rows are a site's. */
type SiteTable = Exclude<(typeof tables)[keyof typeof tables], typeof sites | typeof moves>
const SITE_TABLES = Object.values(tables).filter(
  (table): table is SiteTable => table !== sites && table !== moves,
)

/** Those that lie in the site's own database, beside what `DB` alone has of it. */
const directory: readonly unknown[] = tablesOf('directory')
export const MOVED_TABLES = SITE_TABLES.filter(table => !directory.includes(table))

const m = named(moves)

/** What a purge has come to: whether rows may be left, and the statements it took. */
interface Purged {
  left: boolean
  taken: number
}

/** Deletes what lies here of a site that is about to be moved here; nothing any more once that has begun. */
export async function clearRows(d1: D1Database, site: string): Promise<Purged> {
  const isBegun = sql`EXISTS (SELECT 1 FROM ${m.table} WHERE ${m.site} = ${site})`
  const found = await prepare(d1, sql`SELECT (${hasRows(site)}) AND NOT ${isBegun} AS n`).first<number>('n')
  if (!found) return { left: false, taken: 1 }
  for (const table of MOVED_TABLES)
    await prepare(
      d1,
      deleteFirst(table, site, () => sql`NOT ${isBegun}`),
    ).run()
  return { left: true, taken: 1 + MOVED_TABLES.length }
}

/** True where something of a site lies here: of one that was deleted, or moved away, while this database was not bound. */
export async function hasLeft(d1: D1Database, site: string): Promise<boolean> {
  return Boolean(
    await prepare(d1, sql`SELECT (${hasRows(site)}) OR ${isFenced(site)} AS n`).first<number>('n'),
  )
}

function hasRows(site: string): SQL {
  const some = MOVED_TABLES.map(table => {
    const t = named<SiteTable>(table)
    return sql`EXISTS (SELECT 1 FROM ${t.table} WHERE ${t.site} = ${site})`
  })
  return sql.join(some, sql` OR `)
}

/** Deletes rows of a site from tables of a database, by default from all. */
export async function purgeRows(
  d1: D1Database,
  site: string,
  fenced: boolean,
  those: readonly SiteTable[] = SITE_TABLES,
): Promise<Purged> {
  let taken = 0
  if (fenced) {
    const fences = await unfence(d1, site)
    taken += fences.taken
    if (fences.left) return { left: true, taken }
    // A move that is still at work here stops.
    await prepare(d1, sql`DELETE FROM ${m.table} WHERE ${m.site} = ${site}`).run()
    taken++
  }
  for (const table of those) {
    const { meta } = await prepare(d1, deleteFirst(table, site)).run()
    taken++
    if (meta.changes >= DELETE_BATCH) return { left: true, taken }
  }
  return { left: false, taken }
}

/**
 * Deletes the first rows of a site that `where` holds of, found and deleted by primary key. `beside` is read before the
 * table: `json_each(...) AS n CROSS JOIN`.
 */
export function deleteFirst<T extends SiteTable>(
  table: T,
  site: string,
  where?: (t: Names<T>) => SQL,
  beside = NOTHING_MORE,
): SQL {
  const own = named<SiteTable>(table)
  const t = named<SiteTable>(table, 't')
  const more = where ? sql` AND ${where(named(table, 't'))}` : NOTHING_MORE
  // The site is fixed, so the rest of the key finds a row.
  const key = keyColumns(table).filter(column => column !== table.site.name)
  return sql`DELETE FROM ${own.table} WHERE ${own.site} = ${site} AND (${sql.raw(key.join(', '))}) IN (
    SELECT ${sql.raw(key.map(column => `t.${column}`).join(', '))} FROM ${beside} ${t.table}
    WHERE ${t.site} = ${site}${more} LIMIT ${DELETE_BATCH})`
}

const NOTHING_MORE = sql.raw('')
