/**
 * What `raw_days` promises, whatever arrives: raw rows past their days are deleted, after at most one more roll-up of their
 * hour. All sites share a run, so that none waits for its turn among many.
 *
 * An hour past its days that late page views have changed is rolled up once more, sealed and deleted, in one run. Where
 * a run has too many of these, the rest comes with the next ones, the oldest first. After a day of waiting a dirty hour
 * is sealed with the roll-up that it has, and one that cannot be rolled up without any: the promise is older than they.
 * An hour that a team filled by an import waits for its roll-up: if its days are cut short afterwards, it has none.
 *
 * Its sealed rows wait for two hours more, since new page views take their place (store/takeover), which costs less.
 */

import { sql } from 'drizzle-orm'
import { hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { pageviews, periods, type SiteRow } from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import { DELETE_BATCH } from '../store/delete.ts'
import { keyOf, listed, named } from '../store/names.ts'
import { PERIOD_COLUMNS } from '../store/periods.ts'
import { prepare } from '../store/statement.ts'
import { tagKeys } from './dimensions.ts'
import { countLate } from './late.ts'
import { rollUpHour } from './rollup.ts'

/** What the parts of a run take, in statements. */
const STATEMENTS = { find: 1, rollUp: 11, seal: 2, delete: 1 }
/** Hours rolled up once more in a run. */
const MAX_ROLLUPS = 2
/** Statements that delete, in a run. */
const MAX_DELETES = 4
/** Hours that a run looks at, of all sites. */
const MAX_HOURS = 500
/** Hours past its days in which a sealed hour's rows may be taken over by new ones. */
const TAKEN_WITHIN = 2
/** Hours that one past its days waits for a roll-up at most. */
const MAX_WAIT = 24

/** A site, as the cron knows it. */
type Expiring = Pick<SiteRow, 'id' | 'rawDays' | 'deleted' | 'tags'>

/** An hour past its site's days that still has raw rows. */
interface Overdue extends Pick<typeof pageviews.$inferSelect, 'site' | 'hour'> {
  state: (typeof periods.$inferSelect)['state'] | null
  /** Hours since its days were over. */
  late: number
  /** An import filled it, and it is not rolled up since (store/periods, `markUndone`). */
  filled: 0 | 1 | null
}

const v = named(pageviews)
const p = named(pageviews, 'p')
const period = named(periods)
const s = named(periods, 's')

/** Rolls up, seals and deletes what is past its days; answers the statements it took. */
export async function expireRaw(
  d1: D1Database,
  sites: readonly Expiring[],
  now: Ms,
  maxStatements: number,
): Promise<number> {
  const overdue = await overdueHours(d1, sites, now)
  let taken = STATEMENTS.find
  if (!overdue.length) return taken

  const forced = overdue.filter(({ state, late, filled }) => state === 'dirty' && late > MAX_WAIT && !filled)
  const waiting = overdue.filter(
    hour => hour.state !== 'clean' && hour.state !== 'sealed' && !forced.includes(hour),
  )
  const sealing = STATEMENTS.seal + STATEMENTS.delete
  const tried = Math.floor((maxStatements - taken - sealing) / STATEMENTS.rollUp)
  const once = inTurns(waiting).slice(0, Math.max(0, Math.min(MAX_ROLLUPS, tried)))
  const failed = await rollUpOnce(d1, once, sites, now)
  taken += once.length * STATEMENTS.rollUp
  if (maxStatements - taken < sealing) return taken

  for (const { site, hour } of forced)
    console.error(`hour ${hour} of site ${site} is sealed without what came to it last`)
  const hopeless = failed.filter(({ late }) => late > MAX_WAIT)
  await d1.batch([seal(d1, overdue), sealAnyhow(d1, [...forced, ...hopeless], now)])
  taken += STATEMENTS.seal
  const gone = overdue.filter(({ late }) => late > TAKEN_WITHIN)
  for (let i = 0; i < MAX_DELETES && gone.length && taken < maxStatements; i++) {
    taken += STATEMENTS.delete
    const { meta } = await deleteSealed(d1, gone).run()
    if (meta.changes < DELETE_BATCH) break
  }
  return taken
}

/** The oldest of each site first, then what is the second of its site: late page views of one site hold up no other. */
function inTurns(hours: readonly Overdue[]): Overdue[] {
  const bySite = [...Map.groupBy(hours, ({ site }) => site).values()]
  return bySite
    .flatMap(own => own.map((hour, turn) => ({ hour, turn })))
    .sort((a, b) => a.turn - b.turn || b.hour.late - a.hour.late)
    .map(({ hour }) => hour)
}

/** Rolls hours up for the last time; answers those that cannot be. */
async function rollUpOnce(
  d1: D1Database,
  hours: readonly Overdue[],
  sites: readonly Expiring[],
  now: Ms,
): Promise<Overdue[]> {
  const failed: Overdue[] = []
  for (const hour of hours) {
    try {
      const { tags = {} } = sites.find(({ id }) => id === hour.site) ?? {}
      const receipts = await rollUpHour(d1, hour.site, hour.hour, now, tagKeys(tags))
      await countLate(d1, { site: hour.site, tier: 'hour', start: hour.hour }, receipts)
    } catch (error) {
      logError(`hour ${hour.hour} of site ${hour.site}, past its days, cannot be rolled up`, error)
      failed.push(hour)
    }
  }
  return failed
}

/**
 * The oldest hours past their days that still have raw rows, but for those that only wait for new ones to take their place.
 * Key: (site, hour), skipped through.
 */
async function overdueHours(d1: D1Database, sites: readonly Expiring[], now: Ms): Promise<Overdue[]> {
  const ends = sites
    .filter(({ deleted }) => deleted === null)
    .map(({ id, rawDays }) => [id, hourOf(now) - rawDays * 24])
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE hours(site, ends, hour) AS (
        SELECT s.value ->> 0, s.value ->> 1,
          (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = s.value ->> 0)
        FROM json_each(${JSON.stringify(ends)}) AS s
        UNION ALL
        SELECT site, ends,
          (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = hours.site AND ${p.hour} > hours.hour)
        FROM hours WHERE hour < ends)
      SELECT h.site AS site, h.hour AS hour, h.ends - h.hour AS late, ${s.state} AS state,
        ${s.rolled} <= ${s.start} AS filled FROM hours AS h
      LEFT JOIN ${s.table} ON ${s.site} = h.site AND ${s.tier} = 'hour' AND ${s.start} = h.hour
      WHERE h.hour < h.ends AND (late > ${TAKEN_WITHIN} OR ${s.state} IS NOT 'sealed') ORDER BY late DESC LIMIT ${MAX_HOURS}`,
  ).all<Overdue>()
  return results
}

/** The hours as one bound list of (site, hour). */
function bound(hours: readonly Overdue[]): string {
  return JSON.stringify(hours.map(({ site, hour }) => [site, hour]))
}

/** Clean hours take no more news from here on: what the roll-up lacks cannot be stored any more. */
function seal(d1: D1Database, hours: readonly Overdue[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`UPDATE ${period.table} SET ${period.state} = 'sealed'
      WHERE ${period.state} = 'clean' AND (${listed(period.site, period.tier, period.start)}) IN (
        SELECT value ->> 0, 'hour', value ->> 1 FROM json_each(${bound(hours)}))`,
  )
}

/** The same for hours that have waited too long, whether or not they are rolled up. */
function sealAnyhow(d1: D1Database, hours: readonly Overdue[], now: Ms): D1PreparedStatement {
  return prepare(
    d1,
    sql`INSERT INTO ${period.table} (${PERIOD_COLUMNS})
      SELECT value ->> 0, 'hour', value ->> 1, 'sealed', ${hourOf(now)} FROM json_each(${bound(hours)}) WHERE true
      ON CONFLICT (${keyOf(periods)}) DO UPDATE SET ${period.state} = 'sealed'`,
  )
}

/** Deletes raw rows of those hours that are sealed. Key: (site, hour, id). */
function deleteSealed(d1: D1Database, hours: readonly Overdue[]): D1PreparedStatement {
  return prepare(
    d1,
    sql`DELETE FROM ${v.table} WHERE (${keyOf(pageviews)}) IN (
      SELECT ${keyOf(pageviews, 'p')} FROM json_each(${bound(hours)}) AS h
      CROSS JOIN ${s.table} ON ${s.site} = h.value ->> 0 AND ${s.tier} = 'hour' AND ${s.start} = h.value ->> 1
        AND ${s.state} = 'sealed'
      CROSS JOIN ${p.table} ON ${p.site} = ${s.site} AND ${p.hour} = ${s.start}
      LIMIT ${DELETE_BATCH})`,
  )
}
