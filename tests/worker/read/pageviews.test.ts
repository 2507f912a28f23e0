import { env } from 'cloudflare:workers'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { toCursor } from '../../../schema/api/cursor.ts'
import { PAGEVIEW } from '../../../schema/api/pageview.ts'
import {
  PAGEVIEWS_ANSWER,
  PAGEVIEWS_EXAMPLE,
  type PageViewsAnswer,
  parsePageViewsQuery,
} from '../../../schema/api/pageviews.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { ApiCall } from '../../../schema/wire/pageview.ts'
import { onePageView } from '../../../worker/read/one-pageview.ts'
import { pageViews } from '../../../worker/read/pageviews.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, problemOf, put, sendViews, storedId } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** Past hours that only this file writes to. */
const FIRST = Math.floor(Date.now() / HOUR) - 40
const RANGE = `from=${new Date(FIRST * HOUR).toISOString()}&to=${new Date((FIRST + 30) * HOUR).toISOString()}`

async function list(params: string): Promise<PageViewsAnswer> {
  const response = await get(`/v1/pageviews?${RANGE}&${params}`)
  if (response.status !== 200) throw new Error(await response.text())
  return v.parse(PAGEVIEWS_ANSWER, await response.json())
}

/** Asks below HTTP, and counts what D1 reads. */
async function measure(params: string) {
  const parsed = parsePageViewsQuery(new URLSearchParams(`${RANGE}&${params}`), Date.now())
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  const answer = await pageViews(
    metered(env.DB, meter),
    parsed.ok,
    { rawDays: 30, traceLink: 'https://tempo.example/trace/{trace}' },
    Date.now(),
  )
  return { ...answer, read: meter.read }
}

/** Every page of a list, from its beginning. */
async function pages(params: string): Promise<PageViewsAnswer['data']> {
  const all = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: PageViewsAnswer = await list(`${params}${cursor && `&cursor=${cursor}`}`)
    all.push(...page.data)
    cursor = page.cursor
  }
  return all
}

/** Page views spread over hours from `from` on, made in D1, with random-looking ids. */
async function fill(site: string, views: number, hours: number, from = FIRST): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${views - 1})
      INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, lcp)
      SELECT '${site}', ${from} + i % ${hours}, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i),
        (${from} + i % ${hours}) * ${HOUR} + i % 3600000, 0, 1, 'navigate', '/', 'phone',
        (i * 7919) % ${views} FROM serial`,
  ).run()
}

beforeAll(async () => {
  const trace_link = 'https://tempo.example/trace/{trace}'
  for (const site of ['one', 'paged', 'told'])
    await put(`/v1/sites/${site}`, { origins: [ORIGIN], trace_link })
})

describe('a page view', () => {
  it('tells vitals, causes, phases and calls, those waited for or started too', async () => {
    const began = (FIRST + 3) * HOUR + 60_000
    const call = { outcome: 'ok', status: 200, ttfb: 90, bytes: 100 } as const
    const server: ApiCall['server'] = [['db', 30]]
    const traced = (id: string) => ({ id, url: `https://tempo.example/trace/${id}` })
    await sendViews(
      [
        pageView({
          id: '00000000c0ffee00',
          age: Date.now() - began,
          route: '/p/[id]',
          release: '2.4.0',
          weight: 4,
          vitals: { lcp: 3000, inp: 300, cls: 120, fcp: 900, ttfb: 400 },
          phases: { dns: 1, connect: 2, request: 3, response: 4, interactive: 5, loaded: 6, load: 7 },
          server: [['app', 210]],
          trace: '4bf92f3577b34da6a3ce929d0e0e4736',
          why: {
            lcp: { target: 'main>img', url: '/a.jpg', loadDelay: 1600, loadDuration: 800, renderDelay: 200 },
            inp: {
              target: 'button',
              event: 'click',
              time: 5000,
              inputDelay: 10,
              processing: 200,
              presentation: 90,
              script: { url: '', invoker: 'BUTTON.onclick', duration: 180 },
            },
            cls: { target: 'p', value: 90, time: 1200 },
          },
          calls: [
            { endpoint: 'POST /api/cart', start: 5100, duration: 50, ...call, server },
            { endpoint: 'GET /api/p', start: 500, duration: 640, ...call, server, trace: 'a3ce929d0e0e4736' },
          ],
          marks: [{ name: 'ready', value: 1800 }],
        }),
      ],
      {},
      'one',
    )
    const { data } = await list('site=one')
    expect(data).toEqual([
      {
        id: await storedId({ id: '00000000c0ffee00' }, 'one'),
        began: expect.stringMatching(new Date(began).toISOString().slice(0, 15)),
        weight: 4,
        route: '/p/[id]',
        navigation: 'navigate',
        release: '2.4.0',
        device: 'desktop',
        country: null,
        browser: 'Chrome',
        browser_version: 156,
        os: 'Windows',
        connection: '4g',
        lcp: 3000,
        inp: 300,
        cls: 0.12,
        fcp: 900,
        ttfb: 400,
        phases: { dns: 1, connect: 2, request: 3, response: 4, interactive: 5, loaded: 6, load: 7 },
        server: { app: 210 },
        trace: traced('4bf92f3577b34da6a3ce929d0e0e4736'),
        blocking: null,
        bfcache: null,
        why: {
          lcp: {
            target: 'main>img',
            url: '/a.jpg',
            parts: { ttfb: 400, load_delay: 1600, load_duration: 800, render_delay: 200 },
          },
          inp: {
            target: 'button',
            event: 'click',
            at: 5000,
            parts: { input_delay: 10, processing: 200, presentation: 90 },
            script: { url: '', invoker: 'BUTTON.onclick', duration: 180 },
          },
          cls: { target: 'p', score: 0.09, at: 1200 },
        },
        calls: [
          {
            endpoint: 'GET /api/p',
            start: 500,
            duration: 640,
            ...call,
            server: { db: 30 },
            trace: traced('a3ce929d0e0e4736'),
            waited: 640,
            started: false,
          },
          {
            endpoint: 'POST /api/cart',
            start: 5100,
            duration: 50,
            ...call,
            server: { db: 30 },
            trace: null,
            waited: 0,
            started: true,
          },
        ],
        calls_dropped: 0,
        marks: [{ name: 'ready', value: 1800 }],
        tags: {},
        errors: [],
      },
    ])
  })

  it('is found by its cause', async () => {
    const found = async (params: string) => (await list(`site=one&${params}`)).data.length
    expect(await found('target=main>img')).toBe(1)
    expect(await found('target=button&metric=inp&event=click')).toBe(1)
    expect(await found('target=button&metric=inp&event=keydown')).toBe(0)
    expect(await found('target=p&metric=cls&order=newest')).toBe(1)
    expect(await found('target=p')).toBe(0)
    expect(await found(`target=${encodeURIComponent("' OR 1=1 --")}`)).toBe(0)
    expect(await found('endpoint=POST /api/cart&route=/p/[id]')).toBe(1)
    expect(await found('endpoint=POST /api')).toBe(0)
  })
})

describe('the slowest', () => {
  const values = Array.from({ length: 57 }, (_, i) => ((i * 37) % 19) * 100)
  beforeAll(async () => {
    await store(
      values.map((lcp, i) => pageViewRow({ site: 'paged', lcp, began: (FIRST + (i % 5)) * HOUR + i * 1000 })),
    )
    await store([pageViewRow({ site: 'paged', lcp: null, began: FIRST * HOUR })])
  })

  it('come in order, page by page, each once, equal ones too', async () => {
    const all = await pages('site=paged&limit=10')
    expect(all.map(({ lcp }) => lcp)).toEqual(values.toSorted((a, b) => b - a))
    expect(new Set(all.map(({ id }) => id)).size).toBe(57)
  })

  it('say how many the worker looked at', async () => {
    expect(await list('site=paged&limit=3')).toMatchObject({ looked_at: 57, of: 57, sampled: 1 })
    expect(await list('site=paged&device=phone')).toMatchObject({ looked_at: 0, of: 0, cursor: null })
  })

  it('go on in the right place when others come in between', async () => {
    const first = await list('site=paged&limit=10')
    const id = newId()
    await store([pageViewRow({ site: 'paged', id, lcp: 1750, began: FIRST * HOUR, device: 'tablet' })])
    const second = await list(`site=paged&limit=10&cursor=${first.cursor}`)
    expect(second.data.map(({ id }) => id)).not.toContain(id)
    const known = new Set(first.data.map(({ id }) => id))
    expect(second.data.some(({ id }) => known.has(id))).toBe(false)
    await env.DB.prepare('DELETE FROM pageviews WHERE id = ?1').bind(id).run()
  })

  it('come from a sample if there are too many page views, and say so', async () => {
    await fill('deep', 60_000, 30)
    const { read, sampled, looked_at, of, data } = await measure('site=deep&limit=5')
    expect(read).toBeLessThanOrEqual(20_000)
    expect(sampled).toBe(8)
    expect(of).toBe((looked_at ?? 0) * sampled)
    expect(Math.abs((of ?? 0) / 60_000 - 1)).toBeLessThan(0.02)
    // The slowest of every eighth are among the slowest fifty of all.
    expect(data.every(({ lcp }) => (lcp ?? 0) > 59_900)).toBe(true)
  })
})

describe('the newest', () => {
  it('come in order, page by page, each once', async () => {
    const all = await pages('site=paged&order=newest&limit=10')
    const times = all.map(({ began }) => began)
    expect(times).toEqual(times.toSorted().reverse())
    expect(all).toHaveLength(58)
    expect(await pages('site=paged&order=newest&metric=lcp&limit=25')).toHaveLength(57)
  })

  it('go on in the right place when others come in between', async () => {
    const first = await list('site=paged&order=newest&limit=10')
    const row = pageViewRow({ site: 'paged', began: (FIRST + 20) * HOUR })
    await store([row])
    const second = await list(`site=paged&order=newest&limit=50&cursor=${first.cursor}`)
    expect(second.data).toHaveLength(48)
    await env.DB.prepare('DELETE FROM pageviews WHERE id = ?1').bind(row.id).run()
  })

  it('read little where they are many', async () => {
    const { read, data } = await measure('site=deep&order=newest&limit=20')
    // The newest hour: 2,000 page views, read and sorted.
    expect(read).toBeLessThanOrEqual(4_100)
    const times = data.map(({ began }) => began)
    expect(times).toEqual(times.toSorted().reverse())
    const { results } = await env.DB.prepare(
      `SELECT began FROM pageviews WHERE site = 'deep' ORDER BY began DESC LIMIT 20`,
    ).all<{ began: number }>()
    expect(times).toEqual(results.map(({ began }) => new Date(began).toISOString()))
  })

  it('of a rare kind come in short pages, each of a bounded read', async () => {
    await env.DB.prepare(`UPDATE pageviews SET country = 'IS' WHERE site = 'deep' AND lcp % 6000 = 0`).run()
    const found = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await measure(`site=deep&order=newest&country=IS${cursor && `&cursor=${cursor}`}`)
      expect(page.read).toBeLessThanOrEqual(20_000)
      found.push(...page.data)
      cursor = page.cursor
    }
    const times = found.map(({ began }) => began)
    expect(times).toHaveLength(10)
    expect(times).toEqual(times.toSorted().reverse())
  })

  it('come from a sample if an hour holds too many', async () => {
    await fill('rush', 30_000, 2)
    const { read, sampled, data, cursor } = await measure(
      `site=rush&order=newest&cursor=${toCursor(['newest', FIRST + 1, Number.MAX_SAFE_INTEGER, 'g'])}`,
    )
    expect(read).toBeLessThanOrEqual(20_000)
    expect(sampled).toBeGreaterThan(1)
    expect(data).toHaveLength(20)
    expect(cursor).not.toBeNull()
  })
})

describe('one page view', () => {
  it('comes by its id just as in its list, from any hour that is kept', async () => {
    const [first] = (await list('site=one&order=newest')).data
    const response = await get(`/v1/pageview?site=one&id=${first?.id}`)
    expect(v.parse(PAGEVIEW, await response.json())).toEqual(first)
  })

  it('takes a seek, not a scan, and reads little in the oldest hour of 90 days', async () => {
    const now = Date.now()
    const oldest = Math.floor(now / HOUR) - 90 * 24
    await fill('sought', 30_000, 2_160, oldest)
    const { results } = await env.DB.prepare('SELECT id FROM pageviews WHERE site = ?1 AND hour = ?2 LIMIT 1')
      .bind('sought', oldest)
      .all<{ id: string }>()
    const meter = newMeter()
    const d1 = metered(env.DB, meter)
    const query = { site: 'sought', id: results[0]?.id ?? '' }
    expect(await onePageView(d1, query, { rawDays: 90 }, now)).toMatchObject({ id: query.id })
    expect(meter.read).toBeLessThan(7_000)
    expect(await onePageView(d1, query, { rawDays: 89 }, now)).toBeNull()
  })

  it('that is not there is a 404 which says for how long they are kept', async () => {
    expect(await problemOf(await get('/v1/pageview?site=one&id=0123456789abcdef'))).toMatchObject({
      status: 404,
      field: 'id',
      detail: 'Site one has no page view 0123456789abcdef. They are kept for 14 days.',
    })
    expect(await problemOf(await get('/v1/pageview?site=one&id=7'))).toMatchObject({
      status: 400,
      field: 'id',
    })
  })
})

describe('a bad question', () => {
  const cursor = (key: (string | number)[]) => `cursor=${toCursor(key)}`
  it.each([
    ['cursor=nonsense', 'cursor'],
    ['cursor=%00', 'cursor'],
    ['cursor=', 'cursor'],
    [cursor(['slowest', 'lcp', 1, 2]), 'cursor'],
    [cursor(['slowest', 'lcp', 1, 2, 3, "' OR 1"]), 'cursor'],
    [cursor(['slowest', 'lcp', -1, 2, 3, 'ff']), 'cursor'],
    [cursor(['newest', 1, 2, 'ff']), 'cursor'],
    [`order=newest&${cursor(['slowest', 'lcp', 1, 2, 3, 'ff'])}`, 'cursor'],
    [`metric=inp&${cursor(['slowest', 'lcp', 1, 2, 3, 'ff'])}`, 'cursor'],
    ['metric=api', 'metric'],
    ['order=oldest', 'order'],
    ['limit=101', 'limit'],
    ['metric=fcp&target=x', 'target'],
    ['event=click', 'event'],
    ['to=-30d&from=-40d', 'to'],
  ])('%s names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/pageviews?site=one&${params}`))).toMatchObject({
      status: 400,
      field,
    })
  })
})

it('the example is an answer', () => {
  expect(v.parse(PAGEVIEWS_ANSWER, PAGEVIEWS_EXAMPLE)).toEqual(PAGEVIEWS_EXAMPLE)
})

describe('page views with an error', () => {
  it('have its whole message, in either order, also without vitals', async () => {
    const began = (FIRST + 20) * HOUR
    await put('/v1/sites/thrown', { origins: [ORIGIN] })
    const quoted = `Can't read "x" of ,"y","`
    const messages = ['boom', quoted, 'boom and more', '/boom.js']
    const rows = messages.map((message, i) => {
      const errorList = JSON.stringify([
        ['error', message, message === '/boom.js' ? 'boom' : '/boom.js', 1, 2, 3],
      ])
      const lcp = message === 'boom' ? null : 900 + i
      return pageViewRow({ site: 'thrown', began: began + i, route: `/${i}`, errors: 3, errorList, lcp })
    })
    await store([...rows, pageViewRow({ site: 'thrown', began, route: '/none' })])
    const routes = async (message: string, order: string) => {
      const { data } = await list(`site=thrown&order=${order}&error=${encodeURIComponent(message)}`)
      return data.map(({ route }) => route)
    }
    expect(await routes('boom', 'newest')).toEqual(['/0'])
    expect(await routes('boom', 'slowest'), 'it has no LCP').toEqual([])
    expect(await routes(quoted, 'slowest')).toEqual(['/1'])
    expect(await routes('/boom.js', 'newest')).toEqual(['/3'])
    expect(await routes('y', 'newest')).toEqual([])
    const none = await problemOf(await get(`/v1/pageviews?site=thrown&error=${'x'.repeat(161)}`))
    expect(none).toMatchObject({ status: 400, field: 'error' })
  })
})
