import { describe, expect, it } from 'vitest'
import { RELATIVE_ERROR } from '../../../schema/domain/buckets.ts'
import { merge } from '../../../schema/domain/histogram.ts'
import { percentiles } from '../../../schema/domain/percentiles.ts'
import { shareIn } from '../../../schema/domain/share.ts'
import { ALL, exact, histogramOf, SHAPES } from '../../kit/distributions.ts'
import { cls, type Design, lcp, type Population, random, sampleOf, scaled } from '../../kit/population.ts'

const PS = [50, 75, 95]
const ALL_TRAFFIC: Design = { client: () => 1, server: () => 1 }
const oneOf = (m: number): Design => ({ client: () => 1, server: () => m })

/** Three scripts in the field with different `data-sample`, and a busy evening: the server's rate rises and falls. */
const mixed = (rates: readonly number[]): Design => ({
  client: i => [1, 2, 10][i % 3] ?? 1,
  server: (i, size) => rates[Math.floor((i / size) * rates.length)] ?? 1,
})

/** Every fifth page view comes from a script that keeps 1 of 16. */
const heavy: Design = { client: i => (i % 5 ? 1 : 16), server: () => 8 }

/** Busy hours are slow hours: LCP is half as long again while the rate is high. */
const evening = (time: number) => (time > 0.5 && time < 0.75 ? 1.5 : 1)

/** An outage: in a fifth of the page views LCP is three times as long, and of these the worker keeps 1 of 16. */
const outage = (time: number) => (time < 0.8 ? 1 : 3)
const during: Design = { client: () => 1, server: (i, size) => (i < 0.8 * size ? 1 : 16) }
/** What is fast is kept less of: the few page views of great weight are those of a prerender. */
const prerendered = (time: number) => (time < 0.8 ? 1 : 0.1)

describe('an estimate from samples is without bias:', () => {
  const SEEDS = 200
  /** Student's t for 199 degrees of freedom, two-sided 99.9 %. */
  const T = 3.34
  const size = 20_000
  it.each<[string, Population, Design]>([
    ['LCP, 1 of 8', lcp(size, 1), oneOf(8)],
    ['CLS, 1 of 8', cls(size, 2), oneOf(8)],
    ['LCP, mixed rates', lcp(size, 3), mixed([1, 2, 8, 4])],
    ['CLS, mixed rates', cls(size, 4), mixed([1, 2, 8, 4])],
    ['LCP that is slow while the rate is high', lcp(size, 5, evening), mixed([1, 2, 8, 4])],
    ['LCP, few of great weight', lcp(size, 6), heavy],
  ])('%s', (_, population, design) => {
    const names = ['count', 'good', 'poor', ...PS.map(p => `p${p}`)]
    const errors = Array.from({ length: SEEDS }, (_, seed) => {
      // A percentile is the value of its bucket. Where one population's percentile lies in its bucket is no matter
      // of sampling, so every seed has its own: all places of a bucket, and of a grain, come about alike.
      const site = scaled(population, 2 ** (seed / SEEDS))
      const measure = (rule: Design) => {
        const histogram = sampleOf(site, rule, seed + 1)
        const { n, good, poor } = histogram
        return [n, good / n, poor / n, ...percentiles(histogram, PS, null).map(p => p?.value ?? Number.NaN)]
      }
      const truth = measure(ALL_TRAFFIC)
      return measure(design).map((estimate, i) => estimate / (truth[i] ?? Number.NaN) - 1)
    })
    for (const [i, name] of names.entries()) {
      const error = errors.map(trial => trial[i] ?? Number.NaN)
      expect(Math.abs(t(error)), `${name}: ${mean(error)}`).toBeLessThan(T)
    }
  })
})

describe('the 95 % interval covers the exact percentile of all traffic', () => {
  const TRIALS = 1_500
  // Where most page views are kept, an interval for endless traffic covers more: so these keep few.
  it.each<[string, Population, Design]>([
    ['LCP, 1 of 16', lcp(8_000, 11), oneOf(16)],
    ['LCP, 1 of 64', lcp(8_000, 12), oneOf(64)],
    ['LCP, 1 of 256', lcp(8_000, 12), oneOf(256)],
    ['CLS, 1 of 8', cls(8_000, 13), oneOf(8)],
    ['CLS, 1 of 64', cls(8_000, 14), oneOf(64)],
    ['LCP, mixed rates', lcp(8_000, 15), mixed([4, 8, 32, 16])],
    ['CLS, mixed rates', cls(8_000, 16), mixed([4, 8, 32, 16])],
    ['CLS, gentle mixed rates', cls(8_000, 17), mixed([1, 2, 8, 4])],
    ['LCP, few of great weight', lcp(8_000, 24), heavy],
    ['LCP that is slow while the rate is high', lcp(8_000, 19, evening), mixed([4, 8, 32, 16])],
    ['LCP in an outage of which little is kept', lcp(8_000, 20, outage), during],
    ['the same of a small site', lcp(1_000, 21, outage), during],
    ['LCP that is fast while the rate is high', lcp(8_000, 22, prerendered), during],
  ])('at least 94 and, sampled hard, at most 99 times in 100: %s', (_, population, design) => {
    const truth = PS.map(p => exact(population.sorted, p))
    const covered = PS.map(() => 0)
    let effective = 0
    for (let seed = 1; seed <= TRIALS; seed++) {
      const histogram = sampleOf(population, design, seed * 7919)
      effective += histogram.n ** 2 / histogram.q / TRIALS
      for (const [i, answer] of percentiles(histogram, PS, null).entries()) {
        const value = truth[i] ?? Number.NaN
        // An end that is null is no bound: it says that the samples are too few to say, and covers everything.
        const low = answer?.low ?? Number.NEGATIVE_INFINITY
        const high = answer?.high ?? Number.POSITIVE_INFINITY
        if (low <= value + 1e-9 && value - 1e-9 <= high) covered[i] = (covered[i] ?? 0) + 1
      }
    }
    for (const [i, p] of PS.entries()) {
      const share = (covered[i] ?? 0) / TRIALS
      expect(share, `p${p}, n_eff ${effective.toFixed(0)}`).toBeGreaterThanOrEqual(0.94)
      if (effective <= 1_000) expect(share, `p${p}, n_eff ${effective.toFixed(0)}`).toBeLessThanOrEqual(0.99)
    }
  })
})

describe('the 95 % interval of a share of page views', () => {
  it.each([1_000, 8_000])('covers it where %i page views err in an outage of which little is kept', size => {
    const TRIALS = 2_000
    const next = random(size)
    const truth = 0.8 * 0.01 + 0.2 * 0.3
    let covered = 0
    for (let trial = 0; trial < TRIALS; trial++) {
      const [erring, all] = [
        { n: 0, q: 0 },
        { n: 0, q: 0 },
      ]
      for (let i = 0; i < size; i++) {
        const w = during.server(i, size)
        const errs = next() < (w > 1 ? 0.3 : 0.01)
        if (next() * w >= 1) continue
        for (const sum of errs ? [erring, all] : [all]) {
          sum.n += w
          sum.q += w * w
        }
      }
      const { low, high } = shareIn(erring, all)
      if (low <= truth && truth <= high) covered++
    }
    expect(covered / TRIALS).toBeGreaterThanOrEqual(0.93)
    expect(covered / TRIALS).toBeLessThanOrEqual(0.99)
  })
})

describe('a day', () => {
  it.each(Object.entries(SHAPES))('of %s is the sum of its hours, within 1.083 %%', (_, values) => {
    const hours = Array.from({ length: 24 }, (_, hour) =>
      histogramOf(values.filter((_, i) => (i * 7919) % 24 === hour)),
    )
    const day = merge(hours)
    expect(day).toEqual(histogramOf(values))
    const sorted = values.toSorted((a, b) => a - b)
    const answers = percentiles(day, ALL, null)
    for (const [i, p] of ALL.entries()) {
      const truth = exact(sorted, p)
      const distance = Math.abs((answers[i]?.value ?? Number.NaN) - truth)
      expect(distance, `p${p} of ${truth}`).toBeLessThanOrEqual(truth * (RELATIVE_ERROR + 1e-9))
    }
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** How many standard errors the mean lies from 0. */
function t(values: readonly number[]): number {
  const center = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1)
  return center === 0 ? 0 : center / Math.sqrt(variance / values.length)
}
