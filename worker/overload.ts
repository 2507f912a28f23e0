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

/** Refusals that count, one a moment, and when the last one came. Each minute without takes one off. */
interface Load {
  refusals: number
  last: Ms
}

const loads = new WeakMap<D1Database, Load>()

/** What a beacon asked of the database came to an error. */
export function noteRefusal(d1: D1Database, error: unknown, now: Ms): void {
  if (!isOverload(error)) return
  const load = loads.get(d1)
  if (load && now - load.last < MOMENT) return
  loads.set(d1, { refusals: Math.min(MOST, refusalsOf(load, now) + 1), last: now })
}

/** 1 of so many beacons may ask the database for something; 1 where it keeps up. */
export function spared(d1: D1Database, now: Ms): OneIn {
  return 2 ** Math.max(0, refusalsOf(loads.get(d1), now) - 1)
}

function refusalsOf(load: Load | undefined, now: Ms): number {
  return load ? Math.max(0, load.refusals - Math.floor((now - load.last) / EASED)) : 0
}
