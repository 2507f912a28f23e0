/**
 * What an isolate has stored of a site since its last report, as a report of all isolates together needs it.
 *
 * A report goes with a row that is stored anyway, every 64th of an isolate, so that there are as few reports as rows however many
 * isolates there are. It stands for 64 rows. An isolate begins anywhere among them: thousands that store one row each report as
 * often as one that stores them all. What was sampled out follows from the rates of what was stored.
 */

import type { OneIn } from '../../schema/domain/units.ts'
import type { SiteRow } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'

/** Rows that a report stands for, at most: its row and the row's deletion are 3 % of them. */
const MOST_PER_REPORT = 64
/** A small budget is reported more often: so many times an hour, where it is used. */
const REPORTS_AN_HOUR = 4
/** Sites that an isolate counts. */
const MAX_METERS = 1_000

/** A site with what it may store a day. */
export type RateLimits = Pick<SiteRow, 'id' | 'rate' | 'rowsPerDay' | 'bytesPerDay'>

/** Rows, what they stand for, and their bytes. */
export interface Counts {
  seen: number
  stored: number
  bytes: number
}

interface Meter extends Counts {
  /** Rows until the next report. */
  left: number
  /** What first beacons stood for, as far as no later ones have used it; undefined before there were any. */
  firsts?: number
}

const meters = new Map<string, Meter>()

/** Rows that a report of the site stands for. */
export function rowsPerReport({ rowsPerDay }: RateLimits): number {
  return Math.max(1, Math.min(MOST_PER_REPORT, Math.floor(rowsPerDay / 24 / REPORTS_AN_HOUR)))
}

/**
 * What a beacon that is stored at 1 of `oneIn` stands for; `again`: a later one of its page view. Later beacons stand for as much
 * as first ones at most. Else one page view, chosen because it is kept at a high rate, could say with each beacon that thousands
 * come, and so raise the rate to 1 in 1,048,576.
 */
export function seenOf(site: RateLimits, oneIn: OneIn, again: boolean): number {
  const known = meterOf(site)
  known.firsts ??= again ? oneIn : 0
  const seen = again ? Math.min(oneIn, known.firsts) : oneIn
  known.firsts += again ? -seen : seen
  return seen
}

/** Counts a row that is about to be stored, and stands for `seen` beacons; answers what is to be reported with it, or null. */
export function meter(site: RateLimits, bytes: number, seenNow: number): Counts | null {
  const every = rowsPerReport(site)
  const known = meterOf(site)
  known.stored++
  known.seen += seenNow
  known.bytes += bytes
  if (--known.left > 0) return null
  const { stored, seen, bytes: sum } = known
  Object.assign(known, { stored: 0, seen: 0, bytes: 0, left: every })
  // The first report comes early, by chance, and stands for as much as any other.
  const scale = every / stored
  return { stored: every, seen: Math.round(seen * scale), bytes: Math.round(sum * scale) }
}

function meterOf(site: RateLimits): Meter {
  const known = meters.get(site.id)
  if (known) return known
  const left = 1 + Math.floor(Math.random() * rowsPerReport(site))
  const fresh: Meter = { stored: 0, seen: 0, bytes: 0, left }
  remember(meters, site.id, fresh, MAX_METERS)
  return fresh
}

/** Takes back a row that was not stored after all; `reported` is what `meter` answered for it. */
export function unmeter(site: RateLimits, bytes: number, seenNow: number, reported: Counts | null): void {
  const known = meters.get(site.id)
  if (!known) return
  const { stored, seen, bytes: sum } = reported ?? { stored: 0, seen: 0, bytes: 0 }
  known.stored += stored - 1
  known.seen += seen - seenNow
  known.bytes += sum - bytes
  known.left = reported ? 1 : known.left + 1
}
