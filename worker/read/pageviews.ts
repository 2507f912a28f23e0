/**
 * `GET /v1/pageviews`: single page views, the slowest of a subsample or the newest of all.
 */

import { type SQL, sql } from 'drizzle-orm'
import { toCursor } from '../../schema/api/cursor.ts'
import type { PageViewsAnswer, PageViewsQuery } from '../../schema/api/pageviews.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Hour, Ms, OneIn } from '../../schema/domain/units.ts'
import { pageviews, type SiteRow } from '../../schema/storage/tables.ts'
import { sound } from '../histogram/safe-json.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptRows, type Retention } from '../query/kept.ts'
import { MAX_READ, subsample, within } from '../query/subsample.ts'
import { named, texts } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { COLUMNS, type StoredRow, toPageView } from './pageview.ts'
import { rangeOf } from './summary.ts'

/** The most page views that are compared in the worker, which has little CPU. */
const MAX_COMPARED = 8_000
/** Rows that a list of the newest walks through at most. What matches of an hour is sorted, which reads it again. */
const MAX_WALKED = 5_000
const p = named(pageviews, 'p')
const WHY = sql.raw(sound(texts(pageviews, 'p').why))
/** After the end of every list by time. */
const LAST = 'g'

type Slowest = Extract<PageViewsQuery, { order: 'slowest' }>
type Newest = Extract<PageViewsQuery, { order: 'newest' }>
type Listed = Pick<PageViewsAnswer, 'sampled' | 'looked_at' | 'of' | 'cursor'> & {
  data: readonly StoredRow[]
}

/** Key: (site, hour, id). */
export async function pageViews(
  d1: Preparer,
  asked: PageViewsQuery,
  site: Pick<Retention, 'rawDays' | 'rawFrom'> & Partial<Pick<SiteRow, 'traceLink'>>,
  now: Ms,
): Promise<PageViewsAnswer> {
  const query = keptRows(asked, site, now)
  const listed =
    query.order === 'slowest' ? await slowest(d1, query, now) : await newest(d1, query, query.cursor, now)
  return {
    ...rangeOf(query),
    order: query.order,
    metric: query.metric ?? null,
    ...listed,
    data: listed.data.map(row => toPageView(row, site.traceLink ?? null)),
  }
}

/** What a page view must have to be listed. */
function wantedBy({ metric, filters, target, event, error }: PageViewsQuery): SQL {
  const conditions = [matchesPageView(filters)]
  if (metric) conditions.push(sql`${p[metric]} IS NOT NULL`)
  if (target !== undefined) conditions.push(sql`${WHY} ->> ${sql.raw(`'$.${metric}[0]'`)} = ${target}`)
  if (event !== undefined) conditions.push(sql`${WHY} ->> '$.inp[1]' = ${event}`)
  if (error !== undefined) conditions.push(hasError(error))
  return sql.join(conditions, sql` AND `)
}

/**
 * A message is the one text of an error that stands between two others: `["error","boom","/app.js",1,2,1]`. Quotes within a text are
 * escaped, so nothing else reads `,"boom","`. Taking the list apart would be billed, a row for each error.
 */
function hasError(message: string): SQL {
  return sql`instr(${p.errorList}, ${`,${JSON.stringify(message)},"`}) > 0`
}

/** Compares keys in the worker: D1 would count every row that it sorts once more. */
async function slowest(d1: Preparer, query: Slowest, now: Ms): Promise<Listed> {
  const { site, metric, limit, cursor } = query
  const wanted = wantedBy(query)
  const need = {
    cost: sql`1`,
    matches: wanted,
    most: MAX_COMPARED,
    reads: MAX_READ - 4 * limit,
    atLeast: cursor?.[2] ?? 1,
  }
  const { oneIn, from, where } = await subsample(d1, query, need, now)
  const { results } = await prepare(
    d1,
    sql`SELECT json_group_array(json_array(${p[metric]}, ${p.hour}, ${p.id})) AS found
      FROM ${from} WHERE ${where} AND ${wanted}`,
  ).all<{ found: string }>()
  const found: Key[] = JSON.parse(results[0]?.found ?? '[]')
  const after = cursor ? ([cursor[3], cursor[4], cursor[5]] satisfies Key) : null
  const listed = found
    .filter(key => !after || compare(after, key) < 0)
    .sort(compare)
    .slice(0, limit + 1)
  const page = listed.slice(0, limit)
  const last = listed.length > limit ? page[limit - 1] : undefined
  return {
    sampled: oneIn,
    looked_at: found.length,
    of: found.length * oneIn,
    cursor: last ? toCursor(['slowest', metric, oneIn, ...last]) : null,
    data: await rowsOf(d1, site, page),
  }
}

/** Value, hour, id. */
type Key = [x: number, hour: Hour, id: string]

/** The slowest first, then the newest hour, then by id. */
function compare(a: Key, b: Key): number {
  return b[0] - a[0] || b[1] - a[1] || (a[2] < b[2] ? 1 : a[2] > b[2] ? -1 : 0)
}

/** Whole rows by their key, in the order of `keys`. */
async function rowsOf(d1: Preparer, site: string, keys: readonly Key[]): Promise<StoredRow[]> {
  if (!keys.length) return []
  const { results } = await prepare(
    d1,
    sql`SELECT ${COLUMNS} FROM json_each(${JSON.stringify(keys)}) AS k CROSS JOIN ${p.table}
      ON ${p.site} = ${site} AND ${p.hour} = k.value ->> 1 AND ${p.id} = k.value ->> 2 ORDER BY k.key`,
  ).all<StoredRow>()
  return results
}

/**
 * Walks back through the key, hour by hour, and sorts within the hour. Where `MAX_WALKED` rows do not fill the list, the hours
 * that were walked through are answered, and the cursor goes on with the next one. An hour of more rows is subsampled.
 */
async function newest(d1: Preparer, query: Newest, cursor: Newest['cursor'], now: Ms): Promise<Listed> {
  const [, hour = query.to / HOUR, began = 0, id = ''] = cursor ?? []
  const range = { site: query.site, from: query.from, to: Math.min(query.to, (hour + 1) * HOUR) }
  const after = cursor ? sql`(${p.hour}, ${p.began}, ${p.id}) < (${hour}, ${began}, ${id})` : sql`true`
  const wanted = sql`${wantedBy(query)} AND ${after}`
  const all = within(range)
  const walk = sql`(SELECT * FROM ${p.table} WHERE ${all} ORDER BY ${p.hour} DESC, ${p.id} DESC LIMIT ${MAX_WALKED}) AS p`

  const { rows, read } = await list(d1, walk, wanted, query.limit)
  const edge = read < MAX_WALKED ? null : await edgeOf(d1, all)
  if (edge === null) return listing(rows, query.limit, 1, null)
  if (edge < range.to / HOUR - 1) {
    const walked = rows.filter(row => row.hour > edge)
    return listing(walked, query.limit, 1, edge)
  }
  const busy = { ...range, from: edge * HOUR }
  const { oneIn, from, where } = await subsample(
    d1,
    busy,
    { cost: sql`2`, reads: MAX_READ - 3 * MAX_WALKED },
    now,
  )
  const some = await list(d1, from, sql`${where} AND ${wanted}`, query.limit)
  return listing(some.rows, query.limit, oneIn, edge > range.from / HOUR ? edge - 1 : null)
}

async function list(
  d1: Preparer,
  from: SQL,
  where: SQL,
  limit: number,
): Promise<{ rows: StoredRow[]; read: number }> {
  const { results, meta } = await prepare(
    d1,
    sql`SELECT ${COLUMNS} FROM ${from} WHERE ${where}
      ORDER BY ${p.hour} DESC, ${p.began} DESC, ${p.id} DESC LIMIT ${limit + 1}`,
  ).all<StoredRow>()
  return { rows: results, read: meta.rows_read }
}

/** The hour in which a walk ends, and which it may know in part; null where it comes to the end of the range. */
async function edgeOf(d1: Preparer, all: SQL): Promise<number | null> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${p.hour} AS hour FROM ${p.table} WHERE ${all}
      ORDER BY ${p.hour} DESC, ${p.id} DESC LIMIT 1 OFFSET ${MAX_WALKED - 1}`,
  ).all<{ hour: Hour }>()
  return results[0]?.hour ?? null
}

/** `next` is the hour to go on with where the list is not filled; null at the end. */
function listing(rows: readonly StoredRow[], limit: number, oneIn: OneIn, next: number | null): Listed {
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page[limit - 1] : undefined
  const onward = next === null ? null : toCursor(['newest', next, Number.MAX_SAFE_INTEGER, LAST])
  return {
    sampled: oneIn,
    looked_at: null,
    of: null,
    cursor: last ? toCursor(['newest', last.hour, last.began, last.id]) : onward,
    data: page,
  }
}
