/**
 * The limit by address: what one address can send, and what a flood of names or addresses can do to the others.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { Env } from '../../worker/env.ts'
import worker from '../../worker/index.ts'
import { addressOf } from '../../worker/ingest/address.ts'
import { GUESSES, isWithinLimit, mayComeAgain } from '../../worker/ingest/limit.ts'
import { findSite, isKnownSite } from '../../worker/site/sites.ts'
import { pageView } from '../kit/pageview.ts'
import { CHROME, ORIGIN, put, send } from '../kit/worker/client.ts'
import { metered, newMeter } from '../kit/worker/meter.ts'

/** Beacons a minute that wrangler.toml allows an address, and those that an isolate does not ask about. */
const LIMIT = 300 + 10

/** Sends a beacon to the worker with other bindings; answers its status. */
async function post(bindings: Partial<Env>, address?: string, site = 'shop', body = '{'): Promise<number> {
  const context = createExecutionContext()
  const { BEACON_LIMIT: _, ...rest } = env
  const request = new Request(`https://rum.example/f?site=${site}`, {
    method: 'POST',
    body,
    headers: { Origin: ORIGIN, 'User-Agent': CHROME, ...(address && { 'CF-Connecting-IP': address }) },
  })
  const { status } = await worker.fetch(request, { ...rest, ...bindings }, context)
  await waitOnExecutionContext(context)
  return status
}

/** How often each status was answered to `count` beacons. */
async function tallied(count: number, one: (i: number) => Promise<number>): Promise<Record<number, number>> {
  const found: Record<number, number> = {}
  for (let i = 0; i < count; i++) {
    const status = await one(i)
    found[status] = (found[status] ?? 0) + 1
  }
  return found
}

const limit = () => env.BEACON_LIMIT ?? { limit: () => Promise.reject(new Error('not bound')) }

beforeAll(() => put('/v1/sites/shop', { origins: [ORIGIN] }))

describe('one address', () => {
  it('sends at most 310 beacons a minute to a site, from all addresses of its /56', async () => {
    const BEACON_LIMIT = limit()
    const found = await tallied(2 * LIMIT + 20, i =>
      post({ BEACON_LIMIT }, `2001:db8:0:7${(i % 256).toString(16).padStart(2, '0')}::${i.toString(16)}`),
    )
    // Twice that where the minute ends in between.
    expect(found[400]).toBeLessThanOrEqual(2 * LIMIT)
    expect(found[429]).toBeGreaterThanOrEqual(20)
    expect(await post({ BEACON_LIMIT }, '2001:db8:0:800::1')).toBe(400)
  }, 120_000)

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:a:cdef:1:2:3:4', '2001:db8:a:cd00'],
    ['2001:db8:a:cd00::', '2001:db8:a:cd00'],
    ['2001:0DB8:000a:0b00::', '2001:db8:a:b00'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0'],
    [undefined, null],
    ['', null],
    ['unknown', null],
    ['203.0.113.256', null],
    ['2001:db8:::1', null],
    ['2001:db8::1::2', null],
    ['1:2:3:4:5:6:7', null],
    ['1:2:3:4:5:6:7:8:9', null],
  ])('%s counts as %s', (text, address) => {
    expect(addressOf(text)).toBe(address)
  })
})

describe('later beacons of one address', () => {
  const SITE = { id: 'x', rowsPerDay: 24_000 }
  const taken = (site: typeof SITE, address: string | null, now: number) =>
    Array.from({ length: 2_000 }, () => mayComeAgain(site, address, now)).filter(Boolean).length

  it('take at most half of an hour’s rows, or 60', () => {
    expect(taken(SITE, '192.0.2.7', 5 * HOUR)).toBe(500)
    expect(taken(SITE, '192.0.2.8', 5 * HOUR)).toBe(500)
    expect(taken(SITE, '192.0.2.7', 6 * HOUR)).toBe(500)
    expect(taken({ id: 'y', rowsPerDay: 24 }, '192.0.2.7', 6 * HOUR)).toBe(60)
    expect(taken(SITE, null, 6 * HOUR)).toBe(2_000)
  })

  it('are refused beyond that, and so is a first beacon that comes again and again', async () => {
    await put('/v1/sites/small', { origins: [ORIGIN], rows_per_day: 1_000 })
    const [view, other] = [pageView(), pageView()]
    const found = await tallied(100, i =>
      post({}, '192.0.2.9', 'small', encode({ ...view, sequence: i < 50 ? 0 : i })),
    )
    // One more may go into the next hour.
    expect(found[429]).toBeGreaterThanOrEqual(38)
    expect(found[429]).toBeLessThanOrEqual(39)
    expect(await post({}, '192.0.2.9', 'small', encode(other))).toBe(204)
    expect(await post({}, '192.0.2.10', 'small', encode({ ...view, sequence: 100 }))).toBe(204)
  }, 60_000)
})

describe('without an address', () => {
  it('visitors do not share the limit of one', async () => {
    expect(await tallied(LIMIT + 20, () => post({ BEACON_LIMIT: limit() }))).toEqual({ 400: LIMIT + 20 })
  }, 60_000)
})

describe('a limiter', () => {
  it.each<[string, Partial<Env>]>([
    ['that is not bound', {}],
    ['that throws', { BEACON_LIMIT: { limit: () => Promise.reject(new Error('limiter down')) } }],
  ])('%s lets beacons through, and the log says so once a minute', async (name, bindings) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (name.includes('throws') ? 20 : 10) * 60_000 })
    try {
      const address = name.includes('throws') ? '192.0.2.1' : '192.0.2.2'
      const body = encode(pageView())
      expect(await tallied(40, () => post(bindings, address, 'shop', body))).toEqual({ 204: 40 })
      expect(log.mock.calls.map(([text]) => text)).toEqual(['beacons are taken without a limit'])
      vi.setSystemTime(Date.now() + 60_000)
      await tallied(12, () => post(bindings, address, 'shop', body))
      expect(log).toHaveBeenCalledTimes(2)
    } finally {
      vi.useRealTimers()
      log.mockRestore()
    }
  })
})

describe('names of sites that are not there', () => {
  it('cost D1 at most 20 look-ups a minute for one address, where each cost one', async () => {
    const meter = newMeter()
    const DB = metered(env.DB, meter)
    const found = await tallied(500, i => post({ DB }, '198.51.100.1', `guess-${i}`))
    // Twice that where the minute ends in between. A look-up is two statements.
    expect(found[404]).toBeLessThanOrEqual(2 * GUESSES)
    expect(found[429]).toBe(500 - (found[404] ?? 0))
    expect(meter.statements).toBeLessThanOrEqual(2 * 2 * GUESSES + 2)
    // The same address is heard by a site that is there, and another address may be the first at one.
    expect(await post({}, '198.51.100.1')).toBe(400)
    await put('/v1/sites/fresh', { origins: [ORIGIN] })
    expect(await post({}, '198.51.100.2', 'fresh')).toBe(400)
  }, 60_000)

  it('push no site out of memory', async () => {
    const now = Date.now()
    await findSite(env, 'shop', now)
    for (let i = 0; i < 1_100; i++) await findSite(env, `absent-${i}`, now)
    expect(isKnownSite('shop')).toBe(true)
  }, 60_000)
})

describe('a flood of addresses', () => {
  it('makes nobody’s count begin anew', async () => {
    let asked = 0
    const limiter = {
      limit: async () => {
        asked++
        return { success: true }
      },
    }
    const now = Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000
    for (let i = 0; i < 12_000; i++) await isWithinLimit(limiter, 'shop', `early-${i}`, now)
    for (let i = 0; i < 11; i++) await isWithinLimit(limiter, 'shop', 'loud', now)
    expect(asked).toBe(1)
    // The memory is full at 20,000, and the oldest go.
    for (let i = 0; i < 15_000; i++) await isWithinLimit(limiter, 'shop', `late-${i}`, now)
    await isWithinLimit(limiter, 'shop', 'loud', now)
    expect(asked).toBe(2)
  })
})

it('takes an ordinary beacon of an unknown visitor all the same', async () => {
  expect((await send(encode(pageView()))).status).toBe(204)
})
