/** The figures of a distribution of errors by page view: the share without one, or with one, and how many there were. */

import { valueIn, ZERO } from '../../schema/domain/buckets.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'
import { type ShareEstimate, shareOf } from '../../schema/domain/share.ts'
import { BELIEVED } from '../histogram/believed.ts'

/** The share of page views without an error. */
export function errorFree({ n, q, good }: Histogram): ShareEstimate | null {
  return n > 0 ? shareOf(good / n, (n * n) / q) : null
}

/** The share of page views with an error. */
export function erring({ n, q, good }: Histogram): ShareEstimate | null {
  return n > 0 ? shareOf((n - good) / n, (n * n) / q) : null
}

/** How many errors some page views had, each as many as are believed: exact where each had few. */
export function errorCount({ h }: Histogram): number {
  const believed = (bucket: number) => Math.min(Math.round(valueIn(bucket)), BELIEVED.errors)
  return h.weights.reduce((sum, n, i) => sum + n * believed(h.at[i] ?? ZERO), 0)
}
