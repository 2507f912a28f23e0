import { describe, expect, it } from 'vitest'
import { bucketOf, RELATIVE_ERROR, valueIn, ZERO } from '../../../schema/domain/buckets.ts'
import { merge } from '../../../schema/domain/histogram.ts'
import { percentiles } from '../../../schema/domain/percentiles.ts'
import { ALL, exact, grid, histogramOf, SHAPES } from '../../kit/distributions.ts'

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
  it.each(Object.entries(SHAPES))('of %s lie within 1.083 %% of the exact ones', (_, values) => {
    const sorted = values.toSorted((a, b) => a - b)
    const answers = percentiles(histogramOf(values), ALL, null)
    for (const [i, p] of ALL.entries()) {
      const truth = exact(sorted, p)
      const distance = Math.abs((answers[i]?.value ?? Number.NaN) - truth)
      expect(distance, `p${p} of ${truth}`).toBeLessThanOrEqual(truth * (RELATIVE_ERROR + 1e-9))
    }
  })

  it('do not depend on a common weight, while the interval depends on the samples', () => {
    const values = grid.map(u => Math.round(100 + 5000 * u))
    expect(percentiles(histogramOf(values, 8), ALL, null)).toEqual(
      percentiles(histogramOf(values), ALL, null),
    )
  })

  it('of a merge are those of all samples together', () => {
    const values = SHAPES.bimodal ?? []
    const parts = [values.slice(0, 100), values.slice(100, 7000), values.slice(7000)].map(part =>
      histogramOf(part),
    )
    expect(merge(parts)).toEqual(histogramOf(values))
  })

  it('are null of nothing, and have no interval end where the sample is too small', () => {
    expect(percentiles(merge([]), [50], null)).toEqual([null])
    expect(percentiles(histogramOf([100]), [75], null)).toEqual([
      { value: valueIn(bucketOf(100)), low: null, high: null },
    ])
    const [p75] = percentiles(histogramOf([100, 200, 300, 400, 500, 600, 700, 800]), [75], null)
    expect(p75?.low).not.toBeNull()
    expect(p75?.high).toBeNull()
  })

  it('lie inside their interval, which narrows with the square root of the sample', () => {
    const width = (size: number) => {
      const values = Array.from({ length: size }, (_, i) => Math.round(1000 + (4000 * (i + 0.5)) / size))
      const [p75] = percentiles(histogramOf(values), [75], null)
      if (!p75 || p75.low === null || p75.high === null) throw new Error('no interval')
      expect(p75.low).toBeLessThan(p75.value)
      expect(p75.high).toBeGreaterThan(p75.value)
      return p75.high - p75.low
    }
    expect(width(400) / width(6400)).toBeGreaterThan(2.2)
    expect(width(400) / width(6400)).toBeLessThan(4.5)
  })
})
