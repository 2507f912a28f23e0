/** Sites of one worker whose rows lie in two databases. */

import { env } from 'cloudflare:workers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { HOUR, hourOf, MINUTE } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { cron } from '../../worker/cron.ts'
import type { Env } from '../../worker/env.ts'
import { TOOLS } from '../../worker/formats/mcp-tools.ts'
import worker from '../../worker/index.ts'
import { store } from '../../worker/store/upsert.ts'
import { pageView } from '../kit/pageview.ts'
import { admin, CHROME, get, ORIGIN, post, problemOf, put, send, summary } from '../kit/worker/client.ts'
import { metered, newMeter } from '../kit/worker/meter.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

const count = (d1: D1Database, table: string, site: string) =>
  d1.prepare(`SELECT count(*) AS n FROM ${table} WHERE site = ?1`).bind(site).first<number>('n')

/** A database that is there, and refuses everything. */
const BROKEN = new Proxy(env.DB_2, {
  get() {
    throw new Error('D1_ERROR: connection lost')
  },
})

const NOW = Date.now()
const OPEN = hourOf(NOW)
const at = (site: string, hour: number) => pageViewRow({ site, hour, began: hour * HOUR })

describe('a site in a second database', () => {
  it('has its rows there, and answers every question from there', async () => {
    expect((await put('/v1/sites/second', { origins: [ORIGIN], database: 'DB_2' })).status).toBe(201)
    await put('/v1/sites/first', { origins: [ORIGIN] })
    for (const site of ['first', 'second', 'second'])
      expect((await send(encode(pageView()), {}, site)).status).toBe(204)
    expect(await count(env.DB, 'pageviews', 'first')).toBe(1)
    expect(await count(env.DB, 'pageviews', 'second')).toBe(0)
    expect(await count(env.DB_2, 'pageviews', 'second')).toBe(2)
    expect(await count(env.DB_2, 'pageviews', 'first')).toBe(0)

    const { data } = await summary('site=second&metrics=lcp')
    expect(data[0]).toMatchObject({ count: 2 })
    expect(await (await get('/v1/sites/second')).json()).toMatchObject({ database: 'DB_2' })
    const delivery = await (await get('/v1/delivery?site=second')).json<object>()
    expect(delivery).toMatchObject({ accepted: expect.any(Number) })
    expect(await count(env.DB_2, 'intake', 'second')).toBe(1)
    const lines = await (await get('/v1/export?format=ndjson&site=second')).text()
    expect(lines.trim().split('\n')).toHaveLength(3)
  })

  it('has its budgets, segments, deploys, webhooks and collectors there', async () => {
    const made = await Promise.all([
      put('/v1/sites/second/segments/phones', { name: 'Phones', filters: { device: ['phone'] } }),
      post('/v1/sites/second/deploys', { release: '1.0.0' }),
      post('/v1/sites/second/webhooks', { url: 'https://hooks.example/' }),
      post('/v1/sites/second/collectors', { url: 'https://otel.example/v1/metrics' }),
    ])
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    const budget = { metric: 'lcp', limit: 2_500, segment: 'phones' }
    expect((await post('/v1/sites/second/budgets', budget)).status).toBe(201)
    for (const table of ['segments', 'deploys', 'webhooks', 'collectors', 'budgets']) {
      expect(await count(env.DB, table, 'second')).toBe(0)
      expect(await count(env.DB_2, table, 'second')).toBe(1)
    }
    expect((await get('/v1/summary?site=second&segment=phones')).status).toBe(200)
    expect((await get('/v1/budgets?site=second')).status).toBe(200)
    // Names and tokens are looked up before anybody knows where a site lies.
    const rules = { trailing_slash: 'keep', case: 'keep', parameters: 'keep', rules: [] }
    expect((await put('/v1/sites/second/rules', rules)).status).toBe(200)
    const { token } = await (await post('/v1/sites/second/tokens', { name: 'ci' })).json<{ token: string }>()
    const read = await get('/v1/summary?site=second', { Authorization: `Bearer ${token}` })
    expect(read.status).toBe(200)
    expect(await count(env.DB, 'tokens', 'second')).toBe(1)
  })

  it('answers each tool of an assistant from there, with a read token', async () => {
    const made = await post('/v1/sites/second/tokens', { name: 'assistant' })
    const { token } = await made.json<{ token: string }>()
    const names = Object.keys(TOOLS)
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) {
      const { result } = await callTool(env, name, 'second', token)
      expect(result, name).toMatchObject({ isError: false })
      expect(JSON.parse(result.content[0]?.text ?? ''), name).toMatchObject({ site: 'second' })
    }
    const { result } = await callTool(env, 'summary', 'second', token)
    expect(JSON.parse(result.content[0]?.text ?? '').data).toContainEqual(
      expect.objectContaining({ metric: 'lcp', count: 2 }),
    )
    expect((await callTool(env, 'summary', 'first', token)).result.isError).toBe(true)
    const broken = await callTool({ ...env, DB_2: BROKEN }, 'summary', 'second', token)
    expect(broken.result.isError).toBe(true)
  })

  it('costs a beacon one row written, and no statement more than in the first', async () => {
    // In the first minutes of an hour a beacon marks the hour before, too, which takes a statement more.
    vi.useFakeTimers({ toFake: ['Date'], now: OPEN * HOUR + 30 * MINUTE })
    onTestFinished(() => void vi.useRealTimers())
    // So the isolate knows both sites, and both have been counted in this hour.
    for (const site of ['first', 'second'] as const) expect(await status(env, beaconOf(site))).toBe(204)
    const meters = { first: newMeter(), second: newMeter() }
    for (const site of ['first', 'second'] as const) {
      const meter = meters[site]
      const databases = { ...env, DB: metered(env.DB, meter), DB_2: metered(env.DB_2, meter) }
      expect(await status(databases, beaconOf(site))).toBe(204)
    }
    expect(meters.second).toMatchObject({ statements: 1, written: 1 })
    expect(meters.second).toEqual(meters.first)
  })

  it.each([
    ['DB_3', 'database', 'DB, DB_2'],
    ['ARCHIVE', 'database', 'DB_2'],
  ])(
    'cannot be made in %s, and the error names the field and the databases',
    async (database, field, said) => {
      const problem = await problemOf(await put('/v1/sites/nowhere', { origins: [ORIGIN], database }))
      expect(problem).toMatchObject({ status: 400, field })
      expect(problem.detail).toContain(said)
    },
  )

  it('does not change its database with its settings', async () => {
    const before = await (await get('/v1/sites/second')).json()
    const problem = await problemOf(
      await put('/v1/sites/second', { origins: ['https://other.example'], database: 'DB' }),
    )
    expect(problem).toMatchObject({ status: 409, field: 'database' })
    expect(await (await get('/v1/sites/second')).json()).toEqual(before)
    expect((await put('/v1/sites/second', { origins: [ORIGIN], rate: 1 })).status).toBe(200)
    expect(await (await get('/v1/sites/second')).json()).toEqual(before)
  })

  it('is in the list and the overview beside the others', async () => {
    const { data } = await (await get('/v1/sites')).json<{ data: { site: string; database: string }[] }>()
    expect(data.map(({ site, database }) => [site, database])).toEqual([
      ['first', 'DB'],
      ['second', 'DB_2'],
    ])
    const overview = await (await get('/v1/overview')).json<{ data: { site: string; budgets: object }[] }>()
    expect(overview.data.map(({ site }) => site)).toEqual(['first', 'second'])
    expect(overview.data[1]?.budgets).toMatchObject({ 'no-data': 1 })
  })
})

describe('a database that is not as it should be', () => {
  it('takes no new site while it has rows of a deleted one of that name', async () => {
    await env.DB_2.batch([
      env.DB_2.prepare(`INSERT INTO deploys (site, at, id, release) VALUES ('heir', 1, 'a', '1')`),
    ])
    const wanted = { origins: [ORIGIN], database: 'DB_2' }
    const problem = await problemOf(await put('/v1/sites/heir', wanted))
    expect(problem).toMatchObject({ status: 409, field: 'database' })
    expect(problem.detail).toContain('move it to DB_2')
    expect((await put('/v1/sites/heir', { origins: [ORIGIN] })).status).toBe(201)
    for (let i = 0; i < 9; i++) await post('/v1/sites/heir/move', { to: 'DB_2' })
    expect(await (await get('/v1/sites/heir')).json()).toMatchObject({ database: 'DB_2' })
    expect(await count(env.DB_2, 'deploys', 'heir')).toBe(0)
  })

  it('takes no site while it lacks a migration, and healthz names it', async () => {
    await put('/v1/sites/stays', { origins: [ORIGIN] })
    await env.DB_2.exec('ALTER TABLE periods RENAME COLUMN again TO lacking')
    onTestFinished(async () => {
      await env.DB_2.exec('ALTER TABLE periods RENAME COLUMN lacking TO again')
    })
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const moved = await problemOf(await post('/v1/sites/stays/move', { to: 'DB_2' }))
    expect(moved).toMatchObject({ status: 400, field: 'to' })
    expect(moved.detail).toContain('d1 migrations apply DB_2')
    const made = await problemOf(await put('/v1/sites/newer', { origins: [ORIGIN], database: 'DB_2' }))
    expect(made).toMatchObject({ status: 400, field: 'database' })
    const health = await problemOf(await get('/healthz'))
    expect(health).toMatchObject({ status: 503, detail: expect.stringMatching(/DB_2 is not migrated/) })
    logged.mockRestore()
  })
})

describe('a database that is in trouble', () => {
  const databases = { ...env, DB_2: BROKEN }

  it('holds up its own sites alone, and healthz names it', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await status(databases, beaconOf('first'))).toBe(204)
    expect(await status(databases, beaconOf('second'))).toBe(503)
    expect(await status(databases, question('/v1/summary?site=first'))).toBe(200)
    expect(await status(databases, question('/v1/summary?site=second'))).toBe(503)
    expect(await status(databases, question('/v1/sites'))).toBe(200)
    const health = await ask(databases, question('/healthz'))
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ detail: expect.stringContaining('DB_2') })
    logged.mockRestore()
  })

  it('does not keep the cron from the others', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const [d1, site] of [
      [env.DB, 'first'],
      [env.DB_2, 'second'],
    ] as const)
      await store(d1, [at(site, OPEN - 4)], NOW)
    await cron(databases, NOW, 90)
    expect(await count(env.DB, 'rollups', 'first')).toBeGreaterThan(0)
    expect(logged.mock.calls.flat().join()).toContain('the run in database DB_2 failed')
    await cron(env, NOW + 300_000, 90)
    expect(await count(env.DB_2, 'rollups', 'second')).toBeGreaterThan(0)
    logged.mockRestore()
  })

  it('is named where it is not bound at all', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { DB_2, ...rest } = env
    const answer = await ask(rest, question('/v1/budgets?site=second'))
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('DB_2, which is not bound') })
    const health = await problemOf(await ask(rest, question('/healthz')))
    expect(health).toMatchObject({ status: 503, detail: expect.stringContaining('DB_2, which is not bound') })
    const body = JSON.stringify({ to: 'DB' })
    const moved = await ask(rest, question('/v1/sites/second/move', { method: 'POST', body }))
    expect(await problemOf(moved)).toMatchObject({
      status: 503,
      detail: expect.stringContaining('DB_2, which is not bound'),
    })
    await cron(rest, NOW + 600_000)
    expect(logged.mock.calls.flat().join()).toContain('site second lies in DB_2, which is not bound')
    logged.mockRestore()
  })
})

describe('the cron', () => {
  it('gives each database its share, in turn where there are few statements', async () => {
    for (const [d1, site, database] of [
      [env.DB, 'here', 'DB'],
      [env.DB_2, 'there', 'DB_2'],
    ] as const) {
      await put(`/v1/sites/${site}`, { origins: [ORIGIN], database })
      const hours = Array.from({ length: 40 }, (_, i) => at(site, OPEN - 60 + i))
      await store(d1, hours, NOW)
    }
    const took = async (run: number, statements: number) => {
      const meters = [newMeter(), newMeter()] as const
      const databases = { DB: metered(env.DB, meters[0]), DB_2: metered(env.DB_2, meters[1]) }
      await cron(databases, NOW + run * 300_000, statements)
      return meters.map(meter => meter.statements)
    }
    // Run 0 may be either's turn, run 1 is the other's.
    const [a = [], b = []] = [await took(2, 45), await took(3, 45)]
    for (const run of [a, b]) expect(run.reduce((sum, n) => sum + n)).toBeLessThanOrEqual(46)
    expect([a, b].map(([, second = 0]) => second > 20)).toEqual([a, b].map(([first = 0]) => first <= 20))
    const both = await took(4, 90)
    for (const statements of both) expect(statements).toBeGreaterThan(20)
    expect(both.reduce((sum, n) => sum + n)).toBeLessThanOrEqual(92)
  })

  it('purges a deleted site in its own database, and its directory in the first', async () => {
    expect((await remove('/v1/sites/second')).status).toBe(202)
    for (const run of [1, 2, 3, 4]) await cron(env, Date.now() + 60_000 + run * 300_000, 200)
    for (const table of ['pageviews', 'rollups', 'budgets', 'intake'])
      expect(await count(env.DB_2, table, 'second')).toBe(0)
    expect(await count(env.DB, 'tokens', 'second')).toBe(0)
    expect((await get('/v1/sites/second')).status).toBe(404)
    expect(await count(env.DB, 'pageviews', 'first')).toBeGreaterThan(0)
  })
})

async function callTool(databases: Omit<Env, 'DB_2'>, name: string, site: string, token: string) {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { site } } }
  const response = await ask(
    databases,
    new Request('https://rum.example/mcp', {
      method: 'POST',
      body: JSON.stringify(call),
      headers: { Authorization: `Bearer ${token}` },
    }),
  )
  return response.json<{ result: { isError: boolean; content: { text: string }[] } }>()
}

function remove(path: string): Promise<Response> {
  return ask(env, new Request(`https://rum.example${path}`, { method: 'DELETE', headers: admin }))
}

function question(path: string, given: RequestInit = {}): Request {
  return new Request(`https://rum.example${path}`, { headers: admin, ...given })
}

function beaconOf(site: string): Request {
  return new Request(`https://rum.example/f?site=${site}`, {
    method: 'POST',
    body: encode(pageView()),
    headers: { ...admin, 'Content-Type': 'text/plain', Origin: ORIGIN, 'User-Agent': CHROME },
  })
}

/** Asks the worker in this isolate, with other databases than its own. */
async function ask(databases: Omit<Env, 'DB_2'>, request: Request): Promise<Response> {
  const waiting: Promise<unknown>[] = []
  const context = {
    waitUntil: (promise: Promise<unknown>) => void waiting.push(promise),
    passThroughOnException() {},
    props: {},
  } as unknown as ExecutionContext
  const response = await worker.fetch(request, databases, context)
  await Promise.allSettled(waiting)
  return response
}

async function status(databases: Omit<Env, 'DB_2'>, request: Request): Promise<number> {
  const response = await ask(databases, request)
  await response.text()
  return response.status
}
