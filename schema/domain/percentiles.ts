/** The percentiles of a histogram, each with its interval. */

import { highOf, lowOf, valueIn, ZERO } from './buckets.ts'
import { effectiveSize } from './clusters.ts'
import type { Histogram, Limits } from './histogram.ts'

/** Two-sided 95 % of the normal distribution. */
export const Z95 = 1.959963984540054

/** What a weight must come to, to reach a rank: a float product may pass an integral rank by a rounding error, and p50 of 10 is rank 5. */
const ROUNDED = 1 - 1e-12

/** A share of n samples moves in steps of 1 / n: half a step, in samples. */
const CONTINUITY = 0.5

/** Where the weights of so many times more samples come to fewer than so many effective ones, a few carry the weight. */
const UNEVEN = { times: 5, effective: 100 }

/** A percentile in grains with its 95 % confidence interval. */
export interface Percentile {
  value: number
  /** Lower end; null where so few samples allow no lower bound. */
  low: number | null
  /** Upper end; null where so few samples allow no upper bound. */
  high: number | null
}

/**
 * The percentiles (0 < p < 100) of a histogram, in the order asked for; null where it is empty.
 *
 * The percentile meant is the smallest value x with at least p % of the weight at or below it (weighted nearest rank). What
 * is answered is the middle of its bucket, or, where the exact counts at `limits` tell that x lies in a part of the bucket,
 * the nearest value of that part: 2,500 and not 2,512 where 75 % of the weight is at or below 2,500. So a rating of what is
 * answered is the rating of x.
 *
 * The interval inverts that of the share below it (Woodruff 1952), with the effective sample size of Kish,
 * n_eff = (sum w)^2 / sum w^2, less where samples come several from one page view (clusters.ts), and a continuity
 * correction of half a sample at either end, since the share moves in steps of one sample. Its ends are those of their
 * buckets, and of the part of it that agrees with the counts. A rank outside the sample is no bound at all. Neither is any
 * where a few samples carry the weight: how far these may lie from all others, n_eff does not tell.
 *
 * `z` is how many standard deviations the interval reaches to either side: by default those of 95 %.
 *
 * The interval is that of an endless population: it does not narrow as the sample nears all of the traffic, because
 * the question is how the site does, not how these visits went. So it covers more than 95 % where every second page
 * view or more is kept, and where the buckets are the larger error.
 *
 * Woodruff: Confidence Intervals for Medians and Other Position Measures, JASA 47 (1952), 635-646.
 * Kish: Survey Sampling (1965), section 11.7.
 */
export function percentiles(
  histogram: Histogram,
  ps: readonly number[],
  limits: Limits | null,
  z = Z95,
): (Percentile | null)[] {
  const { n, s, q } = histogram
  if (n <= 0) return ps.map(() => null)
  const at = valueAt(histogram, limits)
  const uneven = (n * n) / q < UNEVEN.effective && s > (UNEVEN.times * n * n) / q
  const effectiveAt = effectiveSize(histogram)
  return ps.map(p => {
    const share = p / 100
    const effective = effectiveAt(p)
    const margin = z * Math.sqrt(effective * share * (1 - share)) + CONTINUITY
    const lowRank = effective * share - margin
    const highRank = effective * share + margin
    return {
      value: at(share * n).value,
      low: uneven || lowRank <= 0 ? null : at((lowRank / effective) * n).low,
      high: uneven || highRank > effective ? null : at((highRank / effective) * n).high,
    }
  })
}

/** Where the value of a rank lies: what its bucket reports, and between which two values it is. */
function valueAt(histogram: Histogram, limits: Limits | null) {
  const { n, h } = histogram
  const cumulated: number[] = []
  let sum = 0
  for (const weight of h.weights) {
    sum += weight
    cumulated.push(sum)
  }
  const known = limits
    ? [
        { limit: limits.good, weight: histogram.good },
        { limit: limits.poor, weight: n - histogram.poor },
      ]
    : []
  return (rank: number): { value: number; low: number; high: number } => {
    const least = rank * ROUNDED
    const bucket = h.at[placeOf(cumulated, least)] ?? ZERO
    let [low, high] = [lowOf(bucket), highOf(bucket)]
    // Grains are whole, so what is above a threshold is at least one more.
    for (const { limit, weight } of known) {
      if (limit < low || limit >= high) continue
      if (weight >= least) high = Math.min(high, limit)
      else low = Math.max(low, limit + 1)
    }
    return { value: Math.max(low, Math.min(high, valueIn(bucket))), low, high }
  }
}

/** The place of the first weight of so much; the last one where none is. */
function placeOf(cumulated: readonly number[], least: number): number {
  let place = 0
  for (let end = cumulated.length - 1; place < end; ) {
    const middle = (place + end) >> 1
    if ((cumulated[middle] ?? 0) >= least) end = middle
    else place = middle + 1
  }
  return place
}
