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
import { type CronSite, cronSites, type Due, type Turn, turnsOf, withFacts } from './due.ts'
import { FREE_STATEMENTS } from './env.ts'
import { expireRaw } from './histogram/expire.ts'
import { retainUnknown } from './histogram/retain.ts'
import { writeDue } from './ingest/tally.ts'
import { logError } from './log.ts'
import { bindingsOf, boundAs, type Databases } from './site/database.ts'
import { isUnderway } from './site/move.ts'
import { costOf, maintain, type Run, rollUp, TURN } from './turn.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 5 * MINUTE
/** How long a run may take until it begins nothing more, in ms: the next one comes then. */
const MAX_RUN = 4 * MINUTE
/** What the parts of a run take at most, in statements, beside the turns of sites. */
const STATEMENTS = { find: 2, findLate: 1, expire: 30, counts: 3 }
/**
 * Old roll-ups, old counts and gaps among the periods of a site are looked for in one of so many runs, or in fewer where there
 * are so many sites that it would take more than this share of the statements.
 */
const RETAIN_EVERY = 7
const RETAIN_SHARE = 1 / 8

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
  left -= STATEMENTS.find + (turns.some(({ late }) => late.length) ? STATEMENTS.findLate : 0)
  left -= await takeTurns(d1, turns, run, left)
  await catchUp(d1, turns, run, left)
}

/** How many runs there are to one that looks for what is old of a site. */
function retainEvery(sites: number, statements: number): number {
  return Math.max(RETAIN_EVERY, Math.ceil((sites * TURN.retain) / (statements * RETAIN_SHARE)))
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
      left -= TURN.hour
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
