/**
 * Page views of a day and how they are sampled, by chance that can be repeated: a seed goes in, the histogram of
 * the page views kept comes out.
 */

import { bucketOf } from '../../schema/domain/buckets.ts'
import { addSample, collected, type Histogram, nothing } from '../../schema/domain/histogram.ts'

/** A population in order of time. */
export interface Population {
  /** As the visitors had it, before rounding. */
  raw: readonly number[]
  /** In grains. */
  values: readonly number[]
  /** The same, ascending. */
  sorted: readonly number[]
  buckets: readonly number[]
  /** At or below it is good, above it is poor. */
  good: number
  poor: number
}

/** What is kept of each page view: the client 1 of `client`, of those the server 1 of `server`, a power of two. */
export interface Design {
  client(i: number): number
  server(i: number, size: number): number
}

/** Uniform numbers in [0, 1) by mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** LCP of a log-normal shop in ms; `drift(i / size)` slows it down over the day. */
export function lcp(size: number, seed: number, drift: (time: number) => number = () => 1): Population {
  const next = random(seed)
  const values = Array.from({ length: size }, (_, i) => Math.exp(7.3 + 0.6 * normal(next)) * drift(i / size))
  return population(values, 2500, 4000)
}

/** CLS in thousandths, 0 for a third. */
export function cls(size: number, seed: number): Population {
  const next = random(seed)
  const value = () => (next() < 1 / 3 ? 0 : 1000 * Math.exp(-3.2 + 1.1 * normal(next)))
  return population(Array.from({ length: size }, value), 100, 250)
}

/** The same population on a faster or slower machine. */
export function scaled({ raw, good, poor }: Population, factor: number): Population {
  return population(
    raw.map(value => value * factor),
    good,
    poor,
  )
}

function population(raw: readonly number[], good: number, poor: number): Population {
  const values = raw.map(Math.round)
  const sorted = values.toSorted((a, b) => a - b)
  return { raw, values, sorted, buckets: values.map(bucketOf), good, poor }
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

/** Samples by the rule of the SDK (1 of k by chance) and of the worker (1 of m by the low bits of a hash). */
export function sampleOf(
  { values, buckets, good, poor }: Population,
  design: Design,
  seed: number,
): Histogram {
  const next = random(seed)
  const sum = nothing()
  const size = values.length
  for (let i = 0; i < size; i++) {
    const k = design.client(i)
    const m = design.server(i, size)
    if (k > 1 && next() * k >= 1) continue
    if (m > 1 && ((next() * 2 ** 32) & (m - 1)) !== 0) continue
    addSample(sum, { x: values[i] ?? 0, w: k * m }, { good, poor }, buckets[i])
  }
  return collected(sum)
}
