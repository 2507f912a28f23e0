/**
 * Rolls up closed periods: a site's clock goes in, rows of the roll-up tables and of `periods` come out.
 *
 * A roll-up replaces what was there, in one transaction with the mark that it is clean. So it may run twice, late or
 * never: a query reads a period's roll-up only where the mark is clean, and computes the rest live.
 */

import { type SQL, sql } from 'drizzle-orm'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Tier } from '../../schema/storage/tables.ts'
import { prepare } from '../store/statement.ts'
import { dayOf } from './days.ts'
import { deliveryOf } from './deliveries.ts'
import { CALL_DIMENSIONS, MARK_DIMENSIONS, ROLLUPS, VIEW_COLUMNS, VIEW_DIMENSIONS } from './dimensions.ts'
import { pivoted } from './histogram-sql.ts'
import { allOf, callHours, markHours, viewHours } from './hours.ts'

/** A page view takes no more news once it is this old, in ms. */
export const SETTLED = 2 * HOUR
/**
 * How long after its end an hour waits, in ms: until its last page view has settled, and what arrived then is stored,
 * however long D1 let it wait. So an hour is rolled up once, as a rule, and is read live until then.
 */
const REST = SETTLED + 2 * 60_000

const VIEWED = sql.raw(VIEW_COLUMNS.join(', '))

/** Rolls up one closed hour (hours since 1970) of a site. */
export function rollUpHour(d1: D1Database, site: string, hour: number, now: number): Promise<D1Result[]> {
  const all = allOf(site, [hour])
  return d1.batch([
    ...clear(d1, site, 'hour', hour),
    prepare(
      d1,
      sql`INSERT INTO rollups (site, tier, dimension, start, value, ${VIEWED})
        SELECT ${site}, 'hour', dimension, start, value, ${VIEWED}
        FROM (${viewHours(all)})`,
    ),
    prepare(
      d1,
      sql`INSERT INTO api_rollups (site, tier, dimension, start, value, api)
        SELECT ${site}, 'hour', dimension, start, value, api FROM (${callHours(all)})`,
    ),
    prepare(
      d1,
      sql`INSERT INTO measure_rollups (site, tier, dimension, start, value, measure)
        SELECT ${site}, 'hour', dimension, start, value, measure FROM (${markHours(all)})`,
    ),
    prepare(d1, deliveryOf(site, hour)),
    mark(d1, site, 'hour', hour, now),
  ])
}

/**
 * Rolls up one closed day, given by its first hour, from the roll-ups of its hours. Where one of them is behind its
 * raw rows by now, so is the day, and is marked dirty.
 */
export function rollUpDay(d1: D1Database, site: string, day: number, now: number): Promise<D1Result[]> {
  return d1.batch([
    ...clear(d1, site, 'day', day),
    ...VIEW_DIMENSIONS.map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO rollups (site, tier, dimension, start, value, ${VIEWED})
          SELECT ${site}, 'day', ${dimension.name}, ${day}, value, ${pivoted(VIEW_COLUMNS)}
          FROM (${dayOf('rollups', VIEW_COLUMNS, site, day, dimension)}) GROUP BY value`,
      ),
    ),
    ...CALL_DIMENSIONS.map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO api_rollups (site, tier, dimension, start, value, api)
          SELECT ${site}, 'day', ${dimension.name}, ${day}, value, histogram
          FROM (${dayOf('api_rollups', ['api'], site, day, dimension)})`,
      ),
    ),
    ...MARK_DIMENSIONS.map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO measure_rollups (site, tier, dimension, start, value, measure)
          SELECT ${site}, 'day', ${dimension.name}, ${day}, value, histogram
          FROM (${dayOf('measure_rollups', ['measure'], site, day, dimension)})`,
      ),
    ),
    mark(d1, site, 'day', day, now, isBehind(site, day)),
  ])
}

/**
 * Closed hours of a site that are due, oldest first: those that hold rows and were never rolled up, and the dirty
 * ones that are three times as old as when they were last rolled up, for the sake of first beacons that come late.
 * Key: (site, hour), skipped through.
 */
export async function staleHours(
  d1: D1Database,
  site: string,
  now: number,
  limit: number,
): Promise<number[]> {
  const open = hourOf(now - REST)
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE hours(hour) AS (
        SELECT min(hour) FROM pageviews WHERE site = ${site}
        UNION ALL
        SELECT (SELECT min(p.hour) FROM pageviews AS p WHERE p.site = ${site} AND p.hour > hours.hour)
        FROM hours WHERE hours.hour IS NOT NULL)
      SELECT hour FROM hours
      LEFT JOIN periods AS s ON s.site = ${site} AND s.tier = 'hour' AND s.start = hours.hour
      WHERE hour < ${open} AND (s.state IS NULL
        OR (s.state = 'dirty' AND ${open} - hour >= 3 * (s.rolled - hour)))
      ORDER BY hour LIMIT ${limit}`,
  ).all<{ hour: number }>()
  return results.map(({ hour }) => hour)
}

/** Closed days (their first hours) that have no clean roll-up and whose rolled-up hours are all clean, oldest first. */
export async function staleDays(d1: D1Database, site: string, now: number, limit: number): Promise<number[]> {
  const today = Math.floor((now - REST) / (24 * HOUR)) * 24
  const { results } = await prepare(
    d1,
    sql`SELECT h.start / 24 * 24 AS day FROM periods AS h
      LEFT JOIN periods AS d ON d.site = h.site AND d.tier = 'day' AND d.start = h.start / 24 * 24
      WHERE h.site = ${site} AND h.tier = 'hour' AND h.start < ${today} AND (d.state IS NULL OR d.state = 'dirty')
      GROUP BY day HAVING min(h.state <> 'dirty') ORDER BY day LIMIT ${limit}`,
  ).all<{ day: number }>()
  return results.map(({ day }) => day)
}

/** Notes that rows of a closed hour have changed. Writes nothing where nothing was rolled up, or it is noted already. */
export function touch(d1: D1Database, site: string, hours: readonly number[]): D1PreparedStatement {
  const starts = hours.flatMap(hour => [
    ['hour', hour],
    ['day', Math.floor(hour / 24) * 24],
  ])
  return prepare(
    d1,
    sql`UPDATE periods SET state = 'dirty' WHERE site = ${site} AND state = 'clean' AND (tier, start) IN (
      SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(starts)}))`,
  )
}

/** Removes a period's roll-up rows. Key: (site, tier, dimension, start). */
function clear(d1: D1Database, site: string, tier: Tier, start: number): D1PreparedStatement[] {
  return ROLLUPS.map(({ table, dimensions }) =>
    prepare(
      d1,
      sql`DELETE FROM ${sql.raw(table)} WHERE site = ${site} AND tier = ${tier} AND start = ${start} AND dimension IN (
        SELECT value FROM json_each(${JSON.stringify(dimensions.map(({ name }) => name))}))`,
    ),
  )
}

/** Notes that a period is rolled up: `clean`, or `dirty` where the condition `behind` holds. */
function mark(
  d1: D1Database,
  site: string,
  tier: Tier,
  start: number,
  now: number,
  behind = sql`false`,
): D1PreparedStatement {
  return prepare(
    d1,
    sql`INSERT INTO periods (site, tier, start, state, rolled)
      SELECT ${site}, ${tier}, ${start}, iif(${behind}, 'dirty', 'clean'), ${hourOf(now)} WHERE true
      ON CONFLICT (site, tier, start) DO UPDATE SET state = excluded.state, rolled = excluded.rolled`,
  )
}

/** True where an hour of the day is dirty, or has rows and was never rolled up. Keys: (site, tier, start), (site, hour). */
function isBehind(site: string, day: number): SQL {
  const hours = JSON.stringify(Array.from({ length: 24 }, (_, i) => day + i))
  return sql`EXISTS (SELECT 1 FROM json_each(${hours}) AS h
    LEFT JOIN periods AS s ON s.site = ${site} AND s.tier = 'hour' AND s.start = h.value
    WHERE s.state = 'dirty' OR (s.state IS NULL
      AND EXISTS (SELECT 1 FROM pageviews AS p WHERE p.site = ${site} AND p.hour = h.value)))`
}
