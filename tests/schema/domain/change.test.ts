import { describe, expect, it } from 'vitest'
import { ZERO } from '../../../schema/domain/buckets.ts'
import { changeOf } from '../../../schema/domain/change.ts'
import { collect, type Histogram } from '../../../schema/domain/histogram.ts'
import { cls, type Design, lcp, type Population, random, sampleOf, scaled } from '../../kit/population.ts'

const all = { client: () => 1, server: () => 1 }
const uniform = { client: () => 1, server: () => 8 }
const mixed = {
  client: (i: number) => (i % 3 ? 1 : 10),
  server: (i: number, size: number) => (i < size / 2 ? 1 : 4),
}
const RUNS = 400

/** How often each verdict falls when `after` of the second population is compared with `before` of the first. */
function verdicts(
  make: (size: number, seed: number) => Population,
  size: number,
  design: Design,
  factor: number,
  p = 75,
) {
  const counts = { improving: 0, degrading: 0, stable: 0, unclear: 0, none: 0 }
  for (let run = 0; run < RUNS; run++) {
    const before = sampleOf(make(size, 2 * run + 1), design, run + 77)
    const after = sampleOf(scaled(make(size, 2 * run + 2), factor), design, run + 7_777)
    counts[changeOf(before, after, p, null).verdict ?? 'none']++
  }
  return counts
}

describe('without a change', () => {
  it.each([
    ['LCP, 5,000 samples', lcp, 5_000, all, 75],
    ['LCP, 300 samples', lcp, 300, all, 75],
    ['LCP, 1 of 8 kept', lcp, 8_000, uniform, 75],
    ['LCP, mixed weights', lcp, 6_000, mixed, 75],
    ['CLS, a third of it 0', cls, 2_000, all, 75],
    ['LCP, p95', lcp, 4_000, mixed, 95],
    ['LCP, median', lcp, 2_000, all, 50],
  ] as const)('at most 5 in 100 verdicts are wrong: %s', (_, make, size, design, p) => {
    const { improving, degrading, none } = verdicts((size, seed) => make(size, seed), size, design, 1, p)
    expect(none).toBe(0)
    expect((improving + degrading) / RUNS).toBeLessThanOrEqual(0.05)
  })
})

describe('where whole hours are slow together', () => {
  /** 40 page views an hour, each hour slower or faster by a shock of 10 % that lasts: AR(1), correlation .5. */
  function shocked(hours: number, next: () => number): [Histogram, Histogram] {
    const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    let shock = 0.1 * gauss()
    const period = () =>
      collect(
        Array.from({ length: hours }, () => {
          shock = 0.5 * shock + Math.sqrt(0.75) * 0.1 * gauss()
          return Array.from({ length: 40 }, () => ({
            x: Math.round(Math.exp(7.3 + 0.6 * gauss() + shock)),
            w: 1,
          }))
        }).flat(),
        { good: 2500, poor: 4000 },
      )
    return [period(), period()]
  }

  it.each([
    ['some 14', 24, 0.08, 0.22],
    ['some 3', 168, 0, 0.06],
  ] as const)('%s in 100 verdicts are wrong on two times %i hours, as is said', (_, hours, least, most) => {
    const next = random(11)
    const runs = 200
    let wrong = 0
    for (let run = 0; run < runs; run++) {
      const { verdict } = changeOf(...shocked(hours, next), 75, null)
      if (verdict === 'improving' || verdict === 'degrading') wrong++
    }
    expect(wrong / runs).toBeGreaterThanOrEqual(least)
    expect(wrong / runs).toBeLessThanOrEqual(most)
  })
})

describe('a verdict of stable', () => {
  it('does not come where 20 samples cannot tell a shift of 40 %, nor no shift', () => {
    for (const factor of [1, 1.4]) {
      const { stable, unclear } = verdicts(lcp, 20, all, factor)
      expect(stable).toBe(0)
      expect(unclear / RUNS).toBeGreaterThan(0.5)
    }
  })

  it('comes where enough samples tell that nothing changed', () => {
    const { stable } = verdicts(lcp, 5_000, all, 1)
    expect(stable / RUNS).toBeGreaterThanOrEqual(0.95)
  })
})

describe('a shift of 10 %', () => {
  it.each([
    ['slower', 1.1, 'degrading'],
    ['faster', 1 / 1.1, 'improving'],
  ] as const)('is found in at least 95 of 100 runs at 5,000 samples: %s', (_, factor, verdict) => {
    expect(verdicts(lcp, 5_000, all, factor)[verdict] / RUNS).toBeGreaterThanOrEqual(0.95)
  })
})

describe('a verdict', () => {
  const one = (size: number, factor = 1) => sampleOf(scaled(lcp(size, 3), factor), all, 1)

  it('does not come on too little data, or none', () => {
    expect(changeOf(one(3), one(500), 75, null)).toMatchObject({
      verdict: null,
      confidence: null,
      difference: null,
    })
    expect(changeOf(null, one(500), 75, null)).toMatchObject({ before: null, verdict: null })
    expect(changeOf(one(500), null, 75, null).after).toBeNull()
  })

  it('is surer the more data it rests on', () => {
    const confidence = (size: number, factor: number) =>
      changeOf(one(size), one(size, factor), 75, null).confidence ?? 0
    expect(confidence(20_000, 1.05)).toBeGreaterThan(confidence(5_000, 1.05))
    expect(confidence(5_000, 1.3)).toBeGreaterThan(0.999)
    expect(confidence(20_000, 1)).toBeGreaterThan(0.99)
    expect(confidence(60, 1)).toBeLessThan(0.7)
  })

  it('is at least 95 % sure of a change', () => {
    for (let factor = 0.8; factor < 1.25; factor += 0.01) {
      const { verdict, confidence } = changeOf(one(4_000), one(4_000, factor), 75, null)
      if (verdict === 'improving' || verdict === 'degrading')
        expect(confidence).toBeGreaterThanOrEqual(0.95 - 1e-6)
    }
  })

  it('knows a metric that is 0 on both sides, to the last sample', () => {
    const zero = { n: 500, s: 500, q: 500, good: 500, poor: 0, h: { at: [ZERO], weights: [500] } }
    expect(changeOf(zero, zero, 75, null)).toMatchObject({ verdict: 'stable', confidence: 1 })
  })
})
