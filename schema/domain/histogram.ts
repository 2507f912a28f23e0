/**
 * A weighted distribution in logarithmic buckets (buckets.ts), and how samples and distributions are added up. Two thresholds are
 * counted exactly beside the buckets.
 */

import { type Buckets, bucketOf, bucketsOf, NO_BUCKETS, newSums, reweighted, ZERO } from './buckets.ts'
import type { Grains } from './units.ts'

/** A distribution; weights make it an estimate of all traffic from the samples kept. It is stored as JSON (worker/store/histogram-text). */
export interface Histogram {
  /** Sum of weights: the page views (or calls) that the samples stand for. */
  n: number
  /** Samples: rows (or calls) really measured. */
  s: number
  /** Sum of squared weights. */
  q: number
  /** Weight at or below the good threshold, exact. */
  good: number
  /** Weight above the poor threshold, exact. */
  poor: number
  h: Buckets
  /**
   * The sum of squared weights by bucket, where weights differ: what is kept less of in a burst may be slow because of it. Missing where
   * all samples have one weight, and in roll-ups of before it was kept: there a bucket has its part of `q` by weight.
   */
  v?: Buckets | undefined
  /**
   * By bucket index, of samples that come several from one page view: the ordered pairs of one page view whose larger
   * sample lies there, and the samples there with each of their partners; both weigh w^2 (clusters.ts). Missing where all
   * samples count as independent: page views, and roll-ups of before it was kept.
   */
  c?: Record<string, readonly [pairs: number, partners: number]> | undefined
}

/** Thresholds in grains, inclusive as in web-vitals. */
export interface Limits {
  good: Grains
  poor: Grains
}

/** One measured value in grains, and how many it stands for. */
export interface Sample {
  x: Grains
  w: number
}

/** A distribution that samples are added to. */
export interface Collected extends Omit<Histogram, 'h' | 'v' | 'c'> {
  /** Weight by bucket. */
  h: Map<number, number>
  /** Squares by bucket, from the first sample on whose weight is another one. */
  v?: Map<number, number>
  c?: Record<string, readonly [pairs: number, partners: number]>
}

/** Of no samples yet. */
export function nothing(): Collected {
  return { n: 0, s: 0, q: 0, good: 0, poor: 0, h: new Map() }
}

/** The distribution of all that was added. */
export function collected<T extends Collected>({ h, v, ...sum }: T): Omit<T, 'h' | 'v'> & Histogram {
  return { ...sum, h: bucketsOf(h), ...(v && { v: bucketsOf(v) }) }
}

/** The sum of squared weights by bucket. */
export function squaresOf({ n, q, h, v }: Pick<Histogram, 'n' | 'q' | 'h' | 'v'>): Buckets {
  return v ?? reweighted(h, weight => (weight * q) / n)
}

/** The distribution of some independent samples. */
export function collect(samples: Iterable<Sample>, limits: Limits): Histogram {
  const sum = nothing()
  for (const sample of samples) addSample(sum, sample, limits)
  return collected(sum)
}

/** Adds a sample that is independent of all others; `bucket` is that of its value, where it is known. */
export function addSample(sum: Collected, { x, w }: Sample, limits: Limits, bucket = bucketOf(x)): void {
  // All before had one weight, another one.
  if (!sum.v && w * sum.n !== sum.q) {
    const weight = sum.q / sum.n
    sum.v = new Map([...sum.h].map(([bucket, n]) => [bucket, n * weight]))
  }
  sum.v?.set(bucket, (sum.v.get(bucket) ?? 0) + w * w)
  sum.n += w
  sum.s++
  sum.q += w * w
  if (x <= limits.good) sum.good += w
  if (x > limits.poor) sum.poor += w
  sum.h.set(bucket, (sum.h.get(bucket) ?? 0) + w)
}

/** Adds all samples of one page view, each of which makes a pair with each of the others. */
export function addTogether(sum: Collected, samples: readonly Sample[], limits: Limits): void {
  const [first] = samples
  if (first && samples.length === 1) {
    addSample(sum, first, limits)
    return
  }
  for (const [place, sample] of samples.toSorted((a, b) => a.x - b.x).entries()) {
    addSample(sum, sample, limits)
    const bucket = bucketOf(sample.x)
    const square = sample.w * sample.w
    sum.c ??= {}
    const [pairs, partners] = sum.c[bucket] ?? [0, 0]
    sum.c[bucket] = [pairs + 2 * place * square, partners + (samples.length - 1) * square]
  }
}

/** What `merge` adds up in. */
const sums = newSums()

/** Adds distributions of disjoint samples. The sum equals the histogram of all their samples together. */
export function merge(parts: readonly Histogram[]): Histogram {
  const [only] = parts
  // A point of one hour: its buckets are as they were read.
  if (only && parts.length === 1) return plain(only)
  const sum: Histogram = { n: 0, s: 0, q: 0, good: 0, poor: 0, h: NO_BUCKETS }
  for (const part of parts) {
    sum.n += part.n
    sum.s += part.s
    sum.q += part.q
    sum.good += part.good
    sum.poor += part.poor
    const { at, weights } = part.h
    for (let i = 0; i < at.length; i++) sums.add(at[i] ?? ZERO, weights[i] ?? 0)
    for (const bucket in part.c) {
      sum.c ??= {}
      const [pairs, partners] = sum.c[bucket] ?? [0, 0]
      const [more, others] = part.c[bucket] ?? [0, 0]
      sum.c[bucket] = [pairs + more, partners + others]
    }
  }
  sum.h = sums.take()
  if (!isAlike(sum, parts)) sum.v = squaresIn(parts)
  return sum
}

/** A histogram without what else may go with it. */
function plain({ n, s, q, good, poor, h, v, c }: Histogram): Histogram {
  return { n, s, q, good, poor, h, ...(v && { v }), ...(c && { c }) }
}

/** True where all samples have one weight, but for what float products lose. */
function isAlike(sum: Histogram, parts: readonly Histogram[]): boolean {
  return parts.every(({ n, q, v }) => !v && Math.abs(n * sum.q - q * sum.n) <= 1e-9 * n * sum.q)
}

function squaresIn(parts: readonly Histogram[]): Buckets {
  for (const part of parts) {
    const { at, weights } = squaresOf(part)
    for (let i = 0; i < at.length; i++) sums.add(at[i] ?? ZERO, weights[i] ?? 0)
  }
  return sums.take()
}
