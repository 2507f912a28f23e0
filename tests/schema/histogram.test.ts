import { describe, expect, it } from 'vitest'
import {
  bucketOf,
  type Histogram,
  merge,
  percentiles,
  RELATIVE_ERROR,
  valueIn,
  ZERO,
} from '../../schema/histogram.ts'

/** Every percentile that the API takes: 1.0, 1.1, ... 99.9. */
const ALL = Array.from({ length: 990 }, (_, i) => (i + 10) / 10)

function histogramOf(values: readonly number[], weight = 1): Histogram {
  const h: Histogram['h'] = {}
  for (const value of values) h[bucketOf(value)] = (h[bucketOf(value)] ?? 0) + weight
  const n = values.length * weight
  return { n, s: values.length, q: n * weight, good: 0, poor: 0, h }
}

/** Nearest rank: the smallest value that at least p % of the values do not exceed. */
function exact(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p * sorted.length) / 100 - 1e-9) - 1)] ?? Number.NaN
}

describe('a bucket', () => {
  it('reports every whole value up to ten minutes within 1.083 %', () => {
    let worst = 0
    for (let value = 1; value <= 600_000; value++) {
      worst = Math.max(worst, Math.abs(valueIn(bucketOf(value)) - value) / value)
    }
    expect(worst).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-12)
    expect(RELATIVE_ERROR).toBeCloseTo(0.01083, 5)
  })

  it('of zero is its own and reports zero', () => {
    expect(bucketOf(0)).toBe(ZERO)
    expect(valueIn(ZERO)).toBe(0)
  })

  it('ends at a power of two, inclusive', () => {
    expect([1, 2, 3, 4, 1024, 1025].map(bucketOf)).toEqual([0, 32, 51, 64, 320, 321])
  })
})

describe('percentiles', () => {
  // Deterministic shapes by inverse distribution functions; no luck in them.
  const grid = Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000)
  const shapes: Record<string, number[]> = {
    'log-normal': grid.map(u => Math.round(Math.exp(7.3 + 0.8 * Math.tan(1.3 * (u - 0.5))))),
    bimodal: grid.map(u => Math.round(u < 0.6 ? 300 + 200 * u : 4000 + 3000 * u)),
    'heavy tail': grid.map(u => Math.min(600_000, Math.round(100 / (1 - u) ** 0.9))),
    constant: grid.map(() => 1234),
    'CLS with many zeros': grid.map(u => (u < 0.7 ? 0 : Math.round(1000 * (u - 0.7) ** 2))),
  }

  it.each(Object.entries(shapes))('of %s lie within 1.083 %% of the exact ones', (_, values) => {
    const sorted = values.toSorted((a, b) => a - b)
    const answers = percentiles(histogramOf(values), ALL)
    for (const [i, p] of ALL.entries()) {
      const truth = exact(sorted, p)
      const distance = Math.abs((answers[i]?.value ?? Number.NaN) - truth)
      expect(distance, `p${p} of ${truth}`).toBeLessThanOrEqual(truth * (RELATIVE_ERROR + 1e-9))
    }
  })

  it('do not depend on a common weight, while the interval depends on the samples', () => {
    const values = grid.map(u => Math.round(100 + 5000 * u))
    expect(percentiles(histogramOf(values, 8), ALL)).toEqual(percentiles(histogramOf(values), ALL))
  })

  it('of a merge are those of all samples together', () => {
    const values = shapes.bimodal ?? []
    const parts = [values.slice(0, 100), values.slice(100, 7000), values.slice(7000)].map(part =>
      histogramOf(part),
    )
    expect(merge(parts)).toEqual(histogramOf(values))
  })

  it('of nothing are null, and have no interval end where the sample is too small for one', () => {
    expect(percentiles(merge([]), [50])).toEqual([null])
    expect(percentiles(histogramOf([100]), [75])).toEqual([
      { value: valueIn(bucketOf(100)), low: null, high: null },
    ])
    const [p75] = percentiles(histogramOf([100, 200, 300, 400, 500, 600, 700, 800]), [75])
    expect(p75?.low).not.toBeNull()
    expect(p75?.high).toBeNull()
  })

  it('lie inside their interval, which narrows with the square root of the sample', () => {
    const width = (size: number) => {
      const values = Array.from({ length: size }, (_, i) => Math.round(1000 + (4000 * (i + 0.5)) / size))
      const [p75] = percentiles(histogramOf(values), [75])
      if (!p75 || p75.low === null || p75.high === null) throw new Error('no interval')
      expect(p75.low).toBeLessThan(p75.value)
      expect(p75.high).toBeGreaterThan(p75.value)
      return p75.high - p75.low
    }
    expect(width(400) / width(6400)).toBeGreaterThan(2.2)
    expect(width(400) / width(6400)).toBeLessThan(4.5)
  })
})
