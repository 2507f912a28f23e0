import { env, exports } from 'cloudflare:workers'
import { getTableColumns, getTableName } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import * as tables from '../../../schema/storage/tables.ts'

import { encode } from '../../../schema/wire/beacon.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, remove, send } from '../../kit/worker/client.ts'

const patch = (path: string, body: unknown) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: admin,
  })

describe('a site', () => {
  it('comes, changes and shows in the list, and keeps its secret to itself', async () => {
    const made = await put('/v1/sites/first', { origins: [ORIGIN] })
    expect(made.status).toBe(201)
    const changed = await put('/v1/sites/first', { origins: [ORIGIN, 'http://localhost:*'], rate: 8 })
    expect(changed.status).toBe(200)
    const { data } = await (await get('/v1/sites')).json<{ data: Record<string, unknown>[] }>()
    expect(data).toEqual([
      {
        site: 'first',
        origins: [ORIGIN, 'http://localhost:*'],
        rate: 8,
        rows_per_day: 25_000,
        bytes_per_day: 11_000_000,
        max_weight: 10,
        raw_days: 14,
        hour_days: 35,
        day_days: 760,
        trace_link: null,
        database: 'DB',
        created: expect.stringMatching(/^\d{4}-/),
        bot_beacons_24h: 0,
      },
    ])
    const key = await env.DB.prepare('SELECT key FROM sites').first<string>('key')
    expect(key).toMatch(/^[0-9a-f]{32}$/)
  })

  it('keeps its key, and so its sample, when it changes', async () => {
    const key = () => env.DB.prepare("SELECT key FROM sites WHERE id = 'stable'").first('key')
    await put('/v1/sites/stable', { origins: ['*'] })
    const before = await key()
    await put('/v1/sites/stable', { origins: [ORIGIN] })
    expect(await key()).toBe(before)
  })

  it('changes in what the request gives, and in nothing else', async () => {
    await put('/v1/sites/patched', { origins: [ORIGIN], rate: 4, raw_days: 7 })
    const before = await (await get('/v1/sites/patched')).json<object>()
    const changed = await patch('/v1/sites/patched', { rate: 8 })
    expect(changed.status).toBe(200)
    const after = await (await get('/v1/sites/patched')).json<object>()
    expect(after).toEqual({ ...before, rate: 8 })
    expect(after).toMatchObject(await changed.json<object>())
    expect((await patch('/v1/sites/patched', {})).status).toBe(200)
    expect(await (await get('/v1/sites/patched')).json()).toEqual(after)
  })

  it('takes two changes at once that have nothing in common', async () => {
    await put('/v1/sites/both', { origins: [ORIGIN] })
    const answers = await Promise.all([
      patch('/v1/sites/both', { rate: 8 }),
      patch('/v1/sites/both', { max_weight: 20 }),
      patch('/v1/sites/both', { origins: ['https://new.example'] }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await (await get('/v1/sites/both')).json()).toMatchObject({
      rate: 8,
      max_weight: 20,
      origins: ['https://new.example'],
    })
  })

  it('never ends with days that were not checked together', async () => {
    await put('/v1/sites/days', { origins: [ORIGIN], raw_days: 7, hour_days: 30 })
    const answers = await Promise.all([
      patch('/v1/sites/days', { raw_days: 29 }),
      patch('/v1/sites/days', { hour_days: 8 }),
    ])
    expect(answers.map(({ status }) => status).filter(status => status === 200)).toHaveLength(1)
    const { raw_days, hour_days } = await (await get('/v1/sites/days')).json<Record<string, number>>()
    expect(raw_days).toBeLessThan(hour_days ?? 0)
  })

  it.each([
    ['/v1/sites/patched', { rate: 3 }, 400, 'rate'],
    ['/v1/sites/patched', { raw_days: 40 }, 400, 'hour_days'],
    ['/v1/sites/patched', { max_weight: 1001 }, 400, 'max_weight'],
    ['/v1/sites/patched', { bytes_per_day: '1MB' }, 400, 'bytes_per_day'],
    ['/v1/sites/patched', { origins: [] }, 400, 'origins'],
    ['/v1/sites/patched', { trace_link: 'https://tempo.example/trace/' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: 'javascript:alert(1)//{trace}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: ' java\nscript:alert(1)//{trace}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: 'data:text/html,{trace}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: '/trace/{trace}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: 'https://tempo.example/trace/{TRACE}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: 'https://me:secret@tempo.example/{trace}' }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: `https://x.example/{trace}${'x'.repeat(500)}` }, 400, 'trace_link'],
    ['/v1/sites/patched', { trace_link: ['https://tempo.example/{trace}'] }, 400, 'trace_link'],
    ['/v1/sites/patched', { colour: 'red' }, 400, 'colour'],
    ['/v1/sites/nowhere', { rate: 2 }, 404, 'site'],
  ])('PATCH %s %j is a %i that names %s', async (path, body, status, field) => {
    await put('/v1/sites/patched', { origins: [ORIGIN] })
    expect(await problemOf(await patch(path, body))).toMatchObject({ status, field })
  })

  it('keeps its trace link until someone takes that away', async () => {
    const link = 'https://tempo.example/trace/{trace}'
    await put('/v1/sites/traced', { origins: [ORIGIN], trace_link: link })
    expect(await (await get('/v1/sites/traced')).json()).toMatchObject({ trace_link: link })
    expect((await patch('/v1/sites/traced', { trace_link: null })).status).toBe(200)
    expect(await (await get('/v1/sites/traced')).json()).toMatchObject({ trace_link: null })
    expect(
      await problemOf(await put('/v1/sites/traced', { origins: [ORIGIN], trace_link: 'https://x' })),
    ).toEqual(expect.objectContaining({ field: 'trace_link', detail: expect.stringContaining('{trace}') }))
  })

  it('is not told to exist while it is being deleted', async () => {
    const make = (headers: Record<string, string>) =>
      exports.default.fetch('https://rum.example/v1/sites/leaving', {
        method: 'PUT',
        body: JSON.stringify({ origins: [ORIGIN] }),
        headers: { ...admin, ...headers },
      })
    expect((await make({ 'If-None-Match': '*' })).status).toBe(201)
    expect(await problemOf(await make({ 'If-None-Match': '*' }))).toMatchObject({
      status: 412,
      detail: 'Site leaving exists already.',
    })
    expect((await remove('/v1/sites/leaving')).status).toBe(202)
    for (const headers of [{ 'If-None-Match': '*' }, {}]) {
      expect(await problemOf(await make(headers))).toMatchObject({
        status: 409,
        field: 'site',
        detail: 'Site leaving is being deleted; try again when its rows are gone.',
      })
    }
  })

  it('that is not there is a 404', async () => {
    expect(await problemOf(await get('/v1/sites/nowhere'))).toMatchObject({ status: 404, field: 'site' })
  })

  it('takes beacons from the moment it allows them', async () => {
    await put('/v1/sites/moved', { origins: ['https://old.example'] })
    expect((await send(encode(pageView()), {}, 'moved')).status).toBe(403)
    await put('/v1/sites/moved', { origins: [ORIGIN] })
    expect((await send(encode(pageView()), {}, 'moved')).status).toBe(204)
  })

  it.each([
    ['/v1/sites/UPPER', { origins: ['*'] }, 'site'],
    ['/v1/sites/x', {}, 'origins'],
    ['/v1/sites/x', { origins: [] }, 'origins'],
    ['/v1/sites/x', { origins: ['shop.example'] }, 'origins.0'],
    ['/v1/sites/x', { origins: ['https://shop.example/path'] }, 'origins.0'],
    ['/v1/sites/x', { origins: ['*'], rate: 3 }, 'rate'],
    ['/v1/sites/x', { origins: ['*'], colour: 'red' }, 'colour'],
    ['/v1/sites/x', { origins: ['*'], rows_per_day: 0 }, 'rows_per_day'],
    ['/v1/sites/x', { origins: ['*'], max_weight: 0 }, 'max_weight'],
    ['/v1/sites/x', { origins: ['*'], bytes_per_day: 999_999 }, 'bytes_per_day'],
    ['/v1/sites/x', { origins: ['*'], raw_days: 1.5 }, 'raw_days'],
    ['/v1/sites/x', { origins: ['*'], raw_days: 30, hour_days: 20 }, 'hour_days'],
    ['/v1/sites/x', { origins: ['*'], day_days: 34 }, 'day_days'],
  ])('PUT %s %j is a 400 that names %s', async (path, body, field) => {
    expect(await problemOf(await put(path, body))).toMatchObject({ status: 400, field })
  })

  it('is nobody’s business without a token', async () => {
    expect((await get('/v1/sites', {})).status).toBe(401)
  })
})

describe('healthz', () => {
  it('asks the database', async () => {
    const response = await get('/healthz', {})
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'ok' })
    await env.DB.exec('ALTER TABLE sites RENAME TO gone')
    const broken = await get('/healthz', {})
    await env.DB.exec('ALTER TABLE gone RENAME TO sites')
    expect(broken.status).toBe(503)
  })

  it.each(Object.values(tables).map(table => [getTableName(table), getTableColumns(table)] as const))(
    'misses the last column of %s',
    async (table, columns) => {
      const { name } = Object.values(columns).at(-1) ?? { name: '' }
      await env.DB.exec(`ALTER TABLE ${table} RENAME COLUMN "${name}" TO lacking`)
      const broken = await get('/healthz', {})
      await env.DB.exec(`ALTER TABLE ${table} RENAME COLUMN lacking TO "${name}"`)
      expect(await problemOf(broken)).toMatchObject({
        status: 503,
        detail: expect.stringContaining('npm run deploy'),
      })
      expect((await get('/healthz', {})).status).toBe(200)
    },
  )
})

describe('the database', () => {
  it('has only STRICT tables WITHOUT ROWID, and pays for an index of what is dirty', async () => {
    const { results } = await env.DB.prepare(
      "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name <> 'd1_migrations'",
    ).all()
    expect(results.length).toBeGreaterThanOrEqual(3)
    for (const table of results) expect(table).toMatchObject({ wr: 1, strict: 1 })
    const indexes = await env.DB.prepare(
      "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    ).all<{ sql: string }>()
    // A period is dirty for some hours at most, so nothing else is ever written to it.
    expect(indexes.results.map(({ sql }) => sql)).toEqual([
      expect.stringMatching(/ON `periods` .* WHERE state = 'dirty'$/),
    ])
  })
})

describe('an address that is not there', () => {
  it('is a problem, too', async () => {
    expect(await problemOf(await get('/v1/nothing', admin))).toMatchObject({
      status: 404,
      mediaType: 'application/problem+json',
    })
  })
})
