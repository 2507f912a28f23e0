/**
 * How long roll-ups and counts stay: a site's settings and the clock go in; hours and days past their time are deleted, a
 * bounded number at a time. Every step can be interrupted and goes on where it was. Raw rows are `expire`'s.
 *
 * Nothing is lost before it is rolled up: hours go only where their day is clean, which is sealed first, so that no late
 * beacon makes it dirty.
 */

import { type SQL, sql } from 'drizzle-orm'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { prepare } from '../store/statement.ts'
import { ROLLUPS } from './dimensions.ts'

/** What the cron knows of a site: a row of `sites`, as D1 names its columns. */
export interface TickSite {
  id: string
  rate: number
  rows_per_day: number
  bytes_per_day: number
  raw_days: number
  hour_days: number
  day_days: number
  deleted: number | null
  /** The sampling rate announced last; null where none ever was. */
  current: number | null
}

/** Rows that one statement deletes at most, far below what takes D1 its 30 seconds. */
const BATCH = 5_000
/** Days that counts of beacons for sites that do not exist are kept: as long as hours are, where nothing is set. */
const UNKNOWN_DAYS = 35
/** A deleted site's rows wait this long, in ms, until every isolate has forgotten the site. */
const GRACE = 60_000

/** Every table with the columns of its key after `site`. */
const TABLES: Record<string, string[]> = {
  pageviews: ['hour', 'id'],
  rollups: ['tier', 'dimension', 'start', 'value'],
  api_rollups: ['tier', 'dimension', 'start', 'value'],
  measure_rollups: ['tier', 'dimension', 'start', 'value'],
  deliveries: ['hour'],
  periods: ['tier', 'start'],
  intake: ['hour'],
  tokens: ['id'],
  budgets: ['id'],
  budget_events: ['at', 'budget'],
  messages: ['at', 'budget'],
  webhooks: ['site'],
  rates: ['since'],
  traffic: ['minute'],
}

/** Deletes what is past its time; answers the statements it took, at most `allowance`. */
export async function retain(
  d1: D1Database,
  site: TickSite,
  now: number,
  allowance: number,
): Promise<number> {
  const { id } = site
  const hour = hourOf(now)
  const rawEnd = hour - site.raw_days * 24
  const hourEnd = Math.floor((hour - site.hour_days * 24) / 24) * 24
  const dayEnd = Math.floor((hour - site.day_days * 24) / 24) * 24
  const steps: (SQL | null)[] = [
    sql`UPDATE periods SET state = 'sealed' WHERE site = ${id} AND tier = 'day' AND start < ${hourEnd} AND state = 'clean'`,
    ...ROLLUPS.flatMap(rollup => [
      batch(
        rollup.table,
        id,
        sql`${keyed(rollup, id, 'hour')} AND t.start < ${hourEnd} AND EXISTS (
        SELECT 1 FROM periods AS d WHERE d.site = ${id} AND d.tier = 'day' AND d.start = t.start / 24 * 24
        AND d.state = 'sealed')`,
      ),
      batch(rollup.table, id, sql`${keyed(rollup, id, 'day')} AND t.start < ${dayEnd}`),
    ]),
    batch(
      'periods',
      id,
      sql`FROM periods AS t WHERE t.site = ${id} AND t.tier = 'hour' AND t.start < ${hourEnd}
      AND NOT EXISTS (SELECT 1 FROM rollups AS r WHERE r.site = ${id} AND r.tier = 'hour' AND r.dimension = 'all'
        AND r.start = t.start)
      AND NOT EXISTS (SELECT 1 FROM pageviews AS p WHERE p.site = ${id} AND p.hour = t.start)`,
    ),
    batch(
      'periods',
      id,
      sql`FROM periods AS t WHERE t.site = ${id} AND t.tier = 'day' AND t.start < ${dayEnd}`,
    ),
    batch('intake', id, sql`FROM intake AS t WHERE t.site = ${id} AND t.hour < ${hourEnd}`),
    batch('deliveries', id, sql`FROM deliveries AS t WHERE t.site = ${id} AND t.hour < ${hourEnd}`),
    batch('traffic', id, sql`FROM traffic AS t WHERE t.site = ${id} AND t.minute < ${(hour - 48) * 60}`),
    // The last change before what is kept stays: it is the rate that was in force then.
    batch(
      'rates',
      id,
      sql`FROM rates AS t WHERE t.site = ${id} AND t.since < (
      SELECT max(r.since) FROM rates AS r WHERE r.site = ${id} AND r.since < ${rawEnd * HOUR})`,
    ),
  ]
  let taken = 0
  for (const step of steps) {
    if (!step || taken >= allowance) break
    await prepare(d1, step).run()
    taken++
  }
  return taken
}

/** Deletes old counts of beacons for sites that do not exist. Key: (site, hour). */
export async function retainUnknown(d1: D1Database, now: number): Promise<number> {
  const end = hourOf(now) - UNKNOWN_DAYS * 24
  await prepare(d1, batch('intake', '', sql`FROM intake AS t WHERE t.site = '' AND t.hour < ${end}`)).run()
  return 1
}

/** Deletes everything of a site that was deleted, and at last the site; answers the statements it took. */
export async function purgeSite(d1: D1Database, id: string, deleted: number, now: number): Promise<number> {
  if (now < deleted + GRACE) return 0
  let taken = 0
  for (const table of Object.keys(TABLES)) {
    const { meta } = await prepare(
      d1,
      batch(table, id, sql`FROM ${sql.raw(table)} AS t WHERE t.site = ${id}`),
    ).run()
    taken++
    if (meta.changes >= BATCH) return taken
  }
  await prepare(d1, sql`DELETE FROM sites WHERE id = ${id} AND deleted IS NOT NULL`).run()
  return taken + 1
}

/** Deletes the first rows of `table AS t` that `from` names, found and deleted by primary key. */
function batch(table: string, site: string, from: SQL): SQL {
  const key = TABLES[table] ?? []
  const columns = sql.raw(key.join(', '))
  const found = sql.raw(key.map(column => `t.${column}`).join(', '))
  return sql`DELETE FROM ${sql.raw(table)} WHERE site = ${site} AND (${columns}) IN (
    SELECT ${found} ${from} LIMIT ${BATCH})`
}

/** The rows of one tier in every dimension. Key: (site, tier, dimension, start). */
function keyed({ dimensions, table }: (typeof ROLLUPS)[number], site: string, tier: string): SQL {
  const names = dimensions.map(({ name }) => name)
  return sql`FROM json_each(${JSON.stringify(names)}) AS n CROSS JOIN ${sql.raw(table)} AS t
    WHERE t.site = ${site} AND t.tier = ${tier} AND t.dimension = n.value`
}
