/**
 * Logarithmic buckets, and weights by them.
 *
 * Bucket i holds the values in (2^((i-1)/32), 2^(i/32)]: the base-2 exponential histogram of OpenTelemetry at
 * scale 5 and of Prometheus native histograms at schema 5. Values are whole grains, so no bucket below 0 is ever
 * used, and `ZERO` stands for the value 0.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */

import type { Grains } from './units.ts'

/** Buckets in a factor of two: 2^scale, at scale 5. */
export const PER_DOUBLING = 32

const BASE = 2 ** (1 / PER_DOUBLING)

/** The largest relative distance between a value and the value that its bucket reports: 1.083 %. */
export const RELATIVE_ERROR = (BASE - 1) / (BASE + 1)

/** The bucket of the value 0, and the first of all. */
export const ZERO = -1

/** The bucket of a value in grains. */
export function bucketOf(grains: Grains): number {
  return grains < 1 ? ZERO : Math.ceil(Math.log2(grains) * PER_DOUBLING)
}

/** The value that a bucket reports: the point of equal relative error to both ends. */
export function valueIn(bucket: number): Grains {
  return bucket === ZERO ? 0 : (2 * highOf(bucket)) / (BASE + 1)
}

/** The largest values of buckets, from 0 on, as far as they were asked for: powers take a third of the time of a percentile. */
const highs: number[] = []

/** The largest value of a bucket; the smallest is the largest of the one below. */
export function highOf(bucket: number): number {
  if (bucket === ZERO) return 0
  for (let next = highs.length; next <= bucket; next++) highs.push(BASE ** next)
  return highs[bucket] ?? 0
}

/** The smallest value of a bucket. */
export function lowOf(bucket: number): number {
  return bucket === ZERO ? 0 : bucket === 0 ? BASE ** -1 : highOf(bucket - 1)
}

/**
 * Two lists, ascending by bucket. An answer reads, adds up and walks thousands of histograms, and an object with a key for each
 * bucket takes several times as long for each of these (measured: 3 to 5).
 */
export interface Buckets {
  /** Indexes of buckets, ascending. */
  readonly at: readonly number[]
  /** The weight of each of them. */
  readonly weights: readonly number[]
}

export const NO_BUCKETS: Buckets = { at: [], weights: [] }

/** Buckets in any order, each once. */
export function bucketsOf(found: Iterable<readonly [bucket: number, weight: number]>): Buckets {
  const inOrder = [...found].sort(([a], [b]) => a - b)
  return { at: inOrder.map(([bucket]) => bucket), weights: inOrder.map(([, weight]) => weight) }
}

/** The same buckets with other weights, without those that have none. */
export function reweighted(
  { at, weights }: Buckets,
  weigh: (weight: number, bucket: number) => number,
): Buckets {
  const found = at.map((bucket, i) => [bucket, weigh(weights[i] ?? 0, bucket)] as const)
  return bucketsOf(found.filter(([, weight]) => weight > 0))
}

/** By bucket, to be looked up. */
export function byBucket({ at, weights }: Buckets): Map<number, number> {
  return new Map(at.map((bucket, i) => [bucket, weights[i] ?? 0]))
}

/** Weights that are being added up. */
export interface Sums {
  add(bucket: number, weight: number): void
  /** What was added since the last time. */
  take(): Buckets
}

/** Places for all times below a day, at 32 buckets in a factor of two; more are made where they are needed. */
const PLACES = 1_024

/** Adds up in one list of all buckets, which is made once: to make one takes longer than to fill it. */
export function newSums(): Sums {
  let sums = new Float64Array(PLACES)
  let [first, end] = [Number.POSITIVE_INFINITY, 0]
  return {
    add(bucket, weight) {
      const place = bucket - ZERO
      if (place >= sums.length) {
        const more = new Float64Array(2 * place)
        more.set(sums)
        sums = more
      }
      sums[place] = (sums[place] ?? 0) + weight
      if (place < first) first = place
      if (place >= end) end = place + 1
    },
    take() {
      let count = 0
      for (let place = first; place < end; place++) if (sums[place]) count++
      const [at, weights] = [new Array<number>(count), new Array<number>(count)]
      let i = 0
      for (let place = first; place < end; place++) {
        const weight = sums[place]
        if (!weight) continue
        at[i] = place + ZERO
        weights[i++] = weight
        sums[place] = 0
      }
      first = Number.POSITIVE_INFINITY
      end = 0
      return { at, weights }
    },
  }
}
