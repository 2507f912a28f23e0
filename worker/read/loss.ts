/**
 * How many beacons are lost: the share that never arrived, with its 95 % interval.
 *
 * A beacon's number says how many were sent before it. Which beacon of a page view arrives last depends on the ones after
 * it alone, so those before it are lost as often as any. Of these the first counts (histogram/deliveries): the share that is missing
 * estimates the loss. It says nothing where a page view's last beacon is lost more often than the others. A page view that loses
 * nearly all tells less of it: where a tenth of page views lose 26 % and the rest 2.4 %, 4.4 % is estimated for 4.7 %.
 *
 * In roll-ups of before, all beacons count, and losses gather in page views of bad networks. So it is a ratio of page views' sums, and few
 * page views widen its interval by Student's t.
 */

import { student } from '../../schema/domain/normal.ts'
import { Z95 as Z } from '../../schema/domain/percentiles.ts'
import { independentOf, type ShareEstimate, shareOf } from '../../schema/domain/share.ts'

/** Sums of the beacons that have a successor, one of each page view, weighed by the hour; see the table `deliveries`. */
export interface Losses {
  /** Page views with such beacons. */
  followed: number
  before: number
  missing: number
  missingSquared: number
  missingBefore: number
  beforeSquared: number
}

/** The share lost; null where no beacon has a successor. */
export function lossOf(losses: Losses): ShareEstimate | null {
  const { followed, before, missing, missingSquared, missingBefore, beforeSquared } = losses
  if (!before || !beforeSquared) return null
  const value = missing / before
  const sums = { value, sum: before, aa: missingSquared, ab: missingBefore, bb: beforeSquared }
  const measured = independentOf(sums, followed / Math.max(1, followed - 1))
  const n = Math.min(before, measured) * (Z / student(Z, followed - 1)) ** 2
  return shareOf(value, n)
}

/** So many independent page views tell of it. */
export function tellingOf({ before, beforeSquared }: Losses): number {
  return beforeSquared ? before ** 2 / beforeSquared : 0
}
