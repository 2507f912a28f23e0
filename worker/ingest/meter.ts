/**
 * What an isolate has seen since its last report: one beacon after the other goes in, now and then counts come out.
 *
 * A report is two or three written rows, so it is made for every fiftieth of an hour's budget, and otherwise once a
 * minute where there is enough to tell.
 */

import type { Budgeted, Counts } from './control.ts'

const MINUTE = 60_000
/** The share of an hour's budget that may go unreported by an isolate. */
const SHARE = 0.02
/** Stored beacons that are worth a report after a minute. */
const WORTH = 10

const meters = new Map<string, Counts>()

/** Counts a beacon; answers the counts to report, or null. `rate` is the sampling rate in force. */
export function meter(site: Budgeted, kept: boolean, rate: number, now: number): Counts | null {
  const counts = meters.get(site.id) ?? { seen: 0, stored: 0, since: now }
  meters.set(site.id, counts)
  counts.seen++
  if (kept) counts.stored++
  const minutely = now - counts.since >= MINUTE && (counts.stored >= WORTH || rate > site.rate)
  if (!minutely && counts.stored < Math.max(WORTH, (site.rowsPerDay / 24) * SHARE)) return null
  meters.set(site.id, { seen: 0, stored: 0, since: now })
  return counts
}
