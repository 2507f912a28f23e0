import { describe, expect, it } from 'vitest'
import { countInterval } from '../../../schema/domain/count.ts'
import { type Histogram, merge } from '../../../schema/domain/histogram.ts'
import { random } from '../../kit/population.ts'

/** What is kept of some page views: each with its weight and its calls, of which all or none are kept. */
function kept(
  views: number,
  next: () => number,
  weightOf: (i: number) => number,
  calls = () => 1,
): Histogram {
  const sum: Histogram = { ...merge([]), c: {} }
  let pairs = 0
  for (let i = 0; i < views; i++) {
    const w = weightOf(i)
    const size = calls()
    if (next() * w >= 1) continue
    sum.n += w * size
    sum.s += size
    sum.q += w * w * size
    pairs += w * w * size * (size - 1)
  }
  return { ...sum, c: { 0: [pairs, pairs] } }
}

describe('the interval of a count', () => {
  it('is null if every page view was kept', () => {
    expect(countInterval(kept(500, random(1), () => 1))).toBeNull()
  })

  it('covers the true count of an endpoint that few page views call, some many times', () => {
    const next = random(4)
    const TRIALS = 3_000
    let covered = 0
    for (let trial = 0; trial < TRIALS; trial++) {
      let truth = 0
      const calls = () => {
        const size = 1 + Math.floor(-5 * Math.log(1 - next()))
        truth += size
        return size
      }
      const interval = countInterval(kept(60, next, () => 8, calls))
      if (interval && interval.low <= truth && truth <= interval.high) covered++
    }
    expect(covered / TRIALS).toBeGreaterThanOrEqual(0.93)
    expect(covered / TRIALS).toBeLessThanOrEqual(0.99)
  })

  it.each<[string, number, (i: number) => number, number]>([
    ['many, 1 of 8', 5_000, () => 8, 1],
    ['few, 1 of 8', 120, () => 8, 1],
    ['few, 1 of 64', 1_000, () => 64, 1],
    ['mixed weights', 3_000, i => [1, 2, 16][i % 3] ?? 1, 1],
    ['calls, five a page view, 1 of 4', 800, () => 4, 5],
  ])('covers the true count in 93 to 99 of 100: %s', (_, views, weightOf, size) => {
    const next = random(views)
    const TRIALS = 3_000
    let [covered, trials] = [0, 0]
    for (let trial = 0; trial < TRIALS; trial++) {
      const found = kept(views, next, weightOf, () => size)
      const interval = countInterval(found)
      if (!interval) continue
      trials++
      expect(interval.low).toBeLessThanOrEqual(found.n)
      if (interval.low <= views * size && views * size <= interval.high) covered++
    }
    expect(covered / trials).toBeGreaterThanOrEqual(0.93)
    expect(covered / trials).toBeLessThanOrEqual(0.99)
  })
})
