import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { cron } from '../../../worker/cron.ts'
import { expireRaw } from '../../../worker/histogram/expire.ts'
import { retain, retainUnknown } from '../../../worker/histogram/retain.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { SETTLED, staleDays, staleHours } from '../../../worker/store/periods.ts'
import { store } from '../../../worker/store/upsert.ts'
import { admin, get, ORIGIN, put } from '../../kit/worker/client.ts'
import { pageViewRow, starts } from '../../kit/worker/rows.ts'

const NOW = Date.UTC(2026, 10, 20, 10, 30)
const OPEN = Math.floor(NOW / HOUR)
const SITE = { tags: {}, rawDays: 14, hourDays: 35, dayDays: 760, deleted: null }

const at = (site: string, hour: number, n = 1) =>
  Array.from({ length: n }, () => pageViewRow({ site, hour, began: hour * HOUR }))
const count = (table: string, site: string, and = '') =>
  env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE site = ? ${and}`).bind(site).first<number>('n')

async function rollAll(site: string) {
  for (const hour of await starts(staleHours(env.DB, { [site]: 'all' }, NOW + SETTLED, 1000)))
    await rollUpHour(env.DB, site, hour, NOW)
  for (const day of await starts(staleDays(env.DB, { [site]: 'all' }, NOW + SETTLED, 1000)))
    await rollUpDay(env.DB, site, day, NOW)
}
const keep = (site: string, given: Partial<typeof SITE> = {}, statements = 50) =>
  retain(env.DB, { id: site, ...SITE, ...given }, NOW, statements)
const expire = (site: string, given: Partial<typeof SITE> = {}, statements = 50) =>
  expireRaw(env.DB, [{ id: site, ...SITE, ...given }], NOW, statements)

beforeAll(async () => {
  for (const site of ['old', 'unrolled', 'cut', 'gone', 'stays'])
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
})

describe('raw rows', () => {
  const before = OPEN - 14 * 24

  it('go after their days, once their hour is rolled up a last time', async () => {
    await store(
      env.DB,
      [...at('old', before - 2, 3), ...at('old', before - 1, 3), ...at('old', before, 3)],
      NOW,
    )
    expect(await expire('old', {}, 3)).toBe(1)
    expect(await count('pageviews', 'old'), 'nothing is rolled up yet').toBe(9)
    await rollAll('old')
    await store(env.DB, at('old', before - 2), NOW)
    await expire('old')
    expect(await count('pageviews', 'old', `AND hour < ${before}`)).toBe(0)
    expect(await count('pageviews', 'old', `AND hour = ${before}`)).toBe(3)
    const { results } = await env.DB.prepare(
      `SELECT start, ttfb ->> 'n' AS n FROM rollups WHERE site = 'old' AND tier = 'hour' AND dimension = 'all'`,
    ).all()
    expect(results).toEqual([
      { start: before - 2, n: 4 },
      { start: before - 1, n: 3 },
      { start: before, n: 3 },
    ])
  })

  it('whose hour is sealed cannot make it dirty any more', async () => {
    await store(env.DB, at('old', before - 1), NOW)
    expect(
      await env.DB.prepare(`SELECT state FROM periods WHERE site = 'old' AND tier = 'hour' AND start = ?`)
        .bind(before - 1)
        .first('state'),
    ).toBe('sealed')
    expect(await starts(staleHours(env.DB, { old: 'all' }, NOW + SETTLED, 9))).not.toContain(before - 1)
  })

  it('go on going after an interrupted run', async () => {
    await store(env.DB, at('cut', before - 5, 40), NOW)
    await rollAll('cut')
    await expire('cut', {}, 1)
    expect(await count('pageviews', 'cut')).toBe(40)
    await expire('cut')
    expect(await count('pageviews', 'cut')).toBe(0)
  })

  it('go sooner where the site says so', async () => {
    await store(env.DB, at('stays', OPEN - 60), NOW)
    await rollAll('stays')
    await expire('stays')
    expect(await count('pageviews', 'stays')).toBe(1)
    await expire('stays', { rawDays: 2 })
    expect(await count('pageviews', 'stays')).toBe(0)
  })
})

describe('roll-ups', () => {
  it('of hours go only when their day is clean, those of days at last', async () => {
    const hour = Math.floor((OPEN - 40 * 24) / 24) * 24 + 5
    await store(env.DB, at('unrolled', hour, 2), NOW)
    await rollUpHour(env.DB, 'unrolled', hour, NOW)
    await expire('unrolled')
    await keep('unrolled')
    expect(await count('rollups', 'unrolled', `AND tier = 'hour'`)).toBeGreaterThan(0)
    await rollUpDay(env.DB, 'unrolled', hour - 5, NOW)
    await keep('unrolled')
    await expire('unrolled')
    await keep('unrolled')
    expect(await count('rollups', 'unrolled', `AND tier = 'hour'`)).toBe(0)
    expect(await count('periods', 'unrolled', `AND tier = 'hour'`)).toBe(0)
    expect(await count('rollups', 'unrolled', `AND tier = 'day'`)).toBeGreaterThan(0)
    await keep('unrolled', { dayDays: 36 })
    await keep('unrolled', { dayDays: 36 })
    expect(await count('rollups', 'unrolled')).toBe(0)
    expect(await count('periods', 'unrolled')).toBe(0)
  })
})

describe('a day whose hours are gone', () => {
  it('is final, even where raw rows are kept for longer than hours were', async () => {
    const day = Math.floor((OPEN - 38 * 24) / 24) * 24
    await store(env.DB, at('final', day + 5, 9), NOW)
    await rollAll('final')
    for (let run = 0; run < 3; run++) {
      await expire('final')
      await keep('final')
    }
    await store(env.DB, at('final', day + 7), NOW)
    await rollAll('final')
    const stored = await env.DB.prepare(
      "SELECT lcp ->> 'n' AS n FROM rollups WHERE site = 'final' AND tier = 'day' AND dimension = 'all'",
    ).first('n')
    expect(stored).toBe(9)
  })
})

describe('counts of beacons', () => {
  it('go with the hours of their site, those for sites that do not exist after 35 days', async () => {
    const counts = [OPEN - 36 * 24, OPEN - 30 * 24].flatMap(hour =>
      ['counted', ''].map(site => ({ site, hour })),
    )
    for (const { site, hour } of counts)
      await env.DB.prepare('INSERT INTO intake (site, hour) VALUES (?, ?)').bind(site, hour).run()
    await keep('counted')
    await retainUnknown(env.DB, NOW)
    for (const site of ['counted', '']) expect(await count('intake', site)).toBe(1)
  })

  it('of sites that exist do not pass for those of others', async () => {
    await keep('counted', { hourDays: 29 })
    expect(await count('intake', 'counted')).toBe(0)
    expect(await count('intake', '')).toBe(1)
  })
})

describe('a deleted site', () => {
  it('ends at once for beacons and questions, and soon with all of its rows', async () => {
    await store(env.DB, at('gone', OPEN - 3, 10), NOW)
    await rollAll('gone')
    const made = await exports.default.fetch('https://rum.example/v1/sites/gone/tokens', {
      method: 'POST',
      headers: admin,
      body: '{ "name": "orphan" }',
    })
    expect(made.status).toBe(201)
    const response = await exports.default.fetch('https://rum.example/v1/sites/gone', {
      method: 'DELETE',
      headers: admin,
    })
    expect(response.status).toBe(202)
    expect((await get('/v1/summary?site=gone')).status).toBe(404)
    expect((await put('/v1/sites/gone', { origins: ['*'] })).status).toBe(409)
    const others = await count('periods', 'stays')
    await cron(env, Date.now() + 120_000)
    await cron(env, Date.now() + 420_000)
    const tables = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%`site` text%'",
    ).all<{ name: string }>()
    expect(tables.results.length).toBeGreaterThanOrEqual(8)
    for (const { name } of tables.results) expect(await count(name, 'gone'), name).toBe(0)
    expect(await count('periods', 'stays')).toBe(others)
    expect((await put('/v1/sites/gone', { origins: ['*'] })).status).toBe(201)
  })
})
