/**
 * What the clock starts: raw rows past their days are deleted, closed periods rolled up, sampling rates lowered, budgets
 * judged, hours sent to collectors, other old rows deleted.
 *
 * A run is bounded by the number of its statements, of which the plan allows so many to an invocation. One question finds what
 * is due of all sites, so a site with nothing to do costs no statement. Each site then has one turn: its oldest hour or day,
 * and what is due beside. What is left goes to the further hours of all, one of each at a time, and what remains waits for the
 * next run, which begins elsewhere. So neither a site with a backlog nor one whose roll-up fails holds up the others.
 */

import { MINUTE } from '../schema/domain/hour.ts'
import type { Ms } from '../schema/domain/units.ts'
import { MIN_WATCH_STATEMENTS, watch } from './budgets/watch.ts'
import { type CronSite, cronSites, type Due, isSampledTooMuch, type Turn, turnsOf, withFacts } from './due.ts'
import { FREE_STATEMENTS } from './env.ts'
import { MIN_PUSH_STATEMENTS, push } from './formats/push.ts'
import { tagKeys } from './histogram/dimensions.ts'
import { expireRaw } from './histogram/expire.ts'
import { countLate } from './histogram/late.ts'
import { purgeSite, retain, retainUnknown } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { lowerRate } from './ingest/control.ts'
import { writeDue } from './ingest/tally.ts'
import { logError } from './log.ts'
import { bindingsOf, boundAs, type Databases } from './site/database.ts'
import { advance, isUnderway, purgeOldRows } from './site/move.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 5 * MINUTE
/** How long a run may take until it begins nothing more, in ms: the next one comes then. */
const MAX_RUN = 4 * MINUTE
/** What the parts take at most, in statements. */
const STATEMENTS = { hour: 10, day: 20, late: 1, find: 2, lowerRate: 3, expire: 30, counts: 3, retain: 15 }
/**
 * Old roll-ups, old counts and gaps among the periods of a site are looked for in one of so many runs, or in fewer where there
 * are so many sites that it would take more than this share of the statements.
 */
const RETAIN_EVERY = 7
const RETAIN_SHARE = 1 / 8

/** What a run does it with. */
interface Run {
  databases: Databases
  /** When it began, by its own clock. */
  now: Ms
  /** Unix time in ms at which it began, and after which it begins nothing more. */
  began: Ms
  end: Ms
  archive: R2Bucket | undefined
}

/** One database's part of a run. */
interface Share {
  /** Its binding. */
  name: string
  /** Its runs so far. */
  run: number
  statements: number
  /** Those that the directory has left of them. */
  left: number
}

/** Does what is due, within `maxStatements`. A site that fails is logged, and so is a database: the others go on. */
export async function cron(
  databases: Databases,
  now: Ms,
  maxStatements = FREE_STATEMENTS,
  archive?: R2Bucket,
): Promise<void> {
  const began = Date.now()
  const run: Run = { databases, now, began, end: began + MAX_RUN, archive }
  const all = await cronSites(databases.DB, now)
  const counts = await writeDue(databases, now, STATEMENTS.counts)
  const names = bindingsOf(databases)
  for (const { id, database } of all) {
    if (!names.includes(database)) console.error(`site ${id} lies in ${database}, which is not bound`)
  }
  const shares = sharesOf(names, Math.floor(now / CRON_INTERVAL), maxStatements, 1 + counts)
  await Promise.all(
    shares.map(share =>
      serve(run, share, all).catch(error => logError(`the run in database ${share.name} failed`, error)),
    ),
  )
}

/**
 * Which databases a run serves, and with how many statements. A share is never below what the largest piece of work needs, so with
 * few statements the databases take turns.
 */
function sharesOf(names: readonly string[], run: number, statements: number, taken: number): Share[] {
  const most = Math.max(1, Math.floor(statements / FREE_STATEMENTS))
  const turns = Math.ceil(names.length / most)
  const served = names.filter((_, i) => i % turns === run % turns)
  const share = Math.floor(statements / served.length)
  const left = share - Math.ceil(taken / served.length)
  return served.map(name => ({ name, run: Math.floor(run / turns), statements: share, left }))
}

/** One database's share: what is due of the sites that lie there. */
async function serve(run: Run, share: Share, everyone: readonly CronSite[]): Promise<void> {
  const { databases, now } = run
  const d1 = boundAs(databases, share.name)
  const own = everyone.filter(({ database }) => database === share.name)
  const isDirectory = share.name === 'DB'
  // An empty database costs nothing.
  if (!d1 || !(isDirectory || own.length)) return
  const all = isDirectory ? own : await withFacts(d1, own, now)
  let left = isDirectory ? share.left : share.left - 1
  left -= await expire(d1, all, share, now, left)
  const turns = await turnsOf(d1, all, now, share.run, retainEvery(all.length, share.statements))
  left -= STATEMENTS.find + (turns.some(({ late }) => late.length) ? STATEMENTS.late : 0)
  left -= await takeTurns(d1, turns, run, left)
  await catchUp(d1, turns, run, left)
}

/** How many runs there are to one that looks for what is old of a site. */
function retainEvery(sites: number, statements: number): number {
  return Math.max(RETAIN_EVERY, Math.ceil((sites * STATEMENTS.retain) / (statements * RETAIN_SHARE)))
}

/** Deletes raw rows that are past their days, and rows of no site; answers the statements it took. Trouble there holds up nothing else. */
async function expire(
  d1: D1Database,
  all: readonly CronSite[],
  { name, run }: Share,
  now: Ms,
  maxStatements: number,
): Promise<number> {
  // Of a site that moves nothing is deleted: it would change under the copy.
  const still = all.filter(site => !isUnderway(site))
  let taken = 0
  try {
    taken += await expireRaw(d1, still, now, maxStatements)
    if (name === 'DB' && run % RETAIN_EVERY === 0) taken += await retainUnknown(d1, now)
  } catch (error) {
    logError('old raw rows cannot be deleted', error)
    taken += STATEMENTS.expire
  }
  return taken
}

/** Each site's turn; answers the statements they took. A site that fails holds up no other. */
async function takeTurns(
  d1: D1Database,
  turns: readonly Turn[],
  run: Run,
  maxStatements: number,
): Promise<number> {
  let left = maxStatements
  for (const turn of turns) {
    if (left <= 0 || Date.now() > run.end) break
    try {
      left -= await maintain(d1, turn, run, left)
    } catch (error) {
      logError(`the work on site ${turn.site.id} failed`, error)
      left -= STATEMENTS.hour
    }
  }
  return maxStatements - left
}

/** Rolls up further periods, one of each site at a time, and at last what page views came to late, as far as each site may. */
async function catchUp(
  d1: D1Database,
  turns: readonly Turn[],
  run: Run,
  maxStatements: number,
): Promise<void> {
  let left = maxStatements
  const spent = new Map<string, number>()
  for (const { site, one, leftForLate } of [
    ...inRounds(turns, ({ due }) => due.slice(1)),
    ...inRounds(turns, ({ late }) => late),
  ]) {
    if (left < costOf(one, site) || Date.now() > run.end) return
    const before = spent.get(site.id) ?? 0
    if (one.late && one.tier === 'hour' && before >= leftForLate) continue
    const { taken, late } = await rollUp(d1, site, one, run.now)
    left -= taken
    spent.set(site.id, before + late)
  }
}

/** What turns have of some kind: first one of each site, then another. */
function inRounds(turns: readonly Turn[], of: (turn: Turn) => readonly Due[]) {
  return turns
    .flatMap(turn => of(turn).map((one, round) => ({ ...turn, one, round })))
    .sort((a, b) => a.round - b.round)
}

/** One site's turn; answers the statements it took. */
async function maintain(
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
  if (isSampledTooMuch(site) && left >= STATEMENTS.lowerRate) {
    // It may be minutes since the run began, and a rate that falls is announced before it does.
    await lowerRate(d1, site, now + Date.now() - run.began)
    left -= STATEMENTS.lowerRate
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
    return STATEMENTS.hour
  }
}

/** What rolling up takes, in statements. Of a day each tag is a dimension of its own. */
function costOf({ tier, late }: Due, { tags }: CronSite): number {
  const once = tier === 'hour' ? STATEMENTS.hour : STATEMENTS.day + tagKeys(tags).length
  return late ? once + STATEMENTS.late : once
}

/**
 * Rolls up one period; answers the statements it took, and what late page views have cost, in rows. One that cannot be is logged, and
 * holds up no other.
 */
async function rollUp(
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
