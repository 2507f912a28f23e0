/**
 * What the clock starts: raw rows past their days are deleted, closed periods rolled up, sampling rates lowered, budgets
 * judged, hours sent to collectors, other old rows deleted.
 *
 * A run is bounded by the number of its statements, of which the plan allows so many to an invocation. One question finds what
 * is due of all sites, so a site with nothing to do costs no statement. Each site then has one turn: its oldest hour or day,
 * and what is due beside. What is left goes to the further hours of all, one of each at a time, and what remains waits for the
 * next run, which begins elsewhere. So neither a site with a backlog nor one whose roll-up fails holds up the others.
 */

import { desc, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { MINUTE } from '../schema/domain/hour.ts'
import type { Ms } from '../schema/domain/units.ts'
import { rates, type SiteRow, sites, type Tier } from '../schema/storage/tables.ts'
import { isWatched, MIN_WATCH_STATEMENTS, watch } from './budgets/watch.ts'
import type { Env } from './env.ts'
import { isPushed, MIN_PUSH_STATEMENTS, push } from './formats/push.ts'
import { tagKeys } from './histogram/dimensions.ts'
import { expireRaw } from './histogram/expire.ts'
import { purgeSite, retain, retainUnknown } from './histogram/retain.ts'
import { rollUpDay, rollUpHour } from './histogram/rollup.ts'
import { lowerRate } from './ingest/control.ts'
import { writeDue } from './ingest/tally.ts'
import { logError } from './log.ts'
import { named } from './store/names.ts'
import { type Look, type Stale, staleDays, staleHours } from './store/periods.ts'

/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 5 * MINUTE
/** How long a run may take until it begins nothing more, in ms: the next one comes then. */
const MAX_RUN = 4 * MINUTE
/** Statements of one run, of the 50 that the free plan allows. */
const FREE_STATEMENTS = 45
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

/** Does what is due, within `maxStatements`. A site that fails is logged. */
export async function cron(
  d1: D1Database,
  now: Ms,
  maxStatements = FREE_STATEMENTS,
  archive?: R2Bucket,
): Promise<void> {
  const end = Date.now() + MAX_RUN
  const all = await cronSites(d1, now)
  let left = maxStatements - 1
  const run = Math.floor(now / CRON_INTERVAL)
  left -= await writeDue(d1, now, STATEMENTS.counts)
  try {
    left -= await expireRaw(d1, all, now, left)
    if (run % RETAIN_EVERY === 0) left -= await retainUnknown(d1, now)
  } catch (error) {
    logError('old raw rows cannot be deleted', error)
    left -= STATEMENTS.expire
  }
  const turns = await turnsOf(d1, all, now, run, maxStatements)
  left -= STATEMENTS.find
  for (const turn of turns) {
    if (left <= 0 || Date.now() > end) return
    try {
      left -= await maintain(d1, turn, now, left, archive)
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

/** What the settings say of the statements of a run. A number that is none is logged, and the default holds. */
export function statementsOf({ CRON_STATEMENTS }: Pick<Env, 'CRON_STATEMENTS'>): number {
  const most = Number(CRON_STATEMENTS ?? FREE_STATEMENTS)
  if (most >= FREE_STATEMENTS) return most
  console.error(`CRON_STATEMENTS must be a number from ${FREE_STATEMENTS}, not ${CRON_STATEMENTS}`)
  return FREE_STATEMENTS
}

/** All sites by name, those that are being deleted, too, and what each has to do. */
function cronSites(d1: D1Database, now: Ms): Promise<CronSite[]> {
  const db = drizzle(d1)
  const { origins, key, maxWeight, created, ...columns } = getTableColumns(sites)
  const announced = db.select({ rate: rates.rate }).from(rates).where(eq(rates.site, sites.id))
  const last = announced.orderBy(desc(rates.since)).limit(1)
  return db
    .select({
      ...columns,
      announced: sql<number | null>`(${last})`,
      watched: isWatched(SITE, now),
      pushed: isPushed(SITE, now),
    })
    .from(sites)
    .orderBy(sites.id)
}

const SITE: SQL = named(sites, 'sites').id

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
  const living = all.filter(({ deleted }) => deleted === null)
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
  return site.deleted !== null || site.watched === 1 || site.pushed === 1 || isSampledTooMuch(site)
}

function isSampledTooMuch({ announced, rate }: CronSite): boolean {
  return announced !== null && announced > rate
}

/** One site's turn; answers the statements it took. */
async function maintain(
  d1: D1Database,
  { site, due: [oldest], retains }: Turn,
  now: Ms,
  maxStatements: number,
  archive: R2Bucket | undefined,
): Promise<number> {
  if (site.deleted !== null) return purgeSite(d1, site.id, site.deleted, now, archive)
  let left = maxStatements
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

/** What rolling up takes. Of a day each tag is a dimension of its own. */
function costOf({ tier }: Due, { tags }: CronSite): number {
  return tier === 'hour' ? STATEMENTS.hour : STATEMENTS.day + tagKeys(tags).length
}

/** Rolls up one period; answers the statements it took. One that cannot be is logged, and holds up no other. */
async function rollUp(d1: D1Database, site: CronSite, due: Due, now: Ms): Promise<number> {
  const tags = tagKeys(site.tags)
  try {
    if (due.tier === 'hour') await rollUpHour(d1, site.id, due.start, now, tags)
    else await rollUpDay(d1, site.id, due.start, now, tags)
  } catch (error) {
    logError(`${due.tier} ${due.start} of site ${site.id} cannot be rolled up`, error)
  }
  return costOf(due, site)
}
