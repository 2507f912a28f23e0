/**
 * Counts the fates of beacons in rows of `intake`, without a write for each.
 *
 * The counts wait in the isolate's memory, by site and hour. The first of a site is written at once, so that a quiet
 * site sees it; then at most one write a minute or a thousand beacons, and fewer where all went well. The cron writes what
 * waits in its own isolate after the last beacon. What waits when Cloudflare ends the isolate is lost: the table holds lower bounds.
 *
 * Thousands of isolates would write thousands of rows. So D1 draws a lot for each write: once an hour has seen many, or the
 * one before did, it takes one in so many, and multiplies its counts. What lost is dropped, since the others stand for it. Such an
 * hour's counts are estimates, and `one_in` says so.
 *
 * The largest share of one address is an upper bound. An isolate reports how much its busiest address has grown within
 * the hour; over isolates these add up, and may be different addresses.
 */

import { type SQL, sql } from 'drizzle-orm'
import { hourOf, MINUTE } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { intake } from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import type { Databases } from '../site/database.ts'
import { findSite, rememberedDatabase, staleSite } from '../site/sites.ts'
import { keyOf, listed, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { isMoved } from '../unavailable.ts'
import { busiest } from './busiest.ts'
import type { Accepted, Fate } from './fate.ts'
import type { LeftOut } from './tags.ts'

/** Accepted beacons that are worth a write after a minute, so that writes stay few beside theirs. */
const MIN_ACCEPTED = 200
/** Accepted beacons that are worth a write at once: a burst is seen while it lasts. */
const MANY_ACCEPTED = 1_000
/** Writes of an hour that are taken as they come: twice as many, and every second one is. */
const TAKEN = 8
/** How long fewer of them wait for a write, in ms. */
const LONGEST_WAIT = 30 * MINUTE

const t = named(intake)
const i = named(intake, 'i')
const more = named(intake, 'excluded')
const KEY = keyOf(intake)

const ACCEPTED: readonly Fate[] = ['stored', 'sampled', 'queued', 'late'] satisfies readonly Accepted[]

type FateCounts = Partial<
  Record<Fate | 'accepted' | 'imported' | 'busiest' | 'lakeFailed' | keyof LeftOut, number>
>

/** What an isolate has seen of a site within one hour. */
interface Tally {
  hour: Hour
  /** Not written yet. */
  counts: FateCounts
  /** Unix time in ms of the last write. */
  written: number
  busiestOf: (address: string) => number
  /** The count of the busiest address that has gone into `counts` so far. */
  most: number
  /** Many isolates tell of the site: this one waits as long as it may, even in trouble. */
  crowded: boolean
}

const tallies = new Map<string, Tally>()

/** A beacon of a site that exists, or of none (`''`), so that made-up names take no memory. */
export interface Counted extends Partial<LeftOut> {
  site: string
  address: string
  /** It came with the admin token: what an importer sends says nothing of addresses. */
  imported: boolean
  /** Beacons alike; 1 where nothing is said. */
  times?: number
}

/** Counts a beacon; the promise ends when what had to be written is. A write that fails is logged and comes again. */
export async function tally(d1: D1Database, beacon: Counted, fate: Fate, now: Ms): Promise<void> {
  await counting(d1, beacon.site, now, tally => count(tally, beacon, fate))
}

/** Counts beacons that the lake did not take, whatever became of them otherwise. */
export async function tallyLakeFailed(d1: D1Database, site: string, beacons: number, now: Ms): Promise<void> {
  await counting(d1, site, now, ({ counts }) => {
    counts.lakeFailed = (counts.lakeFailed ?? 0) + beacons
  })
}

/** Lets `add` count in the site's tally of this hour, and writes what is due. */
async function counting(d1: D1Database, site: string, now: Ms, add: (tally: Tally) => void): Promise<void> {
  const hour = hourOf(now)
  const before = tallies.get(site)
  if (before?.hour === hour) {
    add(before)
    if (isDue(before, now)) await write(d1, site, before, now)
    return
  }
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  const fresh: Tally = {
    hour,
    counts: {},
    written: now,
    busiestOf: busiest(seed),
    most: 0,
    crowded: before?.crowded ?? false,
  }
  tallies.set(site, fresh)
  add(fresh)
  // The rest of an hour that is over goes into that hour, and the new one begins its minute.
  await write(d1, site, before && Object.keys(before.counts).length ? before : fresh, now)
}

/** Writes what is due and has no later beacon to write it; answers the statements it took, at most `maxStatements`. */
export async function writeDue(databases: Databases, now: Ms, maxStatements: number): Promise<number> {
  const due = [...tallies].filter(([, tally]) => Object.keys(tally.counts).length && isDue(tally, now))
  const affordable = due.slice(0, Math.max(0, maxStatements))
  for (const [site, tally] of affordable) {
    const d1 = rememberedDatabase(databases, site)
    if (d1 && (await write(d1, site, tally, now)) === 'moved') await findSite(databases, site, now)
  }
  return affordable.length
}

function count(
  tally: Tally,
  { address, imported, times = 1, tagsUndeclared, tagsUnfit }: Counted,
  fate: Fate,
): void {
  const { counts } = tally
  const add = (name: keyof FateCounts, n = times) => {
    counts[name] = (counts[name] ?? 0) + n
  }
  add(fate)
  if (tagsUndeclared) add('tagsUndeclared', tagsUndeclared)
  if (tagsUnfit) add('tagsUnfit', tagsUnfit)
  const accepted = ACCEPTED.includes(fate)
  if (accepted) add('accepted')
  if (accepted && imported) add('imported')
  // A stranger may send a header, too: only an accepted one is the importer's.
  if (accepted && imported) return
  const most = tally.busiestOf(address)
  if (most > tally.most) add('busiest', most - tally.most)
  tally.most = most
}

/** What an operator should hear of is written within a minute, the ordinary when there is enough of it. */
function isDue({ counts, written, crowded }: Tally, now: Ms): boolean {
  const waited = now - written
  if (crowded ? waited < LONGEST_WAIT : waited < MINUTE && (counts.accepted ?? 0) < MANY_ACCEPTED)
    return false
  const { tagsUndeclared, tagsUnfit, ...fates } = counts
  const { accepted = 0, imported, busiest, stored, sampled, late, queued, ignored = 0, ...trouble } = fates
  return (
    accepted + ignored >= MIN_ACCEPTED || Object.keys(trouble).length > 0 || now - written >= LONGEST_WAIT
  )
}

/** Adds what waits to the hour's row. Key: (site, hour). */
async function write(d1: D1Database, site: string, tally: Tally, now: Ms): Promise<'moved' | undefined> {
  const { hour, counts } = tally
  const names = Object.keys(counts) as (keyof FateCounts)[]
  if (!names.length) return
  tally.counts = {}
  tally.written = now
  try {
    const lot = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
    const { results } = await prepare(d1, lottery(site, hour, counts, lot / 2 ** 32)).all()
    tally.crowded = results.length === 0
  } catch (error) {
    logError(`counts of ${site || 'unknown sites'} wait for the next write`, error)
    for (const name of names) tally.counts[name] = (tally.counts[name] ?? 0) + (counts[name] ?? 0)
    if (!isMoved(error)) return
    staleSite(site)
    return 'moved'
  }
}

/**
 * Adds the counts with a chance of one in n, n times: n is a power of two, by the writes that were asked for in this hour or the
 * last. Answers a row where it did. Key: (site, hour).
 */
function lottery(site: string, hour: Hour, counts: FateCounts, lot: number): SQL {
  const names = Object.keys(counts) as (keyof FateCounts)[]
  const asked = sql`(SELECT max(${i.reports}) FROM ${i.table}
    WHERE ${i.site} = ${site} AND ${i.hour} IN (${hour - 1}, ${hour}))`
  return sql`INSERT INTO ${t.table} (${listed(t.site, t.hour, t.reports, t.oneIn, ...names.map(name => t[name]))})
    SELECT ${site}, ${hour}, e.n, e.n, ${listed(...names.map(name => sql`${counts[name]} * e.n`))}
    FROM (SELECT CAST(pow(2, floor(log2(max(1, coalesce(${asked}, 0) / ${TAKEN})))) AS INTEGER) AS n) AS e
    WHERE ${lot} * e.n < 1
    ON CONFLICT (${KEY}) DO UPDATE SET ${t.oneIn} = max(${t.oneIn}, ${more.oneIn}),
      ${listed(...(['reports', ...names] as const).map(name => sql`${t[name]} = ${t[name]} + ${more[name]}`))}
    RETURNING ${t.reports}`
}
