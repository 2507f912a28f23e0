import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChangesAnswer, ChangesRow } from '../../../schema/api/changes.ts'
import { bucketOf } from '../../../schema/domain/buckets.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { readChanges } from '../../../worker/read/changes.ts'
import { admin, get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { countDays, pageViewRow, store } from '../../kit/worker/rows.ts'

const MIDDLE = Math.floor(Date.now() / HOUR) * HOUR - 10 * HOUR
const RANGE = `from=${new Date(MIDDLE).toISOString()}&to=${new Date(MIDDLE + HOUR).toISOString()}`
const RETENTION = { dayDays: 760, hourDays: 35, rawDays: 14 }
const DEVICES = ['phone', 'desktop'] as const
const ROUTES = ['/', '/p/[id]', '/cart', '/search']

const spread = (i: number) => 1_000 + ((i * 7_919) % 1_000) * 2

/** 400 page views of each route on each device in either hour. Phones on /p/[id] get slower, and their calls to the cart. */
beforeAll(async () => {
  await put('/v1/sites/moving', { origins: [ORIGIN] })
  for (const late of [false, true]) {
    const rows = ROUTES.flatMap((route, r) =>
      DEVICES.flatMap((device, d) =>
        Array.from({ length: 400 }, (_, i) => {
          const isSlow = late && route === '/p/[id]' && device === 'phone'
          const duration = Math.round(spread(i) * (isSlow ? 0.5 : 0.2))
          return pageViewRow({
            ...{ site: 'moving', route, device, country: i % 2 ? 'DE' : 'FR' },
            began: MIDDLE + (late ? 1 : -1) * (i * 8 + r * 2 + d + 1) * 1_000,
            release: late && i % 2 ? '2' : '1',
            ...{ lcp: Math.round(spread(i) * (isSlow ? 1.66 : 1)), cls: 20 },
            calls: JSON.stringify({ 0: [[`POST /api${route}`, 100, duration, 0]] }),
          })
        }),
      ),
    )
    await store(rows)
  }
  for (const hour of [MIDDLE / HOUR - 1, MIDDLE / HOUR]) await rollUpHour(env.DB, 'moving', hour, Date.now())
})

async function changes(params: string): Promise<ChangesAnswer> {
  const response = await get(`/v1/changes?site=moving&${params}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

const named = (rows: readonly ChangesRow[]) => rows.map(({ metric, group }) => [metric, group])
const telling = (rows: readonly ChangesRow[]) => rows.filter(row => !row.part_of)

describe('what changed', () => {
  it('names the group where it happened, the most harmed first, with its parts', async () => {
    const answer = await changes(RANGE)
    expect(answer).toMatchObject({ source: 'rollup', percentile: 75, release: null })
    expect(answer.baseline).toEqual({
      from: new Date(MIDDLE - HOUR).toISOString(),
      to: new Date(MIDDLE).toISOString(),
      release: null,
    })
    expect(named(telling(answer.data))).toEqual([
      ['api', { device: 'phone', endpoint: 'POST /api/p/[id]' }],
      ['lcp', { device: 'phone', route: '/p/[id]' }],
    ])
    const [, row] = telling(answer.data)
    expect(row).toMatchObject({
      verdict: 'degrading',
      unit: 'ms',
      before: { samples: 400 },
      after: { count: 400 },
    })
    // Of 400, a quarter was slower than 2.5 s before, and some 68% are now.
    expect(row?.harmed).toBeGreaterThan(120)
    expect(row?.harmed).toBeLessThan(200)
    const { value = 0, low = 0, high = 0 } = row?.change?.ratio ?? {}
    expect(value).toBeCloseTo(0.66, 1)
    expect(low).toBeGreaterThan(0)
    expect(high).toBeGreaterThan(0.66)
    const wider = answer.data.find(
      ({ group, metric }) => metric === 'lcp' && !group.device && group.route === '/p/[id]',
    )
    expect(wider?.part_of).toEqual({ device: 'phone', route: '/p/[id]' })
    expect(answer.compared).toBe(answer.stable + answer.unclear + answer.data.length)
  })

  it('is nothing where there is no time before, or nothing changed', async () => {
    const first = `from=${new Date(MIDDLE - HOUR).toISOString()}&to=${new Date(MIDDLE).toISOString()}`
    expect(await changes(first)).toMatchObject({ data: [], compared: 0 })
    const { data, compared } = await changes(`${RANGE}&metrics=cls`)
    expect(data).toEqual([])
    expect(compared).toBeGreaterThan(10)
  })

  it('is found by single page views within a filter', async () => {
    const answer = await changes(`${RANGE}&route=/p/[id]&metrics=lcp,api`)
    expect(answer.source).toBe('samples')
    expect(named(telling(answer.data))).toContainEqual(['lcp', { device: 'phone', route: '/p/[id]' }])
    expect(answer.data.every(({ group }) => group.device !== 'desktop')).toBe(true)
    const quiet = await changes(`${RANGE}&device=desktop`)
    expect(quiet.data).toEqual([])
    expect(quiet.compared).toBeGreaterThan(5)
  })

  it('compares the newest release with the one before it', async () => {
    const both = `from=${new Date(MIDDLE - HOUR).toISOString()}&to=${new Date(MIDDLE + HOUR).toISOString()}`
    const answer = await changes(`${both}&against=release&metrics=lcp`)
    expect([answer.release, answer.baseline.release]).toEqual(['2', '1'])
    expect(named(telling(answer.data))).toEqual([['lcp', { device: 'phone', route: '/p/[id]' }]])
    expect(await changes(`${RANGE}&against=release:nobody`)).toMatchObject({ data: [], compared: 0 })
  })

  it('is the same answer under the same ETag', async () => {
    const first = await get(`/v1/changes?site=moving&${RANGE}`)
    const known = { ...admin, 'If-None-Match': first.headers.get('ETag') ?? '' }
    expect((await get(`/v1/changes?site=moving&${RANGE}`, known)).status).toBe(304)
  })

  it.each([
    ['against=yesterday', 'against'],
    ['metrics=pageviews', 'metrics'],
    ['percentile=0', 'percentile'],
    ['limit=101', 'limit'],
    ['group_by=route', 'group_by'],
  ])('is refused by name: %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/changes?site=moving&${params}`))).toMatchObject({
      status: 400,
      field,
    })
  })
})

describe('more endpoints than are compared', () => {
  const ENDPOINTS = 34
  const VIEWS = 61

  /** Nothing changes but which two endpoints have a tablet less: their tablets are the last, beyond the 100 groups of endpoint and device. */
  beforeAll(async () => {
    const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => i)
    for (const late of [false, true]) {
      const fewer = late ? [2, 3] : [0, 1]
      const rows = ['phone', 'tablet', 'desktop'].flatMap(device =>
        Array.from({ length: VIEWS }, (_, i) =>
          Array.from({ length: Math.ceil(ENDPOINTS / 5) }, (_, chunk) => {
            const called = endpoints
              .slice(5 * chunk, 5 * chunk + 5)
              .filter(endpoint => i || device !== 'tablet' || !fewer.includes(endpoint))
            const calls = called.map(endpoint => [`GET /${endpoint}`, 9, device === 'tablet' ? 900 : 200, 0])
            const began = MIDDLE + (late ? 1 : -1) * (i * 8 + chunk + 1) * 1_000
            return pageViewRow({ site: 'endpoints', device, began, calls: JSON.stringify({ 0: calls }) })
          }),
        ).flat(),
      )
      await store(rows)
    }
  })

  it('are compared with all of their devices', async () => {
    const query = { site: 'endpoints', from: MIDDLE, to: MIDDLE + HOUR, filters: { country: 'DE' } }
    const asked = { ...query, metrics: ['api' as const], percentile: 80, against: null, limit: 10 }
    const answer = await readChanges(env.DB, asked, RETENTION, MIDDLE + HOUR)
    expect(answer.sampled).toBeUndefined()
    expect(answer.compared).toBeGreaterThan(120)
    expect(named(answer.data)).toEqual([])
  })
})

describe('a large site, of single page views', () => {
  const DAYS = 28
  const VIEWS = 200_000
  const NOW = Math.floor(Date.now() / DAY) * DAY
  const FROM = NOW - DAYS * DAY
  const KEPT = { ...RETENTION, rawDays: 90 }
  const query = {
    ...{ site: 'busy', from: FROM, to: NOW, filters: {}, percentile: 75, limit: 10, against: null },
    metrics: ['lcp' as const, 'api' as const],
  }

  /** Release 2, and the second half of the range, are 40% slower, and so are their calls. */
  beforeAll(async () => {
    const slow = (value: string) =>
      `CAST(${value} * iif((i % 3 = 0) + (i >= ${VIEWS / 2}) > 0, 1.4, 1) AS INTEGER)`
    const hour = `(${FROM / HOUR} + i * ${DAYS * 24} / ${VIEWS})`
    await env.DB.prepare(
      `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${VIEWS - 1})
      INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, release, device, lcp, calls)
      SELECT 'busy', ${hour}, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i), ${hour} * ${HOUR}, 0, 1,
        'navigate', '/', iif(i % 3 = 0, '2', '1'), 'phone', ${slow('(1000 + i * 7919 % 2000)')},
        json_object('0', json_array(json_array('GET /api', 100, ${slow('(100 + i * 7919 % 200)')}, 0))) FROM serial`,
    ).run()
    await countDays('busy')
  })

  const read = async (asked: object) => {
    const meter = newMeter()
    const answer = await readChanges(metered(env.DB, meter), { ...query, ...asked }, KEPT, NOW)
    return { ...answer, read: meter.read }
  }

  const metricsOf = (rows: readonly ChangesRow[]) =>
    telling(rows)
      .map(({ metric }) => metric)
      .sort()

  it('compares two releases by thousands of page views', async () => {
    const { data, read: rows } = await read({ filters: { release: '2' }, against: '1' })
    expect(rows).toBeLessThanOrEqual(20_000)
    expect(metricsOf(data)).toEqual(['api', 'lcp'])
    for (const { metric, before, after } of data) {
      expect(Math.min(before?.samples ?? 0, after?.samples ?? 0)).toBeGreaterThan(metric === 'api' ? 80 : 800)
    }
  })

  it('compares two times within a filter', async () => {
    const { data, read: rows } = await read({
      from: NOW - (DAYS / 2) * DAY,
      filters: { country: { not: ['XX'] } },
    })
    expect(rows).toBeLessThanOrEqual(20_000)
    expect(metricsOf(data)).toEqual(['api', 'lcp'])
  })

  it.each([
    ['half of what is kept, and the time before it', 45, { filters: { country: { not: ['XX'] } } }],
    ['as long a time as is asked for, of two releases', 80, { filters: { release: '2' }, against: '1' }],
  ])('answers for %s', async (_, days, asked) => {
    const { from, to, compared, unknown, read: rows } = await read({ ...asked, from: NOW - 80 * DAY })
    expect(Date.parse(to) - Date.parse(from)).toBe(days * DAY)
    expect(compared + unknown).toBeGreaterThanOrEqual(2)
    expect(rows).toBeLessThanOrEqual(20_000)
  })
})

describe('28 days against the 28 before', () => {
  const TODAY = Math.floor(Date.now() / DAY) * DAY
  const query = {
    ...{
      site: 'large',
      from: TODAY - 28 * DAY,
      to: TODAY,
      filters: {},
      percentile: 75,
      against: null,
      limit: 20,
    },
    metrics: ['lcp' as const, 'inp' as const, 'cls' as const, 'api' as const],
  }

  /** Days that are rolled up, of so many routes on three devices; from the middle on, phones on /7 are slower. */
  async function storeDays(site: string, routes: number): Promise<void> {
    const histogram = (x: number, n: number) => ({
      ...{ n, s: n, q: n, good: x <= 2_500 ? n : 0, poor: 0 },
      h: Object.fromEntries([0.6, 0.8, 1, 1.3].map(factor => [bucketOf(x * factor), n / 4])),
    })
    const rows = (day: number) => {
      const of = (dimension: string, names: string[], x: number, n: number) => ({
        ...{ dimension, value: JSON.stringify(names), views: { n, s: n, q: n } },
        ...{ lcp: histogram(x, n), inp: histogram(90, n), cls: histogram(50, n) },
      })
      const slow = (route: number, device: string) =>
        day >= TODAY - 28 * DAY && route === 7 && device === 'phone' ? 3_320 : 2_000
      const list = Array.from({ length: routes }, (_, i) => i)
      const devices = ['phone', 'desktop', 'tablet']
      return [
        of('all', [], 2_000, 4 * routes * 3),
        ...devices.map(device => of('device', [device], 2_000, 4 * routes)),
        ...['DE', 'FR', 'GB', 'US'].map(country => of('country', [country], 2_000, 3 * routes)),
        ...list.map(i => of('route', [`/${i}`], 2_000, 12)),
        ...list.flatMap(i =>
          devices.map(device => of('device+route', [device, `/${i}`], slow(i, device), i < 10 ? 20 : 4)),
        ),
      ]
    }
    for (let day = TODAY - 56 * DAY; day < TODAY; day += DAY) {
      await env.DB.batch([
        env.DB.prepare(
          `INSERT INTO rollups (site, tier, dimension, start, value, views, lcp, inp, cls)
            SELECT ?1, 'day', value ->> 'dimension', ?2, value ->> 'value', value ->> 'views', value ->> 'lcp', value ->> 'inp', value ->> 'cls'
            FROM json_each(?3)`,
        ).bind(site, day / HOUR, JSON.stringify(rows(day))),
        env.DB.prepare(
          "INSERT INTO periods (site, tier, start, state, rolled) VALUES (?1, 'day', ?2, 'clean', ?2)",
        ).bind(site, day / HOUR),
      ])
    }
  }

  it.each([
    ['large', 60, 10_000, 248],
    ['huge', 100, 8_000, 151],
  ])(
    'read at most 20,000 rows, in few statements, of the site %s with %i routes',
    async (site, routes, least, groups) => {
      await storeDays(site, routes)
      const meter = newMeter()
      const answer = await readChanges(metered(env.DB, meter), { ...query, site }, RETENTION, Date.now())
      expect(meter.read).toBeLessThanOrEqual(20_000)
      expect(meter.read).toBeGreaterThan(least)
      expect(meter.statements).toBeLessThanOrEqual(10)
      expect(answer.compared + answer.unknown).toBeGreaterThanOrEqual(3 * groups)
      expect(named(telling(answer.data))).toContainEqual(['lcp', { device: 'phone', route: '/7' }])
    },
    60_000,
  )
})
