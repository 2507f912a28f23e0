/**
 * How an isolate goes easy on a database that cannot keep up.
 *
 * D1 does one thing after the other, and refuses what would wait for long. Thousands of isolates that ask again with each beacon
 * would keep it so for minutes, and the few rows whose reports raise the sampling rate would not get through. So an isolate leaves more
 * and more out of its own accord. One refusal alone changes nothing: a D1 that nobody has asked for long may take its time.
 *
 *     12:00:00 refused     all beacons ask D1 for something
 *     12:00:03 refused     1 of 2
 *     12:00:05 refused     1 of 4
 *     12:01:05             1 of 2
 *     12:02:05             all
 */

import { SECOND } from '../schema/domain/hour.ts'
import type { Ms, OneIn } from '../schema/domain/units.ts'
import { isOverload } from './unavailable.ts'

/** Refusals of one moment are one, in ms. */
const MOMENT = SECOND
/** After so long without a refusal, in ms, twice as many beacons ask. */
const EASED = 60 * SECOND
/** Refusals that count, at most: 1 of 256 asks at least. */
const MOST = 9

/** Refusals that counted at a moment, one a second. Each minute since takes one off. */
interface Load {
  refusals: number
  at: Ms
}

/** The last load of each database, and before it those that were higher: `MOST` of them at most. */
const loads = new WeakMap<D1Database, readonly Load[]>()

/** What a beacon asked of the database came to an error. */
export function noteRefusal(d1: D1Database, error: unknown, now: Ms): void {
  if (!isOverload(error)) return
  const before = loads.get(d1) ?? []
  const last = before.at(-1)
  if (last && now - last.at < MOMENT) return
  const refusals = Math.min(MOST, mostRefusals(before, now) + 1)
  loads.set(d1, [...before.filter(load => load.refusals > refusals), { refusals, at: now }])
}

/**
 * 1 of so many beacons may ask the database for something; 1 where it keeps up. With `since`, the fewest that might from then until now: a
 * page view that was left out stays out, however well the database is when it tells of itself again.
 */
export function spared(d1: D1Database, now: Ms, since = now): OneIn {
  return 2 ** Math.max(0, mostRefusals(loads.get(d1) ?? [], since) - 1)
}

/** The most refusals that have counted since a moment. */
function mostRefusals(loads: readonly Load[], since: Ms): number {
  return Math.max(
    0,
    ...loads.map(({ refusals, at }) => refusals - Math.floor(Math.max(0, since - at) / EASED)),
  )
}
