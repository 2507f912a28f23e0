import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BudgetAnswer, BudgetPreview, BudgetsAnswer } from '../../../schema/api/budgets.ts'
import type { SegmentAnswer, SegmentsAnswer } from '../../../schema/api/segments.ts'
import type { NewTokenAnswer } from '../../../schema/api/token.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { watch } from '../../../worker/budgets/watch.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { admin, get, ORIGIN, post, problemOf, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const SITE = 'parted'
const NOON = Math.floor(Date.now() / HOUR) - 30
const RANGE = `site=${SITE}&from=${new Date(NOON * HOUR).toISOString()}&to=${new Date((NOON + 2) * HOUR).toISOString()}`

const VIEWS: [count: number, device: string, country: string, route: string, plan: string | null][] = [
  [32, 'phone', 'DE', '/', 'pro'],
  [16, 'phone', 'FR', '/', 'free'],
  [8, 'desktop', 'DE', '/a', 'pro'],
  [4, 'tablet', 'AT', '/a', null],
]

const path = (id: string, site = SITE) => `/v1/sites/${site}/segments/${id}`
const save = (id: string, filters: object, name = id) => put(path(id), { name, filters })
const drop = (id: string) =>
  exports.default.fetch(`https://rum.example${path(id)}`, { method: 'DELETE', headers: admin })

beforeAll(async () => {
  await put(`/v1/sites/${SITE}`, { origins: [ORIGIN] })
  await put(`/v1/sites/${SITE}/tags`, { tags: ['plan'] })
  await env.DB.prepare(`UPDATE sites SET tags = '{"plan":0}' WHERE id = ?1`).bind(SITE).run()
  await store(
    VIEWS.flatMap(([count, device, country, route, plan]) =>
      Array.from({ length: count }, () =>
        pageViewRow({
          ...{ site: SITE, began: NOON * HOUR, hour: NOON, device, country, route },
          tags: plan && JSON.stringify({ plan }),
          calls: JSON.stringify({ 0: [['GET /api', 10, 90, 0]] }),
          ...{ errors: 0, blocking: '[100,20,[]]' },
          ...{ navigation: 'back-forward', bfcache: '["masked"]' },
          why: '{"lcp":["img",null,1,1,1]}',
        }),
      ),
    ),
  )
  await rollUpHour(env.DB, SITE, NOON, Date.now(), ['tag:plan'])
  await save('phones', { device: ['phone'] }, 'Phones')
  await save('phones-de', { device: ['phone'], country: ['DE'] }, 'Phones in Germany')
  await save('pro', { tag: ['plan:pro'] })
  await save('not-fr', { 'country!': ['FR'] })
  await save('dach', { country: ['DE', 'AT'] })
})

async function count(params: string): Promise<number> {
  const { data } = await summary(`${RANGE}&metrics=lcp&${params}`)
  return data.reduce((sum, { count }) => sum + count, 0)
}

describe('a segment', () => {
  it.each([
    ['segment=phones-de', 32],
    ['segment=phones&country=FR', 16],
    ['segment=dach', 44],
    ['segment=dach&country=DE&country=FR', 40],
    ['segment=dach&country!=DE', 4],
    ['segment=not-fr&group_by=device', 44],
    ['segment=not-fr&country!=DE', 4],
    ['segment=pro&device=desktop', 8],
    ['segment=phones&tag=plan:free', 16],
    ['segment=phones&group_by=tag:plan', 48],
  ])('stands for its filters, which others narrow: %s', async (params, views) => {
    expect(await count(params)).toBe(views)
  })

  it.each([
    '/v1/summary?',
    '/v1/timeseries?',
    '/v1/trends?',
    '/v1/changes?',
    '/v1/causes?metric=lcp&',
    '/v1/blocking?',
    '/v1/bfcache?',
    '/v1/errors?',
    '/v1/pageviews?order=newest&limit=100&',
    '/v1/export?format=otlp&',
    '/v1/export?format=ndjson&',
    '/v1/summary?format=csv&',
  ])('answers in %s what its filters do', async path => {
    const ask = async (filters: string) => {
      const response = await get(`${path}${RANGE}&${filters}`)
      expect(response.status, await response.clone().text()).toBe(200)
      return response.text()
    }
    const [segment, filters] = [await ask('segment=phones-de'), await ask('device=phone&country=DE')]
    expect(segment).toBe(filters)
    expect(segment).not.toBe(await ask('device=phone'))
  })

  it('asks roll-ups where its filters do, for one more row', async () => {
    const { source, ...answer } = await summary(`${RANGE}&metrics=lcp&segment=phones`)
    expect(source).toBe('rollup')
    expect(answer).toMatchObject(
      await summary(`${RANGE}&metrics=lcp&device=phone`).then(({ data }) => ({ data })),
    )
    const { meta } = await env.DB.prepare('SELECT filters FROM segments WHERE site = ?1 AND id = ?2')
      .bind(SITE, 'phones')
      .run()
    expect(meta.rows_read).toBe(1)
  })

  it('holds at once where it has changed, whatever a browser remembers', async () => {
    await save('moving', { device: ['phone'] })
    expect(await count('segment=moving')).toBe(48)
    await save('moving', { device: ['tablet'] })
    expect(await count('segment=moving')).toBe(4)
    const cached = await get(`/v1/summary?${RANGE}&segment=moving`)
    expect(cached.headers.get('Cache-Control')).toBe('private, no-cache')
    await drop('moving')
  })

  it.each([
    ['summary', 'segment=nobody', 'segment', /no segment of site parted: it has dach, not-fr, phones/],
    ['summary', 'segment=No!', 'segment', /must be 1 to 63/],
    ['summary', 'segment=pro&segment=phones', 'segment', /given twice/],
    [
      'summary',
      'segment=phones-de&country=FR',
      'country',
      /contradicts segment phones-de, whose country is DE/,
    ],
    [
      'summary',
      'segment=not-fr&country=FR',
      'country',
      /contradicts segment not-fr, whose country is not FR/,
    ],
    ['summary', 'segment=phones&device!=phone', 'device', /contradicts segment phones/],
    ['summary', 'segment=pro&tag=plan:free', 'tag', /contradicts segment pro, whose tag plan is pro/],
    ['delivery', 'segment=phones', 'segment', /phones gives device, which is not a parameter/],
    ['summary', 'segment=phones&country=DE&limit=0', 'limit', /at least 1/],
    ['trends', 'segment=dach&baseline_country=FR', 'segment', /dach gives country, which must be one/],
  ])('that does not fit is named: %s?%s', async (name, params, field, detail) => {
    const problem = await problemOf(await get(`/v1/${name}?${RANGE}&${params}`))
    expect(problem).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) })
  })

  it('of another site, or of none, does not exist', async () => {
    await put('/v1/sites/other', { origins: [ORIGIN] })
    expect(await problemOf(await get('/v1/summary?site=other&segment=phones'))).toMatchObject({
      status: 400,
      detail: expect.stringContaining('it has none'),
    })
    expect((await get('/v1/summary?site=nowhere&segment=phones')).status).toBe(404)
    expect(await problemOf(await get('/v1/summary?segment=phones'))).toMatchObject({ field: 'site' })
  })

  it.each([
    [{ filters: {} }, 'filters', /at least one/],
    [{ filters: { device: ['phone'], 'device!': ['phone'] } }, 'filters', /contradict/],
    [{ filters: { city: ['Bonn'] } }, 'filters.city', /none of route/],
    [{ filters: { endpoint: ['GET /'] } }, 'filters.endpoint', /none of/],
    [{ filters: { device: 'phone' } }, 'filters.device', /must be a list/],
    [{ filters: { device: [] } }, 'filters.device', /at least one value/],
    [{ filters: { browser: [''] } }, 'filters.browser.0', /not be empty/],
    [{ filters: { route: ['(other)'] } }, 'filters.route.0', /no name of its own/],
    [{ filters: { tag: ['plan'] } }, 'filters.tag.0', /colon/],
    [{ filters: { tag: ['tier:a'] } }, 'filters.tag', /no declared tag/],
    [{ filters: { device: ['phone'] }, name: '' }, 'name', /not be empty/],
    [{ filters: { device: ['phone'] }, more: 1 }, 'more', /not known/],
  ])('is not saved with %j', async (given, field, detail) => {
    const problem = await problemOf(await put(path('bad'), { name: 'Bad', ...given }))
    expect(problem).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) })
    expect(await problemOf(await put(path('A b'), { name: 'x', filters: {} }))).toMatchObject({ field: 'id' })
  })

  it('says so where the site declares its tag no more', async () => {
    await put(`/v1/sites/${SITE}/tags`, { tags: [] })
    const problem = await problemOf(await get(`/v1/summary?${RANGE}&segment=pro`))
    expect(problem).toMatchObject({ status: 400, field: 'segment', detail: expect.stringContaining('plan') })
    await put(`/v1/sites/${SITE}/tags`, { tags: ['plan'] })
    await env.DB.prepare(`UPDATE sites SET tags = '{"plan":0}' WHERE id = ?1`).bind(SITE).run()
  })

  it('is read by a read token of its site, and written by the admin alone', async () => {
    const { token }: NewTokenAnswer = await (
      await post(`/v1/sites/${SITE}/tokens`, { name: 'reader' })
    ).json()
    const reader = { Authorization: `Bearer ${token}` }
    const list: SegmentsAnswer = await (await get(`/v1/sites/${SITE}/segments`, reader)).json()
    expect(list.data.find(({ id }) => id === 'phones-de')).toEqual({
      ...{ id: 'phones-de', name: 'Phones in Germany', budgets: [] },
      filters: { device: ['phone'], country: ['DE'] },
    })
    expect((await get(`/v1/summary?${RANGE}&segment=phones`, reader)).status).toBe(200)
    expect((await get('/v1/sites/other/segments', reader)).status).toBe(403)
    expect((await get('/v1/summary?site=other&segment=phones', reader)).status).toBe(403)
    const written = await exports.default.fetch(`https://rum.example${path('mine')}`, {
      ...{ method: 'PUT', headers: reader },
      body: JSON.stringify({ name: 'Mine', filters: { device: ['phone'] } }),
    })
    expect(written.status).toBe(403)
  })

  it('is one of at most 50', async () => {
    await put('/v1/sites/full', { origins: [ORIGIN] })
    const statuses = []
    for (let i = 0; i < 51; i++) {
      const body = { name: `${i}`, filters: { route: [`/${i}`] } }
      statuses.push((await put(path(`s${i}`, 'full'), body)).status)
    }
    expect(statuses.slice(0, 50).every(status => status === 201)).toBe(true)
    expect(statuses[50]).toBe(409)
    expect((await put(path('s7', 'full'), { name: 'x', filters: { route: ['/x'] } })).status).toBe(200)
  })
})

describe('a budget of a segment', () => {
  const terms = { metric: 'lcp', limit: 2500, segment: 'slow', minimum: 10 }
  const budgets = async (): Promise<BudgetAnswer[]> =>
    ((await (await get(`/v1/budgets?site=${SITE}`)).json()) as BudgetsAnswer).data
  const now = (NOON + 1) * HOUR

  it('goes by its filters, and begins anew where they change', async () => {
    await save('slow', { device: ['phone'], country: ['DE'] })
    const made: BudgetAnswer = await (await post(`/v1/sites/${SITE}/budgets`, terms)).json()
    expect(made).toMatchObject({ segment: 'slow', state: 'no-data' })
    const preview: BudgetPreview = await (await post(`/v1/sites/${SITE}/budgets/preview`, terms)).json()
    expect(preview.samples).toBe(32)
    await watch(env.DB, { id: SITE, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, now, 45)
    expect(await budgets()).toMatchObject([{ state: 'ok', samples: 32 }])

    const renamed: SegmentAnswer = await (
      await save('slow', { device: ['phone'], country: ['DE'] }, 'Slow')
    ).json()
    expect(renamed).toMatchObject({ name: 'Slow', budgets: [made.id] })
    expect(await budgets()).toMatchObject([{ state: 'ok', samples: 32 }])
    await save('slow', { 'country!': ['DE'] })
    expect(await budgets()).toMatchObject([{ state: 'no-data', samples: 0, checked: null }])
    await watch(env.DB, { id: SITE, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, now + 1, 45)
    expect(await budgets()).toMatchObject([{ state: 'ok', samples: 20 }])

    // A hand on the database: the whole site is another promise.
    await env.DB.prepare("UPDATE segments SET id = 'away' WHERE id = 'slow'").run()
    await watch(env.DB, { id: SITE, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, now + HOUR, 45)
    expect(await budgets()).toMatchObject([{ state: 'ok', samples: 20 }])
    await env.DB.prepare("UPDATE segments SET id = 'slow' WHERE id = 'away'").run()
  })

  it('keeps its segment from deletion, or from leaving nothing of it', async () => {
    const own = { ...terms, device: 'tablet' }
    const made: BudgetAnswer = await (await post(`/v1/sites/${SITE}/budgets`, own)).json()
    expect(await problemOf(await save('slow', { device: ['phone'] }))).toMatchObject({
      ...{ status: 409, field: 'filters' },
      detail: expect.stringMatching(`Budget ${made.id} would never match: its device contradicts`),
    })
    expect(await problemOf(await drop('slow'))).toMatchObject({
      ...{ status: 409, field: 'id' },
      detail: expect.stringContaining(made.id),
    })
    const contrary = { ...terms, segment: 'phones', device: 'tablet' }
    expect(await problemOf(await post(`/v1/sites/${SITE}/budgets`, contrary))).toMatchObject({
      ...{ status: 400, field: 'device' },
    })
    const unknown = { ...terms, segment: 'nobody' }
    expect(await problemOf(await post(`/v1/sites/${SITE}/budgets`, unknown))).toMatchObject({
      field: 'segment',
    })
    const delivery = { metric: 'delivery:lost', limit: 0.1, segment: 'slow' }
    expect(await problemOf(await post(`/v1/sites/${SITE}/budgets`, delivery))).toMatchObject({
      field: 'segment',
    })
    for (const { id } of await budgets())
      await exports.default.fetch(`https://rum.example/v1/sites/${SITE}/budgets/${id}`, {
        ...{ method: 'DELETE', headers: admin },
      })
    expect((await drop('slow')).status).toBe(204)
    expect((await drop('slow')).status).toBe(404)
  })
})
