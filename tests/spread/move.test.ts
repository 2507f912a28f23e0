/** A site moves from one database to another while beacons come; it may be cut off anywhere. */

import { env } from 'cloudflare:workers'
import { getTableColumns, getTableName } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { MoveAnswer } from '../../schema/api/move.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import * as tables from '../../schema/storage/tables.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { cron } from '../../worker/cron.ts'
import { rollUpDay, rollUpHour } from '../../worker/histogram/rollup.ts'
import { keep } from '../../worker/ingest/keep.ts'
import { tally } from '../../worker/ingest/tally.ts'
import { advance, OLD_ROWS_DELAY, placeOf } from '../../worker/site/move.ts'
import { findSite, forgetSite } from '../../worker/site/sites.ts'
import { MOVED_TABLES } from '../../worker/store/delete.ts'
import { STEPS } from '../../worker/store/move-steps.ts'
import { store } from '../../worker/store/upsert.ts'
import { pageView } from '../kit/pageview.ts'
import { get, ORIGIN, post, problemOf, put, send, summary } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

const NOW = Date.now()
const OPEN = hourOf(NOW)
const LATER = NOW + OLD_ROWS_DELAY + 600_000

type Table = (typeof MOVED_TABLES)[number]

/** Every row of a site, in one database. */
async function rowsOf(d1: D1Database, table: Table, site: string): Promise<object[]> {
  const { results } = await d1
    .prepare(`SELECT * FROM ${getTableName(table)} WHERE site = ?1`)
    .bind(site)
    .all()
  return results as object[]
}

async function allOf(d1: D1Database, site: string): Promise<Record<string, object[]>> {
  const found = await Promise.all(
    MOVED_TABLES.map(async table => [getTableName(table), await rowsOf(d1, table, site)] as const),
  )
  return Object.fromEntries(found)
}

/** One row in every table that moves, each column with a value of its own. */
async function fillAll(d1: D1Database, site: string): Promise<void> {
  await d1.batch(
    MOVED_TABLES.map((table, i) => {
      const columns = Object.values(getTableColumns(table))
      const values = columns.map((column, j) => {
        if (column.name === 'site') return site
        if (column.name === 'tier') return 'hour'
        if (column.name === 'state' && getTableName(table) === 'periods') return 'clean'
        if (['calls', 'marks'].includes(column.name)) return '{}'
        if (column.getSQLType() === 'integer') return 1_000 + i * 100 + j
        return column.getSQLType() === 'real' ? j + 1 / 3 : `"${i} 'é' ${j}"`
      })
      const names = columns.map(({ name }) => `"${name}"`).join(', ')
      const marks = columns.map(() => '?').join(', ')
      return d1.prepare(`INSERT INTO ${getTableName(table)} (${names}) VALUES (${marks})`).bind(...values)
    }),
  )
}

async function move(site: string, to = 'DB_2'): Promise<MoveAnswer> {
  const response = await post(`/v1/sites/${site}/move`, { to })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

async function moveToEnd(site: string, to = 'DB_2'): Promise<void> {
  for (let i = 0; i < 50; i++) if (['purge', 'done'].includes((await move(site, to)).phase)) return
  throw new Error('it does not end')
}

/** The site's figures and ids as questions show them. */
async function viewsOf(site: string): Promise<string[]> {
  const text = await (await get(`/v1/export?format=ndjson&site=${site}&limit=5000&from=-2d`)).arrayBuffer()
  const lines = new TextDecoder().decode(text).trim().split('\n')
  return lines
    .map(line => JSON.parse(line).id)
    .filter(Boolean)
    .sort()
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

describe('a move', () => {
  it('takes every table along, each row as it was, and leaves tokens and names', async () => {
    await put('/v1/sites/whole', { origins: [ORIGIN] })
    await post('/v1/sites/whole/tokens', { name: 'ci' })
    await put('/v1/sites/whole/rules', {
      trailing_slash: 'keep',
      case: 'keep',
      parameters: 'keep',
      rules: [{ kind: 'route', pattern: '/p/:id' }],
    })
    await fillAll(env.DB, 'whole')
    const before = await allOf(env.DB, 'whole')
    for (const rows of Object.values(before)) expect(rows).toHaveLength(1)
    await moveToEnd('whole')
    expect(await allOf(env.DB_2, 'whole')).toEqual(before)
    const site = { database: 'DB_2', moving: { phase: 'purge', other: 'DB' } }
    expect(await (await get('/v1/sites/whole')).json()).toMatchObject(site)
    // The old rows go an hour later, by the cron, and nothing else does.
    await cron(env, NOW, 900)
    expect((await allOf(env.DB, 'whole')).pageviews).toHaveLength(1)
    for (const run of [0, 1, 2, 3, 4]) await cron(env, LATER + run * 300_000, 900)
    for (const rows of Object.values(await allOf(env.DB, 'whole'))) expect(rows).toHaveLength(0)
    const place = await placeOf(env.DB, 'whole')
    expect(place).toMatchObject({ database: 'DB_2', moving: null, other: null })
    expect(await (await get('/v1/sites/whole')).json()).not.toHaveProperty('moving')
    const triggers = `SELECT count(*) AS n FROM sqlite_master WHERE type = 'trigger'`
    expect(await env.DB.prepare(triggers).first('n')).toBe(0)
    const { data } = await (await get('/v1/sites/whole/tokens')).json<{ data: object[] }>()
    expect(data).toHaveLength(1)
    expect(await (await get('/v1/sites/whole/rules')).json()).toMatchObject({
      rules: [{ pattern: '/p/:id' }],
    })
    // And back, into the database that holds them.
    await moveToEnd('whole', 'DB')
    expect((await allOf(env.DB, 'whole')).budgets).toEqual(before.budgets)
    expect((await (await get('/v1/sites/whole/tokens')).json<{ data: object[] }>()).data).toHaveLength(1)
  })

  it('loses nothing, cut off after each step, with beacons in between', { timeout: 120_000 }, async () => {
    await put('/v1/sites/busy', { origins: [ORIGIN] })
    const old = [OPEN - 30, OPEN - 27, OPEN - 5].map(hour =>
      pageViewRow({ site: 'busy', hour, began: hour * HOUR + 1 }),
    )
    await store(env.DB, old, NOW)
    await rollUpHour(env.DB, 'busy', OPEN - 30, NOW)
    await rollUpHour(env.DB, 'busy', OPEN - 27, NOW)
    await tally(env.DB, { site: 'busy', address: '', imported: false, times: 7 }, 'stored', NOW)
    // An isolate that remembers where the site was, for good.
    const stale = await findSite(env, 'busy', NOW)
    if (!stale) throw new Error('no site')
    const ids = new Set(old.map(({ id }) => id))
    const long = pageViewRow({ site: 'busy', calls: '{"0":[["GET /a",1,2]]}', received: 1 })
    await store(env.DB, [long], NOW)
    ids.add(long.id)
    let answer = await move('busy')
    for (let part = 0; !['purge', 'done'].includes(answer.phase); part++) {
      expect(part).toBeLessThan(200)
      // One beacon by the isolate that does not know, one late one of a clean hour, one by the way of all others.
      const known = pageViewRow({ site: 'busy' })
      const late = pageViewRow({ site: 'busy', hour: OPEN - 30, began: (OPEN - 30) * HOUR + 2 })
      for (const row of [known, late]) {
        expect(await keep(env, stale, row, NOW)).toBe('stored')
        ids.add(row.id)
      }
      const received = 2 ** (part + 1)
      const calls = JSON.stringify({ [part + 1]: [[`GET /${part}`, 1, 2]] })
      await keep(env, stale, { ...long, sequence: part + 1, received, calls }, NOW)
      forgetSite('busy')
      expect((await send(encode(pageView()), {}, 'busy')).status).toBe(204)
      // Cut off after a few statements; the next call begins anew, as another isolate would.
      await advance(env, 'busy', NOW, 26 + (part % 3) * 5, Date.now() + 60_000)
      const at = await placeOf(env.DB, 'busy')
      if (at?.moving === 'copy') expect(await viewsOf('busy')).toEqual(expect.arrayContaining([...ids]))
      if (at?.moving === 'purge') answer = { ...answer, phase: 'purge' }
    }
    const found = await viewsOf('busy')
    expect(found).toEqual([...new Set(found)])
    expect(found).toEqual(expect.arrayContaining([...ids]))
    const row = await env.DB_2.prepare('SELECT sequence, received, calls FROM pageviews WHERE id = ?1')
      .bind(long.id)
      .first<{ sequence: number; received: number; calls: string }>()
    const beacons = Object.keys(JSON.parse(row?.calls ?? '{}')).map(Number)
    expect(beacons).toEqual(Array.from({ length: beacons.length }, (_, i) => i))
    expect(row).toMatchObject({ sequence: beacons.length - 1, received: 2 ** beacons.length - 1 })
    // The clean hour that heard late beacons is rolled up anew.
    const state = (start: number) =>
      env.DB_2.prepare(`SELECT state FROM periods WHERE site = 'busy' AND tier = 'hour' AND start = ?1`)
        .bind(start)
        .first('state')
    expect(await state(OPEN - 30)).toBe('dirty')
    expect(await state(OPEN - 27)).toBe('clean')
    const counted = await env.DB_2.prepare(`SELECT sum(stored) AS n FROM intake WHERE site = 'busy'`).first(
      'n',
    )
    expect(counted).toBeGreaterThanOrEqual(7)
    const { data } = await summary(`site=busy&from=-2d&metrics=lcp`)
    expect(data[0]?.count).toBe(found.length)
  })

  it('lets no counter of Prometheus fall', { timeout: 120_000 }, async () => {
    await put('/v1/sites/scraped', { origins: [ORIGIN] })
    const hours = [OPEN - 4, OPEN - 3]
    const rows = hours.flatMap(hour =>
      Array.from({ length: 5 }, (_, i) =>
        pageViewRow({ site: 'scraped', hour, began: hour * HOUR + i, route: `/${i % 2}` }),
      ),
    )
    await store(env.DB, rows, NOW)
    for (const hour of hours) await rollUpHour(env.DB, 'scraped', hour, NOW)
    // Another limit each time, so that what the isolate answered last is no answer.
    let limit = 10
    const scrape = async () => {
      forgetSite('scraped')
      const response = await get(`/v1/metrics?site=scraped&by=device&limit=${limit++}`)
      expect(response.status).toBe(200)
      return response.text()
    }
    const before = await scrape()
    expect(before).toMatch(/^fieldline_page_views_total\{site="scraped"\} (5|10)$/m)
    await move('scraped')
    for (let part = 0; (await placeOf(env.DB, 'scraped'))?.moving !== 'purge'; part++) {
      expect(part).toBeLessThan(30)
      expect(await scrape()).toBe(before)
      await advance(env, 'scraped', NOW, 26 + (part % 3) * 5, Date.now() + 60_000)
    }
    expect(await scrape()).toBe(before)
    for (const run of [0, 1, 2, 3]) await cron(env, LATER + run * 300_000, 900)
    expect((await allOf(env.DB, 'scraped')).rollups).toEqual([])
    const views = (text: string) => Number(/^fieldline_page_views_total\S* (\d+)$/m.exec(text)?.[1])
    expect(views(await scrape())).toBeGreaterThanOrEqual(views(before))
    await store(env.DB_2, [pageViewRow({ site: 'scraped', hour: OPEN - 3, began: (OPEN - 3) * HOUR })], NOW)
    // In the first hours after midnight the day is over, and counts by its own roll-up.
    await rollUpHour(env.DB_2, 'scraped', OPEN - 3, NOW)
    await rollUpDay(env.DB_2, 'scraped', OPEN - 3 - ((OPEN - 3) % 24), NOW)
    expect(views(await scrape())).toBe(views(before) + 1)
  })

  it('is over, and its site goes on, where the old database is in trouble or gone', async () => {
    const { DB_2, ...rest } = env
    await put('/v1/sites/back', { origins: [ORIGIN], database: 'DB_2' })
    await store(DB_2, [pageViewRow({ site: 'back', hour: OPEN - 4, began: (OPEN - 4) * HOUR })], NOW)
    await moveToEnd('back', 'DB')
    const broken = new Proxy(DB_2, {
      get() {
        throw new Error('D1_ERROR: connection lost')
      },
    })
    await cron({ ...env, DB_2: broken }, LATER, 900)
    expect(await placeOf(env.DB, 'back')).toMatchObject({ moving: 'purge' })
    expect(await rowsOf(env.DB, tables.rollups, 'back')).not.toHaveLength(0)
    await cron(rest, LATER + 300_000, 900)
    expect(await placeOf(env.DB, 'back')).toMatchObject({ database: 'DB', moving: null })
  })

  it('goes where a database comes back with what an earlier move left in it', async () => {
    const { DB_2, ...rest } = env
    await put('/v1/sites/returns', { origins: [ORIGIN], database: 'DB_2' })
    await store(DB_2, [pageViewRow({ site: 'returns' })], NOW)
    await moveToEnd('returns', 'DB')
    // Unbound, it counts as gone with its rows.
    await cron(rest, LATER, 900)
    expect(await placeOf(env.DB, 'returns')).toMatchObject({ database: 'DB', moving: null })
    expect(await rowsOf(DB_2, tables.pageviews, 'returns')).toHaveLength(1)
    await store(env.DB, [pageViewRow({ site: 'returns' })], NOW)
    await moveToEnd('returns')
    expect(await rowsOf(DB_2, tables.pageviews, 'returns')).toHaveLength(2)
    expect((await send(encode(pageView()), {}, 'returns')).status).toBe(204)
    expect(await rowsOf(DB_2, tables.pageviews, 'returns')).toHaveLength(3)
  })

  it('begins anew where a deleted site of its name had come half the way', async () => {
    const { DB_2, ...rest } = env
    await put('/v1/sites/half', { origins: [ORIGIN] })
    await fillAll(env.DB, 'half')
    await env.DB.prepare(`UPDATE sites SET moving = 'copy', other = 'DB_2' WHERE id = 'half'`).run()
    await advance(env, 'half', NOW, 90, Date.now() + 60_000)
    expect(await placeOf(env.DB, 'half')).toMatchObject({ moving: 'copy' })
    expect(await rowsOf(DB_2, tables.budgets, 'half')).toHaveLength(1)
    await env.DB.prepare(`UPDATE sites SET deleted = ?1 WHERE id = 'half'`).bind(NOW).run()
    for (let run = 1; run < 12; run++) await cron(rest, NOW + run * 300_000, 900)
    expect((await put('/v1/sites/half', { origins: [ORIGIN] })).status).toBe(201)
    expect((await post('/v1/sites/half/deploys', { release: '2' })).status).toBe(201)
    await moveToEnd('half')
    expect(await rowsOf(DB_2, tables.budgets, 'half')).toHaveLength(0)
    expect(await rowsOf(DB_2, tables.deploys, 'half')).toMatchObject([{ release: '2' }])
  })

  it('adds counts once, however often and by however many it is done', async () => {
    await put('/v1/sites/twice', { origins: [ORIGIN] })
    await store(
      env.DB,
      Array.from({ length: 1_200 }, () => pageViewRow({ site: 'twice' })),
      NOW,
    )
    await tally(env.DB, { site: 'twice', address: '', imported: false, times: 40 }, 'stored', NOW)
    await Promise.all([move('twice'), move('twice'), move('twice')])
    await Promise.all([moveToEnd('twice'), moveToEnd('twice')])
    expect((await rowsOf(env.DB_2, tables.intake, 'twice')) as { stored: number }[]).toMatchObject([
      { stored: 40 },
    ])
    expect(await rowsOf(env.DB_2, tables.pageviews, 'twice')).toHaveLength(1_200)
    expect(await move('twice')).toMatchObject({ phase: 'purge', rows: 0, step: STEPS.length })
  })

  it('is finished by the cron where nobody asks again, 45 statements at a time', async () => {
    await put('/v1/sites/left', { origins: [ORIGIN] })
    await fillAll(env.DB, 'left')
    await store(env.DB, [pageViewRow({ site: 'left' })], NOW)
    await env.DB.prepare(`UPDATE sites SET moving = 'copy', other = 'DB_2' WHERE id = 'left'`).run()
    let runs = 0
    while ((await placeOf(env.DB, 'left'))?.moving !== 'purge' && runs < 60)
      await cron(env, NOW + runs++ * 300_000)
    expect(await placeOf(env.DB, 'left')).toMatchObject({ database: 'DB_2', moving: 'purge', other: 'DB' })
    expect(await rowsOf(env.DB_2, tables.pageviews, 'left')).toHaveLength(2)
  })

  it('refuses settings while they are copied, and says so', async () => {
    await put('/v1/sites/still', { origins: [ORIGIN] })
    await env.DB.prepare(`UPDATE sites SET moving = 'copy', other = 'DB_2' WHERE id = 'still'`).run()
    await advance(env, 'still', NOW, 52, Date.now() + 60_000)
    const problem = await problemOf(await post('/v1/sites/still/deploys', { release: '1' }))
    expect(problem).toMatchObject({ status: 409, field: 'site' })
    await moveToEnd('still')
    expect((await post('/v1/sites/still/deploys', { release: '1' })).status).toBe(201)
    expect(await rowsOf(env.DB_2, tables.deploys, 'still')).toHaveLength(1)
    const back = await problemOf(await post('/v1/sites/still/move', { to: 'DB' }))
    expect(back).toMatchObject({ status: 409, field: 'to' })
  })

  it.each([
    [{ to: 'DB_9' }, 400, 'to'],
    [{ to: 'ARCHIVE' }, 400, 'to'],
    [{}, 400, 'to'],
  ])('%j is a %i that names %s', async (body, status, field) => {
    await put('/v1/sites/stays', { origins: [ORIGIN] })
    expect(await problemOf(await post('/v1/sites/stays/move', body))).toMatchObject({ status, field })
    expect(await move('stays', 'DB')).toMatchObject({ phase: 'done', rows: 0 })
    expect((await post('/v1/sites/nobody/move', { to: 'DB' })).status).toBe(404)
  })

  it('goes with the site where that is deleted on the way', async () => {
    await put('/v1/sites/gone', { origins: [ORIGIN] })
    await fillAll(env.DB, 'gone')
    await env.DB.prepare(`UPDATE sites SET moving = 'copy', other = 'DB_2' WHERE id = 'gone'`).run()
    await advance(env, 'gone', NOW, 70, Date.now() + 60_000)
    await env.DB.prepare(`UPDATE sites SET deleted = ?1 WHERE id = 'gone'`).bind(NOW).run()
    for (let run = 1; run < 12; run++) await cron(env, NOW + run * 300_000, 900)
    for (const d1 of [env.DB, env.DB_2])
      for (const rows of Object.values(await allOf(d1, 'gone'))) expect(rows).toHaveLength(0)
    expect(await env.DB.prepare(`SELECT 1 FROM sites WHERE id = 'gone'`).first()).toBeNull()
  })
})
