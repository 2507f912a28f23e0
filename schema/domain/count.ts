/**
 * How far chance may have moved an estimated count: the 95 % interval of a sum of weights.
 *
 * A page view of weight w was kept with the chance 1 / w, so the sum of weights estimates all of them without bias (Horvitz
 * and Thompson, JASA 47 (1952), 663-685), with the variance sum w (w - 1): q - n for one sample a page view. Calls come and
 * go with their page view, which adds their pairs: (q + pairs) (1 - n / q), exact where weights are alike. The interval
 * inverts the test of a true count N, whose variance grows with N (a score interval), so it holds for small counts, too. How many calls
 * a page view has is known from those that were kept alone: few of them widen the interval by Student's t.
 */

import type { Histogram } from './histogram.ts'
import { student } from './normal.ts'
import { Z95 } from './percentiles.ts'

/** Whole numbers; null where every sample has the weight 1, and the count is exact. */
export function countInterval({
  n,
  s,
  q,
  c = {},
}: Pick<Histogram, 'n' | 's' | 'q' | 'c'>): { low: number; high: number } | null {
  if (q <= n) return null
  const pairs = Object.values(c).reduce((sum, [pairs]) => sum + pairs, 0)
  /** Variance of the estimate for each one that is counted. */
  const each = ((q + pairs) * (1 - n / q)) / n
  const z = pairs > 0 ? student(Z95, (n * n) / (q + pairs) - 1) : Z95
  const middle = n + (z ** 2 * each) / 2
  const margin = z * Math.sqrt(each * n + (z * each) ** 2 / 4)
  return { low: Math.max(s, Math.floor(middle - margin)), high: Math.ceil(middle + margin) }
}
