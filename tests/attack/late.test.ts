/**
 * Late first beacons of one address against what roll-ups cost: each asks for a closed hour to be rolled up again. The figures that
 * SECURITY.md gives are measured here.
 */

import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { HOUR, MINUTE } from '../../schema/domain/hour.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { ApiCall, PageView } from '../../schema/wire/pageview.ts'
import { cron } from '../../worker/cron.ts'
import { rollUpHour } from '../../worker/histogram/rollup.ts'
import { store } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { admin, get, ORIGIN, put, send } from '../kit/worker/client.ts'
import { metered, newMeter } from '../kit/worker/meter.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

/** The first hour of the days that are attacked, in hours since 1970. */
const FIRST = Date.UTC(2026, 9, 5) / HOUR
/** Page views and API endpoints of an hour, so many that its roll-up has as many rows as a busy shop's. */
const [VIEWS, ROUTES, ENDPOINTS] = [250, 120, 90]
/** What a site may store a day by default, and the part of it that is for what comes late. */
const ROWS = 25_000
const ALLOWED = ROWS / 10

let now = 0

const pick = <T>(list: readonly T[], i: number) => list[i % list.length] as T

/** The page views of an hour. */
function busyHour(site: string, hour: number, views = VIEWS): PageViewRow[] {
  return Array.from({ length: views }, (_, i) =>
    pageViewRow({
      site,
      hour,
      began: hour * HOUR,
      route: `/r/${i % ROUTES}`,
      device: pick(['phone', 'desktop', 'tablet'], i),
      country: `A${String.fromCharCode(65 + (i % 20))}`,
      lcp: 500 + ((i * 31) % 6000),
      calls: JSON.stringify({
        0: [
          [`GET /api/${i % ENDPOINTS}`, 1, (i * 37) % 3000, 0, 200],
          [`GET /api/${(i * 7) % ENDPOINTS}`, 1, 50, 1, 500],
        ],
      }),
    }),
  )
}

/** Hours that were rolled up when they had settled. */
async function past(site: string, hours: readonly number[], views?: number): Promise<void> {
  for (const hour of hours) {
    const rows = busyHour(site, hour, views)
    for (let i = 0; i < rows.length; i += 50) await store(env.DB, rows.slice(i, i + 50), hour * HOUR)
  }
  for (const hour of hours) await rollUpHour(env.DB, site, hour, (hour + 4) * HOUR)
}

/** Days of the cron, by a run every half an hour; answers what it cost. */
async function runDays(days: number) {
  const meter = newMeter()
  for (let i = 0; i < days * 48; i++, now += 30 * MINUTE) await cron({ DB: metered(env.DB, meter) }, now)
  return meter
}

/** A first beacon that an address sends at `now`, of a page view that began in that hour. */
async function late(site: string, hour: number, view: Partial<PageView> = {}): Promise<void> {
  const body = encode(pageView({ id: newId(), route: '/r/1', ...view, age: now - hour * HOUR - 10 * MINUTE }))
  expect((await send(body, { 'CF-Connecting-IP': '203.0.113.9' }, site)).status).toBe(204)
}

const isDirty = (site: string, tier: 'hour' | 'day') =>
  env.DB.prepare("SELECT count(*) AS n FROM periods WHERE site = ? AND tier = ? AND state = 'dirty'")
    .bind(site, tier)
    .first<number>('n')

/** What an answer counts in some hours, as a share of `views`, and of how many page views it read one. */
async function counted(site: string, hours: readonly number[], views: number) {
  const [from = 0, to = 0] = [hours[0], (hours.at(-1) ?? 0) + 1]
  const range = `from=${new Date(from * HOUR).toISOString()}&to=${new Date(to * HOUR).toISOString()}`
  const answer: SummaryAnswer = await (await get(`/v1/summary?site=${site}&metrics=lcp&${range}`)).json()
  return { share: (answer.data[0]?.count ?? 0) / views, sampled: answer.sampled ?? 1 }
}

/** Each page view is counted: exactly, or an estimate says that it is one. */
async function expectAll(site: string, hours: readonly number[], views: number): Promise<void> {
  const { share, sampled } = await counted(site, hours, views)
  expect(Math.abs(share - 1)).toBeLessThan(sampled > 1 ? 0.1 : 1e-9)
}

/** SECURITY.md gives these figures. */
function stated(what: string, ...figures: readonly number[]): void {
  const cells = figures.map(figure => figure.toLocaleString('en-US'))
  expect(env.SECURITY).toContain(`| rows written for the roll-ups of ${[what, ...cells].join(' | ')} |`)
}

beforeEach(async () => {
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  await env.DB.batch(
    ['sites', 'pageviews', 'periods', 'rollups', 'api_rollups'].map(table =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  )
})
afterEach(() => vi.restoreAllMocks())

/** As many names as a beacon holds: most rows of a roll-up change. */
function fat(i: number): Partial<PageView> {
  const calls = Array.from(
    { length: 64 },
    (_, k): ApiCall => ({
      endpoint: `GET /api/${(i + k) % ENDPOINTS}`,
      start: 1,
      duration: 10 + i,
      outcome: 'ok',
      status: 200,
      ttfb: null,
      bytes: null,
      server: null,
    }),
  )
  const marks = Array.from({ length: 32 }, (_, k) => ({
    name: `mark${'abcdefghijklmnopqrstuvwxyz123456'[k]}`,
    value: i,
  }))
  return { calls, marks }
}

describe('late first beacons of one address', () => {
  it('24 of them, each in an hour of its own, have what they change written', async () => {
    const hours = Array.from({ length: 24 }, (_, i) => FIRST + i)
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/spread', { origins: [ORIGIN] })
    await past('spread', hours)
    await runDays(1)
    for (const hour of hours) await late('spread', hour)
    expect([await isDirty('spread', 'hour'), await isDirty('spread', 'day')]).toEqual([24, 1])
    await expectAll('spread', hours, 24 * (VIEWS + 1))
    const { written } = await runDays(2)
    stated('24 late page views of 24 hours', 19_825, written)
    expect([await isDirty('spread', 'hour'), await isDirty('spread', 'day')]).toEqual([0, 0])
    expect(await counted('spread', hours, 24 * (VIEWS + 1))).toEqual({ share: 1, sampled: 1 })
  }, 240_000)

  it('300 of them, in one hour, have it written once', async () => {
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/one', { origins: [ORIGIN] })
    await past('one', [FIRST])
    await runDays(1)
    // So slowly that the site need not sample.
    for (let i = 0; i < 300; i++, now += 10_000) await late('one', FIRST)
    expect([await isDirty('one', 'hour'), await isDirty('one', 'day')]).toEqual([1, 1])
    await expectAll('one', [FIRST], VIEWS + 300)
    const { written } = await runDays(1)
    stated('300 late page views of one hour', 1_586, written)
    expect(await isDirty('one', 'hour')).toBe(0)
    expect(await counted('one', [FIRST], VIEWS + 300)).toEqual({ share: 1, sampled: 1 })
  }, 240_000)

  it('beyond a tenth of the day’s rows wait, are counted meanwhile, then rolled up', async () => {
    const hours = Array.from({ length: 48 }, (_, i) => FIRST + i)
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/bound', { origins: [ORIGIN] })
    await past('bound', hours, 60)
    await runDays(1)
    for (const hour of hours) await late('bound', hour, fat(hour))
    const total = 48 * 61
    for (let day = 0; day < 3; day++) {
      const { written } = await runDays(1)
      // What is begun is done: the last hour may go beyond.
      expect(written).toBeLessThan(ALLOWED + 400)
      await expectAll('bound', hours, total)
    }
    expect(await isDirty('bound', 'hour')).toBeGreaterThan(0)
    expect(env.SECURITY).toContain(`a tenth of \`rows_per_day\`, ${ALLOWED.toLocaleString('en-US')}`)
    await runDays(11)
    expect([await isDirty('bound', 'hour'), await isDirty('bound', 'day')]).toEqual([0, 0])
    expect(await counted('bound', hours, total)).toEqual({ share: 1, sampled: 1 })
  }, 480_000)

  it('of hours that nobody visited are bounded, too', async () => {
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/gaps', { origins: [ORIGIN] })
    await past('gaps', [FIRST, FIRST + 72], 1)
    await runDays(1)
    const hours = Array.from({ length: 48 }, (_, i) => FIRST + 1 + i)
    for (const hour of hours) await late('gaps', hour, fat(hour))
    for (let day = 0; day < 2; day++) {
      const { written } = await runDays(1)
      expect(written).toBeGreaterThan(1_000)
      expect(written).toBeLessThan(ALLOWED + 800)
      await expectAll('gaps', hours, 48)
    }
  }, 240_000)

  it('make dirty the hour of their page view, and none beside it', async () => {
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/exact', { origins: [ORIGIN], rate: 1_024 })
    await past('exact', [FIRST, FIRST + 1, FIRST + 2], 2)
    // One in 1,024 is kept: all that is left out changes nothing.
    for (let i = 0; i < 20; i++) await late('exact', FIRST + 1)
    expect(await isDirty('exact', 'hour')).toBe(0)
    await store(env.DB, busyHour('exact', FIRST + 1, 1), now)
    expect(await isDirty('exact', 'hour')).toBe(1)
  })
})

describe('what late page views ask for', () => {
  it('waits until the new hours of all sites are rolled up', async () => {
    now = (FIRST + 6 * 24) * HOUR
    const sites = Array.from({ length: 9 }, (_, i) => `shop-${i}`)
    for (const site of ['flooded', ...sites]) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    const hours = Array.from({ length: 30 }, (_, i) => FIRST + i)
    await past('flooded', hours, 1)
    await runDays(1)
    for (const hour of hours) await late('flooded', hour)
    const newest = Math.floor(now / HOUR) - 4
    for (const site of ['flooded', ...sites]) await store(env.DB, busyHour(site, newest, 1), newest * HOUR)
    const rolled = () =>
      env.DB.prepare("SELECT count(*) AS n FROM periods WHERE tier = 'hour' AND start = ?")
        .bind(newest)
        .first<number>('n')
    let runs = 0
    while (((await rolled()) ?? 0) < 10 && runs++ < 12) {
      await cron(env, now)
      now += 5 * MINUTE
      if (((await rolled()) ?? 0) < 10) expect(await isDirty('flooded', 'hour')).toBe(30)
    }
    expect(await rolled()).toBe(10)
    await runDays(1)
    expect(await isDirty('flooded', 'hour')).toBe(0)
  }, 60_000)

  it('is no matter of what a team imports: its hours are rolled up at once', async () => {
    now = (FIRST + 6 * 24) * HOUR
    await put('/v1/sites/moved', { origins: [ORIGIN], rows_per_day: 1_000 })
    await past('moved', [FIRST + 60], 1)
    const hours = Array.from({ length: 24 }, (_, i) => FIRST + i)
    for (const hour of hours) {
      const body = encode(pageView({ id: newId(), age: now - hour * HOUR - 10 * MINUTE }))
      expect((await send(body, admin, 'moved')).status).toBe(204)
    }
    await runDays(1)
    const { results } = await env.DB.prepare(
      "SELECT count(*) AS n, sum(again) AS cost FROM periods WHERE site = 'moved' AND state = 'clean' AND tier = 'hour'",
    ).all()
    expect(results).toEqual([{ n: 25, cost: 0 }])
  }, 60_000)
})
