import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { DeliveryAnswer } from '../../../schema/api/delivery.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { shareOf } from '../../../schema/domain/share.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { delivery as askDelivery } from '../../../worker/read/delivery.ts'
import { counted, type Receipt } from '../../../worker/store/statement.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, send } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

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
  it('tells how many beacons were lost, in any order and with repeats', async () => {
    await put('/v1/sites/lossy', { origins: [ORIGIN] })
    expect(await delivery('lossy')).toMatchObject({ beacons_sent: 0, loss_rate: null })
    await arrive('lossy', [0, 1, 2, 3])
    await arrive('lossy', [3, 0, 3, 3], 7)
    await arrive('lossy', [5])
    await arrive('lossy', [0, 49, 50, 51, 60], 2)
    await rollUpHour(env.DB, 'lossy', Math.floor(BEGAN / HOUR), Date.now())
    const answer = await delivery('lossy')
    // Of each page view the newest beacon counts, and the first.
    expect(answer).toMatchObject({ pageviews: 4, beacons_sent: 8, beacons_received: 7 })
    expect(answer.loss_rate).toBeCloseTo(1 / 8, 10)
    expect(answer.calls_left_out).toBe(9)
    expect(answer.lost?.value).toBeCloseTo(1 / 4, 10)
    expect(answer.hours[0]).toMatchObject({
      hour: new Date(Math.floor(BEGAN / HOUR) * HOUR).toISOString(),
      lost: answer.lost,
    })
    expect(answer.sampling).toEqual([{ since: answer.from, rate: 1 }])
  })

  it('weighs the calls that are left out', async () => {
    await put('/v1/sites/weighed', { origins: [ORIGIN] })
    const view = pageView({ id: newId(), age: Date.now() - BEGAN, dropped: 5, weight: 4 })
    expect((await send(encode(view), admin, 'weighed')).status).toBe(204)
    await rollUpHour(env.DB, 'weighed', Math.floor(BEGAN / HOUR), Date.now())
    expect((await delivery('weighed')).calls_left_out).toBe(20)
  })

  it('weighs the loss of an hour of which little is kept', async () => {
    await put('/v1/sites/outage', { origins: [ORIGIN] })
    const hour = Math.floor(BEGAN / HOUR)
    // Of 400 page views one in 50 lost its first beacon, of 3,200 in the hour behind, of which one in 16 is kept, one in five.
    const hours = [
      { hour: hour - 1, weight: 1, kept: 400, loss: 50 },
      { hour, weight: 16, kept: 200, loss: 5 },
    ]
    const rows = hours.flatMap(({ hour, weight, kept, loss }) =>
      Array.from({ length: kept }, (_, i) =>
        pageViewRow({
          ...{ site: 'outage', hour, began: hour * HOUR + i, weight },
          ...{ sequence: 1, received: i % loss ? 3 : 2 },
        }),
      ),
    )
    await store(rows)
    for (const { hour } of hours) await rollUpHour(env.DB, 'outage', hour, Date.now())
    const answer = await delivery('outage')
    const { value = 0, low = 0, high = 0 } = answer.lost ?? {}
    expect(value).toBeCloseTo((400 / 50 + 3_200 / 5) / 3_600, 10)
    expect(high - low).toBeGreaterThan(0.08)
    expect(high - low).toBeLessThan(0.12)
    expect(answer.hours.map(({ lost }) => lost?.value)).toEqual([0.02, 0.2])
    expect(answer).toMatchObject({ pageviews: 600, beacons_sent: 1_200, beacons_received: 1_152 })
  })

  it('tells what became of beacons by the hour, by the day where the range is long', async () => {
    await put('/v1/sites/hourly', { origins: [ORIGIN] })
    const now = Math.floor(Date.now() / HOUR)
    const insert = (site: string, hour: number, counts: Record<string, number>) =>
      env.DB.prepare(
        `INSERT INTO intake (site, hour, ${Object.keys(counts)}) VALUES (?, ?, ${Object.values(counts)})`,
      )
        .bind(site, hour)
        .run()
    await insert('hourly', now - 1, { accepted: 90, stored: 60, sampled: 30, refused_rate: 10, busiest: 25 })
    await insert('hourly', now - 2, {
      accepted: 40,
      stored: 40,
      imported: 40,
      bots: 4,
      failed: 1,
      busiest: 2,
    })
    await insert('hourly', now - 24 * 20, { accepted: 7, stored: 7, busiest: 3, one_in: 4, reports: 40 })
    await insert('', now - 1, { refused_site: 6 })
    const answer = await delivery('hourly')
    const refused = { origin: 0, rate: 10, size: 0, field: 0, weight: 0 }
    expect(answer).toMatchObject({
      step: 'hour',
      accepted: 130,
      sampled_out: 30,
      refused,
      estimated: false,
      busiest_share: 27 / 105,
      shares: {
        refused: shareOf(10 / 145, 145),
        failed: shareOf(1 / 135, 135),
        bots: shareOf(4 / 135, 135),
      },
      unknown_sites: 6,
      lost: null,
    })
    const at = (hour: number) => new Date(hour * HOUR).toISOString()
    expect(answer.hours).toMatchObject([
      { hour: at(now - 2), accepted: 40, bots: 4, failed: 1, busiest_share: 0.4 },
      { hour: at(now - 1), accepted: 90, refused, busiest_share: 0.25 },
    ])
    const long: DeliveryAnswer = await (await get('/v1/delivery?site=hourly&from=-28d')).json()
    expect(long).toMatchObject({ step: 'day', accepted: 137, estimated: true })
    expect(long.hours.length).toBeGreaterThanOrEqual(2)
    expect(long.hours.length).toBeLessThanOrEqual(3)
    // More reports than beacons: each of these is a sample.
    expect(long.shares.refused).toEqual(shareOf(10 / 152, 152))
    expect(long.hours[0]?.hour).toBe(at(Math.floor((now - 24 * 20) / 24) * 24))

    const csv = await (await get('/v1/delivery?site=hourly&format=csv')).text()
    expect(csv.split('\r\n')[0]).toMatch(
      /^hour,accepted,.*,refused\.rate,.*,busiest_share,lost\.value,lost\.low,lost\.high,shares\.refused\.value,/,
    )
    expect(csv.trim().split('\r\n')).toHaveLength(3)
  })

  it('takes each report for one sample where only some isolates tell of their beacons', async () => {
    await put('/v1/sites/crowded', { origins: [ORIGIN] })
    const hour = Math.floor(Date.now() / HOUR) - 1
    await env.DB.prepare(
      `INSERT INTO intake (site, hour, accepted, bots, one_in, reports) VALUES ('crowded', ?1, 9000, 1000, 4, 80)`,
    )
      .bind(hour)
      .run()
    const { shares, estimated } = await delivery('crowded')
    expect(estimated).toBe(true)
    expect(shares.bots).toEqual(shareOf(0.1, 20))
  })

  it('shows what came for unknown sites to the admin alone', async () => {
    await put('/v1/sites/read', { origins: [ORIGIN] })
    const made = await exports.default.fetch('https://rum.example/v1/sites/read/tokens', {
      method: 'POST',
      headers: admin,
      body: '{ "name": "reader" }',
    })
    const { token } = (await made.json()) as { token: string }
    const path = '/v1/delivery?site=read'
    const both = await Promise.all([get(path), get(path, { Authorization: `Bearer ${token}` }), get(path)])
    const [admins, readers] = await Promise.all(both.map(response => response.json<DeliveryAnswer>()))
    expect(admins?.unknown_sites).toBe(6)
    expect(readers?.unknown_sites).toBeNull()
    expect(both[0]?.headers.get('ETag')).not.toBe(both[1]?.headers.get('ETag'))
  })

  it('reads fewer than 20,000 rows of a site that keeps all that it may', async () => {
    await put('/v1/sites/long', { origins: [ORIGIN], hour_days: 400 })
    const now = Math.floor(Date.now() / HOUR)
    const hours = (from: string, columns: string, values: string) =>
      env.DB.prepare(
        `WITH RECURSIVE h(hour) AS (SELECT ?1 UNION ALL SELECT hour + 1 FROM h WHERE hour < ?1 + 9599)
        INSERT INTO ${from} (site, hour${columns}) SELECT 'long', hour${values} FROM h`,
      )
        .bind(now - 9600)
        .run()
    await hours('intake', ', accepted', ', 1')
    await hours('deliveries', ', pageviews, sent, received, dropped', ', 1, 2, 2, 0')
    const receipt: Receipt = { statements: 0, read: 0 }
    const ask = { site: 'long', from: (now - 9600) * HOUR, to: (now + 1) * HOUR, filters: {}, all: true }
    const answer = await askDelivery(counted(env.DB, receipt), ask, { rate: 1 }, Date.now())
    expect(answer.hours.length).toBeGreaterThan(370)
    expect(answer.accepted).toBeGreaterThan(9_000)
    expect(receipt.read).toBeGreaterThan(18_000)
    expect(receipt.read).toBeLessThan(20_000)
  })

  it('takes a site and a range, and nothing else', async () => {
    expect(await problemOf(await get('/v1/delivery?site=lossy&route=/'))).toMatchObject({
      status: 400,
      field: 'route',
    })
  })
})
