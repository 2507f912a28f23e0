import { env } from 'cloudflare:workers'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { ERRORS_ANSWER, ERRORS_EXAMPLE, type ErrorsAnswer } from '../../../schema/api/errors.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageError, PageErrors } from '../../../schema/wire/pageview.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, problemOf, put, send, sendViews, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** A whole day that is over. */
const DAY_HOUR = Math.floor(Date.now() / HOUR / 24 - 2) * 24
const BEGAN = DAY_HOUR * HOUR
const RANGE = `from=${new Date(BEGAN).toISOString()}&to=${new Date(BEGAN + 24 * HOUR).toISOString()}`
const age = (hour: number) => Date.now() - BEGAN - hour * HOUR - HOUR / 2

const error = (message: string, given: Partial<PageError> = {}): PageError => ({
  kind: 'error',
  message,
  script: '/app.js',
  line: 10,
  column: 5,
  count: 1,
  ...given,
})
const seen = (...list: PageError[]): PageErrors => ({
  count: list.reduce((sum, { count }) => sum + count, 0),
  list,
})

async function errors(params: string, range = RANGE): Promise<ErrorsAnswer> {
  const response = await get(`/v1/errors?${range}&${params}`)
  if (response.status !== 200) throw new Error(await response.text())
  return v.parse(ERRORS_ANSWER, await response.json())
}

const A = error('TypeError: x is not a function', { count: 3 })
const B = error('Failed to fetch', { kind: 'unhandledrejection', script: '', line: 0, column: 0 })

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN] })
  const views = [
    pageView({ age: age(3), release: '1', errors: seen(A), weight: 4 }),
    pageView({ age: age(3), release: '1', errors: { count: 40, list: [A, B] } }),
    pageView({ age: age(9), release: '2', errors: seen(B) }),
    ...Array.from({ length: 14 }, () => pageView({ age: age(9), release: '2' })),
    // Nobody looked.
    pageView({ age: age(9), release: '2', errors: null }),
  ]
  await sendViews(views)
})

/** What is the same whether raw rows, hours or a day answer. Of the page view that claims 40 errors, 32 are believed. */
const SAME = {
  count: 45,
  pageviews: 20,
  samples: 17,
  unlisted: 28,
  data: [
    {
      ...A,
      ...{ count: 15, pageviews: 5, samples: 2, share: 0.25 },
      first_seen: expect.stringMatching(/T03:/),
      last_seen: expect.stringMatching(/T03:/),
      releases: [{ name: '1', share: 1 }],
      browsers: [{ name: 'Chrome', share: 1 }],
    },
    {
      ...B,
      ...{ count: 2, pageviews: 2, samples: 2, share: 0.1 },
      first_seen: expect.stringMatching(/T03:/),
      last_seen: expect.stringMatching(/T09:/),
      releases: [
        { name: '1', share: 0.5 },
        { name: '2', share: 0.5 },
      ],
      browsers: [{ name: 'Chrome', share: 1 }],
    },
  ],
}

describe('GET /v1/errors', () => {
  it('answers the same from raw rows, hours and a day', async () => {
    expect(await errors('site=shop')).toMatchObject(SAME)
    for (let hour = 0; hour < 24; hour++) await rollUpHour(env.DB, 'shop', DAY_HOUR + hour, Date.now())
    expect(await errors('site=shop&sort=busiest')).toMatchObject(SAME)
    await rollUpDay(env.DB, 'shop', DAY_HOUR, Date.now())
    expect(await errors('site=shop&limit=30')).toMatchObject(SAME)
    // Of 20 page views 14 have none; weights of 4 tell less than 20 page views would.
    const { error_free } = await errors('site=shop')
    expect(error_free).toMatchObject({ value: 0.7 })
    expect(error_free?.low).toBeGreaterThan(0.35)
    expect(error_free?.high).toBeLessThan(0.92)
  })

  it('adds up to the errors of a summary, though a page view claims 32 of each kind', async () => {
    await put('/v1/sites/claims', { origins: [ORIGIN] })
    const kinds = Array.from({ length: 8 }, (_, i) => error('TypeError: x', { column: i, count: 32 }))
    const uneven = [
      error('TypeError: x', { column: 0, count: 100_000 }),
      error('TypeError: x', { column: 1 }),
    ]
    const views = [seen(...kinds), seen(...uneven), seen(error('TypeError: x', { column: 1, count: 2 }))]
    await sendViews(
      views.map(errors => pageView({ age: age(5), errors, weight: 3 })),
      {},
      'claims',
    )
    const told = async () => {
      const [all, phones] = await Promise.all([errors('site=claims'), errors('site=claims&device=desktop')])
      const { data } = await summary(`site=claims&metrics=errors&${RANGE}`)
      const rows = all.data.map(({ column, count }) => [column, count])
      expect(Object.fromEntries(rows)).toMatchObject({ 0: 3 * (4 + 31), 1: 3 * (4 + 1 + 2), 7: 3 * 4 })
      expect(phones.data).toEqual(all.data)
      for (const { count, unlisted } of [all, phones])
        expect({ count, unlisted }).toEqual({ count: data[0]?.errors, unlisted: 0 })
    }
    await told()
    await rollUpHour(env.DB, 'claims', DAY_HOUR + 5, Date.now())
    await told()
    for (let hour = 0; hour < 24; hour++) await rollUpHour(env.DB, 'claims', DAY_HOUR + hour, Date.now())
    await rollUpDay(env.DB, 'claims', DAY_HOUR, Date.now())
    await told()
  })

  it('filters, orders and cuts', async () => {
    const second = await errors('site=shop&release=2')
    expect(second).toMatchObject({ source: 'samples', pageviews: 15, count: 1, unlisted: 0 })
    expect(second.data.map(({ message }) => message)).toEqual([B.message])
    expect((await errors('site=shop&sort=newest&limit=1')).data).toHaveLength(1)
    expect(await problemOf(await get('/v1/errors?site=shop&endpoint=GET%20/'))).toMatchObject({
      status: 400,
      field: 'endpoint',
    })
  })

  it('stands in summary, by release, and in the page view', async () => {
    const { data } = await summary(`site=shop&${RANGE}&metrics=errors,lcp&group_by=release`)
    const row = data.find(({ metric, group }) => metric === 'errors' && group.release === '2')
    expect(row).toMatchObject({ count: 15, errors: 1, percentiles: {}, error_free: { value: 14 / 15 } })
    const views: { data: { errors: unknown; errors_beyond?: number }[] } = await (
      await get(`/v1/pageviews?site=shop&${RANGE}&order=newest&limit=30`)
    ).json()
    expect(views.data.find(({ errors_beyond }) => errors_beyond)).toMatchObject({
      errors_beyond: 36,
      errors: [A, B],
    })
    expect(views.data.filter(({ errors }) => errors === null)).toHaveLength(1)
  })

  it('names the largest of an hour and a day, and counts the others', async () => {
    await put('/v1/sites/many', { origins: [ORIGIN] })
    const rare = 'abcdefghijklmnopqrstuvwxyz'.split('')
    const list = (i: number) => rare.slice(i, i + 8).map(letter => error(`rare ${letter}`))
    await sendViews(
      [
        ...[0, 8, 16].map(i => pageView({ age: age(1), errors: seen(...list(i)) })),
        ...[0, 8, 16].map(i =>
          pageView({ age: age(1), errors: seen(...list(i).map(one => ({ ...one, line: 11 }))) }),
        ),
        pageView({ age: age(1), errors: seen(error('often')) }),
        pageView({ age: age(1), errors: seen(error('often')) }),
      ],
      {},
      'many',
    )
    await rollUpHour(env.DB, 'many', DAY_HOUR + 1, Date.now())
    const found = await errors('site=many&limit=100')
    expect(found.data).toHaveLength(30)
    expect(found.data[0]).toMatchObject({ message: 'often', pageviews: 2 })
    expect(found).toMatchObject({ count: 50, unlisted: 19 })
  })

  it('counts none as unlisted that a sample happened to leave out', async () => {
    await put('/v1/sites/large', { origins: [ORIGIN] })
    const list = JSON.stringify([['error', 'Error: known', '/app.js', 1, 1, 1]])
    const rows = Array.from({ length: 6_000 }, (_, i) =>
      pageViewRow({
        site: 'large',
        began: BEGAN + (i % 24) * HOUR + i,
        device: i % 6 ? 'phone' : 'desktop',
        errors: 1,
        errorList: list,
      }),
    )
    for (let i = 0; i < rows.length; i += 1_000) await store(rows.slice(i, i + 1_000))
    for (let hour = 0; hour < 24; hour++) await rollUpHour(env.DB, 'large', DAY_HOUR + hour, Date.now())
    // More page views than may be read: the list is an estimate, and roll-ups count.
    const found = await errors('site=large&device=phone')
    expect(found.sampled).toBeGreaterThan(1)
    expect(found).toMatchObject({ count: 5_000, pageviews: 5_000, unlisted: 0 })
  })

  it('keeps no value that a forged beacon brings', async () => {
    const forged = error(`Error: no user 'Jane Doe' jane@shop.example: Jane`, {
      script: 'https://x.example/u/8f3a2b1c9d7e/app.js?token=geheim#x',
    })
    const view = pageView({ age: age(20), route: '/forged', errors: seen(forged) })
    expect(
      (await send(JSON.stringify({ v: 1, ...view, errors: [9, [Object.values(forged), 7, ['x']]] }))).status,
    ).toBe(204)
    const text = JSON.stringify(await env.DB.prepare("SELECT * FROM pageviews WHERE route = '/forged'").all())
    expect(text).not.toMatch(/jane|doe|geheim|token|8f3a2b1c9d7e/i)
    const { data, count } = await errors('site=shop&route=/forged')
    expect(count).toBe(9)
    expect(data).toMatchObject([{ message: 'Error: no user' }])
  })

  it('has an example that its schema takes', () => {
    expect(v.is(ERRORS_ANSWER, ERRORS_EXAMPLE)).toBe(true)
  })
})
