/**
 * A site's turn in a run of the cron: its oldest hour or day is rolled up, and what else is due of it is done. A site that is deleted or
 * moves has that done instead.
 */

import type { Ms } from '../schema/domain/units.ts'
import { MIN_WATCH_STATEMENTS, watch } from './budgets/watch.ts'
import { type CronSite, type Due, isSampledTooMuch, type Turn } from './due.ts'
import { FREE_STATEMENTS } from './env.ts'
import { MIN_PUSH_STATEMENTS, push } from './formats/push.ts'
import { tagKeys } from './histogram/dimensions.ts'
import { countLate } from './histogram/late.ts'
import { purgeSite, retain } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { lowerRate } from './ingest/control.ts'
import { logError } from './log.ts'
import { boundAs, type Databases } from './site/database.ts'
import { advance, isUnderway, purgeOldRows } from './site/move.ts'

/** What the parts of a turn take at most, in statements. */
export const TURN = { hour: 10, day: 20, late: 1, lowerRate: 3, retain: 15 }

/** What a run does it with. */
export interface Run {
  databases: Databases
  /** When it began, by the clock that tells what is due. */
  now: Ms
  /** When it began by the clock of this machine (Unix ms), and after when it begins nothing more. */
  began: Ms
  end: Ms
  archive: R2Bucket | undefined
}

/** One site's turn; answers the statements it took. */
export async function maintain(
  d1: D1Database,
  { site, due: [oldest], retains }: Turn,
  run: Run,
  maxStatements: number,
): Promise<number> {
  const { databases, now, end, archive } = run
  if (site.deleted !== null) {
    const names = [...new Set([site.database, site.other ?? 'DB', 'DB'])]
    const places = names.flatMap(name => boundAs(databases, name) ?? [])
    const gone = { id: site.id, deleted: site.deleted, fenced: site.moving !== null, places }
    return purgeSite(databases.DB, gone, now, archive)
  }
  if (isUnderway(site)) {
    // However many rows it has: the other sites have their turn, too.
    const most = Math.min(maxStatements, Math.max(FREE_STATEMENTS, Math.floor(maxStatements / 2)))
    return (await advance(databases, site.id, now, most, end)).taken
  }
  let left = maxStatements - (await leave(site, run, maxStatements))
  if (oldest && left >= costOf(oldest, site)) left -= (await rollUp(d1, site, oldest, now)).taken
  if (isSampledTooMuch(site) && left >= TURN.lowerRate) {
    // It may be minutes since the run began, and a rate that falls is announced before it does.
    await lowerRate(d1, site, now + Date.now() - run.began)
    left -= TURN.lowerRate
  }
  if (site.watched && left >= MIN_WATCH_STATEMENTS) left -= await watch(d1, site, now, left)
  if (site.pushed && left >= MIN_PUSH_STATEMENTS) left -= await push(d1, site, now, left)
  if (retains) left -= await retain(d1, site, now, left, archive)
  return maxStatements - left
}

/** Deletes what the site has left in another database; one in trouble does not keep the site from its work. */
async function leave(site: CronSite, { databases, now }: Run, maxStatements: number): Promise<number> {
  try {
    return await purgeOldRows(databases, site, now, maxStatements)
  } catch (error) {
    logError(`old rows of site ${site.id} cannot be deleted from ${site.other}`, error)
    return TURN.hour
  }
}

/** What rolling up takes, in statements. Of a day each tag is a dimension of its own. */
export function costOf({ tier, late }: Due, { tags }: CronSite): number {
  const once = tier === 'hour' ? TURN.hour : TURN.day + tagKeys(tags).length
  return late ? once + TURN.late : once
}

/**
 * Rolls up one period; answers the statements it took, and what late page views have cost, in rows. One that cannot be is logged, and
 * holds up no other.
 */
export async function rollUp(
  d1: D1Database,
  site: CronSite,
  due: Due,
  now: Ms,
): Promise<{ taken: number; late: number }> {
  const tags = tagKeys(site.tags)
  let late = 0
  try {
    const receipts =
      due.tier === 'hour'
        ? await rollUpHour(d1, site.id, due.start, now, tags, site.hourDays)
        : await rollUpDay(d1, site.id, due.start, now, tags)
    if (due.late) late = await countLate(d1, due, receipts)
  } catch (error) {
    logError(`${due.tier} ${due.start} of site ${site.id} cannot be rolled up`, error)
  }
  return { taken: costOf(due, site), late }
}
