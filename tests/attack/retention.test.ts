/**
 * Late beacons against `raw_days`: a stranger sends first beacons that say they are days old. Before there was a last
 * roll-up, 24 of them kept the raw rows of a whole day for 16 days longer than the site promises.
 */

import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { cron } from '../../worker/cron.ts'
import { restore } from '../../worker/store/restore.ts'
import { store } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { ORIGIN, put, send } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

/** The first hour of the day that is attacked, in hours since 1970. */
const FIRST = Date.UTC(2026, 9, 5) / HOUR
const RAW_DAYS = 14

let now = 0
const rows = (site: string, hour: number, n: number) =>
  Array.from({ length: n }, () => pageViewRow({ site, hour, began: hour * HOUR }))
/** Raw rows past their days by more than so many hours; for two of them new page views may take their place. */
const older = (site: string, hours = 2) =>
  env.DB.prepare('SELECT count(*) AS n FROM pageviews WHERE site = ? AND hour < ?')
    .bind(site, Math.floor(now / HOUR) - RAW_DAYS * 24 - hours)
    .first<number>('n')
const counted = (site: string, tier: 'hour' | 'day', start: number) =>
  env.DB.prepare(
    `SELECT ttfb ->> 'n' AS n FROM rollups WHERE site = ? AND tier = ? AND dimension = 'all' AND start = ?`,
  )
    .bind(site, tier, start)
    .first<number>('n')

/** Runs of the cron, each within the statements that the free plan allows. */
async function run(times: number): Promise<void> {
  for (let i = 0; i < times; i++, now += 5 * MINUTE) {
    const prepare = vi.spyOn(env.DB, 'prepare')
    await cron(env, now)
    expect(prepare.mock.calls.length).toBeLessThanOrEqual(50)
    prepare.mockRestore()
  }
}

/** A first beacon that a stranger sends at `now`, of a page view that began in that hour. */
async function forge(site: string, hour: number): Promise<void> {
  const view = pageView({ id: newId(), age: now - hour * HOUR - 10 * MINUTE })
  expect((await send(encode(view), {}, site)).status).toBe(204)
}

beforeEach(async () => {
  await env.DB.batch(['sites', 'pageviews', 'periods'].map(table => env.DB.prepare(`DELETE FROM ${table}`)))
  vi.spyOn(Date, 'now').mockImplementation(() => now)
})
afterEach(() => vi.restoreAllMocks())

describe('late first beacons', () => {
  it('in every hour of a day leave no raw row older than raw_days, and are counted', async () => {
    now = (FIRST + 30) * HOUR
    await put('/v1/sites/late', { origins: [ORIGIN], raw_days: RAW_DAYS })
    for (let i = 0; i < 24; i++) await store(env.DB, rows('late', FIRST + i, i ? 2 : 300), now)
    await run(8)
    expect(await counted('late', 'day', FIRST)).toBe(346)

    // Dirty at six days and rolled up at once, an hour that is dirty again at twelve used to wait until eighteen.
    for (const days of [6, 12]) {
      now = (FIRST + days * 24) * HOUR
      for (let i = 0; i < 24; i++) await forge('late', FIRST + i)
      await run(8)
    }
    for (let i = 0; i < 200; i++) await forge('late', FIRST + 5)
    now = (FIRST + 24) * HOUR + RAW_DAYS * DAY
    expect(await older('late', 0)).toBe(346 + 248)
    await run(16)
    expect(await older('late')).toBe(0)
    expect(await counted('late', 'hour', FIRST + 5)).toBe(2 + 202)
    await run(8)
    expect(await counted('late', 'day', FIRST)).toBe(346 + 248)
  })

  it('at twelve sites at once hold up none of them', async () => {
    const sites = Array.from({ length: 12 }, (_, i) => `many-${i}`)
    now = (FIRST + 12 * 24) * HOUR
    for (const site of sites) {
      await put(`/v1/sites/${site}`, { origins: [ORIGIN], raw_days: RAW_DAYS })
      for (let i = 0; i < 4; i++) await store(env.DB, rows(site, FIRST + i, 2), now)
      const rolled = Array.from({ length: 4 }, (_, i) => FIRST + i)
      await env.DB.prepare(
        `INSERT INTO periods (site, tier, start, state, rolled)
          SELECT ?1, 'hour', value, 'clean', ?2 FROM json_each(?3)`,
      )
        .bind(site, FIRST + 11 * 24, JSON.stringify(rolled))
        .run()
      for (let i = 0; i < 4; i++) await forge(site, FIRST + i)
    }
    for (let i = 1; i <= 6; i++) {
      now = (FIRST + i) * HOUR + RAW_DAYS * DAY
      await run(12)
      now -= 1
      for (const site of sites) expect(await older(site), `${site}, hour ${i}`).toBe(0)
    }
    expect(await counted('many-7', 'hour', FIRST + 2)).toBe(3)
  })

  it('that keep coming until the last moment, too', async () => {
    await put('/v1/sites/last', { origins: [ORIGIN], raw_days: RAW_DAYS })
    now = FIRST * HOUR + RAW_DAYS * DAY
    const view = () => encode(pageView({ id: newId(), age: RAW_DAYS * DAY }))
    for (let i = 0; i < 12; i++) {
      expect((await send(view(), {}, 'last')).status).toBe(204)
      await run(1)
    }
    expect(await older('last', 0)).toBeGreaterThan(0)
    expect((await send(view(), {}, 'last')).status, 'the next hour').toBe(204)
    await run(3)
    now += 2 * HOUR
    expect(await older('last')).toBeGreaterThan(0)
    await run(3)
    expect(await older('last')).toBe(0)
    expect(await counted('last', 'hour', FIRST)).toBe(12)
  })

  it('cannot outlast the promise by an hour that cannot be rolled up', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    now = FIRST * HOUR + RAW_DAYS * DAY
    await put('/v1/sites/stuck', { origins: [ORIGIN], raw_days: RAW_DAYS })
    await store(env.DB, rows('stuck', FIRST, 3), now)
    await env.DB.exec(
      'CREATE TRIGGER stuck BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, "stuck"); END',
    )
    now += 2 * HOUR
    await run(3)
    expect(await older('stuck', 0), 'a day is left to mend it').toBe(3)
    now += DAY
    await run(3)
    expect(await older('stuck')).toBe(0)
    expect(log).toHaveBeenCalled()
    await env.DB.exec('DROP TRIGGER stuck')
  })
})

describe('a sealed hour', () => {
  it('takes no beacon, even where the site keeps raw rows for longer now', async () => {
    now = (FIRST + 24) * HOUR + DAY
    await put('/v1/sites/longer', { origins: [ORIGIN], raw_days: 1 })
    await store(env.DB, rows('longer', FIRST, 3), now)
    await run(3)
    expect(await older('longer')).toBe(0)
    await put('/v1/sites/longer', { origins: [ORIGIN], raw_days: RAW_DAYS })
    await forge('longer', FIRST)
    await forge('longer', FIRST + 24)
    const { results } = await env.DB.prepare("SELECT hour FROM pageviews WHERE site = 'longer'").all()
    expect(results).toEqual([{ hour: FIRST + 24 }])
    expect(await counted('longer', 'hour', FIRST)).toBe(3)
  })
})

describe('page views of an import', () => {
  it('are rolled up before they go, though raw_days is lowered at once', async () => {
    now = (FIRST + 4) * HOUR + RAW_DAYS * DAY + 10 * DAY
    await put('/v1/sites/filled', { origins: [ORIGIN], raw_days: 30 })
    for (const hour of [FIRST, FIRST + 1]) await store(env.DB, rows('filled', hour, 2), now)
    await run(4)
    const filled = Array.from({ length: 6 }, (_, i) => FIRST + i)
    await restore(
      env.DB,
      'filled',
      filled.flatMap(hour => rows('filled', hour, 3)).map(row => ({ ...row, callsCut: 0, marksCut: 0 })),
      now,
    )
    await put('/v1/sites/filled', { origins: [ORIGIN], raw_days: RAW_DAYS })
    await run(12)
    expect(await older('filled')).toBe(0)
    for (const hour of filled) expect(await counted('filled', 'hour', hour)).toBe(hour < FIRST + 2 ? 5 : 3)
    expect(await counted('filled', 'day', FIRST)).toBe(22)
  })
})
