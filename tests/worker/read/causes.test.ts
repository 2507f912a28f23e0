import { env } from 'cloudflare:workers'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CAUSES_ANSWER,
  CAUSES_EXAMPLE,
  type CausesAnswer,
  parseCausesQuery,
} from '../../../schema/api/causes.ts'
import { RELATIVE_ERROR } from '../../../schema/domain/buckets.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { ApiCall, InpCause, LcpCause } from '../../../schema/wire/pageview.ts'
import { causes as answer } from '../../../worker/read/causes.ts'
import { pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, problemOf, put, sendViews } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'

/** A past hour that only this file writes to. */
const BEGAN = Math.floor(Date.now() / HOUR) * HOUR - 7 * HOUR
const RANGE = `from=${new Date(BEGAN).toISOString()}&to=${new Date(BEGAN + HOUR).toISOString()}`
const age = () => Date.now() - BEGAN - HOUR / 2

const image: LcpCause = {
  target: 'main>img',
  url: '/hero.jpg',
  loadDelay: 2000,
  loadDuration: 900,
  renderDelay: 100,
}
const text: LcpCause = { target: 'h1', url: null, loadDelay: 0, loadDuration: 0, renderDelay: 700 }
const click: InpCause = {
  target: 'button#buy',
  event: 'click',
  time: 5000,
  inputDelay: 20,
  processing: 500,
  presentation: 80,
  script: { url: '/app.js', invoker: 'BUTTON#buy.onclick', duration: 450 },
}
const call = (endpoint: string, start: number, duration: number): ApiCall => ({
  endpoint,
  start,
  duration,
  outcome: 'ok',
  status: 200,
  ttfb: null,
  bytes: null,
  server: null,
})

const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const vitals = (given: object) => ({ lcp: null, inp: null, cls: null, fcp: null, ttfb: null, ...given })
const view = (given: Parameters<typeof pageView>[0]) => pageView({ age: age(), ...given })
const none = { lcp: null, inp: null, cls: null }

async function causes(params: string): Promise<CausesAnswer> {
  const response = await get(`/v1/causes?${RANGE}&${params}`)
  if (response.status !== 200) throw new Error(await response.text())
  const body = await response.json()
  return v.parse(CAUSES_ANSWER, body)
}

beforeAll(async () => {
  for (const site of ['why', 'nasty', 'waiting']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await sendViews(
    [
      ...times(6, i =>
        view({
          weight: 2,
          route: '/p/[id]',
          vitals: vitals({ lcp: 3600 + i }),
          why: { ...none, lcp: { ...image, url: i < 4 ? '/hero.jpg' : '/other.jpg' } },
          calls: [call('GET /api/p', 800, 1000), call('GET /api/later', 3000, 9000)],
        }),
      ),
      ...times(20, () => view({ vitals: vitals({ lcp: 900 }), why: { ...none, lcp: text } })),
      ...times(2, () =>
        view({ vitals: vitals({ lcp: 9000 }), why: { ...none, lcp: { ...text, target: 'p' } } }),
      ),
      ...times(4, () => view({ vitals: vitals({ lcp: 1000 }) })),
      // The browser told another vital's cause, but not this one's.
      ...times(4, () =>
        view({ vitals: vitals({ lcp: 1000 }), why: { ...none, cls: { target: 'p', value: 1, time: 1 } } }),
      ),
      ...times(9, () =>
        view({
          vitals: vitals({ inp: 600 }),
          why: { ...none, inp: click },
          calls: [call('POST /api/cart', 5100, 80), call('GET /api/other', 100, 80)],
        }),
      ),
      ...times(5, () =>
        view({
          vitals: vitals({ inp: 40 }),
          why: { ...none, inp: { ...click, event: 'keydown', processing: 10, script: null } },
        }),
      ),
      ...times(5, () =>
        view({
          vitals: vitals({ cls: 300 }),
          why: { ...none, cls: { target: 'div>img.ad', value: 220, time: 1800 } },
        }),
      ),
    ],
    {},
    'why',
  )
})

describe('the causes of LCP', () => {
  it('differ by element, the most page views that are not good first', async () => {
    const { data, ...rest } = await causes('site=why&metric=lcp')
    expect(rest).toMatchObject({
      source: 'samples',
      sampled: 1,
      unit: 'ms',
      count: 42,
      samples: 36,
      explained: 34 / 42,
      left_out: 1,
    })
    expect(data.map(({ target }) => target)).toEqual(['main>img', 'h1'])
    expect(data[0]).toMatchObject({
      url: '/hero.jpg',
      event: null,
      count: 12,
      samples: 6,
      share: 12 / 42,
      impact: 12 / 42,
      rating: 'needs-improvement',
      shares: { good: 0, needs_improvement: 1, poor: 0 },
      script: null,
      shift: null,
    })
    expect(data[1]).toMatchObject({ url: null, count: 20, impact: 0, rating: 'good', advice: null })
  })

  it('have the parts of the p75, which add up to it', async () => {
    for (const { parts, p75 } of (await causes('site=why')).data) {
      const sum = Object.values(parts ?? {}).reduce((a, b) => a + b, 0)
      expect(sum).toBeCloseTo(p75.value, 6)
      expect(p75.low).toBeLessThan(p75.value)
    }
    const [first] = (await causes('site=why')).data
    const near = (x: number) => [x * (1 - RELATIVE_ERROR), x * (1 + RELATIVE_ERROR)] as const
    expect(first?.parts?.load_delay).toBeGreaterThan(near(1990)[0])
    expect(first?.parts?.load_delay).toBeLessThan(near(2000)[1])
  })

  it('name the API calls that it waited for, and only those', async () => {
    const [first] = (await causes('site=why')).data
    expect(first?.calls).toEqual([{ endpoint: 'GET /api/p', share: 1, waited: 1000, duration: 1000 }])
  })

  it('say what to do: here the API call takes half of the delay', async () => {
    const [first] = (await causes('site=why')).data
    expect(first?.advice?.code).toBe('image-found-late')
    await sendViews(
      times(5, () =>
        view({
          vitals: vitals({ lcp: 3600 }),
          why: { ...none, lcp: image },
          calls: [call('GET /api/p', 700, 1600)],
        }),
      ),
      {},
      'waiting',
    )
    expect((await causes('site=waiting')).data[0]?.advice).toMatchObject({
      code: 'waits-for-api',
      link: expect.stringMatching(/^https:/),
    })
  })

  it('sort by page views and by p75, take limits and filters, and need a token', async () => {
    const targets = async (params: string) =>
      (await causes(`site=why&${params}`)).data.map(({ target }) => target)
    expect(await targets('sort=busiest')).toEqual(['h1', 'main>img'])
    expect(await targets('sort=slowest&minimum=1')).toEqual(['p', 'main>img', 'h1'])
    expect(await targets('limit=1')).toEqual(['main>img'])
    expect(await targets('route=/p/[id]')).toEqual(['main>img'])
    expect(await targets('endpoint=GET /api/p')).toEqual(['main>img'])
    expect(await targets('endpoint=GET /api')).toEqual([])
    expect(await targets('minimum=7')).toEqual(['h1'])
  })
})

describe('the causes of INP', () => {
  it('are targets with their event, script, parts and the calls that were started', async () => {
    const { data } = await causes('site=why&metric=inp')
    expect(data.map(({ target, event }) => `${target} ${event}`)).toEqual([
      'button#buy click',
      'button#buy keydown',
    ])
    expect(data[0]).toMatchObject({
      script: { url: '/app.js', invoker: 'BUTTON#buy.onclick', duration: 450, share: 1 },
      calls: [{ endpoint: 'POST /api/cart', share: 1, waited: null, duration: 80 }],
      advice: { code: 'long-script' },
    })
    const { value = 0 } = data[0]?.p75 ?? {}
    expect(data[0]?.parts?.processing).toBeCloseTo((value * 500) / 600, 6)
    expect(data[1]?.script).toBeNull()
  })
})

describe('the causes of CLS', () => {
  it('are the elements that moved, with the largest shift', async () => {
    const { data, unit } = await causes('site=why&metric=cls')
    expect(unit).toBe('score')
    expect(data).toMatchObject([
      { target: 'div>img.ad', parts: null, calls: [], shift: { score: 0.22, at: 1800 }, rating: 'poor' },
    ])
    expect(data[0]?.advice?.code).toBe('missing-dimensions')
  })
})

describe('what a page may send', () => {
  const nasty = [
    `'); DROP TABLE pageviews; --`,
    '"],["x',
    '<script>alert(1)</script>',
    '$.lcp[0]',
    '__proto__',
    '\u05d0>\u05d1',
    '🧨'.repeat(63),
    '',
    '\\u0041\\',
  ]

  it('stays apart, and comes as it is', async () => {
    await sendViews(
      nasty.map(target =>
        view({ vitals: vitals({ lcp: 5000 }), why: { ...none, lcp: { ...text, target } } }),
      ),
      {},
      'nasty',
    )
    const { data } = await causes('site=nasty&minimum=1&limit=200')
    expect(data.map(({ target }) => target).sort()).toEqual(nasty.toSorted())
  })
})

describe('of more page views than are read', () => {
  const VIEWS = 60_000
  const started = BEGAN / HOUR - 60
  const params = new URLSearchParams({
    site: 'huge',
    from: new Date(started * HOUR).toISOString(),
    to: new Date((started + 40) * HOUR).toISOString(),
  })

  beforeAll(async () => {
    await env.DB.prepare(
      `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${VIEWS - 1})
        INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, lcp, why)
        SELECT 'huge', ${started} + i % 40, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i),
          (${started} + i % 40) * ${HOUR}, 0, 3, 'navigate', '/', 'phone', 500 + i % 6000,
          CASE WHEN i % 4 = 0 THEN '{"lcp":["main>img","/a.jpg",100,200,300]}' ELSE '{"lcp":["h1","",0,0,300]}' END
        FROM serial`,
    ).run()
  })

  it('count and percentile stay unbiased, and samples tell how many were read', async () => {
    const query = parseCausesQuery(params, Date.now())
    if ('error' in query) throw new Error(query.error.detail)
    const meter = newMeter()
    const { sampled, count, samples, data } = await answer(
      metered(env.DB, meter),
      query.ok,
      { rawDays: 30 },
      Date.now(),
    )
    expect(sampled).toBe(16)
    expect(samples).toBeLessThanOrEqual(4_000)
    expect(count).toBe(samples * 3 * sampled)
    expect(Math.abs(count / (3 * VIEWS) - 1)).toBeLessThan(0.02)
    expect(meter.read).toBeLessThanOrEqual(20_000)
    const [text, image] = data
    expect(text?.share).toBeCloseTo(0.75, 1)
    expect(Math.abs((text?.p75.value ?? 0) / 5000 - 1)).toBeLessThan(0.03)
    expect(image?.p75.low).toBeLessThan(5000)
    expect(image?.p75.high).toBeGreaterThan(5000)
  })
})

describe('a bad question', () => {
  it.each([
    ['site=why&metric=fcp', 'metric'],
    ['site=why&sort=best', 'sort'],
    ['site=why&minimum=0', 'minimum'],
    ['site=why&group_by=route', 'group_by'],
    ['site=why&from=-30d&to=-20d', 'to'],
    ['site=nobody', 'site'],
  ])('%s names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/causes?${params}`))).toMatchObject({ field })
  })
})

it('the example is an answer', () => {
  expect(v.parse(CAUSES_ANSWER, CAUSES_EXAMPLE)).toEqual(CAUSES_EXAMPLE)
})
