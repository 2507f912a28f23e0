/**
 * The share of calls that failed, with its 95 % interval.
 *
 * Calls of one page view fail together: an endpoint that is down fails all of them. So the variance is that of a ratio of page views'
 * sums, of failed calls f to all m of each, and the interval is Wilson's with the number of independent calls that would vary as much
 * (read/loss does the same). One page view with many failed calls widens it, and proves little.
 *
 * @see Cochran 1977, Sampling Techniques, 2.11
 */

import { type ShareEstimate, shareOf } from '../../schema/domain/share.ts'
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
  const variance = (ff - 2 * value * fm + value ** 2 * mm) / n ** 2
  // Where none or all have failed, nothing tells how failures gather: each page view counts as one.
  const effective = variance > 0 ? Math.min(n ** 2 / q, (value * (1 - value)) / variance) : n ** 2 / mm
  const { high } = shareOf(value, effective)
  // A failed call takes the place of one that has not failed: what was left out, as a rule, was well.
  const { low } = shareOf(failed / (n + omitted), effective)
  return { value, low, high, effective }
}
