/**
 * Whether a percentile has changed between two distributions: the difference with its interval, a verdict, and how
 * sure it is.
 *
 * Each percentile comes with Woodruff's interval, which respects the weights (see histogram.ts). The interval of the
 * difference recovers the two variances from these intervals, side by side, so that skewed ones stay skewed (MOVER). A
 * change is one where that interval leaves out 0. Woodruff's interval carries a continuity correction and the width of
 * its buckets, so fewer than 5 in 100 verdicts on unchanged data are wrong; tests/schema/domain/change.test.ts counts them.
 * That holds for independent page views. Where whole hours are slow together, by shocks of 10 % with an AR(1) correlation of
 * .5, 14 in 100 verdicts on two days of 1,000 page views are wrong, 31 at 5,000 a day, 3 on two weeks of 1,000 a day.
 * What is no change is `stable` only where it is likely that it moved by less than `MARGIN`, else `unclear`.
 *
 * Zou and Donner: Construction of confidence limits about effect measures, Statistics in Medicine 27 (2008), 1693-1702.
 */

import type { Histogram, Limits } from './histogram.ts'
import { below, beyond } from './normal.ts'
import { type Percentile, percentiles, Z95 } from './percentiles.ts'

export const VERDICTS = ['improving', 'degrading', 'stable', 'unclear'] as const
export type Verdict = (typeof VERDICTS)[number]

/** A change of less than this share of the value before counts as none. */
export const MARGIN = 0.1
/** How sure it must be that nothing changed for a verdict to be `stable`. */
const SURE = 0.8

/** Grains, as the percentiles; null where so few samples allow no statement. */
export interface Change {
  before: Percentile | null
  after: Percentile | null
  /** After minus before, with its interval. */
  difference: { value: number; low: number; high: number } | null
  /** Less is better for all metrics. Null: too little data to tell. */
  verdict: Verdict | null
  /** 0 to 1: that it changed in that direction; for `stable` and `unclear`, that it moved by less than `MARGIN`. */
  confidence: number | null
}

/**
 * Compares the percentile `p` (0 < p < 100) of two periods, or of two releases. The intervals reach `z` standard deviations to
 * either side: more than those of 95 % where many groups are compared (changed.ts).
 */
export function changeOf(
  before: Histogram | null,
  after: Histogram | null,
  p: number,
  limits: Limits | null,
  z = Z95,
): Change {
  const [a = null] = before ? percentiles(before, [p], limits, z) : []
  const [b = null] = after ? percentiles(after, [p], limits, z) : []
  const nothing = { before: a, after: b, difference: null, verdict: null, confidence: null }
  if (!a || !b || a.low === null || a.high === null || b.low === null || b.high === null) return nothing
  const value = b.value - a.value
  const down = Math.hypot(b.value - b.low, a.high - a.value)
  const up = Math.hypot(b.high - b.value, a.value - a.low)
  const difference = { value, low: value - down, high: value + up }
  const changed = difference.low > 0 ? 'degrading' : difference.high < 0 ? 'improving' : null
  if (changed) {
    const confidence = 1 - 2 * beyond((z * Math.abs(value)) / (changed === 'degrading' ? down : up))
    return { before: a, after: b, difference, verdict: changed, confidence }
  }
  const confidence = within(value, down, up, MARGIN * a.value, z)
  return { before: a, after: b, difference, verdict: confidence < SURE ? 'unclear' : 'stable', confidence }
}

/** How sure it is that the difference lies within `margin` on either side of 0. */
function within(value: number, down: number, up: number, margin: number, z: number): number {
  const high = below((z * (margin - value)) / (margin > value ? up : down))
  const low = below((z * (-margin - value)) / (-margin > value ? up : down))
  return Number.isNaN(high - low) ? 1 : high - low
}
