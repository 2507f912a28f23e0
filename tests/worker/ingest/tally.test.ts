import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { HOUR, MINUTE } from '../../../schema/domain/hour.ts'
import { encode, MAX_BYTES } from '../../../schema/wire/beacon.ts'
import { busiest } from '../../../worker/ingest/busiest.ts'
import { tally, writeDue } from '../../../worker/ingest/tally.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, ORIGIN, put, send } from '../../kit/worker/client.ts'

/** The first minutes of an hour, so that what is counted lies in one. */
const NOW = Math.floor(Date.now() / HOUR) * HOUR + MINUTE

async function countsOf(site: string, hour = NOW / HOUR): Promise<Record<string, number>> {
  const row = await env.DB.prepare('SELECT * FROM intake WHERE site = ? AND hour = ?')
    .bind(site, Math.floor(hour))
    .first<Record<string, number>>()
  return Object.fromEntries(
    Object.entries(row ?? {}).filter(
      ([name, n]) => typeof n === 'number' && n > 0 && n < 1e5 && name !== 'reports' && name !== 'one_in',
    ),
  )
}

const stored = (site: string, address: string, now: number) =>
  tally(env.DB, { site, address, imported: false }, 'stored', now)

afterEach(() => vi.restoreAllMocks())

describe('the tally', () => {
  beforeAll(async () => {
    await put('/v1/sites/counted', { origins: [ORIGIN] })
    await put('/v1/sites/sampled-out', { origins: [ORIGIN], rate: 2 ** 20 })
  })

  it('tells what became of every beacon, each once, by the site it was for', async () => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(NOW)
    const wire = (change: object) => JSON.stringify({ ...JSON.parse(encode(pageView())), ...change })
    const from = (last: number) => ({ 'CF-Connecting-IP': `203.0.113.${last}` })
    const to = (site: string, body: string, headers = {}) => send(body, headers, site)
    const statuses: number[] = []
    for (const request of [
      () => to('counted', wire({}), from(1)),
      () => to('counted', wire({}), admin),
      () => to('counted', wire({ sequence: 1, age: 3 * HOUR }), from(1)),
      () => to('counted', wire({}), { ...from(1), 'User-Agent': 'Googlebot/2.1' }),
      () => to('counted', wire({}), { ...from(2), Origin: 'https://evil.example' }),
      () => to('counted', wire({ route: 'x'.repeat(MAX_BYTES) }), from(3)),
      () => to('counted', wire({ id: 1 }), from(3)),
      () => to('counted', wire({}), { ...from(3), Authorization: 'Bearer guess' }),
      () => to('counted', wire({ weight: 0 }), from(3)),
      () => to('nobody', wire({}), from(1)),
      () => to('Not A Name', wire({}), from(1)),
      () => to('sampled-out', wire({}), from(1)),
    ]) {
      statuses.push((await request()).status)
    }
    expect(statuses).toEqual([204, 204, 204, 204, 403, 413, 400, 401, 400, 404, 400, 204])
    clock.mockReturnValue(NOW + MINUTE)
    await to('counted', wire({}), from(1))
    await to('nobody', wire({}), from(1))
    await expect
      .poll(() => countsOf('counted'))
      .toEqual({
        accepted: 4,
        stored: 3,
        late: 1,
        imported: 1,
        bots: 1,
        refused_origin: 1,
        refused_size: 1,
        refused_field: 2,
        refused_weight: 1,
        // Four of the address that ends in 1, four of the one that ends in 3.
        busiest: 4,
      })
    await expect.poll(() => countsOf('')).toEqual({ refused_site: 3, busiest: 3 })
    await expect.poll(() => countsOf('sampled-out')).toEqual({ accepted: 1, sampled: 1, busiest: 1 })
  })

  it('counts beacons of one address beyond its limit', async () => {
    await put('/v1/sites/flooded', { origins: [ORIGIN] })
    const clock = vi.spyOn(Date, 'now').mockReturnValue(NOW)
    const flood = { 'CF-Connecting-IP': '203.0.113.99' }
    let refused = 0
    for (let i = 0; i < 700 && refused < 3; i++) {
      if ((await send('{', flood, 'flooded')).status === 429) refused++
    }
    expect(refused).toBe(3)
    clock.mockReturnValue(NOW + MINUTE)
    await send(encode(pageView()), { 'CF-Connecting-IP': '203.0.113.98' }, 'flooded')
    await expect.poll(() => countsOf('flooded')).toMatchObject({ refused_rate: 3, accepted: 1 })
  })

  it('writes at most one row an isolate and minute, and fewer where little happens', async () => {
    const written = () => vi.mocked(prepare).mock.calls.length
    const prepare = vi.fn(env.DB.prepare.bind(env.DB))
    const db = new Proxy(env.DB, {
      get: (target, name) => (name === 'prepare' ? prepare : Reflect.get(target, name)),
    })
    const at = (ms: number) => tally(db, { site: 'busy', address: 'a', imported: false }, 'stored', NOW + ms)
    await at(0)
    expect(written()).toBe(1)
    for (let i = 0; i < 500; i++) await at(i * 100)
    expect(written()).toBe(1)
    await at(MINUTE)
    expect(written()).toBe(2)
    await at(3 * MINUTE)
    expect(written(), 'one more is not worth a row').toBe(2)
    await at(32 * MINUTE)
    expect(written()).toBe(3)
    expect(await countsOf('busy')).toEqual({ accepted: 504, stored: 504, busiest: 504 })
  })

  it('shows a burst while it lasts, and its rest without a later beacon', async () => {
    for (let i = 0; i < 1_300; i++) await stored('burst', 'a', NOW + i)
    expect(await countsOf('burst')).toMatchObject({ accepted: 1_001 })
    await writeDue(env, NOW + 30_000, 100)
    expect(await countsOf('burst'), 'a minute has not passed').toMatchObject({ accepted: 1_001 })
    await writeDue(env, NOW + 2 * MINUTE, 100)
    expect(await countsOf('burst')).toMatchObject({ accepted: 1_300 })
  })

  it('takes one write in so many once many isolates have told, for as many', async () => {
    const lots = [0.9, 0.2, 0.6, 0.1]
    vi.spyOn(crypto, 'getRandomValues').mockImplementation(list => {
      if (list instanceof Uint32Array) list[0] = (lots.shift() ?? 0) * 2 ** 32
      return list
    })
    const hour = NOW / HOUR + 40
    await env.DB.prepare("INSERT INTO intake (site, hour, stored, reports) VALUES ('crowd', ?, 100, 32)")
      .bind(Math.floor(hour))
      .run()
    // Of an isolate that is new, the first beacon's lot begins its sketch; the second decides.
    await stored('crowd', 'a', hour * HOUR)
    const told = await env.DB.prepare(
      "SELECT stored, reports, one_in FROM intake WHERE site = 'crowd'",
    ).first()
    expect(told).toEqual({ stored: 104, reports: 36, one_in: 4 })
    await stored('crowd', 'a', hour * HOUR + MINUTE)
    await stored('crowd', 'a', hour * HOUR + 31 * MINUTE)
    expect(
      await countsOf('crowd', hour),
      'the lot is over a quarter: the others stand for these',
    ).toMatchObject({
      stored: 104,
    })
  })

  it('keeps an hour to itself, and what D1 refused for the next write', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const next = NOW + HOUR
    await stored('edge', 'a', NOW)
    await stored('edge', 'a', NOW + 1)
    await stored('edge', 'a', next)
    expect(await countsOf('edge')).toEqual({ accepted: 2, stored: 2, busiest: 2 })
    const broken = { prepare: () => Promise.resolve() } as unknown as D1Database
    await tally(broken, { site: 'edge', address: 'a', imported: false }, 'refusedField', next + MINUTE)
    expect(log).toHaveBeenCalledOnce()
    await stored('edge', 'b', next + 2 * MINUTE)
    expect(await countsOf('edge', next / HOUR)).toEqual({
      accepted: 2,
      stored: 2,
      refused_field: 1,
      busiest: 2,
    })
  })
})

describe('the busiest address', () => {
  it('never counts too low, and hardly too high, among few and many', () => {
    for (const [addresses, each, most] of [
      [1, 1, 1],
      [10, 1, 1],
      [50, 7, 21],
      [1_000, 10, 40],
      [20_000, 2, 400],
    ] as const) {
      const count = busiest(addresses)
      let found = 0
      for (let i = 0; i < addresses * each; i++) found = count(`2001:db8:0:${(i % addresses).toString(16)}`)
      for (let i = each; i < most; i++) found = count('2001:db8:0:0')
      expect(found).toBeGreaterThanOrEqual(most)
      expect(found - most, `${addresses} addresses`).toBeLessThanOrEqual(0.003 * addresses * each)
    }
  })
})
