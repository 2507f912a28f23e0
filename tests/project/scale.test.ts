import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import { type Scenario, simulate } from '../kit/scale/simulation.ts'

const steady = (perDay: number) => () => perDay / (DAY / SECOND)
const small: Scenario = {
  isolates: 10,
  perSecond: steady(10_000),
  length: 2 * HOUR,
  rowsPerDay: 25_000,
  seed: 1,
}

describe('the simulation', () => {
  it('stores each page view of a small site, a row for each beacon', async () => {
    const { usage, truth, counted, fates, rates } = await simulate(small)
    expect(truth).toBe(counted)
    expect(fates).toEqual({ stored: usage.written.pageviews })
    expect(rates).toEqual([])
    expect(usage.refused).toBe(0)
  })

  it('repeats to the last row, and not with another seed', async () => {
    const busy = { ...small, isolates: 40, perSecond: steady(1_000_000), length: 5 * MINUTE }
    const first = await simulate(busy)
    expect(await simulate(busy)).toEqual(first)
    expect(await simulate({ ...busy, seed: 2 })).not.toEqual(first)
  })
})
