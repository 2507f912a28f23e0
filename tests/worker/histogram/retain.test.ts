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
  const before = OPEN - 14 * 24 - 2

  it('go two hours after their days, behind a last roll-up of their hour', async () => {
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

  it('do not make an hour dirty that is sealed', async () => {
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

describe('a new page view', () => {
  const past = OPEN - 14 * 24 - 1
  /** An isolate has found no old rows by now, and looks again. */
  const LATER = NOW + HOUR / 6
  const full = (site: string) => ({
    ...pageViewRow({
      site,
      hour: OPEN,
      began: OPEN * HOUR + 1_800_000,
      route: '/new',
      trace: 'ab'.repeat(16),
    }),
    tags: '{"plan":"pro"}',
    calls: '{"0":[["GET /a",5,60,0,200]]}',
  })
  const all = async (site: string) =>
    (await env.DB.prepare('SELECT * FROM pageviews WHERE site = ? ORDER BY hour, id').bind(site).all())
      .results
  /** Page views of the hour that is past its days, sealed by a run of the cron that leaves them to be taken over. */
  async function makePast(site: string, n: number) {
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    await store(
      env.DB,
      at(site, past, n).map(row => ({ ...row, errors: 3, why: '{"lcp":[]}', bfcache: '["x"]' })),
      NOW,
    )
    await rollAll(site)
    await expire(site)
    expect(await count('pageviews', site)).toBe(n)
  }

  it('takes over an old row at one billed row, and equals an inserted one', async () => {
    await makePast('takes', 3)
    const { id, ...row } = full('takes')
    const { meta, results } = await store(env.DB, [{ id, ...row }], LATER)
    expect(results).toEqual([{ site: 'takes', hour: OPEN, id, weight: 1 }])
    expect(meta.rows_written).toBe(1)
    expect(meta.rows_read).toBeLessThan(25)
    expect(await count('pageviews', 'takes', `AND hour = ${past}`)).toBe(2)
    await put('/v1/sites/inserts', { origins: [ORIGIN] })
    await store(env.DB, [{ id, ...row, site: 'inserts' }], LATER)
    const [, , taken] = await all('takes')
    expect({ ...taken, site: 'inserts' }).toEqual((await all('inserts'))[0])
  })

  it('keeps its row when its later beacons, or the same one, come', async () => {
    await makePast('again', 3)
    const row = full('again')
    await store(env.DB, [row], LATER)
    await store(env.DB, [row], LATER)
    await store(
      env.DB,
      [{ ...row, sequence: 1, received: 2, inp: 80, calls: '{"1":[["GET /b",9,60,0,200]]}' }],
      NOW,
    )
    expect(await count('pageviews', 'again', `AND hour = ${past}`)).toBe(2)
    const stored = (await all('again')).at(-1)
    expect(stored).toMatchObject({ id: row.id, received: 3, inp: 80, sequence: 1 })
    expect(Object.keys(JSON.parse(String(stored?.calls)))).toEqual(['0', '1'])
  })

  it('of a crowd takes over an old row as long as there are any', async () => {
    await makePast('crowd', 3)
    const rows = Array.from({ length: 5 }, () => full('crowd'))
    const stranger = full('takes')
    const { results } = await store(env.DB, [...rows, stranger, ...rows.slice(0, 1)], LATER)
    expect(new Set(results.map(({ id }) => id))).toEqual(new Set([...rows, stranger].map(({ id }) => id)))
    const again = await store(env.DB, rows, LATER)
    expect(again.results).toHaveLength(5)
    expect(await count('pageviews', 'crowd', `AND hour = ${OPEN}`)).toBe(5)
    const { results: more } = await store(
      env.DB,
      Array.from({ length: 5 }, () => full('crowd')),
      NOW,
    )
    expect(more).toHaveLength(5)
    expect(await count('pageviews', 'crowd')).toBe(10)
  })

  it('takes over no row that waits for its roll-up, or is within its days', async () => {
    await put('/v1/sites/waits', { origins: [ORIGIN] })
    await store(env.DB, [...at('waits', past, 2), ...at('waits', past + 1, 2)], NOW)
    await store(env.DB, [full('waits')], LATER)
    expect(await count('pageviews', 'waits')).toBe(5)
    await rollAll('waits')
    await expire('waits')
    await env.DB.prepare(`DELETE FROM pageviews WHERE site = 'waits' AND hour = ?`).bind(past).run()
    await store(env.DB, [full('waits')], LATER + HOUR / 6)
    expect(await count('pageviews', 'waits', `AND hour = ${past + 1}`)).toBe(2)
    expect(await count('pageviews', 'waits', `AND hour = ${OPEN}`)).toBe(2)
  })

  it('leaves the old row where it is if its lot leaves it out', async () => {
    await makePast('drawn', 2)
    const { results } = await store(env.DB, [{ ...full('drawn'), draw: 1, oneIn: 2 }], LATER)
    expect(results).toEqual([])
    const kept = await store(env.DB, [{ ...full('drawn'), draw: 2, oneIn: 2 }], LATER + HOUR / 6)
    expect(kept.results.map(({ weight }) => weight)).toEqual([2])
    expect(await count('pageviews', 'drawn', `AND hour = ${past}`)).toBe(1)
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
  it('stays as it is, even if raw rows are kept for longer than hours', async () => {
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
