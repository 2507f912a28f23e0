/**
 * Invented names against those of a site: an hour and a day keep the largest.
 */

import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageErrors } from '../../schema/wire/pageview.ts'
import { rollUpDay, rollUpHour } from '../../worker/histogram/rollup.ts'
import { pageView } from '../kit/pageview.ts'
import { ORIGIN, put, send, sendViews } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

/** The first hour of a whole day that is over. */
const HOUR_OF_DAY = Math.floor(Date.now() / HOUR / 24 - 2) * 24
const BEGAN = HOUR_OF_DAY * HOUR
const REAL = 4

const view = (names: { name: string; calls: string[]; errors: string[]; weight: number }) => {
  const { name, calls, errors, weight } = names
  const found: PageErrors = {
    count: errors.length,
    list: errors.map(message => ({ kind: 'error', message, script: '', line: 0, column: 0, count: 1 })),
  }
  return pageView({
    age: Date.now() - BEGAN - HOUR / 2,
    weight,
    route: `/${name}`,
    release: name,
    tags: [['plan', name]],
    marks: [{ name, value: 1 }],
    errors: found,
    calls: calls.map(endpoint => ({
      endpoint,
      start: 1,
      duration: 10,
      outcome: 'ok',
      status: 200,
      ttfb: null,
      bytes: null,
      server: null,
    })),
  })
}
const letters = (i: number) => i.toString(26).replace(/\d/g, digit => 'qrstuvwxyz'[Number(digit)] ?? '')

/** The names of the site itself that its roll-ups keep, of one device and of all. */
async function own(tier: 'hour' | 'day', table: string, dimension: string): Promise<number> {
  const rows = env.DB.prepare(
    `SELECT count(*) AS n FROM ${table} WHERE site = 'shop' AND tier = ?1 AND start = ?2 AND dimension = ?3 AND value LIKE '%real%'`,
  )
  return (await rows.bind(tier, HOUR_OF_DAY, dimension).first<number>('n')) ?? 0
}

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN] })
  await put('/v1/sites/shop/tags', { tags: ['plan'] })
  // Each name in six page views.
  await sendViews(
    Array.from({ length: 6 * REAL }, (_, i) => {
      const name = `real${'abcd'[i % REAL]}`
      return view({ name, calls: [`GET /${name}`], errors: [`Error: ${name}`], weight: 1 })
    }),
  )
  // As many names as there is room for, each twice, by page views that claim to stand for ten. Calls and errors go 64 and 8 to a beacon.
  for (let i = 0; i < 402; i++) {
    const forged = view({
      name: `x${letters(i % 201)}`,
      calls: i < 6 ? Array.from({ length: 64 }, (_, k) => `GET /${letters((i % 3) * 64 + k)}`) : [],
      errors: i < 16 ? Array.from({ length: 8 }, (_, k) => `Error: x${letters((i % 8) * 8 + k)}`) : [],
      weight: 10,
    })
    const address = `203.0.113.${i % 200}`
    expect((await send(encode(forged), { 'CF-Connecting-IP': address })).status).toBe(204)
  }
})

describe('two beacons a name that claim to stand for ten page views each', () => {
  beforeAll(async () => {
    const now = Date.now()
    for (let hour = HOUR_OF_DAY; hour < HOUR_OF_DAY + 24; hour++)
      await rollUpHour(env.DB, 'shop', hour, now, ['tag:plan'], 35)
    await rollUpDay(env.DB, 'shop', HOUR_OF_DAY, now, ['tag:plan'])
  })

  it.each(
    (['hour', 'day'] as const).flatMap(tier => [
      [tier, 'rollups', 'route'] as const,
      [tier, 'rollups', 'device+route'] as const,
      [tier, 'rollups', 'release'] as const,
      [tier, 'rollups', 'tag:plan'] as const,
      [tier, 'api_rollups', 'endpoint'] as const,
      [tier, 'measure_rollups', 'mark'] as const,
      [tier, 'error_rollups', 'error'] as const,
    ]),
  )('push no name that six page views have out of the %s (%s: %s)', async (tier, table, dimension) => {
    expect(await own(tier, table, dimension)).toBe(REAL)
  })
})

describe('an hour of nothing but invented names', () => {
  it('has no more rows than SECURITY.md says, however many names there are', async () => {
    const hour = HOUR_OF_DAY + 5
    const devices = ['phone', 'desktop', 'tablet'] as const
    for (let i = 0; i < 1_000; i += 100) {
      const rows = Array.from({ length: 100 }, (_, k) => {
        const n = i + k
        const calls = Array.from({ length: 20 }, (_, j) => [
          `GET /${letters((n * 20 + j) % 400)}`,
          1,
          10,
          0,
          200,
        ])
        return pageViewRow({
          site: 'shop',
          hour,
          began: hour * HOUR,
          device: devices[n % 3] ?? 'phone',
          route: `/${letters(n)}`,
          release: letters(n),
          connection: (['4g', '3g', '2g', 'slow-2g'] as const)[n % 4] ?? null,
          tags: JSON.stringify({ plan: letters(n) }),
          calls: JSON.stringify({ 0: calls }),
          marks: JSON.stringify({ 0: [[`m${n % 200}`, 1]] }),
          errors: 1,
          errorList: JSON.stringify([['error', `Error: ${letters(n)}`, '', 0, 0, 1]]),
        })
      })
      await store(rows)
    }
    const receipts = await rollUpHour(env.DB, 'shop', hour, Date.now(), ['tag:plan'])
    const written = receipts.reduce((sum, { meta }) => sum + meta.rows_written, 0)
    expect(env.SECURITY).toContain(`An hour then has ${written.toLocaleString('en-US')} rows`)
  }, 60_000)
})
