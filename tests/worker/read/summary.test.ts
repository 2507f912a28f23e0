import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TrendsAnswer } from '../../../schema/api/trends.ts'
import { RELATIVE_ERROR } from '../../../schema/domain/buckets.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import type { ApiCall } from '../../../schema/wire/pageview.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, problemOf, put, sendViews, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** A past hour that only this file writes to. */
const BEGAN = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR
const RANGE = `from=${new Date(BEGAN).toISOString()}&to=${new Date(BEGAN + HOUR).toISOString()}`

/** 10,000 values by inverse distribution: known, shuffled by a stride, nothing left to luck. */
const SIZE = 10_000
const lcps = Array.from({ length: SIZE }, (_, i) => {
  const u = (((i * 7_919) % SIZE) + 0.5) / SIZE
  return Math.round(1200 * ((1 - u) ** -0.45 + u))
})
const clss = lcps.map((_, i) => (i % 3 === 0 ? 0 : (i * 37) % 400))

beforeAll(async () => {
  for (const site of ['known', 'mixed', 'calls', 'empty'])
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  for (let i = 0; i < SIZE; i += 1000) {
    const rows = lcps
      .slice(i, i + 1000)
      .map((lcp, j) =>
        pageViewRow({ site: 'known', began: BEGAN + i, lcp, cls: clss[i + j] ?? 0, weight: 1 }),
      )
    await store(rows)
  }
  // So many page views are read whole only of an hour that is rolled up.
  await rollUpHour(env.DB, 'known', BEGAN / HOUR, Date.now())
})

describe('a summary of 10,000 known values', () => {
  const everyPercentile = Array.from({ length: 990 }, (_, i) => (i + 10) / 10)
  const chunks = Array.from({ length: 50 }, (_, i) => everyPercentile.slice(i * 20, i * 20 + 20)).filter(
    c => c.length,
  )

  it.each([
    ['lcp', lcps, 1],
    ['cls', clss, 1000],
  ] as const)(
    'puts every percentile of %s within 1.083 %% of the exact one',
    async (metric, values, grains) => {
      const sorted = values.toSorted((a, b) => a - b)
      for (const ps of chunks) {
        const answer = await summary(`site=known&${RANGE}&metrics=${metric}&percentiles=${ps.join(',')}`)
        const [row] = answer.data
        for (const p of ps) {
          const exact = (sorted[Math.ceil((p * SIZE) / 100 - 1e-9) - 1] ?? Number.NaN) / grains
          const found = row?.percentiles[`p${p}`]?.value ?? Number.NaN
          // The answer has six digits; they add at most 5e-6 to the error of the bucket.
          expect(Math.abs(found - exact), `p${p}`).toBeLessThanOrEqual(exact * (RELATIVE_ERROR + 5e-6))
        }
      }
    },
  )

  it('counts shares exactly, thresholds inclusive', async () => {
    const { data } = await summary(`site=known&${RANGE}&metrics=lcp,cls`)
    const share = (values: number[], test: (value: number) => boolean) => values.filter(test).length / SIZE
    for (const [metric, values, good, poor] of [
      ['lcp', lcps, 2500, 4000],
      ['cls', clss, 100, 250],
    ] as const) {
      const row = data.find(row => row.metric === metric)
      expect(row).toMatchObject({ count: SIZE, samples: SIZE })
      expect(row?.shares?.good).toBe(share(values, x => x <= good))
      expect(row?.shares?.poor).toBe(share(values, x => x > poor))
    }
    const boundary = pageViewRow({ site: 'mixed', began: BEGAN, lcp: 2500, cls: 250, inp: 501, ttfb: null })
    await store([boundary])
    const { data: one } = await summary(`site=mixed&${RANGE}`)
    const shares = Object.fromEntries(one.map(row => [row.metric, row.shares]))
    expect(shares.lcp).toEqual({ good: 1, needs_improvement: 0, poor: 0 })
    expect(shares.cls).toEqual({ good: 0, needs_improvement: 1, poor: 0 })
    expect(shares.inp).toEqual({ good: 0, needs_improvement: 0, poor: 1 })
    expect(shares.ttfb).toBeUndefined()
  })

  it('says its range on whole hours, its source and its error', async () => {
    const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10)
    const { data, ...rest } = await summary(`site=empty&from=${day}T10:20:00Z&to=${day}T12:40:00%2B01:00`)
    expect(data).toEqual([])
    expect(rest).toEqual({
      site: 'empty',
      from: `${day}T10:00:00.000Z`,
      to: `${day}T12:00:00.000Z`,
      source: 'rollup',
      relative_error: RELATIVE_ERROR,
    })
  })

  it('says whole days where hours are not kept any more', async () => {
    const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)
    const { from, to } = await summary(`site=empty&from=${day(100)}T10:20:00Z&to=${day(98)}T11:40:00Z`)
    expect({ from, to }).toEqual({ from: `${day(100)}T00:00:00.000Z`, to: `${day(97)}T00:00:00.000Z` })
  })

  it('gives the five default percentiles, each with an interval around it', async () => {
    const { data } = await summary(`site=known&${RANGE}&metrics=lcp`)
    expect(Object.keys(data[0]?.percentiles ?? {})).toEqual(['p50', 'p75', 'p90', 'p95', 'p99'])
    for (const { value, low, high } of Object.values(data[0]?.percentiles ?? {})) {
      expect(low).toBeLessThan(value)
      expect(high).toBeGreaterThan(value)
    }
  })
})

describe('weights', () => {
  it('count a page view as many times as it stands for, and widen the interval', async () => {
    const rows = (weight: number, site: string, n: number) =>
      Array.from({ length: n }, (_, i) => pageViewRow({ site, began: BEGAN, lcp: 1000 + i, weight }))
    await put('/v1/sites/heavy', { origins: [ORIGIN] })
    await store([...rows(1, 'heavy', 300), ...rows(9, 'heavy', 100).map(row => ({ ...row, lcp: 5000 }))])
    const { data } = await summary(`site=heavy&${RANGE}&metrics=lcp&percentiles=20,50`)
    expect(data[0]).toMatchObject({ count: 1200, samples: 400, shares: { good: 0.25, poor: 0.75 } })
    expect(data[0]?.percentiles.p50?.value).toBeGreaterThan(4900)
    expect(data[0]?.percentiles.p20?.value).toBeLessThan(1300)
  })

  it('of any size that a client may claim add up', async () => {
    const weight = 1_000_000 * 2 ** 11
    await put('/v1/sites/claimed', { origins: [ORIGIN] })
    await store(Array.from({ length: 12 }, () => pageViewRow({ site: 'claimed', began: BEGAN, weight })))
    const { data } = await summary(`site=claimed&${RANGE}&metrics=lcp`)
    expect(data).toMatchObject([{ count: 12 * weight, samples: 12 }])
  })
})

describe('filters and groups', () => {
  beforeAll(async () => {
    await put('/v1/sites/grouped', { origins: [ORIGIN] })
    const of = (n: number, given: Parameters<typeof pageViewRow>[0]) =>
      Array.from({ length: n }, () => pageViewRow({ site: 'grouped', began: BEGAN, ...given }))
    await store([
      ...of(3, { route: '/', device: 'phone', country: 'DE', release: '1', browser: 'Safari', lcp: 1000 }),
      ...of(2, {
        route: '/p/[id]',
        device: 'phone',
        country: 'FR',
        release: '2',
        connection: '3g',
        lcp: 3000,
      }),
      ...of(1, {
        route: '/p/[id]',
        device: 'desktop',
        country: null,
        release: '2',
        navigation: 'reload',
        lcp: 5000,
      }),
    ])
  })
  const counts = async (params: string) =>
    (await summary(`site=grouped&${RANGE}&metrics=lcp&${params}`)).data.map(row => [
      Object.values(row.group).join(' '),
      row.count,
    ])

  it.each([
    [
      'route',
      [
        ['/', 3],
        ['/p/[id]', 3],
      ],
    ],
    [
      'device',
      [
        ['phone', 5],
        ['desktop', 1],
      ],
    ],
    [
      'country',
      [
        ['DE', 3],
        ['FR', 2],
        ['', 1],
      ],
    ],
    [
      'browser',
      [
        ['Chrome', 3],
        ['Safari', 3],
      ],
    ],
    [
      'connection',
      [
        ['4g', 4],
        ['3g', 2],
      ],
    ],
    [
      'navigation',
      [
        ['navigate', 5],
        ['reload', 1],
      ],
    ],
    [
      'release',
      [
        ['1', 3],
        ['2', 3],
      ],
    ],
    [
      'route,device',
      [
        ['/ phone', 3],
        ['/p/[id] phone', 2],
        ['/p/[id] desktop', 1],
      ],
    ],
  ])('by %s', async (dimension, expected) => {
    expect(await counts(`group_by=${dimension}`)).toEqual(expected)
  })

  it('combine', async () => {
    expect(await counts('route=/p/[id]&device=phone')).toEqual([['', 2]])
    expect(await counts('release=2&group_by=device&connection=4g')).toEqual([['desktop', 1]])
    expect(await counts('country=XX')).toEqual([])
  })

  it('take what a visitor may send as data only', async () => {
    expect(await counts(`route=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([])
  })

  it('answer the largest groups within the limit, with all of their metrics', async () => {
    const { data } = await summary(`site=grouped&${RANGE}&group_by=country&limit=1`)
    expect(data.map(row => row.group.country)).toEqual([...Array(4).fill('DE'), ...Array(4).fill('(rest)')])
  })

  it('fill the limit with groups that have enough samples', async () => {
    await put('/v1/sites/enough', { origins: [ORIGIN] })
    await store([
      pageViewRow({ site: 'enough', began: BEGAN, route: '/one', weight: 50 }),
      ...Array.from({ length: 20 }, () => pageViewRow({ site: 'enough', began: BEGAN, route: '/many' })),
    ])
    for (const params of ['group_by=route', 'group_by=route,country']) {
      const { data } = await summary(`site=enough&${RANGE}&metrics=lcp&limit=1&minimum=10&${params}`)
      expect(data.map(({ group }) => group.route)).toEqual(['/many', '(rest)'])
    }
  })

  it('keep to the limit for the devices of one route', async () => {
    expect(await counts('route=/p/[id]&group_by=device&limit=1')).toEqual([
      ['phone', 2],
      ['(rest)', 1],
    ])
  })
})

describe('API calls', () => {
  const call = (given: Partial<ApiCall>): ApiCall => ({
    endpoint: 'GET /api/a',
    start: 0,
    duration: 100,
    outcome: 'ok',
    status: 200,
    ttfb: 50,
    bytes: 10,
    server: null,
    ...given,
  })

  it('have percentiles, an error rate and calls a minute by endpoint', async () => {
    const age = Date.now() - BEGAN - HOUR / 2
    await sendViews(
      [
        pageView({
          age,
          weight: 2,
          calls: [call({}), call({ duration: 700, status: 500, outcome: 'http' })],
        }),
        pageView({
          age,
          calls: [call({ duration: 2000, status: null, outcome: 'network' }), call({ endpoint: 'POST /b' })],
        }),
        pageView({ age, calls: [call({ duration: 9000, outcome: 'aborted', status: null })] }),
      ],
      {},
      'calls',
    )
    const { data } = await summary(`site=calls&${RANGE}&metrics=api&group_by=endpoint&percentiles=50,99`)
    expect(data.map(row => row.group.endpoint)).toEqual(['GET /api/a', 'POST /b'])
    // Weights 2 (ok) + 2 (http) + 1 (network); the aborted call counts nowhere.
    expect(data[0]).toMatchObject({
      count: 5,
      samples: 3,
      error_rate: 3 / 5,
      per_minute: 5 / 60,
      shares: { good: 2 / 5, needs_improvement: 2 / 5, poor: 1 / 5 },
    })
    expect(data[0]?.percentiles.p99?.value).toBeCloseTo(2000, -2)
    expect(data[1]).toMatchObject({ count: 1, error_rate: 0 })
    const one = await summary(`site=calls&${RANGE}&metrics=api&endpoint=${encodeURIComponent('POST /b')}`)
    expect(one.data).toMatchObject([{ group: {}, metric: 'api', count: 1 }])
  })
})

describe('a question of more days than are kept', () => {
  it('begins where memory does, or is a 400', async () => {
    await put('/v1/sites/forgets', { origins: [ORIGIN], raw_days: 2, hour_days: 7, day_days: 30 })
    const oldest = Math.floor(Date.now() / DAY - 30) * DAY
    const answer = await summary('site=forgets&from=-300d&metrics=lcp')
    expect(answer.from).toBe(new Date(oldest).toISOString())
    for (const endpoint of ['summary', 'timeseries', 'trends', 'errors']) {
      const refused = await problemOf(await get(`/v1/${endpoint}?site=forgets&from=-300d&to=-40d`))
      expect(refused, endpoint).toMatchObject({ status: 400, field: 'to' })
      expect(refused.detail).toContain('days are kept no longer')
    }
    const trends = await get('/v1/trends?site=forgets&from=-25d')
    expect(trends.status, 'the time before may have less').toBe(200)
    const { baseline }: TrendsAnswer = await trends.json()
    expect(baseline).toMatchObject({ from: answer.from, kept_from: answer.from })
  })
})

describe('a question that only single page views can answer', () => {
  const old = Math.floor(Date.now() / HOUR) - 5 * 24
  const question = 'site=short&from=-10d&metrics=lcp&route=/&country=DE'
  beforeAll(async () => {
    await put('/v1/sites/short', { origins: [ORIGIN], raw_days: 2 })
    await store([
      pageViewRow({ site: 'short', began: old * HOUR }),
      pageViewRow({ site: 'short', began: BEGAN }),
    ])
  })

  it('covers the time that they are kept, and says so', async () => {
    const answer = await summary(question)
    const oldest = (Math.floor(Date.now() / HOUR) - 48) * HOUR
    expect(answer).toMatchObject({ source: 'samples', from: new Date(oldest).toISOString() })
    expect(answer.data[0]?.count).toBe(1)
    const whole = await summary('site=short&from=-10d&metrics=lcp&route=/')
    expect(whole).toMatchObject({ source: 'rollup', data: [{ count: 2 }] })
  })

  it('answers 400 for a time that has none left', async () => {
    const answer = await problemOf(await get(`/v1/summary?${question}&to=-4d`))
    expect(answer).toMatchObject({ status: 400, field: 'to' })
  })
})

describe('a bad question', () => {
  it.each([
    ['', 'site'],
    ['site=known&metrics=lcp,fid', 'metrics'],
    ['site=known&percentiles=50,100', 'percentiles'],
    ['site=known&percentiles=0.5', 'percentiles'],
    ['site=known&percentiles=', 'percentiles'],
    ['site=known&group_by=ip', 'group_by'],
    ['site=known&group_by=endpoint', 'group_by'],
    ['site=known&endpoint=GET /', 'endpoint'],
    ['site=known&limit=0', 'limit'],
    ['site=known&limit=1000', 'limit'],
    ['site=known&from=yesterday', 'from'],
    ['site=known&from=2026-02-30', 'from'],
    ['site=known&to=tomorrow', 'to'],
    ['site=known&from=-1h&to=-2h', 'from'],
    ['site=known&from=2199-01-01T00:00:00Z&to=2199-02-01T00:00:00Z', 'from'],
    ['site=known&from=2001-01-01T00:00:00Z', 'from'],
    ['site=known&from=2026-02-30T00:00:00Z&to=2026-04-01T00:00:00Z', 'from'],
    ['site=known&colour=red', 'colour'],
    ['site=known&limit=1&limit=2', 'limit'],
  ])('%s is a 400 that names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/summary?${params}`))).toMatchObject({
      status: 400,
      field,
      mediaType: 'application/problem+json',
    })
  })

  it.each(['toString', '__proto__', 'constructor'])('knows that %s is no parameter', async name => {
    expect(await problemOf(await get(`/v1/summary?site=known&${name}=1`))).toMatchObject({
      status: 400,
      field: name,
      detail: `${name} is not a parameter of this endpoint`,
    })
  })

  it('about an unknown site is a 404', async () => {
    expect(await problemOf(await get('/v1/summary?site=nobody'))).toMatchObject({
      status: 404,
      field: 'site',
    })
  })

  it.each([{}, { Authorization: 'Bearer wrong' }, { Authorization: `Basic ${env.ADMIN_TOKEN}` }])(
    'without the right token is a 401: %o',
    async headers => {
      const response = await get('/v1/summary?site=known', headers as Record<string, string>)
      expect(response.headers.get('WWW-Authenticate')).toContain('Bearer')
      expect((await problemOf(response)).status).toBe(401)
    },
  )
})

describe('the answer', () => {
  it('says what it cost and how long it may be kept', async () => {
    const response = await get('/v1/summary?site=known')
    expect(response.headers.get('Server-Timing')).toMatch(/^database;dur=\d+, total;dur=\d+$/)
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache')
  })
})

describe('the order of groups', () => {
  const calls = (endpoint: string, size: number, duration: number, failing: number) =>
    Array.from({ length: size }, (_, i) => [
      endpoint,
      1,
      duration + i,
      i < failing ? 1 : 0,
      i < failing ? 500 : 200,
    ])
  const order = async (params: string) => {
    const { data } = await summary(
      `site=sorted&${RANGE}&metrics=api&group_by=endpoint&percentiles=75&${params}`,
    )
    return data.map(({ group }) => group.endpoint)
  }

  beforeAll(async () => {
    await put('/v1/sites/sorted', { origins: [ORIGIN] })
    const all = [
      ...calls('GET /many', 40, 300, 4),
      ...calls('GET /slow', 20, 2000, 0),
      ...calls('GET /broken', 15, 100, 9),
      ...calls('GET /once', 1, 9000, 1),
    ]
    await store([pageViewRow({ site: 'sorted', began: BEGAN, calls: JSON.stringify({ 0: all }) })])
  })

  it.each([
    ['', ['GET /many', 'GET /slow', 'GET /broken', 'GET /once']],
    ['limit=1', ['GET /many', '(rest)']],
    ['sort=slowest', ['GET /slow', 'GET /many', 'GET /broken', '(rest)']],
    ['sort=slowest&limit=1', ['GET /slow', '(rest)']],
    ['sort=slowest&minimum=1', ['GET /once', 'GET /slow', 'GET /many', 'GET /broken']],
    ['sort=failing', ['GET /broken', 'GET /many', 'GET /slow', '(rest)']],
    ['sort=impact', ['GET /slow', 'GET /once', 'GET /many', 'GET /broken']],
    ['minimum=20', ['GET /many', 'GET /slow', '(rest)']],
    ['country=DE&sort=slowest&minimum=16', ['GET /slow', 'GET /many', '(rest)']],
  ])('is by traffic, or by %s', async (params, endpoints) => {
    expect(await order(params)).toEqual(endpoints)
  })
})
