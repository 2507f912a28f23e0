/**
 * The share of calls that failed, with its 95 % interval.
 *
 * Calls of one page view fail together: an endpoint that is down fails all of them. So it is a ratio of page views' sums, of failed calls f
 * to all m of each. One page view with many failed calls widens the interval, and proves little.
 */

import { independentOf, type ShareEstimate, shareOf } from '../../schema/domain/share.ts'
import { type Distribution, failedCalls } from './distribution.ts'

/** The share, and how many independent calls would tell as much. */
export interface FailedShare extends ShareEstimate {
  effective: number
}

/** Null where there are no calls, or nobody knows which are of one page view. */
export function failedShare(distribution: Distribution): FailedShare | null {
  const { n, q, c = {}, mf, omitted } = distribution
  if (n <= 0 || !Number.isFinite(q)) return null
  const failed = failedCalls(distribution)
  const value = failed / n
  // The square of each page view's calls: each of them with itself, and with its partners.
  const mm = Object.values(c).reduce((sum, [, partners]) => sum + partners, q)
  // Roll-ups of before do not know: there the page views with most calls may be those that failed.
  const isKnown = mf >= failed
  const [ff, fm] = isKnown ? [distribution.ff, mf] : [mm, mm]
  const effective = Math.min(n ** 2 / q, independentOf({ value, sum: n, aa: ff, ab: fm, bb: mm }))
  const { high } = shareOf(value, effective)
  // A failed call takes the place of one that has not failed: what was left out, as a rule, was well.
  const { low } = shareOf(failed / (n + omitted), effective)
  return { value, low, high, effective }
}
