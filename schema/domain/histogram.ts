/**
 * A weighted distribution in logarithmic buckets, and its percentiles with their interval.
 *
 * Bucket i holds the values in (2^((i-1)/32), 2^(i/32)]: the base-2 exponential histogram of OpenTelemetry at
 * scale 5 and of Prometheus native histograms at schema 5. Values are whole grains, so no bucket below 0 is ever
 * used, and `ZERO` stands for the value 0. Two thresholds are counted exactly beside the buckets, and what is answered
 * agrees with these counts.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */

import { type Buckets, bucketsOf, NO_BUCKETS, newSums, ZERO } from './buckets.ts'
import { effectiveSize } from './clusters.ts'
import type { Grains } from './units.ts'

/** Buckets in a factor of two: 2^scale, at scale 5. */
export const PER_DOUBLING = 32

const BASE = 2 ** (1 / PER_DOUBLING)

/** The largest relative distance between a value and the value that its bucket reports: 1.083 %. */
export const RELATIVE_ERROR = (BASE - 1) / (BASE + 1)

/** Two-sided 95 % of the normal distribution. */
export const Z95 = 1.959963984540054

/** A share of n samples moves in steps of 1 / n: half a step, in samples. */
const CONTINUITY = 0.5

/** Where the weights of so many times more samples come to fewer than so many effective ones, a few carry the weight. */
const UNEVEN = { times: 5, effective: 100 }

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

/** A percentile in grains with its 95 % confidence interval. */
export interface Percentile {
  value: number
  /** Lower end; null where so few samples allow no lower bound. */
  low: number | null
  /** Upper end; null where so few samples allow no upper bound. */
  high: number | null
}

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
function highOf(bucket: number): number {
  if (bucket === ZERO) return 0
  for (let next = highs.length; next <= bucket; next++) highs.push(BASE ** next)
  return highs[bucket] ?? 0
}

/** The smallest value of a bucket. */
function lowOf(bucket: number): number {
  return bucket === ZERO ? 0 : bucket === 0 ? BASE ** -1 : highOf(bucket - 1)
}

/** One measured value in grains, and how many it stands for. */
export interface Sample {
  x: Grains
  w: number
}

/** A distribution that samples are added to. */
export interface Collected extends Omit<Histogram, 'h' | 'c'> {
  /** Weight by bucket. */
  h: Map<number, number>
  c?: Record<string, readonly [pairs: number, partners: number]>
}

/** Of no samples yet. */
export function nothing(): Collected {
  return { n: 0, s: 0, q: 0, good: 0, poor: 0, h: new Map() }
}

/** The distribution of all that was added. */
export function collected<T extends Collected>(sum: T): Omit<T, 'h'> & Histogram {
  return { ...sum, h: bucketsOf(sum.h) }
}

/** The distribution of some independent samples. */
export function collect(samples: Iterable<Sample>, limits: Limits): Histogram {
  const sum = nothing()
  for (const sample of samples) addSample(sum, sample, limits)
  return collected(sum)
}

/** Adds a sample that is independent of all others; `bucket` is that of its value, where it is known. */
export function addSample(sum: Collected, { x, w }: Sample, limits: Limits, bucket = bucketOf(x)): void {
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
  if (only && parts.length === 1) {
    const { n, s, q, good, poor, h, c } = only
    return { n, s, q, good, poor, h, ...(c && { c }) }
  }
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
  return sum
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
  const known: [limit: number, weight: number][] = limits
    ? [
        [limits.good, histogram.good],
        [limits.poor, n - histogram.poor],
      ]
    : []
  // A float product may pass an integral rank by a rounding error; the tolerance keeps p50 of 10 at rank 5.
  const reaches = (weight: number, rank: number) => weight >= rank * (1 - 1e-12)
  return (rank: number): { value: number; low: number; high: number } => {
    let index = 0
    for (let end = cumulated.length - 1; index < end; ) {
      const middle = (index + end) >> 1
      if (reaches(cumulated[middle] ?? 0, rank)) end = middle
      else index = middle + 1
    }
    const bucket = h.at[index] ?? ZERO
    let [low, high] = [lowOf(bucket), highOf(bucket)]
    // Grains are whole, so what is above a threshold is at least one more.
    for (const [limit, weight] of known) {
      if (limit < low || limit >= high) continue
      if (reaches(weight, rank)) high = Math.min(high, limit)
      else low = Math.max(low, limit + 1)
    }
    return { value: Math.max(low, Math.min(high, valueIn(bucket))), low, high }
  }
}
