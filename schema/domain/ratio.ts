/**
 * By which share a percentile lies above another, with the 95 % interval of that share.
 *
 * `after` lies above `(1 + share)` times `before` where the interval of the difference of the two leaves out 0. The share at
 * which it begins to is the end of the interval (MOVER-R), so a limit is judged by the interval of the difference, and the
 * figure that is shown cannot say otherwise.
 *
 * Donner and Zou: Closed-form confidence intervals for functions of the normal mean and standard deviation, Statistical
 * Methods in Medical Research 21 (2012), 347-359.
 */

import type { Percentile } from './percentiles.ts'

/** 0.1: 10 % above. An end is null where there is none: the time before tells too little. */
export interface Share {
  value: number
  low: number | null
  high: number | null
}

/** Null where either has no interval, or nothing can lie above a 0. */
export function shareAbove(before: Percentile | null, after: Percentile | null): Share | null {
  if (!before?.value || !after || before.low === null || before.high === null) return null
  const { value: a } = before
  const { value: b, low, high } = after
  if (low === null || high === null) return null
  const end = (other: number, of: number, sign: 1 | -1) => {
    const [up, down] = [other * (2 * b - other), of * (2 * a - of)]
    // Not to be told from a 0.
    if (down <= 0) return null
    return (a * b + sign * Math.sqrt(Math.max(0, (a * b) ** 2 - up * down))) / down - 1
  }
  return { value: b / a - 1, low: end(low, before.high, -1), high: end(high, before.low, 1) }
}
