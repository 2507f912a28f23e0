/**
 * What the clock starts: raw rows past their days are deleted, closed periods rolled up, sampling rates lowered, budgets
 * judged, hours sent to collectors, other old rows deleted.
 *
 * A run is bounded by the number of its statements, of which the plan allows so many to an invocation. One question finds what
 * is due of all sites, so a site with nothing to do costs no statement. Each site then has one turn: its oldest hour or day,
 * and what is due beside. What is left goes to the further hours of all, one of each at a time, and what remains waits for the
 * next run, which begins elsewhere. So neither a site with a backlog nor one whose roll-up fails holds up the others.
 */

import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { MINUTE } from '../schema/domain/hour.ts'
import type { Ms } from '../schema/domain/units.ts'
import { rates, type SiteRow, sites, type Tier } from '../schema/storage/tables.ts'
import { isWatched, MIN_WATCH_STATEMENTS, watch } from './budgets/watch.ts'
import { FREE_STATEMENTS } from './env.ts'
import { isPushed, MIN_PUSH_STATEMENTS, push } from './formats/push.ts'
import { tagKeys } from './histogram/dimensions.ts'
import { expireRaw } from './histogram/expire.ts'
import { purgeSite, retain, retainUnknown } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { lowerRate } from './ingest/control.ts'
import { writeDue } from './ingest/tally.ts'
import { logError } from './log.ts'
import { bindingsOf, boundAs, type Databases } from './site/database.ts'
import { advance, purgeOldRows } from './site/move.ts'
import { named } from './store/names.ts'
import { type Look, type Stale, staleDays, staleHours } from './store/periods.ts'
import { prepare } from './store/statement.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 5 * MINUTE
/** How long a run may take until it begins nothing more, in ms: the next one comes then. */
const MAX_RUN = 4 * MINUTE
/** What the parts take at most, in statements. */
const STATEMENTS = { hour: 10, day: 20, find: 2, lowerRate: 3, expire: 28, counts: 3, retain: 15 }
/**
 * Old roll-ups, old counts and gaps among the periods of a site are looked for in one of so many runs, or in fewer where there
 * are so many sites that it would take more than this share of the statements.
 */
const RETAIN_EVERY = 7
const RETAIN_SHARE = 1 / 8
/** Periods that a run looks at, of each tier. */
const MAX_DUE = 1_000
/** A step by which turns never fall into a rhythm, whatever the number of sites: each is soon among the first. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

interface CronSite extends Omit<SiteRow, 'origins' | 'key' | 'maxWeight' | 'created'> {
  /** The sampling rate announced last; null where none ever was. */
  announced: number | null
  /** A budget is due, or a message waits. */
  watched: 0 | 1
  /** A collector is due. */
  pushed: 0 | 1
}

interface Turn {
  site: CronSite
  /** Hours and then days to roll up, the oldest first. */
  due: readonly Due[]
  retains: boolean
}

interface Due extends Stale {
  tier: Tier
}

/** What a run does it with. */
interface Run {
  databases: Databases
  now: Ms
  /** Unix time in ms after which it begins nothing more. */
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
  const run: Run = { databases, now, end: Date.now() + MAX_RUN, archive }
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
  const { databases, now, end } = run
  const d1 = boundAs(databases, share.name)
  const own = everyone.filter(({ database }) => database === share.name)
  if (!d1) return
  let { left } = share
  let all = own
  if (share.name !== 'DB') {
    // An empty database costs nothing.
    if (!own.length) return
    all = await withFacts(d1, own, now)
    left -= 1
  }
  // Of a site that moves nothing is rolled up or deleted: it would change under the copy.
  const settled = all.filter(site => !isUnderway(site))
  try {
    left -= await expireRaw(d1, settled, now, left)
    if (share.name === 'DB' && share.run % RETAIN_EVERY === 0) left -= await retainUnknown(d1, now)
  } catch (error) {
    logError('old raw rows cannot be deleted', error)
    left -= STATEMENTS.expire
  }
  const turns = await turnsOf(d1, all, now, share.run, share.statements)
  left -= STATEMENTS.find
  for (const turn of turns) {
    if (left <= 0 || Date.now() > end) return
    try {
      left -= await maintain(d1, turn, run, left)
    } catch (error) {
      logError(`the work on site ${turn.site.id} failed`, error)
      left -= STATEMENTS.hour
    }
  }
  const rounds = turns.flatMap(({ site, due }) => due.slice(1).map((one, round) => ({ site, one, round })))
  for (const { site, one } of rounds.sort((a, b) => a.round - b.round)) {
    if (left < costOf(one, site) || Date.now() > end) return
    left -= await rollUp(d1, site, one, now)
  }
}

/** All sites by name, those that are being deleted, too, and what each has to do. */
function cronSites(d1: D1Database, now: Ms): Promise<CronSite[]> {
  const { origins, key, maxWeight, created, ...columns } = getTableColumns(sites)
  return drizzle(d1)
    .select({ ...columns, ...factsOf(named(sites, 'sites').id, now) })
    .from(sites)
    .orderBy(sites.id)
}

/** What the database in which its rows lie says of a site. */
function factsOf(site: SQL, now: Ms) {
  return {
    announced: sql<
      number | null
    >`(SELECT ${r.rate} FROM ${r.table} WHERE ${r.site} = ${site} ORDER BY ${r.since} DESC LIMIT 1)`,
    watched: isWatched(site, now),
    pushed: isPushed(site, now),
  }
}

/** The same sites, with what `d1` says of them. Keys: those of `factsOf`. */
async function withFacts(d1: D1Database, all: readonly CronSite[], now: Ms): Promise<CronSite[]> {
  const { announced, watched, pushed } = factsOf(sql`j.value`, now)
  const { results } = await prepare(
    d1,
    sql`SELECT ${announced} AS announced, ${watched} AS watched, ${pushed} AS pushed
      FROM json_each(${JSON.stringify(all.map(({ id }) => id))}) AS j ORDER BY j.key`,
  ).all<Pick<CronSite, 'announced' | 'watched' | 'pushed'>>()
  return all.map((site, i) => ({ ...site, ...results[i] }))
}

const r = named(rates, 'r')

/** The sites that have something to do, in the order of this run. Those that look for what is old come first, since it is much. */
async function turnsOf(
  d1: D1Database,
  all: readonly CronSite[],
  now: Ms,
  run: number,
  maxStatements: number,
): Promise<Turn[]> {
  const often = Math.ceil((all.length * STATEMENTS.retain) / (maxStatements * RETAIN_SHARE))
  const every = Math.max(RETAIN_EVERY, often)
  const living = all.filter(site => site.deleted === null && !isUnderway(site))
  const retaining = new Set(living.filter((_, i) => (run - i) % every === 0).map(({ id }) => id))
  const looks = Object.fromEntries(
    living.map(({ id }): [string, Look] => [id, retaining.has(id) ? 'all' : 'new']),
  )
  const due = Map.groupBy(
    [
      ...(await staleHours(d1, looks, now, MAX_DUE)).map(hour => ({ ...hour, tier: 'hour' as const })),
      ...(await staleDays(d1, looks, now, MAX_DUE)).map(day => ({ ...day, tier: 'day' as const })),
    ],
    ({ site }) => site,
  )
  const first = Math.floor(((run * GOLDEN) % 1) * all.length)
  const turns = [...all.slice(first), ...all.slice(0, first)].map(site => ({
    site,
    due: due.get(site.id) ?? [],
    retains: retaining.has(site.id),
  }))
  return turns
    .filter(({ site, due, retains }) => due.length || retains || hasMore(site))
    .sort((a, b) => Number(b.retains) - Number(a.retains))
}

/** True where there is something to do beside roll-ups. */
function hasMore(site: CronSite): boolean {
  return (
    site.deleted !== null ||
    site.moving !== null ||
    site.watched === 1 ||
    site.pushed === 1 ||
    isSampledTooMuch(site)
  )
}

/** True while a site moves; not any more where only its old rows are left to go. */
function isUnderway({ moving }: CronSite): boolean {
  return moving === 'copy' || moving === 'merge'
}

function isSampledTooMuch({ announced, rate }: CronSite): boolean {
  return announced !== null && announced > rate
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
  if (oldest && left >= costOf(oldest, site)) left -= await rollUp(d1, site, oldest, now)
  if (isSampledTooMuch(site) && left >= STATEMENTS.lowerRate) {
    await lowerRate(d1, site, now)
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

/** What rolling up takes. Of a day each tag is a dimension of its own. */
function costOf({ tier }: Due, { tags }: CronSite): number {
  return tier === 'hour' ? STATEMENTS.hour : STATEMENTS.day + tagKeys(tags).length
}

/** Rolls up one period; answers the statements it took. One that cannot be is logged, and holds up no other. */
async function rollUp(d1: D1Database, site: CronSite, due: Due, now: Ms): Promise<number> {
  const tags = tagKeys(site.tags)
  try {
    if (due.tier === 'hour') await rollUpHour(d1, site.id, due.start, now, tags, site.hourDays)
    else await rollUpDay(d1, site.id, due.start, now, tags)
  } catch (error) {
    logError(`${due.tier} ${due.start} of site ${site.id} cannot be rolled up`, error)
  }
  return costOf(due, site)
}
