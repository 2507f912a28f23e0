import { describe, expect, it } from 'vitest'
import { type Losses, lossOf } from '../../../worker/read/loss.ts'

/** A generator with a seed, so that each run tries the same. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Page views of some beacons each, of which `lossOfView` are lost: what the worker can know of them. */
function simulate(views: number, random: () => number, lossOfView: () => number) {
  const sums: Losses = {
    ...{ followed: 0, before: 0, missing: 0, missingSquared: 0, missingBefore: 0, beforeSquared: 0 },
  }
  let [sent, received] = [0, 0]
  for (let i = 0; i < views; i++) {
    let beacons = 1
    while (random() < 0.25 && beacons < 30) beacons++
    const loss = lossOfView()
    let [last, first] = [-1, -1]
    for (let number = 0; number < beacons; number++) {
      if (random() < loss) continue
      last = number
      if (first < 0) first = number
    }
    if (last < 0) continue
    // The newest one, and the first if there were others.
    const missing = Number(first > 0)
    sent += last > 0 ? 2 : 1
    received += last > 0 ? 2 - missing : 1
    if (last < 1) continue
    sums.followed++
    sums.before++
    sums.missing += missing
    sums.missingSquared += missing
    sums.missingBefore += missing
    sums.beforeSquared++
  }
  return { loss: lossOf(sums), bound: (sent - received) / sent }
}

describe('the loss', () => {
  it.each([
    [0.047, 200],
    [0.047, 2_000],
    [0.01, 2_000],
    [0.3, 400],
  ])('of %d is within its interval in 92 of 100 trials at least of %d page views', (truth, views) => {
    const random = generator(views)
    let [covered, sum, bounds] = [0, 0, 0]
    const trials = 1_000
    for (let i = 0; i < trials; i++) {
      const { loss, bound } = simulate(views, random, () => truth)
      if (loss && loss.low <= truth && truth <= loss.high) covered++
      sum += loss?.value ?? 0
      bounds += bound
    }
    expect(covered / trials).toBeGreaterThan(0.92)
    expect(Math.abs(sum / trials / truth - 1)).toBeLessThan(0.1)
    // What was told before.
    expect(bounds / trials).toBeLessThan(truth / 2.5)
  })

  it('of hours of which more or less is kept is within its interval in 92 to 98 of 100', () => {
    const random = generator(3)
    const hours = [
      { weight: 1, views: 400, loss: 0.02 },
      { weight: 16, views: 200, loss: 0.2 },
    ]
    const all = hours.reduce((sum, { weight, views }) => sum + weight * views, 0)
    const truth = hours.reduce((sum, { weight, views, loss }) => sum + weight * views * loss, 0) / all
    let covered = 0
    for (let trial = 0; trial < 1_000; trial++) {
      const sums = {
        followed: 0,
        before: 0,
        missing: 0,
        missingSquared: 0,
        missingBefore: 0,
        beforeSquared: 0,
      }
      for (const { weight, views, loss } of hours) {
        const missing = Array.from({ length: views }, () => random() < loss).filter(Boolean).length
        sums.followed += views
        sums.before += weight * views
        sums.missing += weight * missing
        sums.missingSquared += weight ** 2 * missing
        sums.missingBefore += weight ** 2 * missing
        sums.beforeSquared += weight ** 2 * views
      }
      const found = lossOf(sums)
      if (found && found.low <= truth && truth <= found.high) covered++
    }
    expect(covered / 1_000).toBeGreaterThan(0.92)
    expect(covered / 1_000).toBeLessThan(0.98)
  })

  it('that gathers in few page views has an interval that is as much wider', () => {
    const random = generator(7)
    const values: number[] = []
    let width = 0
    for (let i = 0; i < 400; i++) {
      const { loss } = simulate(2_000, random, () => (random() < 0.1 ? 0.5 : 0))
      values.push(loss?.value ?? 0)
      width += ((loss?.high ?? 0) - (loss?.low ?? 0)) / 400
    }
    const mean = values.reduce((a, b) => a + b) / values.length
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
    expect(width / (2 * 1.96 * deviation)).toBeGreaterThan(0.9)
    expect(width / (2 * 1.96 * deviation)).toBeLessThan(1.2)
  })

  it('is unknown without a second beacon, and has a bound where nothing is missing', () => {
    const none = { followed: 0, before: 0, missing: 0, missingSquared: 0, missingBefore: 0, beforeSquared: 0 }
    expect(lossOf(none)).toBeNull()
    const kept = lossOf({ ...none, followed: 100, before: 100, beforeSquared: 100 })
    expect(kept).toMatchObject({ value: 0, low: 0 })
    expect(kept?.high).toBeCloseTo(0.038, 2)
  })
})
