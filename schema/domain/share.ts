/**
 * A share of something, 0 to 1, with its 95 % interval: Wilson's score interval, which holds for shares near 0 and 1, too.
 *
 * @see https://doi.org/10.1080/01621459.1927.10502953 Wilson 1927
 */

import { Z95 } from './percentiles.ts'

export interface ShareEstimate {
  value: number
  low: number
  high: number
}

/** `n`: how many independent samples tell it; of weighed ones (sum w)^2 / sum w^2. */
export function shareOf(value: number, n: number): ShareEstimate {
  const centre = (value + Z95 ** 2 / (2 * n)) / (1 + Z95 ** 2 / n)
  const half = (Z95 / (1 + Z95 ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + Z95 ** 2 / (4 * n ** 2))
  return {
    value,
    low: value === 0 ? 0 : Math.max(0, centre - half),
    high: value === 1 ? 1 : Math.min(1, centre + half),
  }
}

/** A share of sums: of a in all b, of which each page view has some. */
export interface RatioSums {
  value: number
  /** Of all b. */
  sum: number
  /** Of each page view's a and b: squares, and products. */
  aa: number
  ab: number
  bb: number
}

/**
 * So many independent samples would tell such a share as well: as many as would vary as much as a ratio of page views' sums does (Cochran
 * 1977, Sampling Techniques, 2.11; Dean and Pagano 2015, https://doi.org/10.1093/jssam/smv024). Where none or all of it is a, nothing
 * tells how a gathers: each page view counts as one.
 */
export function independentOf({ value, sum, aa, ab, bb }: RatioSums, correction = 1): number {
  const variance = (correction * (aa - 2 * value * ab + value ** 2 * bb)) / sum ** 2
  return variance > 0 ? (value * (1 - value)) / variance : sum ** 2 / bb
}

/** A share of weights: of a part in all samples. Those of great weight may be the part, and are few. */
export function shareIn(part: { n: number; q: number }, all: { n: number; q: number }): ShareEstimate {
  const value = part.n / all.n
  const effective = independentOf({ value, sum: all.n, aa: part.q, ab: part.q, bb: all.q })
  return shareOf(value, Math.min(all.n ** 2 / all.q, effective))
}
