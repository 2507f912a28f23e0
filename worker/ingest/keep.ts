/**
 * A beacon that passed every check meets the database: judged, stored, and counted for the budget.
 */

import { sql } from 'drizzle-orm'
import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { logError } from '../log.ts'
import { type Databases, databaseOf } from '../site/database.ts'
import { rateAt } from '../site/rates.ts'
import { findSite, type Site, staleSite } from '../site/sites.ts'
import { store, storeAnd } from '../store/upsert.ts'
import { isMoved } from '../unavailable.ts'
import { adjust, report } from './control.ts'
import type { Accepted } from './fate.ts'
import { storeInGroup } from './group-commit.ts'
import { type Counts, meter, type RateLimits, seenOf, unmeter } from './meter.ts'
import { isKept } from './sample.ts'
import { bytesOf } from './size.ts'

/**
 * Stores the row if the database keeps it, and answers its fate. Where the site has moved away since this isolate asked
 * for it, it asks once more, and the row goes where the site is now.
 */
export async function keep(databases: Databases, site: Site, row: Candidate, now: Ms): Promise<Accepted> {
  try {
    return await keepIn(databases, site, row, now)
  } catch (error) {
    if (!isMoved(error)) throw error
    staleSite(site.id)
    const moved = await findSite(databases, site.id, now)
    if (!moved || moved.database === site.database) throw error
    return keepIn(databases, moved, row, now)
  }
}

/** What an importer brings is not counted: it is no traffic, and must not make the site's visitors pay for it. */
async function keepIn(databases: Databases, site: Site, row: Candidate, now: Ms): Promise<Accepted> {
  const d1 = databaseOf(databases, site)
  // A first beacon is judged by the rate of now, however old it is.
  const oneIn = Math.max(row.oneIn ?? 1, row.sequence ? 1 : rateAt(site, now))
  const bytes = bytesOf(row)
  const seen = row.imported ? 0 : seenOf(site, oneIn, isLater(row))
  const counts = row.imported ? null : meter(site, bytes, seen)
  const takeBack = () => row.imported || unmeter(site, bytes, seen, counts)
  try {
    const isStored = counts ? storeAndReport(d1, site, row, counts, now) : storeInGroup(d1, row, now)
    if (await isStored) return 'stored'
  } catch (error) {
    takeBack()
    throw error
  }
  takeBack()
  return refusedBy(databases, site, row, now)
}

/** True if the database has kept the row, and with it the report of those before. */
async function storeAndReport(
  d1: D1Database,
  site: Site,
  row: Candidate,
  counts: Counts,
  now: Ms,
): Promise<boolean> {
  const [receipt, ...answers] = await storeAnd(d1, [row], now, report(d1, site.id, counts, now))
  if (!receipt.results.length) return false
  await adjust(d1, site, answers, now).catch(uncounted)
  return true
}

function isLater({ sequence, again }: Candidate): boolean {
  return sequence > 0 || again === true
}

/** Stores rows out of a queue, and counts for its site's budget what was kept. */
export async function keepAll(
  d1: D1Database,
  sites: ReadonlyMap<string, RateLimits>,
  rows: readonly Candidate[],
  now: Ms,
): Promise<void> {
  const { results } = await store(d1, rows, now)
  const byId = new Map(rows.map(row => [row.id, row]))
  for (const { id, weight } of results) {
    const row = byId.get(id)
    const site = row && sites.get(row.site)
    if (!site || row.imported) continue
    const seen = seenOf(site, Math.max(1, Math.round(weight / row.weight)), isLater(row))
    const counts = meter(site, bytesOf(row), seen)
    if (!counts) continue
    await d1
      .batch(report(d1, site.id, counts, now, sql`true`))
      .then(answers => adjust(d1, site, answers, now))
      .catch(uncounted)
  }
}

/** What is only counted may fail: the beacon is stored all the same. */
function uncounted(error: unknown): void {
  logError('a report of stored beacons failed', error)
}

/** Why D1 kept no row: what this isolate said of it, a rate that is new to it, or a period that takes no more news. */
async function refusedBy(
  databases: Databases,
  { id }: Site,
  { draw, oneIn = 1 }: Candidate,
  now: Ms,
): Promise<Accepted> {
  if (draw === undefined) return 'late'
  if (!isKept({ draw }, oneIn)) return 'sampled'
  staleSite(id)
  const site = await findSite(databases, id, now)
  const highest = Math.max(site?.rate ?? 1, ...(site?.rates ?? []).map(({ rate }) => rate))
  return isKept({ draw }, highest) ? 'late' : 'sampled'
}
