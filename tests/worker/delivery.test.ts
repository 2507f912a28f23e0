import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { encode } from '../../schema/beacon.ts'
import type { DeliveryAnswer } from '../../schema/delivery.ts'
import { rollUpHour } from '../../worker/rollup/rollup.ts'
import { newId, pageView } from '../schema/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, send } from './client.ts'

const HOUR = 3_600_000
const BEGAN = Math.floor(Date.now() / HOUR) * HOUR - HOUR / 2

async function arrive(site: string, sequences: readonly number[], dropped = 0): Promise<void> {
  const id = newId()
  for (const sequence of sequences) {
    const view = pageView({ id, sequence, age: Date.now() - BEGAN, dropped })
    expect((await send(encode(view), admin, site)).status).toBe(204)
  }
}

async function delivery(site: string): Promise<DeliveryAnswer> {
  const response = await get(`/v1/delivery?site=${site}&from=-4h`)
  expect(response.status).toBe(200)
  return response.json()
}

describe('delivery', () => {
  it('tells how many beacons were lost, whatever their order and however often they came', async () => {
    await put('/v1/sites/lossy', { origins: [ORIGIN] })
    expect(await delivery('lossy')).toMatchObject({ beacons_sent: 0, loss_rate: null })
    await arrive('lossy', [0, 1, 2, 3])
    await arrive('lossy', [3, 0, 3, 3], 7)
    await arrive('lossy', [5])
    await arrive('lossy', [0, 49, 50, 51, 60], 2)
    await rollUpHour(env.DB, 'lossy', Math.floor(BEGAN / HOUR), Date.now())
    const answer = await delivery('lossy')
    // Beacons from the 51st on share a bit.
    expect(answer).toMatchObject({
      pageviews: 4,
      beacons_sent: 4 + 4 + 6 + 51,
      beacons_received: 4 + 2 + 1 + 3,
    })
    expect(answer.loss_rate).toBeCloseTo(1 - 10 / 65, 10)
    expect(answer.calls_left_out).toBe(9)
    expect(answer.sampling).toEqual([{ since: answer.from, rate: 1 }])
  })

  it('takes a site and a range, and nothing else', async () => {
    expect(await problemOf(await get('/v1/delivery?site=lossy&route=/'))).toMatchObject({
      status: 400,
      field: 'route',
    })
  })
})
