/**
 * Five shapes of data that percentiles must survive, in grains, by inverse distribution functions: no luck in them.
 * Beside them what tests and benches compare with: a histogram of plain values, and the exact percentile.
 */

import { bucketOf, bucketsOf } from '../../schema/domain/buckets.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'

/** Every percentile that the API takes: 1.0, 1.1, ... 99.9. */
export const ALL = Array.from({ length: 990 }, (_, i) => (i + 10) / 10)

export const grid = Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000)

export const SHAPES: Readonly<Record<string, readonly number[]>> = {
  'log-normal': grid.map(u => Math.round(Math.exp(7.3 + 0.8 * Math.tan(1.3 * (u - 0.5))))),
  bimodal: grid.map(u => Math.round(u < 0.6 ? 300 + 200 * u : 4000 + 3000 * u)),
  'heavy tail': grid.map(u => Math.min(600_000, Math.round(100 / (1 - u) ** 0.9))),
  constant: grid.map(() => 1234),
  'CLS with many zeros': grid.map(u => (u < 0.7 ? 0 : Math.round(1000 * (u - 0.7) ** 2))),
}

export function histogramOf(values: readonly number[], weight = 1): Histogram {
  const weights = new Map<number, number>()
  for (const value of values) weights.set(bucketOf(value), (weights.get(bucketOf(value)) ?? 0) + weight)
  const n = values.length * weight
  return { n, s: values.length, q: n * weight, good: 0, poor: 0, h: bucketsOf(weights) }
}

/** Nearest rank: the smallest value that at least p % of the values do not exceed. */
export function exact(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p * sorted.length) / 100 - 1e-9) - 1)] ?? Number.NaN
}
