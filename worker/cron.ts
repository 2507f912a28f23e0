/**
 * The cron's work: the clock goes in; raw rows past their days are deleted, closed periods rolled up, sampling is relaxed, other old rows are deleted.
 *
 * A run is bounded by the number of its statements, since the free plan allows 50 to an invocation. Sites take turns
 * at being first, and what is left waits for the next run.
 */

import { COST as WATCH, watch } from './budgets/watch.ts'
import { expireRaw } from './histogram/expire.ts'
import { purgeSite, retain, retainUnknown, type TickSite } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { relax } from './ingest/control.ts'
import { staleDays, staleHours } from './store/periods.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const INTERVAL = 300_000
/** Old roll-ups and counts are looked for in one of so many runs; these count the turns to be first by themselves. */
const RETAIN_EVERY = 7
/** Statements of one run. */
const ALLOWANCE = 45
/** What the parts cost at most, in statements. */
const COST = { hour: 8, day: 18, look: 2, relax: 3, expire: 24 }

/** Does what is due. A site that fails is logged and does not hold up the others. */
export async function tick(d1: D1Database, now: number): Promise<void> {
  const { results: sites } = await d1
    .prepare(
      `SELECT id, rate, rows_per_day, bytes_per_day, raw_days, hour_days, day_days, deleted,
         (SELECT r.rate FROM rates AS r WHERE r.site = id ORDER BY r.since DESC LIMIT 1) AS current
       FROM sites ORDER BY id`,
    )
    .all<TickSite>()
  let left = ALLOWANCE - 1
  const run = Math.floor(now / INTERVAL)
  try {
    left -= await expireRaw(d1, sites, now, left)
    if (isRetaining(run)) left -= await retainUnknown(d1, now)
  } catch (error) {
    console.error('old raw rows cannot be deleted', error)
    left -= COST.expire
  }
  const turn = isRetaining(run) ? run / RETAIN_EVERY : run
  const first = sites.length ? turn % sites.length : 0
  for (const site of [...sites.slice(first), ...sites.slice(0, first)]) {
    if (left <= COST.look) break
    try {
      left -=
        site.deleted === null
          ? await care(d1, site, now, left, run)
          : await purgeSite(d1, site.id, site.deleted, now)
    } catch (error) {
      console.error(`the work on site ${site.id} failed`, error)
      left -= COST.hour
    }
  }
}

function isRetaining(run: number): boolean {
  return run % RETAIN_EVERY === 0
}

/** One site's part; answers the statements it took. */
async function care(
  d1: D1Database,
  site: TickSite,
  now: number,
  allowance: number,
  run: number,
): Promise<number> {
  let left = allowance - COST.look
  const hours = await staleHours(d1, site.id, now, Math.max(0, Math.floor(left / COST.hour)))
  const failed = new Set<number>()
  for (const hour of hours) {
    left -= COST.hour
    try {
      await rollUpHour(d1, site.id, hour, now)
    } catch (error) {
      console.error(`hour ${hour} of site ${site.id} cannot be rolled up`, error)
      failed.add(Math.floor(hour / 24) * 24)
    }
  }
  const affordable = Math.max(0, Math.floor(left / COST.day))
  const days = await staleDays(d1, site.id, now, affordable + failed.size)
  for (const day of days.filter(day => !failed.has(day)).slice(0, affordable)) {
    await rollUpDay(d1, site.id, day, now)
    left -= COST.day
  }
  if (site.current !== null && site.current > site.rate && left >= COST.relax) {
    await relax(
      d1,
      { id: site.id, rate: site.rate, rowsPerDay: site.rows_per_day, bytesPerDay: site.bytes_per_day },
      now,
    )
    left -= COST.relax
  }
  if (left >= WATCH.look + WATCH.judge) left -= await watch(d1, site, now, left)
  if (isRetaining(run)) left -= await retain(d1, site, now, left)
  return allowance - left
}
