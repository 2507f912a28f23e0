/**
 * What an isolate has seen of a site since its last report.
 *
 * A report is two or three written rows, so it is made for every fiftieth of an hour's budget, and otherwise once a
 * minute where there is enough to tell.
 */

import { MINUTE } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import type { Counts, RateLimits } from './control.ts'
import { ORDINARY_BYTES } from './size.ts'

/** The share of an hour's budget that may go unreported by an isolate. */
const UNREPORTED_SHARE = 0.02
/** Stored beacons that are worth a report after a minute. */
const MIN_STORED = 10

const meters = new Map<string, Counts>()

/** Counts a beacon of `bytes`, 0 if it is not kept; answers the counts to report, or null. `rate` is in force. */
export function meter(site: RateLimits, bytes: number, rate: OneIn, now: Ms): Counts | null {
  const counts = meters.get(site.id) ?? { seen: 0, stored: 0, bytes: 0, since: now }
  meters.set(site.id, counts)
  counts.seen++
  if (bytes) counts.stored++
  counts.bytes += bytes
  const minutely = now - counts.since >= MINUTE && (counts.stored >= MIN_STORED || rate > site.rate)
  const many = counts.stored >= Math.max(MIN_STORED, (site.rowsPerDay / 24) * UNREPORTED_SHARE)
  const large =
    counts.bytes >= Math.max(MIN_STORED * ORDINARY_BYTES, (site.bytesPerDay / 24) * UNREPORTED_SHARE)
  if (!minutely && !many && !large) return null
  meters.set(site.id, { seen: 0, stored: 0, bytes: 0, since: now })
  return counts
}
