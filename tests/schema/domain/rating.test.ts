import { describe, expect, it } from 'vitest'
import { RELATIVE_ERROR } from '../../../schema/domain/buckets.ts'
import { collect, type Sample } from '../../../schema/domain/histogram.ts'
import { format, fromGrains, METRICS, type Metric, rate, thresholds } from '../../../schema/domain/metrics.ts'
import { percentiles } from '../../../schema/domain/percentiles.ts'
import { random } from '../../kit/population.ts'

const PS = [1, 25, 50, 75, 90, 95, 99.9]
const NAMES = Object.keys(METRICS) as Metric[]

/** The smallest value with at least p % of the weight at or below it. */
function exact(samples: readonly Sample[], p: number): number {
  const all = samples.reduce((sum, { w }) => sum + w, 0)
  let below = 0
  const found = samples
    .toSorted((a, b) => a.x - b.x)
    .find(({ w }) => {
      below += w
      return below * 1000 >= Math.round(p * 10) * all
    })
  return found?.x ?? Number.NaN
}

/** Samples of which many lie at a threshold, just beside it, or within its bucket. */
function around(metric: Metric, next: () => number): Sample[] {
  const { good, poor } = thresholds(metric)
  const size = 1 + Math.floor(next() * 60)
  return Array.from({ length: size }, () => {
    const at = next() < 0.6 ? good : poor
    const spread = [0, 1, 0.02 * at, 2 * at][Math.floor(next() * 4)] ?? 0
    const x = Math.max(0, Math.round(at + (next() - 0.5) * 2 * spread))
    return { x, w: [1, 1, 1, 2, 16][Math.floor(next() * 5)] ?? 1 }
  })
}

describe.each(NAMES)('the percentile of %s that is answered', metric => {
  const limits = thresholds(metric)

  it('has the rating of the exact one, and lies within the error bound', () => {
    const next = random(metric.length * 31)
    for (let run = 0; run < 3_000; run++) {
      const samples = around(metric, next)
      const found = percentiles(collect(samples, limits), PS, limits)
      for (const [i, p] of PS.entries()) {
        const truth = exact(samples, p)
        const value = found[i]?.value ?? Number.NaN
        const story = `p${p} of ${JSON.stringify(samples)}`
        expect(rate(metric, fromGrains(metric, value)), story).toBe(rate(metric, fromGrains(metric, truth)))
        expect(Math.abs(value - truth), story).toBeLessThanOrEqual(truth * RELATIVE_ERROR + 1e-9)
      }
    }
  })

  it('is good where 75 % of the weight is good, poor where more than 25 % is poor', () => {
    const next = random(metric.length * 37)
    for (let run = 0; run < 3_000; run++) {
      const histogram = collect(around(metric, next), limits)
      const { n, good, poor } = histogram
      const [p75] = percentiles(histogram, [75], limits)
      const rating = rate(metric, fromGrains(metric, p75?.value ?? Number.NaN))
      expect(rating).toBe(4 * good >= 3 * n ? 'good' : 4 * poor > n ? 'poor' : 'needs-improvement')
    }
  })

  it('lies inside its interval', () => {
    const next = random(metric.length * 41)
    for (let run = 0; run < 3_000; run++) {
      for (const found of percentiles(collect(around(metric, next), limits), PS, limits)) {
        const { value, low, high } = found ?? { value: Number.NaN, low: null, high: null }
        expect(low ?? value).toBeLessThanOrEqual(value)
        expect(high ?? value).toBeGreaterThanOrEqual(value)
      }
    }
  })
})

describe('the rating of a value and its text', () => {
  it.each([
    ['lcp', 2500, '2.50 s'],
    ['lcp', 2501, '2.501 s'],
    ['lcp', 2512, '2.51 s'],
    ['lcp', 4004, '4.004 s'],
    ['cls', 0.1, '0.10'],
    ['cls', 0.101, '0.101'],
    ['cls', 0.253, '0.253'],
    ['inp', 200.4, '200.4 ms'],
    ['inp', 199.6, '200 ms'],
    ['api', 999.7, '1000 ms'],
  ] as const)('agree: %s %d is written %s', (metric, value, text) => {
    expect(format(metric, value)).toBe(text)
    const written = Number.parseFloat(text) * (text.endsWith(' s') ? 1000 : 1)
    expect(rate(metric, written)).toBe(rate(metric, value))
  })
})
