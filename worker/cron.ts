/**
 * What the clock starts: raw rows past their days are deleted, closed periods rolled up, sampling rates lowered, budgets
 * judged, hours sent to collectors, other old rows deleted.
 *
 * A run is bounded by the number of its statements, since the free plan allows 50 to an invocation. Sites take turns
 * at being first, and what is left waits for the next run.
 */

import { count, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { MINUTE } from '../schema/domain/hour.ts'
import type { Ms } from '../schema/domain/units.ts'
import { collectors, rates, type SiteRow, sites } from '../schema/storage/tables.ts'
import { MIN_WATCH_STATEMENTS, watch } from './budgets/watch.ts'
import { MIN_PUSH_STATEMENTS, push } from './formats/push.ts'
import { tagKeys } from './histogram/dimensions.ts'
import { expireRaw } from './histogram/expire.ts'
import { purgeSite, retain, retainUnknown } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { lowerRate } from './ingest/control.ts'
import { writeDue } from './ingest/tally.ts'
import { logError } from './log.ts'
import { staleDays, staleHours } from './store/periods.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 5 * MINUTE
/** Old roll-ups, old counts and gaps among periods are looked for in one of so many runs; these count the turns to be first by themselves. */
const RETAIN_EVERY = 7
/** Statements of one run. */
const STATEMENT_BUDGET = 45
/** What the parts take at most, in statements. */
const STATEMENTS = { hour: 8, day: 18, stale: 2, lowerRate: 3, expire: 24, counts: 3 }

interface CronSite extends Omit<SiteRow, 'origins' | 'key' | 'maxWeight' | 'created'> {
  /** The sampling rate announced last; null where none ever was. */
  announced: number | null
  /** Where its figures are pushed to. */
  collectors: number
}

/** Does what is due. A site that fails is logged and does not hold up the others. */
export async function cron(d1: D1Database, now: Ms): Promise<void> {
  const all = await cronSites(d1)
  let left = STATEMENT_BUDGET - 1
  const run = Math.floor(now / CRON_INTERVAL)
  left -= await writeDue(d1, now, STATEMENTS.counts)
  try {
    left -= await expireRaw(d1, all, now, left)
    if (isRetaining(run)) left -= await retainUnknown(d1, now)
  } catch (error) {
    logError('old raw rows cannot be deleted', error)
    left -= STATEMENTS.expire
  }
  const turn = isRetaining(run) ? run / RETAIN_EVERY : run
  const first = all.length ? turn % all.length : 0
  for (const site of [...all.slice(first), ...all.slice(0, first)]) {
    if (left <= STATEMENTS.stale) break
    try {
      left -=
        site.deleted === null
          ? await maintain(d1, site, now, left, run)
          : await purgeSite(d1, site.id, site.deleted, now)
    } catch (error) {
      logError(`the work on site ${site.id} failed`, error)
      left -= STATEMENTS.hour
    }
  }
}

function isRetaining(run: number): boolean {
  return run % RETAIN_EVERY === 0
}

/** All sites by name, those that are being deleted, too. */
function cronSites(d1: D1Database): Promise<CronSite[]> {
  const db = drizzle(d1)
  const { origins, key, maxWeight, created, ...columns } = getTableColumns(sites)
  const announced = db.select({ rate: rates.rate }).from(rates).where(eq(rates.site, sites.id))
  const last = announced.orderBy(desc(rates.since)).limit(1)
  const pushed = db.select({ n: count() }).from(collectors).where(eq(collectors.site, sites.id))
  return db
    .select({ ...columns, announced: sql<number | null>`(${last})`, collectors: sql<number>`(${pushed})` })
    .from(sites)
    .orderBy(sites.id)
}

/** One site's part; answers the statements it took. */
async function maintain(
  d1: D1Database,
  site: CronSite,
  now: Ms,
  maxStatements: number,
  run: number,
): Promise<number> {
  let left = maxStatements - STATEMENTS.stale
  const tags = tagKeys(site.tags)
  // Each tag is a dimension of its own.
  const oneDay = STATEMENTS.day + tags.length
  const look = isRetaining(run) ? 'all' : 'new'
  const hours = await staleHours(d1, site.id, now, Math.max(0, Math.floor(left / STATEMENTS.hour)), look)
  const failed = new Set<number>()
  for (const hour of hours) {
    left -= STATEMENTS.hour
    try {
      await rollUpHour(d1, site.id, hour, now, tags)
    } catch (error) {
      logError(`hour ${hour} of site ${site.id} cannot be rolled up`, error)
      failed.add(Math.floor(hour / 24) * 24)
    }
  }
  const affordable = Math.max(0, Math.floor(left / oneDay))
  const days = await staleDays(d1, site.id, now, affordable + failed.size, look)
  for (const day of days.filter(day => !failed.has(day)).slice(0, affordable)) {
    await rollUpDay(d1, site.id, day, now, tags)
    left -= oneDay
  }
  if (site.announced !== null && site.announced > site.rate && left >= STATEMENTS.lowerRate) {
    await lowerRate(d1, site, now)
    left -= STATEMENTS.lowerRate
  }
  if (left >= MIN_WATCH_STATEMENTS) left -= await watch(d1, site, now, left)
  if (site.collectors && left >= MIN_PUSH_STATEMENTS) left -= await push(d1, site, now, left)
  if (isRetaining(run)) left -= await retain(d1, site, now, left)
  return maxStatements - left
}
