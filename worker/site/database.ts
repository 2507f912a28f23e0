/**
 * In which database a site's rows lie: the one place that decides it.
 *
 * `DB` holds the directory (sites, tokens, naming rules) and the rows of every site that says nothing else. The rows of the
 * others lie in `DB_2`, `DB_3`, ... as their record says.
 */

import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import * as tables from '../../schema/storage/tables.ts'
import { badField, problem } from '../problem.ts'
import { prepare } from '../store/statement.ts'

/** Every D1 database that is bound. */
export interface Databases {
  DB: D1Database
  [binding: `DB_${number}`]: D1Database
}

/** What a site's record says of its place. */
export interface Placed {
  id: string
  database: string
  moving: tables.MovePhase | null
  other: string | null
}

/** `DB`, `DB_2`, `DB_10`: no `DB_1`, which would be a second name for the first. */
const BINDING = /^DB(_([2-9]|[1-9]\d+))?$/

/** The names of the databases that are bound: `DB` first, the others by their number. */
export function bindingsOf(databases: Databases): string[] {
  const number = (name: string) => Number(name.slice('DB_'.length))
  return Object.keys(databases)
    .filter(isBinding)
    .sort((a, b) => number(a) - number(b))
}

/** The database of that name; undefined where it is not bound. */
export function boundAs(databases: Databases, name: string): D1Database | undefined {
  return isBinding(name) ? databases[name] : undefined
}

function isBinding(name: string): name is 'DB' | `DB_${number}` {
  return BINDING.test(name)
}

/** Throws a 400 that lists the databases that are bound where the one that `field` names is not. */
export function requireBound(databases: Databases, field: string, name: string | undefined): void {
  if (name === undefined || boundAs(databases, name)) return
  throw badField({
    field,
    detail: `names no database of this worker: it has ${bindingsOf(databases).join(', ')}`,
  })
}

/** Asks a database for a row, and for each column of this version: one that lacks a migration refuses (`isUnmigrated`). */
export async function askForAll(d1: D1Database): Promise<void> {
  await prepare(d1, everyColumn()).run()
}

/** True where a database refused since it has not all of this version. */
export function isUnmigrated(error: unknown): boolean {
  return /no such (table|column)/.test(String(error))
}

/** Throws a 400 where the database that `field` names has not the tables of this version. */
export async function requireMigrated(databases: Databases, field: string, name: string): Promise<void> {
  try {
    await askForAll(boundAs(databases, name) ?? databases.DB)
  } catch (error) {
    if (!isUnmigrated(error)) throw error
    const detail = `names a database that is not migrated: npx wrangler d1 migrations apply ${name} --remote`
    throw badField({ field, detail })
  }
}

/** SQL that names every column; it reads the first row alone. */
function everyColumn(): SQL {
  const parts = Object.values(tables).map(table => {
    const columns = Object.values(getTableColumns(table)).map(({ name }) => `t."${name}"`)
    return `EXISTS (SELECT ${columns.join(', ')} FROM ${getTableName(table)} AS t LIMIT 0)`
  })
  return sql.raw(`SELECT id FROM ${getTableName(tables.sites)} WHERE NOT (${parts.join(' OR ')}) LIMIT 1`)
}

/** Where what comes of a site is written. Throws a 503 where that database is not bound. */
export function databaseOf(databases: Databases, site: Pick<Placed, 'id' | 'database'>): D1Database {
  return named(databases, site.id, site.database)
}

/** Where questions about a site are answered: while it moves, in the database that has more of it. */
export function readDatabaseOf(databases: Databases, site: Placed): D1Database {
  return named(databases, site.id, readBindingOf(site))
}

/** The binding of the same. */
export function readBindingOf({ database, moving, other }: Omit<Placed, 'id'>): string {
  return moving === 'merge' && other ? other : database
}

function named(databases: Databases, site: string, name: string): D1Database {
  const found = boundAs(databases, name)
  if (found) return found
  const detail = `Site ${site} lies in the database ${name}, which is not bound: see [[d1_databases]] in wrangler.toml.`
  throw problem(503, detail, { headers: { 'Retry-After': '60' } })
}
