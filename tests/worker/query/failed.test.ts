import { describe, expect, it } from 'vitest'
import { addTogether, collected } from '../../../schema/domain/histogram.ts'
import { type Distribution, none } from '../../../worker/query/distribution.ts'
import { failedShare } from '../../../worker/query/failed.ts'
import { random } from '../../kit/population.ts'

/** A page view: its weight, its calls, and how many of them failed. */
interface View {
  w: number
  calls: number
  failed: number
}

const UNLIMITED = { good: 0, poor: 0 }

/** What the worker stores of them; without `known` as it did before it counted which failed together. */
function stored(views: readonly View[], known = true): Distribution {
  const sum = none()
  for (const { w, calls, failed } of views) {
    addTogether(
      sum,
      Array.from({ length: calls }, () => ({ x: 100, w })),
      UNLIMITED,
    )
    sum.http += w * failed
    if (!known) continue
    sum.ff += w * w * failed * failed
    sum.mf += w * w * failed * calls
  }
  return collected(sum)
}

const even = (length: number, view: View) => Array.from({ length }, () => view)

describe('the share of calls that failed', () => {
  it("is Wilson's where each page view has one call", () => {
    const share = failedShare(
      stored([...even(90, { w: 1, calls: 1, failed: 0 }), ...even(10, { w: 1, calls: 1, failed: 1 })]),
    )
    expect(share?.value).toBe(0.1)
    expect(share?.effective).toBeCloseTo(100)
    expect(share?.low).toBeCloseTo(0.0552, 4)
    expect(share?.high).toBeCloseTo(0.1744, 4)
  })

  it.each([
    ['of independent calls', 0.05, 0.05, 0, 1],
    ['of calls that fail together', 0.01, 0.8, 0.06, 1],
    ['of calls that fail together, of several weights', 0.01, 0.8, 0.06, 4],
  ])('covers the truth in 93 to 98 of 100: %s', (_, well, bad, down, weights) => {
    const next = random(7)
    let covered = 0
    const trials = 1_500
    for (let trial = 0; trial < trials; trial++) {
      const views = Array.from({ length: 500 }, (): View => {
        const calls = 1 + Math.floor(8 * next())
        const chance = next() < down ? bad : well
        const failed = Array.from({ length: calls }, () => next() < chance).filter(Boolean).length
        return { w: next() < 0.5 ? 1 : weights, calls, failed }
      })
      const share = failedShare(stored(views))
      const truth = well * (1 - down) + bad * down
      if (share && share.low <= truth && truth <= share.high) covered++
    }
    expect(covered / trials).toBeGreaterThan(0.93)
    expect(covered / trials).toBeLessThan(0.98)
  })

  it('rests on page views where none, or all, have failed', () => {
    for (const failed of [0, 10]) {
      const share = failedShare(stored(even(30, { w: 1, calls: 10, failed })))
      expect(share?.value).toBe(failed / 10)
      expect(share?.effective).toBeCloseTo(30)
    }
  })

  it('proves little by a page view with many failed calls', () => {
    const views = [...even(1_000, { w: 1, calls: 2, failed: 0 }), ...even(3, { w: 1, calls: 64, failed: 64 })]
    const share = failedShare(stored(views))
    expect(share?.value).toBeCloseTo(0.0876, 4)
    expect(share?.low).toBeLessThan(0.05)
    expect(share?.effective).toBeLessThan(100)
  })

  it('reaches down to where all calls that were left out were well', () => {
    const views = even(100, { w: 1, calls: 10, failed: 1 })
    const [all, some] = [failedShare(stored(views)), failedShare({ ...stored(views), omitted: 1_000 })]
    expect(some?.value).toBe(all?.value)
    expect(some?.high).toBe(all?.high)
    expect(some?.low).toBeLessThan(0.6 * (all?.low ?? 0))
  })

  it('is wider of roll-ups that do not know what failed together', () => {
    const views = [...even(500, { w: 1, calls: 4, failed: 0 }), ...even(50, { w: 1, calls: 4, failed: 4 })]
    const [known, unknown] = [failedShare(stored(views)), failedShare(stored(views, false))]
    expect(unknown?.effective).toBeLessThan(known?.effective ?? 0)
    expect(unknown?.value).toBe(known?.value)
  })

  it('is unknown without calls, and where nobody knows which are of one page view', () => {
    expect(failedShare(stored([]))).toBeNull()
    const rest = { ...stored(even(5, { w: 1, calls: 1, failed: 1 })), q: Number.POSITIVE_INFINITY }
    expect(failedShare(rest)).toBeNull()
  })
})
