/**
 * How a site's rows get from one database to another: in steps, a table each, and of each step one bounded chunk after the other.
 *
 * How far it went is noted where the rows go, in one transaction with them. So a chunk is written once, whoever is cut off where, and
 * of two that copy at once the slower one changes nothing.
 */

import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { moves, pageviews, periods } from '../../schema/storage/tables.ts'
import { STEPS, type Step } from './move-steps.ts'
import { keyColumns, keyOf, listed, named } from './names.ts'
import { prepare } from './statement.ts'

/** Rows of a chunk. */
const CHUNK_ROWS = 500
/** Characters of a chunk, where it has more than one row: a bound value has 2 MB, and a character up to three bytes. */
const CHUNK_CHARS = 500_000
/** D1 takes 32 arguments of a function. */
const MAX_ARGUMENTS = 30

/** Where a move stands: the step that is next, and the key of the row after which it goes on. */
export interface Progress {
  step: number
  after: string | null
}

const m = named(moves)
const p = named(pageviews, 'p')
const s = named(periods, 's')

/** How far the site has moved into this database; null where nothing has begun. */
export function progressOf(d1: D1Database, site: string): Promise<Progress | null> {
  return prepare(
    d1,
    sql`SELECT ${m.step}, ${m.after} FROM ${m.table} WHERE ${m.site} = ${site}`,
  ).first<Progress>()
}

/** Notes that the site may be copied into this database: it is empty, and the old one is fenced. */
export async function beginCopy(d1: D1Database, site: string): Promise<void> {
  await prepare(d1, sql`INSERT OR IGNORE INTO ${m.table} (${m.site}) VALUES (${site})`).run()
}

/** Forgets how far a move went: it has come to its end. */
export async function endMove(d1: D1Database, site: string): Promise<void> {
  await prepare(d1, sql`DELETE FROM ${m.table} WHERE ${m.site} = ${site}`).run()
}

/** What one chunk takes, in statements. */
export const CHUNK_STATEMENTS = 3

/** Copies one chunk; answers where the move stands now, and how many rows came, or null where another was faster. */
export async function copyChunk(
  from: D1Database,
  to: D1Database,
  site: string,
  progress: Progress,
): Promise<{ progress: Progress; rows: number } | null> {
  const step = STEPS[progress.step]
  if (!step) return null
  const { rows, last, isEnd } = await read(from, site, step, progress.after)
  const next: Progress = isEnd
    ? { step: progress.step + 1, after: null }
    : { step: progress.step, after: JSON.stringify(last) }
  const isNext = sql`${m.site} = ${site} AND ${m.step} = ${progress.step} AND ${m.after} IS ${progress.after}`
  const note = prepare(
    to,
    sql`UPDATE ${m.table} SET ${m.step} = ${next.step}, ${m.after} = ${next.after} WHERE ${isNext}`,
  )
  const results = await to.batch(
    rows.length ? [prepare(to, written(site, step, rows, isNext)), note] : [note],
  )
  return results.at(-1)?.meta.changes ? { progress: next, rows: rows.length } : null
}

interface Chunk {
  /** JSON of each row. */
  rows: string[]
  /** The key of the last row, without the site. */
  last: unknown[]
  isEnd: boolean
}

/** The rows after a key, in the order of the primary key. Key: that of the table. */
async function read(d1: D1Database, site: string, step: Step, after: string | null): Promise<Chunk> {
  const { table, changed } = step
  const key = restOfKey(table)
  const beyond = after === null ? sql`true` : sql`(${names(key)}) > (${valuesOf(after)})`
  const where = changed ? sql`${beyond} AND hour = ${firstChanged(site, beyond)}` : beyond
  const { results } = await prepare(
    d1,
    sql`SELECT ${packed(table)} AS row, json_array(${names(key)}) AS place FROM ${sql.raw(getTableName(table))}
      WHERE site = ${site} AND ${where} ORDER BY ${names(key)} LIMIT ${CHUNK_ROWS}`,
  ).all<{ row: string; place: string }>()
  let chars = 0
  const taken = results.filter(({ row }, i) => {
    chars += row.length
    return i === 0 || chars <= CHUNK_CHARS
  })
  const last = taken.at(-1)
  return {
    rows: taken.map(({ row }) => row),
    last: last ? JSON.parse(last.place) : [],
    // Of what has changed, a chunk is of one hour: only an empty one is the last.
    isEnd: changed ? !taken.length : results.length < CHUNK_ROWS && taken.length === results.length,
  }
}

/**
 * SQL of the next hour whose page views may have changed after they were copied: any that is not rolled up, or that is dirty. An
 * hour that was clean when it was copied, and is so now, has not changed. Keys: (site, hour), skipped through; (site, tier, start).
 */
function firstChanged(site: string, beyond: SQL): SQL {
  const isClean = sql`EXISTS (SELECT 1 FROM ${s.table} WHERE ${s.site} = ${site} AND ${s.tier} = 'hour'
    AND ${s.start} = h.hour AND ${s.state} <> 'dirty')`
  return sql`(WITH RECURSIVE h(hour) AS (
      SELECT hour FROM (SELECT hour FROM ${named(pageviews).table} WHERE site = ${site} AND ${beyond} ORDER BY hour, id LIMIT 1)
      UNION ALL
      SELECT (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} > h.hour) FROM h WHERE ${isClean})
    SELECT h.hour FROM h WHERE h.hour IS NOT NULL AND NOT ${isClean} LIMIT 1)`
}

/** The statement that writes a chunk, where the move still stands where it was read. */
function written(site: string, step: Step, rows: readonly string[], isNext: SQL): SQL {
  const { table, merge } = step
  const columns = columnsOf(table)
  const values = columns.map((name, i) => {
    if (name === 'site') return sql`${site}`
    const value = sql.raw(`j.value ->> '${pathOf(i)}'`)
    return step.changed && name === 'hour' ? nearest(site, value, columns.indexOf('id')) : value
  })
  return sql`INSERT INTO ${sql.raw(getTableName(table))} (${names(columns)})
    SELECT ${listed(...values)} FROM json_each(${`[${rows.join(',')}]`}) AS j
    WHERE EXISTS (SELECT 1 FROM ${m.table} WHERE ${isNext})
    ON CONFLICT (${keyOf(table)}) DO ${merge ? sql`UPDATE SET ${merge}` : sql.raw('NOTHING')}`
}

/** A row in a neighbouring hour is the same page view (store/upsert). Key: (site, hour, id). */
function nearest(site: string, hour: SQL, id: number): SQL {
  return sql`coalesce((SELECT ${p.hour} FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} IN ((${hour}) - 1, (${hour}) + 1)
    AND ${p.id} = ${sql.raw(`j.value ->> '${pathOf(id)}'`)}), ${hour})`
}

function columnsOf(table: SQLiteTable): string[] {
  return Object.values(getTableColumns(table)).map(({ name }) => name)
}

/** A row as JSON: lists within a list, since a function takes so many arguments. */
function packed(table: SQLiteTable): SQL {
  const columns = columnsOf(table)
  const lists = []
  for (let i = 0; i < columns.length; i += MAX_ARGUMENTS)
    lists.push(
      `json_array(${columns
        .slice(i, i + MAX_ARGUMENTS)
        .map(quoted)
        .join(', ')})`,
    )
  return sql.raw(`json_array(${lists.join(', ')})`)
}

/** Where the column of that number is in it. */
function pathOf(i: number): string {
  return `$[${Math.floor(i / MAX_ARGUMENTS)}][${i % MAX_ARGUMENTS}]`
}

/** The site is fixed: the rest of the key finds a row. */
function restOfKey(table: SQLiteTable): string[] {
  return keyColumns(table).filter(name => name !== 'site')
}

function names(columns: readonly string[]): SQL {
  return sql.raw(columns.map(quoted).join(', '))
}

function valuesOf(after: string): SQL {
  const values: (string | number)[] = JSON.parse(after)
  return listed(...values.map(value => sql`${value}`))
}

/** `limit` is a column of collectors. */
function quoted(name: string): string {
  return `"${name}"`
}
