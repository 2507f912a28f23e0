import { env, exports } from 'cloudflare:workers'
import { Ajv } from 'ajv'
import { createQueryHistoryRecord, createQueryRecord } from 'crux-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CruxAnswer, type CruxHistoryAnswer, parseRecordRequest } from '../../../schema/api/crux.ts'
import { DAY } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { cruxRecord } from '../../../worker/formats/crux-record.ts'
import { admin, get, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'
import { QUERY_HISTORY_RESPONSE, QUERY_RESPONSE } from './crux.schema.ts'

/** A day counts three hours after its end. */
const TODAY = Math.floor((Date.now() - DAY / 8) / DAY) * DAY
/** The end of the last Saturday. */
const SUNDAY = TODAY - new Date(TODAY).getUTCDay() * DAY

const ajv = new Ajv({ strict: false, multipleOfPrecision: 9 })
const isRecord = ajv.compile<CruxAnswer>(QUERY_RESPONSE)
const isHistory = ajv.compile<CruxHistoryAnswer>(QUERY_HISTORY_RESPONSE)

/** What CrUX's client asks Google for, the worker answers. */
const toWorker = (address: string, init: RequestInit) => {
  const { pathname, search } = new URL(address)
  return exports.default.fetch(`https://rum.example${pathname}${search}`, init)
}
const queryRecord = createQueryRecord({ key: env.ADMIN_TOKEN, fetch: toWorker })
const queryHistory = createQueryHistoryRecord({ key: env.ADMIN_TOKEN, fetch: toWorker })

async function ask(call: string, body: unknown, search = `?key=${env.ADMIN_TOKEN}`) {
  const response = await toWorker(`https://google.example/v1/records:${call}${search}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, body: await response.json<unknown>() }
}

/** The record as the schema of CrUX has it. */
async function record(body: unknown, search?: string): Promise<CruxAnswer['record']> {
  const answer = await ask('queryRecord', body, search)
  if (!isRecord(answer.body)) throw new Error(JSON.stringify([isRecord.errors, answer.body]))
  return answer.body.record
}

function views(n: number, given: (i: number) => Partial<PageViewRow>): PageViewRow[] {
  return Array.from({ length: n }, (_, i) => pageViewRow({ began: TODAY - 12 * 3_600_000, ...given(i) }))
}

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: ['https://shop.example', 'https://www.shop.example'] })
  await put('/v1/sites/blog', { origins: ['https://*.shop.example'] })
  await put('/v1/sites/aged', { origins: ['https://aged.example'] })
  await put('/v1/sites/rest', { origins: ['*'] })
  await put('/v1/sites/twin', { origins: ['https://twin.example'] })
  await put('/v1/sites/other-twin', { origins: ['https://twin.example'] })
  await store([
    ...views(60, i => ({
      device: i < 30 ? 'phone' : 'desktop',
      navigation: i < 45 ? 'navigate' : i < 50 ? 'back-forward-cache' : 'soft-navigation',
      route: i % 3 ? '/p/[id]' : '/',
      lcp: i < 40 ? 2500 : i < 51 ? 4000 : 4001,
      inp: i < 15 ? 100 : null,
      cls: i < 46 ? 100 : 300,
    })),
    ...views(50, () => ({ began: Date.now(), lcp: 9000 })),
    ...views(30, () => ({ site: 'aged', lcp: 1000 })),
    ...views(50, () => ({ site: 'aged', began: TODAY - 28 * DAY - 1, lcp: 9000 })),
  ])
})

describe('a record', () => {
  it('is what the client of CrUX takes for one, with own data in it', async () => {
    const found = await queryRecord({ origin: 'https://shop.example' })
    expect(found?.record.key).toEqual({ origin: 'https://shop.example' })
    expect(found?.record.metrics.largest_contentful_paint).toEqual({
      histogram: [
        { start: 0, end: 2500, density: 0.6667 },
        { start: 2500, end: 4000, density: 0.1833 },
        { start: 4000, density: 0.15 },
      ],
      percentiles: { p75: expect.any(Number) },
    })
    expect(found).not.toHaveProperty('urlNormalizationDetails')
  })

  it('holds nothing of today, nor of 29 days ago', async () => {
    for (const [origin, good] of [
      ['https://shop.example', 0.6667],
      ['https://aged.example', 1],
    ]) {
      const { metrics } = await record({ origin })
      expect(metrics.largest_contentful_paint?.histogram?.[0]?.density).toBe(good)
    }
  })

  it('keeps to the schema of CrUX, with CLS as strings', async () => {
    const { metrics } = await record({ origin: 'https://shop.example/' })
    expect(metrics.cumulative_layout_shift).toEqual({
      histogram: [
        { start: '0.00', end: '0.10', density: 0.7667 },
        { start: '0.10', end: '0.25', density: 0 },
        { start: '0.25', density: 0.2333 },
      ],
      percentiles: { p75: '0.10' },
    })
  })

  it('says the same p75 as the summary', async () => {
    const { metrics } = await record({ origin: 'https://shop.example' })
    const range = `from=${new Date(TODAY - 28 * DAY).toISOString()}&to=${new Date(TODAY).toISOString()}`
    const { data } = await summary(`site=shop&${range}&metrics=lcp,fcp,ttfb`)
    const p75 = Object.fromEntries(data.map(row => [row.metric, Math.round(row.percentiles.p75?.value ?? 0)]))
    expect(metrics.largest_contentful_paint?.percentiles?.p75).toBe(p75.lcp)
    expect(metrics.first_contentful_paint?.percentiles?.p75).toBe(p75.fcp)
    expect(metrics.experimental_time_to_first_byte?.percentiles?.p75).toBe(p75.ttfb)
  })

  it('covers the 28 days that ended yesterday', async () => {
    const date = (time: number) => {
      const [year, month, day] = new Date(time).toISOString().slice(0, 10).split('-').map(Number)
      return { year, month, day }
    }
    const { collectionPeriod } = await record({ origin: 'https://shop.example' })
    expect(collectionPeriod).toEqual({ firstDate: date(TODAY - 28 * DAY), lastDate: date(TODAY - DAY) })
  })

  it('takes a day in when its last page views have settled', async () => {
    const parsed = parseRecordRequest({ origin: 'https://shop.example' })
    if ('error' in parsed) throw new Error(parsed.error.detail)
    const lastDay = async (now: number) =>
      (await cruxRecord(env.DB, 'shop', parsed.ok, now))?.record.collectionPeriod.lastDate.day
    const midnight = TODAY + DAY
    expect(await lastDay(midnight + DAY / 8 - 1)).toBe(new Date(TODAY - DAY).getUTCDate())
    expect(await lastDay(midnight + DAY / 8)).toBe(new Date(TODAY).getUTCDate())
  })

  it('has fractions of devices and navigations, soft ones left out as in CrUX', async () => {
    const { metrics } = await record({ origin: 'https://shop.example' })
    expect(metrics.form_factors?.fractions).toEqual({ phone: 0.5, tablet: 0, desktop: 0.5 })
    expect(metrics.navigation_types?.fractions).toEqual({
      navigate: 0.9,
      reload: 0,
      back_forward: 0,
      back_forward_cache: 0.1,
      prerender: 0,
      restore: 0,
    })
  })

  it('leaves out a metric of fewer than 16 page views', async () => {
    const { metrics } = await record({ origin: 'https://shop.example' })
    expect(metrics).not.toHaveProperty('interaction_to_next_paint')
  })

  it('is of one form factor, then without the fractions of them', async () => {
    const { key, metrics } = await record({ origin: 'https://shop.example', formFactor: 'PHONE' })
    expect(key).toEqual({ origin: 'https://shop.example', formFactor: 'PHONE' })
    expect(metrics.largest_contentful_paint?.histogram?.[0]?.density).toBe(1)
    expect(metrics).not.toHaveProperty('form_factors')
    expect(await queryRecord({ origin: 'https://shop.example', formFactor: 'TABLET' })).toBeNull()
  })

  it('has the metrics asked for, and no other', async () => {
    const { metrics } = await record({
      origin: 'https://shop.example',
      metrics: ['first_contentful_paint', 'round_trip_time'],
    })
    expect(Object.keys(metrics)).toEqual(['first_contentful_paint'])
  })

  it('of a page is that of its route, and says so', async () => {
    const found = await queryRecord({ url: 'https://shop.example/p/1234?utm=x#top' })
    expect(found?.record.key).toEqual({ url: 'https://shop.example/p/[id]' })
    expect(found?.urlNormalizationDetails).toEqual({
      originalUrl: 'https://shop.example/p/1234?utm=x#top',
      normalizedUrl: 'https://shop.example/p/[id]',
    })
    expect(found?.record.metrics.form_factors?.fractions).toMatchObject({ phone: 0.5 })
    const phone = await queryRecord({ url: 'https://shop.example/p/7', formFactor: 'PHONE' })
    expect(phone?.record.metrics.largest_contentful_paint?.histogram[0]?.density).toBe(1)
    const named = await queryRecord({ url: 'https://shop.example/p/[id]' })
    expect(named?.record).toEqual(found?.record)
    expect(await queryRecord({ url: 'https://shop.example/nowhere' })).toBeNull()
  })
})

describe('the site of an origin', () => {
  it('is the one that names it, before one that covers it, before one that takes all', async () => {
    await record({ origin: 'https://www.shop.example' })
    expect(await queryRecord({ origin: 'https://eu.shop.example' })).toBeNull()
    await store(views(20, () => ({ site: 'blog', lcp: 1000 })))
    const { metrics } = await record({ origin: 'https://eu.shop.example' })
    expect(metrics.largest_contentful_paint?.histogram?.[0]?.density).toBe(1)
    expect(await queryRecord({ origin: 'https://elsewhere.example' })).toBeNull()
  })

  it('is the read token’s own, or none', async () => {
    const made = await exports.default.fetch('https://rum.example/v1/sites/blog/tokens', {
      method: 'POST',
      headers: admin,
      body: JSON.stringify({ name: 'a report' }),
    })
    const { token } = await made.json<{ token: string }>()
    await record({ origin: 'https://www.shop.example' }, `?key=${token}`)
    expect((await ask('queryRecord', { origin: 'https://twin.example' }, `?key=${token}`)).status).toBe(404)
    const other = await ask('queryRecord', { origin: 'https://shop.example' }, `?site=shop&key=${token}`)
    expect(other).toMatchObject({ status: 403, body: { error: { status: 'PERMISSION_DENIED' } } })
  })

  it('must stand where it could be several', async () => {
    expect((await ask('queryRecord', { origin: 'https://twin.example' })).status).toBe(400)
    const { key } = await record({ origin: 'https://twin.example' }, `?key=${env.ADMIN_TOKEN}&site=shop`)
    expect(key).toEqual({ origin: 'https://twin.example' })
  })
})

describe('a history', () => {
  beforeAll(() =>
    store([
      ...views(40, () => ({ site: 'rest', began: SUNDAY - DAY, lcp: 1000 })),
      ...views(40, i => ({ site: 'rest', began: SUNDAY - 15 * DAY, lcp: i < 10 ? 1000 : 3000, cls: null })),
    ]),
  )

  it('is what the client of CrUX takes for one: 25 collection periods a week apart', async () => {
    const found = await queryHistory({ origin: 'https://any.example' })
    if (found === null || !isHistory(found)) throw new Error(JSON.stringify(isHistory.errors))
    const { collectionPeriods, metrics } = found.record
    expect(collectionPeriods).toHaveLength(25)
    const time = ({ year, month, day }: { year: number; month: number; day: number }) =>
      Date.UTC(year, month - 1, day)
    for (const [i, { firstDate, lastDate }] of collectionPeriods.entries()) {
      expect(time(lastDate)).toBe(SUNDAY - DAY - (24 - i) * 7 * DAY)
      expect(time(lastDate) - time(firstDate)).toBe(27 * DAY)
    }
    const { histogramTimeseries, percentilesTimeseries } = metrics.largest_contentful_paint ?? {}
    const densities = histogramTimeseries?.map(bin => bin.densities.slice(-4))
    expect(densities).toEqual([
      ['NaN', 0.25, 0.25, 0.625],
      ['NaN', 0.75, 0.75, 0.375],
      ['NaN', 0, 0, 0],
    ])
    expect(percentilesTimeseries?.p75s.slice(-4)).toEqual([null, ...Array(3).fill(expect.any(Number))])
    expect(histogramTimeseries?.[0]?.densities).toHaveLength(25)
    const cls = metrics.cumulative_layout_shift?.percentilesTimeseries?.p75s
    expect(cls?.slice(-4)).toEqual([null, null, null, '0.02'])
    expect(metrics.form_factors?.fractionTimeseries?.desktop?.fractions.slice(-2)).toEqual([1, 1])
  })

  it('has as many periods as asked for', async () => {
    const { status, body } = await ask('queryHistoryRecord', {
      origin: 'https://any.example',
      collectionPeriodCount: 1,
    })
    expect(status).toBe(200)
    if (!isHistory(body)) throw new Error(JSON.stringify(isHistory.errors))
    expect(body.record.collectionPeriods).toHaveLength(1)
  })
})

describe('a request that does not fit', () => {
  it.each([
    ['queryRecord', 'not JSON', 'body'],
    ['queryRecord', [], 'origin'],
    ['queryRecord', {}, 'origin'],
    ['queryRecord', { origin: 'shop.example' }, 'origin'],
    ['queryRecord', { origin: 'https://shop.example/page' }, 'origin'],
    ['queryRecord', { url: 'https://' }, 'url'],
    ['queryRecord', { origin: 'https://shop.example', url: 'https://shop.example/' }, 'url'],
    ['queryRecord', { origin: 'https://shop.example', formFactor: 'WATCH' }, 'formFactor'],
    ['queryRecord', { origin: 'https://shop.example', metrics: ['speed'] }, 'metrics.0'],
    ['queryRecord', { origin: 'https://shop.example', colour: 'red' }, 'colour'],
    ['queryRecord', { origin: 'https://shop.example', collectionPeriodCount: 2 }, 'collectionPeriodCount'],
    [
      'queryHistoryRecord',
      { origin: 'https://a.example', collectionPeriodCount: 41 },
      'collectionPeriodCount',
    ],
  ])('to %s with %j is a 400 in Google’s form that names %s', async (call, body, field) => {
    const answer = await ask(call, body)
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: expect.stringContaining(field),
          details: [{ fieldViolations: [{ field }] }],
        },
      },
    })
  })

  it('for which there is no data is a 404 in Google’s form', async () => {
    expect(await ask('queryRecord', { url: 'https://shop.example/nowhere' })).toMatchObject({
      status: 404,
      body: { error: { code: 404, status: 'NOT_FOUND' } },
    })
  })

  it('without a token is a 401 in Google’s form', async () => {
    for (const search of ['', '?key=wrong']) {
      expect(await ask('queryRecord', { origin: 'https://shop.example' }, search)).toMatchObject({
        status: 401,
        body: { error: { code: 401, status: 'UNAUTHENTICATED' } },
      })
    }
  })

  it('takes the token as `key` here and nowhere else', async () => {
    expect((await get(`/v1/sites?key=${env.ADMIN_TOKEN}`, {})).status).toBe(401)
  })
})
