import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../schema/domain/hour.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import {
  adjust,
  lowerRate,
  type MinuteTraffic,
  neededRate,
  RATE_DELAY,
} from '../../../worker/ingest/control.ts'
import { keep } from '../../../worker/ingest/keep.ts'
import { drawLot, isKept } from '../../../worker/ingest/sample.ts'
import { leastRate } from '../../../worker/site/rates.ts'
import { findSite, forgetSite, SITE_CACHE } from '../../../worker/site/sites.ts'
import { store } from '../../../worker/store/upsert.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import { admin, ORIGIN, put, send, storedId } from '../../kit/worker/client.ts'
import { pageViewRow } from '../../kit/worker/rows.ts'

/** The beginning of an hour. */
const NOON = Date.UTC(2026, 10, 20, 12)
/** Bytes are no matter here. */
const SITE = { id: 'x', rate: 1, rowsPerDay: 24_000, bytesPerDay: 10_000_000_000 }

const steady = (perMinute: number, from: number, to: number, rate = 1): MinuteTraffic[] =>
  Array.from({ length: (to - from) / MINUTE }, (_, i) => ({
    minute: from / MINUTE + i,
    seen: perMinute,
    stored: perMinute / rate,
    bytes: 0,
  }))

describe('a sample', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => (i * 2_654_435_761).toString(16).padStart(16, '0'))

  it('keeps one in m, nested from rate to rate', async () => {
    const key = 'ab'.repeat(16)
    let before = new Set(ids)
    for (const rate of [2, 4, 16]) {
      const kept = new Set<string>()
      for (const id of ids) if (isKept(await drawLot(key, id, 0), rate)) kept.add(id)
      expect([...kept].every(id => before.has(id))).toBe(true)
      const deviation = Math.sqrt(ids.length * (1 / rate) * (1 - 1 / rate))
      expect(Math.abs(kept.size - ids.length / rate)).toBeLessThan(5 * deviation)
      before = kept
    }
  })

  it('depends on the key, which nobody outside knows', async () => {
    const [a, b] = await Promise.all(
      ['ab'.repeat(16), 'cd'.repeat(16)].map(key =>
        Promise.all(ids.slice(0, 200).map(async id => isKept(await drawLot(key, id, 0), 2))),
      ),
    )
    expect(a).not.toEqual(b)
  })
})

describe('the ids of what is kept', () => {
  it('spread evenly, whatever came and however few stay', async () => {
    const key = 'ab'.repeat(16)
    for (const rate of [1, 8]) {
      // The worst that a stranger can send: small numbers, one after the other.
      const lots = await Promise.all(
        Array.from({ length: 16_000 }, (_, i) => drawLot(key, i.toString(16).padStart(16, '0'), 0)),
      )
      const kept = lots.filter(lot => isKept(lot, rate))
      // Chi square over the 256 values of the first two digits: 255 expected, its standard deviation is 22.6.
      for (const digits of [0, 14]) {
        const found = new Map<string, number>()
        for (const { id } of kept) {
          const part = id.slice(digits, digits + 2)
          found.set(part, (found.get(part) ?? 0) + 1)
        }
        const expected = kept.length / 256
        let chi = (256 - found.size) * expected
        for (const n of found.values()) chi += (n - expected) ** 2 / expected
        expect(chi, `rate ${rate}, digits from ${digits}`).toBeGreaterThan(255 - 5 * 22.6)
        expect(chi, `rate ${rate}, digits from ${digits}`).toBeLessThan(255 + 5 * 22.6)
      }
      expect(kept.every(({ id }) => /^[0-9a-f]{16}$/.test(id))).toBe(true)
      expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length)
    }
  })
})

describe('the needed rate', () => {
  it('is the site’s own while the hour fits its budget', () => {
    expect(neededRate(SITE, steady(16, NOON - 2 * MINUTE, NOON + 30 * MINUTE), NOON + 30 * MINUTE)).toBe(1)
    expect(neededRate({ ...SITE, rate: 4 }, [], NOON)).toBe(4)
  })

  it('is a power of two that makes the rest of the hour fit', () => {
    // 1,000 rows an hour; 100 a minute from the beginning: at half past, 3,000 more come for what is left.
    const minutes = steady(100, NOON, NOON + 30 * MINUTE, 8)
    const rate = neededRate(SITE, minutes, NOON + 30 * MINUTE)
    expect(rate).toBe(8)
  })

  it('rises by reports only where they are sure of it', () => {
    const now = NOON + 30 * MINUTE + 20 * SECOND
    const report = (ago: number) => ({
      minute: Math.floor(now / MINUTE) - ago,
      seen: 64,
      stored: 64,
      bytes: 0,
    })
    expect(neededRate(SITE, [report(0), report(0)], now, 64)).toBe(1)
    expect(neededRate(SITE, [report(0), report(0)], now)).toBeGreaterThan(8)
    expect(
      neededRate(
        SITE,
        Array.from({ length: 9 }, () => report(0)),
        now,
        64,
      ),
    ).toBeGreaterThan(32)
  })

  it('leaves a reserve to an hour that has overrun', () => {
    const rate = neededRate(SITE, steady(1000, NOON, NOON + 30 * MINUTE), NOON + 30 * MINUTE)
    expect(rate).toBeLessThanOrEqual(1024)
    expect(rate).toBeGreaterThanOrEqual(512)
  })
})

/** One isolate, second by second, at `perSecond(t)` beacons; answers the rows that were stored in each hour. */
async function simulate(site: typeof SITE, hours: number, perSecond: (t: number) => number) {
  const stored: number[] = []
  const rates: { t: number; rate: number }[] = []
  let credit = 0
  let n = 0
  for (let t = NOON; t < NOON + hours * HOUR; t += SECOND) {
    // As isolates do, a look every 20 seconds: `until` is by this clock.
    const known = await findSite(env, site.id, t)
    if (!known) throw new Error('no site')
    const rate = leastRate(known, t, 0)
    if (rates.at(-1)?.rate !== rate) rates.push({ t: t - NOON, rate })
    for (credit += perSecond(t - NOON); credit >= 1; credit--) {
      // Stratified instead of hashed: the controller is on trial here, not the hash.
      const draw = n++
      if (!isKept({ draw }, rate)) continue
      const row = pageViewRow({ site: site.id, began: t, id: n.toString(16).padStart(16, '0') })
      if ((await keep(env, known, { ...row, draw, oneIn: rate }, t)) !== 'stored') continue
      const hour = Math.floor((t - NOON) / HOUR)
      stored[hour] = (stored[hour] ?? 0) + 1
    }
    if (t % (5 * MINUTE) === 0) await lowerRate(env.DB, site, t)
  }
  return { stored, rates }
}

describe('the controller', () => {
  beforeAll(async () => {
    for (const site of ['burst', 'calm', 'wave'])
      await put(`/v1/sites/${site}`, { origins: [ORIGIN], rows_per_day: 24_000 })
  })

  it('leaves a site that fits its budget alone', async () => {
    const { rates, stored } = await simulate({ ...SITE, id: 'calm' }, 1, () => 0.25)
    expect(rates).toEqual([{ t: 0, rate: 1 }])
    expect(stored).toEqual([900])
  })

  it('meets a burst of 100 times the budget within a minute, and keeps it afterwards', async () => {
    const { rates, stored } = await simulate({ ...SITE, id: 'burst' }, 3, t => (t < 10 * MINUTE ? 0.25 : 28))
    // The first step comes at once; the next ones wait until reports are sure of them.
    const first = rates.find(({ rate }) => rate >= 16)
    expect((first?.t ?? Number.POSITIVE_INFINITY) - 10 * MINUTE).toBeLessThanOrEqual(MINUTE)
    // What came until then cannot be taken back; every hour after it is within a tenth of its budget.
    expect(stored[0]).toBeLessThan(1000 + 28 * 60)
    expect(stored[1]).toBeLessThanOrEqual(1100)
    expect(stored[2]).toBeLessThanOrEqual(1100)
  }, 120_000)

  it('comes down again when traffic does, and uses the budget it has', async () => {
    const { rates, stored } = await simulate({ ...SITE, id: 'wave' }, 4, t => (t < HOUR ? 10 : 0.2))
    expect(Math.max(...rates.map(({ rate }) => rate))).toBeGreaterThanOrEqual(32)
    expect(rates.at(-1)?.rate).toBe(1)
    expect(stored[3]).toBe(720)
  }, 120_000)
})

describe('two isolates that announce at once', () => {
  const rates = async (site: string) => {
    const all = env.DB.prepare('SELECT since, rate FROM rates WHERE site = ? ORDER BY since').bind(site)
    return (await all.all<{ since: number; rate: number }>()).results
  }
  /** What an isolate of `site` read before the other announced, and what it does `after` NOON. */
  const isolate = (id: string, perMinute: number, after: number, latest: object[] = []) => {
    const minutes = steady(perMinute, NOON - 10 * MINUTE, NOON)
    const answers = [[], minutes, latest].map(results => ({ results }) as unknown as D1Result)
    return adjust(env.DB, { ...SITE, id, rowsPerDay: 240_000 }, answers, NOON + after)
  }

  it.each([
    ['earlier', 500, 1_500],
    ['later', 1_500, 500],
    ['within a second', 500, 900],
  ])('agree on the higher rate, which was announced %s', async (title, high, low) => {
    const site = `two-${title}`
    for (const [perMinute, after] of [
      [40_000, high],
      [2_000, low],
    ] as const)
      await isolate(site, perMinute, after)
    const [last, ...before] = (await rates(site)).reverse()
    expect(last?.rate).toBeGreaterThanOrEqual(128)
    expect(before).toEqual([])
    const other = `${site} the other way`
    for (const [perMinute, after] of [
      [2_000, low],
      [40_000, high],
    ] as const)
      await isolate(other, perMinute, after)
    const all = await rates(other)
    expect(all.at(-1)?.rate).toBe(last?.rate)
    expect(all.map(({ rate }) => rate)).toEqual(all.map(({ rate }) => rate).sort((a, b) => a - b))
  })

  it('keep out what the higher rate has left out', async () => {
    const site = 'two-judged'
    await isolate(site, 40_000, 500)
    const began = NOON + 2_500
    const stored = async (sequence: number) => {
      // Kept at 1 of 16, and left out at 1 of 32 and more.
      const row = pageViewRow({ site, id: 'a'.repeat(16), began, sequence })
      return (await store(env.DB, [{ ...row, draw: 16, oneIn: 1 }], began)).results.length
    }
    expect(await stored(0)).toBe(0)
    await isolate(site, 2_000, 1_500)
    expect(await stored(1)).toBe(0)
  })

  it('do not let the cron lower a rate that has risen since it looked', async () => {
    const site = { ...SITE, id: 'two-cron' }
    const insert = (since: number, rate: number) =>
      env.DB.prepare('INSERT INTO rates VALUES (?, ?, ?)').bind(site.id, since, rate).run()
    await insert(NOON - HOUR, 64)
    const d1 = new Proxy(env.DB, {
      get(d1, name) {
        if (name !== 'batch') return Reflect.get(d1, name).bind(d1)
        return async (list: D1PreparedStatement[]) => {
          const answers = await d1.batch(list)
          await insert(NOON + SECOND, 256)
          return answers
        }
      },
    })
    await lowerRate(d1, site, NOON)
    expect((await rates(site.id)).map(({ rate }) => rate)).toEqual([64, 256])
  })
})

describe('an import with the admin token', () => {
  it('raises no rate, while the same from browsers does', async () => {
    const entries = (site: string) =>
      env.DB.prepare('SELECT count(*) AS n FROM traffic WHERE site = ?').bind(site).first('n')
    for (const site of ['imported', 'visited'])
      await put(`/v1/sites/${site}`, { origins: [ORIGIN], rows_per_day: 240 })
    for (let i = 0; i < 15; i++) {
      await send(encode(pageView()), admin, 'imported')
      await send(encode(pageView()), { 'CF-Connecting-IP': `203.0.113.${i}` }, 'visited')
    }
    await expect.poll(() => entries('visited')).toBeGreaterThan(0)
    expect(await entries('imported')).toBe(0)
  })
})

describe('a rate', () => {
  it('stands announced for longer than an isolate believes its memory', () => {
    expect(RATE_DELAY).toBeGreaterThan(SITE_CACHE)
  })

  it('judges from its first second what is not stored yet, and leaves what is', async () => {
    const now = Date.now()
    const rise = (since: number, rate: number) =>
      env.DB.prepare("INSERT INTO rates VALUES ('risen', ?, ?)").bind(since, rate).run()
    const stored = async (id: string, draw: number, sequence = 0) => {
      const row = pageViewRow({ site: 'risen', id: id.repeat(16), began: now, sequence, weight: 2 })
      return (await store(env.DB, [{ ...row, draw, oneIn: 1 }], now)).results.map(({ weight }) => weight)
    }
    expect(await stored('a', 1)).toEqual([2])
    await rise(now + 5 * SECOND, 64)
    expect(await stored('b', 1), 'left out by a rate that was announced while it was on its way').toEqual([])
    expect(await stored('c', 128), 'stands for 64').toEqual([128])
    expect(await stored('a', 1, 1), 'has its row').toEqual([2])
    await rise(now + 10 * SECOND, 1)
    expect(await stored('b', 1, 1), 'stays out').toEqual([])
    expect(await stored('c', 128), 'comes again').toEqual([128])
  })

  it('judges a first beacon of last week by the newest rate, too, but no import', async () => {
    const now = Date.now()
    await env.DB.batch(
      [8, 0].map(days =>
        env.DB.prepare("INSERT INTO rates VALUES ('old', ?, ?)").bind(now - days * DAY - HOUR, days ? 1 : 64),
      ),
    )
    const stored = async (draw: number, given = {}) => {
      const row = pageViewRow({ site: 'old', began: now - 7 * DAY })
      return (await store(env.DB, [{ ...row, draw, ...given }], now)).results.map(({ weight }) => weight)
    }
    expect(await stored(1)).toEqual([])
    expect(await stored(128)).toEqual([64])
    expect(await stored(1, { imported: true })).toEqual([1])
  })

  it('judges a page view by its begin, however late its beacons come', async () => {
    await put('/v1/sites/timed', { origins: [ORIGIN] })
    const now = Date.now()
    await env.DB.batch([
      env.DB.prepare("INSERT INTO rates VALUES ('timed', ?, 1048576)").bind(now - 5 * HOUR),
      env.DB.prepare("INSERT INTO rates VALUES ('timed', ?, 1)").bind(now - 3 * HOUR),
    ])
    forgetSite('timed')
    const [then, since] = [newId(), newId()]
    for (const sequence of [0, 1]) {
      await send(encode(pageView({ id: then, sequence, age: 4 * HOUR })), admin, 'timed')
      await send(encode(pageView({ id: since, sequence, age: HOUR })), admin, 'timed')
    }
    const { results } = await env.DB.prepare("SELECT id, weight FROM pageviews WHERE site = 'timed'").all()
    expect(results).toEqual([{ id: await storedId({ id: since }, 'timed'), weight: 1 }])
  })
})
