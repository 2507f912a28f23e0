/** The figures of a distribution of errors by page view: the share without one, or with one, and how many there were. */

import { valueIn, ZERO } from '../../schema/domain/buckets.ts'
import { type Histogram, squaresOf } from '../../schema/domain/histogram.ts'
import { type ShareEstimate, shareIn } from '../../schema/domain/share.ts'
import { BELIEVED } from '../histogram/believed.ts'

/** The share of page views without an error. */
export function errorFree(histogram: Histogram): ShareEstimate | null {
  return histogram.n > 0 ? shareIn({ n: histogram.good, q: freeSquares(histogram) }, histogram) : null
}

/** The share of page views with an error. */
export function erring(histogram: Histogram): ShareEstimate | null {
  const { n, q, good } = histogram
  return n > 0 ? shareIn({ n: n - good, q: q - freeSquares(histogram) }, histogram) : null
}

/** The squares of page views without an error: those of the lowest bucket. */
function freeSquares(histogram: Histogram): number {
  const { at, weights } = squaresOf(histogram)
  return at[0] === ZERO ? (weights[0] ?? 0) : 0
}

/** How many errors some page views had, each as many as are believed: exact where each had few. */
export function errorCount({ h }: Histogram): number {
  const believed = (bucket: number) => Math.min(Math.round(valueIn(bucket)), BELIEVED.errors)
  return h.weights.reduce((sum, n, i) => sum + n * believed(h.at[i] ?? ZERO), 0)
}
