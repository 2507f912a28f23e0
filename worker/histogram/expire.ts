/**
 * What `raw_days` promises, whatever arrives: raw rows past their days go in, at most one more roll-up of their hour comes
 * out, and they are deleted. All sites share it, so that none waits for its turn among many.
 *
 * An hour past its days that late page views have changed is rolled up once more, sealed and deleted, in one run. Where
 * a run has too many of these, the rest comes with the next ones, the oldest first. After a day of waiting a dirty hour
 * is sealed with the roll-up that it has, and one that cannot be rolled up without any: the promise is older than they.
 */

import { sql } from 'drizzle-orm'
import { hourOf } from '../../schema/domain/hour.ts'
import { prepare } from '../store/statement.ts'
import { rollUpHour } from './rollup.ts'

/** What a run spends at most, in statements: the look, the roll-ups, the seal, the deletions. */
export const COST = { look: 1, hour: 8, seal: 2, delete: 1 }
/** Hours rolled up once more in a run. */
const ROLLUPS = 2
/** Statements that delete, in a run. */
const DELETES = 4
/** Rows that one statement deletes at most, far below what takes D1 its 30 seconds. */
const BATCH = 5_000
/** Hours that a run looks at, of all sites. */
const MAX_HOURS = 500
/** Hours that one past its days waits for a roll-up at most. */
const GRACE = 24

/** A site, as the cron knows it. */
interface Expiring {
  id: string
  raw_days: number
  deleted: number | null
}

/** An hour past its site's days that still has raw rows. */
interface Overdue {
  site: string
  hour: number
  state: 'clean' | 'dirty' | 'sealed' | null
  /** Hours since its days were over. */
  late: number
}

/** Rolls up, seals and deletes what is past its days; answers the statements it took. */
export async function expireRaw(
  d1: D1Database,
  sites: readonly Expiring[],
  now: number,
  allowance: number,
): Promise<number> {
  const overdue = await overdueHours(d1, sites, now)
  let taken = COST.look
  if (!overdue.length) return taken

  const forced: Overdue[] = overdue.filter(({ state, late }) => state === 'dirty' && late > GRACE)
  const waiting = overdue.filter(
    hour => hour.state !== 'clean' && hour.state !== 'sealed' && !forced.includes(hour),
  )
  for (const hour of waiting.slice(0, ROLLUPS)) {
    if (allowance - taken < COST.hour + COST.seal + COST.delete) break
    taken += COST.hour
    try {
      await rollUpHour(d1, hour.site, hour.hour, now)
    } catch (error) {
      console.error(`hour ${hour.hour} of site ${hour.site}, past its days, cannot be rolled up`, error)
      if (hour.late > GRACE) forced.push(hour)
    }
  }
  if (allowance - taken < COST.seal + COST.delete) return taken
  await d1.batch([seal(d1, overdue), sealAnyhow(d1, forced, now)])
  taken += COST.seal
  for (let i = 0; i < DELETES && taken < allowance; i++) {
    taken += COST.delete
    const { meta } = await deleteSealed(d1, overdue).run()
    if (meta.changes < BATCH) break
  }
  return taken
}

/** The oldest hours past their days that still have raw rows. Key: (site, hour), skipped through. */
async function overdueHours(d1: D1Database, sites: readonly Expiring[], now: number): Promise<Overdue[]> {
  const ends = sites
    .filter(({ deleted }) => deleted === null)
    .map(({ id, raw_days }) => [id, hourOf(now) - raw_days * 24])
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE hours(site, ends, hour) AS (
        SELECT s.value ->> 0, s.value ->> 1,
          (SELECT min(p.hour) FROM pageviews AS p WHERE p.site = s.value ->> 0)
        FROM json_each(${JSON.stringify(ends)}) AS s
        UNION ALL
        SELECT site, ends, (SELECT min(p.hour) FROM pageviews AS p WHERE p.site = hours.site AND p.hour > hours.hour)
        FROM hours WHERE hour < ends)
      SELECT h.site AS site, h.hour AS hour, h.ends - h.hour AS late, s.state AS state FROM hours AS h
      LEFT JOIN periods AS s ON s.site = h.site AND s.tier = 'hour' AND s.start = h.hour
      WHERE h.hour < h.ends ORDER BY late DESC LIMIT ${MAX_HOURS}`,
  ).all<Overdue>()
  return results
}

/** The hours as one bound list of (site, hour). */
function listed(hours: readonly Overdue[]): string {
  return JSON.stringify(hours.map(({ site, hour }) => [site, hour]))
}

/** Clean hours take no more news from here on: what the roll-up lacks cannot be stored any more. */
function seal(d1: D1Database, hours: readonly Overdue[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`UPDATE periods SET state = 'sealed' WHERE state = 'clean' AND (site, tier, start) IN (
      SELECT value ->> 0, 'hour', value ->> 1 FROM json_each(${listed(hours)}))`,
  )
}

/** The same for hours that have waited too long, whether or not they are rolled up. */
function sealAnyhow(d1: D1Database, hours: readonly Overdue[], now: number): D1PreparedStatement {
  return prepare(
    d1,
    sql`INSERT INTO periods (site, tier, start, state, rolled)
      SELECT value ->> 0, 'hour', value ->> 1, 'sealed', ${hourOf(now)} FROM json_each(${listed(hours)}) WHERE true
      ON CONFLICT (site, tier, start) DO UPDATE SET state = 'sealed'`,
  )
}

/** Deletes raw rows of those hours that are sealed. Key: (site, hour, id). */
function deleteSealed(d1: D1Database, hours: readonly Overdue[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`DELETE FROM pageviews WHERE (site, hour, id) IN (
      SELECT p.site, p.hour, p.id FROM json_each(${listed(hours)}) AS h
      CROSS JOIN periods AS s ON s.site = h.value ->> 0 AND s.tier = 'hour' AND s.start = h.value ->> 1
        AND s.state = 'sealed'
      CROSS JOIN pageviews AS p ON p.site = s.site AND p.hour = s.start
      LIMIT ${BATCH})`,
  )
}
