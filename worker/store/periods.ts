/**
 * Which hours and days are rolled up, and which are behind their raw rows: the table `periods`, its states and the
 * only statements that change them.
 *
 * A period is absent (never rolled up), `clean`, `dirty` (a late beacon changed its rows) or `sealed` (its raw rows are
 * deleted, so its roll-up stays as it is). Example: an hour ends at 10:00, is rolled up at 12:02 and is clean; a beacon
 * that waited on a phone comes at 12:30 and makes hour and day dirty; the next run of the cron may roll it up once more.
 */

import { type SQL, sql } from 'drizzle-orm'
import { DAY, HOUR, hourOf, MINUTE } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { pageviews, periods, type Tier } from '../../schema/storage/tables.ts'
import { keyOf, listed, named } from './names.ts'
import { prepare } from './statement.ts'

const p = named(pageviews, 'p')
const period = named(periods)
const s = named(periods, 's')
const h = named(periods, 'h')
const d = named(periods, 'd')
/** What an upsert brings, and what it finds. */
const sent = named(periods, 'excluded')
const old = named(periods, 'periods')
type PeriodRow = typeof periods.$inferSelect
/** Hours for which it counts what rolling up again has cost. */
const COUNTED = 24
/** The columns that a roll-up or a seal writes. */
export const PERIOD_COLUMNS = listed(period.site, period.tier, period.start, period.state, period.rolled)

/** A page view takes no more news once it is this old, in ms. */
export const SETTLED = 2 * HOUR
/**
 * How long after its end an hour waits, in ms: until its last page view has settled, and what arrived then is stored,
 * however long D1 let it wait. So an hour is rolled up once, as a rule, and is read live until then.
 */
const SETTLE_DELAY = SETTLED + 2 * MINUTE

/** The first hour that may still change: those before it have settled. */
export function firstOpenHour(now: Ms): Hour {
  return hourOf(now - SETTLE_DELAY)
}

/** Where a site's periods are looked for: at all of them, or at those that are dirty or come after the newest one that is rolled up. */
export type Look = 'all' | 'new'

/** Where to look, by site. */
export type Looks = Readonly<Record<string, Look>>

/** A period that is due. */
export interface Stale {
  site: string
  start: Hour
  /** It was rolled up before, or periods behind it were: page views that came late ask for it. */
  late: 0 | 1
}

/**
 * Closed hours that are due: those that hold rows and were never rolled up, and the dirty ones that are three times as old
 * as when they were last rolled up, for the sake of first beacons that come late. The oldest of each site come first, so that
 * a limit cuts off no site's. Keys: (site, hour), skipped through; (site, tier, start); those that are dirty by an index of
 * their own.
 *
 * Nearly all hours come one after the other, so a look at new ones begins behind the newest. What fills an older gap is
 * found by a look at all, which costs some rows for each hour that is kept. The plus keeps SQLite to the index of what is
 * dirty: it takes the bound of a range for the better way, and would read every period before it.
 */
export async function staleHours(d1: D1Database, looks: Looks, now: Ms, limit: number): Promise<Stale[]> {
  const open = firstOpenHour(now)
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE asked(site, since, newest) AS (${asked(looks, 'hour', 1)}), hours(site, newest, start) AS (
        SELECT site, newest, (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = asked.site AND ${p.hour} >= since) FROM asked
        UNION ALL
        SELECT site, newest, (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = hours.site AND ${p.hour} > hours.start)
        FROM hours WHERE hours.start < ${open})
      SELECT site, start, late FROM (
        SELECT site, start, start < newest AS late FROM hours WHERE start < ${open} AND NOT EXISTS (
          SELECT 1 FROM ${s.table} WHERE ${s.site} = hours.site AND ${s.tier} = 'hour' AND ${s.start} = hours.start)
        UNION ALL
        SELECT ${d.site}, ${d.start}, ${d.rolled} > ${d.start} FROM asked CROSS JOIN ${d.table} ON ${d.site} = asked.site
        WHERE ${d.tier} = 'hour' AND ${d.state} = 'dirty'
          AND +${d.start} < ${open} AND ${open} - ${d.start} >= 3 * (${d.rolled} - ${d.start}))
      ${oldestOfEach(limit)}`,
  ).all<Stale>()
  return results
}

/**
 * Closed days (their first hours) that have no clean roll-up and of which no hour is due or dirty, the oldest of each site
 * first. Keys: (site, tier, start), skipped through; (site, hour).
 */
export async function staleDays(d1: D1Database, looks: Looks, now: Ms, limit: number): Promise<Stale[]> {
  const today = Math.floor((now - SETTLE_DELAY) / DAY) * 24
  const next = (site: SQL, since: SQL) => sql`(SELECT min(${h.start}) / 24 * 24 FROM ${h.table}
    WHERE ${h.site} = ${site} AND ${h.tier} = 'hour' AND ${h.start} >= ${since})`
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE asked(site, since, newest) AS (${asked(looks, 'day', 24)}), days(site, newest, start) AS (
        SELECT site, newest, ${next(sql`asked.site`, sql`since`)} FROM asked
        UNION ALL
        SELECT site, newest, ${next(sql`days.site`, sql`days.start + 24`)} FROM days WHERE days.start < ${today})
      SELECT site, start, late FROM (
        SELECT site, start, start < newest AS late FROM days
        WHERE start < ${today} AND NOT EXISTS (SELECT 1 FROM ${s.table}
          WHERE ${s.site} = days.site AND ${s.tier} = 'day' AND ${s.start} = days.start)
        UNION
        SELECT ${d.site}, ${d.start}, ${d.rolled} > ${d.start} FROM asked CROSS JOIN ${d.table} ON ${d.site} = asked.site
        WHERE ${d.tier} = 'day' AND ${d.state} = 'dirty' AND +${d.start} < ${today} AND EXISTS (
          SELECT 1 FROM ${h.table} WHERE ${h.site} = ${d.site} AND ${h.tier} = 'hour'
            AND ${h.start} >= ${d.start} AND ${h.start} < ${d.start} + 24)) AS days
      WHERE NOT ${isBehind(sql`days.site`, sql`days.start`)}
      ${oldestOfEach(limit)}`,
  ).all<Stale>()
  return results
}

/**
 * SQL of the sites, of the hour from which on a look at each begins, behind the newest period of `length` hours, and of that
 * period's start.
 */
function asked(looks: Looks, tier: Tier, length: number): SQL {
  return sql`SELECT key, iif(value = 'all', 0, newest + ${length}), newest FROM (
    SELECT key, value, coalesce((SELECT max(${s.start}) FROM ${s.table} WHERE ${s.site} = key AND ${s.tier} = ${tier}), 0) AS newest
    FROM json_each(${JSON.stringify(looks)}))`
}

/** First the oldest of every site, then what is the second of its site, and so on; and at last in the same way what is late. */
function oldestOfEach(limit: number): SQL {
  return sql`ORDER BY late, row_number() OVER (PARTITION BY site, late ORDER BY start), start LIMIT ${limit}`
}

/** A page view, and a closed hour in which its row may lie. */
export type Place = readonly [hour: Hour, id: string]

/**
 * Notes that rows of closed hours have changed: those of `places` where the row lies there, so it follows what has stored them.
 * Writes nothing where nothing was rolled up, or it is noted already. Keys: (site, tier, start), (site, hour, id).
 */
export function markDirty(d1: D1Database, site: string, places: readonly Place[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`UPDATE ${period.table} SET ${period.state} = 'dirty'
      WHERE ${period.site} = ${site} AND ${period.state} = 'clean' AND (${listed(period.tier, period.start)}) IN (
        SELECT t.value, iif(t.value = 'day', (j.value ->> 0) / 24 * 24, j.value ->> 0)
        FROM json_each(${JSON.stringify(places)}) AS j CROSS JOIN json_each('["hour","day"]') AS t
        WHERE EXISTS (SELECT 1 FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} = j.value ->> 0 AND ${p.id} = j.value ->> 1))`,
  )
}

/**
 * The same of hours that a team filled again, which may be weeks old: they are rolled up at the next run, however long ago they
 * were rolled up last, and count for no late ones. Those that were never rolled up are noted, too, if they have rows.
 */
export function markUndone(d1: D1Database, site: string, hours: readonly Hour[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`INSERT INTO ${period.table} (${PERIOD_COLUMNS})
      SELECT ${site}, value ->> 0, value ->> 1, 'dirty', value ->> 1 FROM json_each(${startsOf(hours)})
      WHERE EXISTS (SELECT 1 FROM ${s.table} WHERE ${s.site} = ${site} AND ${s.tier} = value ->> 0 AND ${s.start} = value ->> 1)
        OR (value ->> 0 = 'hour' AND EXISTS (SELECT 1 FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} = value ->> 1))
      ON CONFLICT (${keyOf(periods)}) DO UPDATE SET ${period.state} = ${sent.state}, ${period.rolled} = ${sent.rolled}
        WHERE ${old.state} <> 'sealed' AND NOT (${old.state} = 'dirty' AND ${old.rolled} = ${sent.rolled})`,
  )
}

/** JSON of the hours and their days: tier and start of each. */
function startsOf(hours: readonly Hour[]): string {
  return JSON.stringify(
    hours.flatMap(hour => [
      ['hour', hour],
      ['day', Math.floor(hour / 24) * 24],
    ]),
  )
}

/** Notes that a period is rolled up: `clean`, or `dirty` where the condition `behind` holds. */
export function markRolledUp(
  d1: D1Database,
  site: string,
  tier: Tier,
  start: Hour,
  now: Ms,
  behind = sql`false`,
): D1PreparedStatement {
  return prepare(
    d1,
    sql`INSERT INTO ${period.table} (${PERIOD_COLUMNS})
      SELECT ${site}, ${tier}, ${start}, iif(${behind}, 'dirty', 'clean'), ${hourOf(now)} WHERE true
      ON CONFLICT (${keyOf(periods)}) DO UPDATE SET ${period.state} = ${sent.state}, ${period.rolled} = ${sent.rolled},
        ${period.again} = iif(${old.rolled} > ${sent.rolled} - ${COUNTED}, ${old.again}, 0)`,
  )
}

/** Adds to what it has cost to roll a period up again: `again`. */
export function countAgain(
  d1: D1Database,
  { site, tier, start }: Pick<PeriodRow, 'site' | 'tier' | 'start'>,
  cost: number,
): D1PreparedStatement {
  return prepare(
    d1,
    sql`UPDATE ${period.table} SET ${period.again} = ${period.again} + ${cost}
      WHERE ${period.site} = ${site} AND ${period.tier} = ${tier} AND ${period.start} = ${start}`,
  )
}

/** What that was within the last day, by site: of `from` those with the hour from which on theirs may be. Key: (site, tier, start). */
export async function countedAgain(
  d1: D1Database,
  from: Readonly<Record<string, Hour>>,
  now: Ms,
): Promise<Map<string, number>> {
  const { results } = await prepare(
    d1,
    sql`SELECT a.key AS site, sum(${s.again}) AS cost FROM json_each(${JSON.stringify(from)}) AS a CROSS JOIN ${s.table}
      ON ${s.site} = a.key AND ${s.tier} IN ('hour', 'day') AND ${s.start} >= a.value
      WHERE ${s.rolled} > ${hourOf(now) - COUNTED} GROUP BY a.key`,
  ).all<{ site: string; cost: number }>()
  return new Map(results.map(({ site, cost }) => [site, cost]))
}

/** True where an hour of the day is dirty, or has rows and was never rolled up. */
export function isDayBehind(site: string, day: Hour): SQL {
  return isBehind(sql`${site}`, sql`${day}`)
}

/** The same of what SQL names. Keys: (site, tier, start), (site, hour). */
function isBehind(site: SQL, day: SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM json_each(${HOURS_OF_DAY}) AS h
    LEFT JOIN ${s.table} ON ${s.site} = ${site} AND ${s.tier} = 'hour' AND ${s.start} = ${day} + h.value
    WHERE ${s.state} = 'dirty' OR (${s.state} IS NULL
      AND EXISTS (SELECT 1 FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} = ${day} + h.value)))`
}

const HOURS_OF_DAY = JSON.stringify(Array.from({ length: 24 }, (_, hour) => hour))
