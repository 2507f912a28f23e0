import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TimeseriesAnswer } from '../../../schema/api/timeseries.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { get, ORIGIN, problemOf, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOTHING = { lcp: null, inp: null, cls: null, fcp: null, ttfb: null }

/** 250 page views, of which no vital is known of more than 100. */
const KINDS: [number, Partial<PageViewRow>][] = [
  [100, { route: '/', lcp: 1_000 }],
  [80, { route: '/app', ...NOTHING, inp: 90, browser: 'Firefox', navigation: 'soft-navigation' }],
  [70, { route: '/hidden', ...NOTHING, device: 'phone', navigation: 'reload' }],
]
const views = (site: string, hour: number) =>
  KINDS.flatMap(([count, given]) =>
    Array.from({ length: count }, () => pageViewRow({ site, began: hour * HOUR, hour, ...given })),
  )

/** Noon of the day before yesterday; rolled up by hand where a test says so. */
const NOON = Math.floor(Date.now() / HOUR / 24) * 24 - 36
const DAY = Math.floor(NOON / 24) * 24
const range = `from=${new Date(NOON * HOUR).toISOString()}&to=${new Date((NOON + 2) * HOUR).toISOString()}`

async function counts(site: string, params: string): Promise<Record<string, number>> {
  const { data } = await summary(`site=${site}&${range}&metrics=pageviews&${params}`)
  return Object.fromEntries(data.map(({ group, count }) => [Object.values(group).join(), count]))
}

beforeAll(async () => {
  for (const site of ['counted', 'old', 'mixed']) {
    await put(`/v1/sites/${site}`, { origins: [`https://${site}.example`, ORIGIN] })
    await store(views(site, NOON))
  }
})

describe('page views', () => {
  it.each(['live', 'rolled up by the hour', 'rolled up by the day'])(
    'without a vital count, %s, in every dimension',
    async phase => {
      if (phase !== 'live') await rollUpHour(env.DB, 'counted', NOON, Date.now())
      if (phase.endsWith('day')) await rollUpDay(env.DB, 'counted', DAY, Date.now())
      expect(await counts('counted', '')).toEqual({ '': 250 })
      expect(await counts('counted', 'group_by=route')).toEqual({ '/': 100, '/app': 80, '/hidden': 70 })
      expect(await counts('counted', 'group_by=device,route')).toMatchObject({ 'phone,/hidden': 70 })
      expect(await counts('counted', 'group_by=navigation')).toMatchObject({ reload: 70 })
      expect(await counts('counted', 'browser=Firefox')).toEqual({ '': 80 })
      // No roll-up holds this one.
      expect(await counts('counted', 'group_by=country,route')).toMatchObject({ 'DE,/hidden': 70 })
    },
  )

  it('stand beside vitals, with no percentile of their own', async () => {
    const { data } = await summary(`site=counted&${range}&metrics=pageviews,lcp&percentiles=75`)
    expect(data).toMatchObject([
      { metric: 'pageviews', unit: 'none', count: 250, samples: 250, percentiles: {}, rating: null },
      { metric: 'lcp', count: 100 },
    ])
    const csv = await get(`/v1/summary?site=counted&${range}&metrics=pageviews&format=csv`)
    expect(await csv.text()).toContain('pageviews,none,250,,,250')
  })

  it('count by the hour, too', async () => {
    const response = await get(`/v1/timeseries?site=counted&${range}&metrics=pageviews&interval=hour`)
    const { data } = await response.json<TimeseriesAnswer>()
    expect(data[0]?.points).toMatchObject([{ count: 250, percentiles: {} }])
  })

  it('rank groups by a metric of them where one is asked for', async () => {
    const { data } = await summary(
      `site=counted&${range}&metrics=pageviews,lcp&group_by=route&sort=slowest&minimum=1`,
    )
    expect(data[0]).toMatchObject({ group: { route: '/' } })
  })

  it('of roll-ups that did not count them are as many as have the most frequent vital', async () => {
    await rollUpHour(env.DB, 'old', NOON, Date.now())
    await env.DB.prepare("UPDATE rollups SET views = NULL WHERE site = 'old'").run()
    await env.DB.prepare(
      "DELETE FROM rollups WHERE site = 'old' AND coalesce(lcp, inp, cls, fcp, ttfb) IS NULL",
    ).run()
    expect(await counts('old', '')).toEqual({ '': 100 })
    expect(await counts('old', 'group_by=route')).toEqual({ '/': 100, '/app': 80 })
    await rollUpDay(env.DB, 'old', DAY, Date.now())
    expect(await counts('old', 'group_by=route')).toEqual({ '/': 100, '/app': 80 })
  })

  it('never fall where a scrape of the week meets roll-ups of both kinds', async () => {
    await rollUpHour(env.DB, 'mixed', NOON, Date.now())
    const scraped = async () => {
      const text = await (await get('/v1/metrics?site=mixed')).text()
      return Number(/^fieldline_page_views_total\{.*\} (\d+)$/m.exec(text)?.[1])
    }
    await env.DB.prepare("UPDATE rollups SET views = NULL WHERE site = 'mixed'").run()
    expect(await scraped()).toBe(100)
    await store(views('mixed', NOON + 1))
    await rollUpHour(env.DB, 'mixed', NOON + 1, Date.now())
    expect(await scraped()).toBe(350)
    await rollUpDay(env.DB, 'mixed', DAY, Date.now())
    expect(await scraped()).toBe(350)
  })

  it('are the shares of form factors and navigation types in a record of CrUX', async () => {
    const record = await exports.default.fetch(
      `https://rum.example/v1/records:queryRecord?key=${env.ADMIN_TOKEN}&site=counted`,
      { method: 'POST', body: JSON.stringify({ origin: 'https://counted.example' }) },
    )
    const answer = await record.json<{ record: { metrics: Record<string, { fractions: unknown }> } }>()
    expect(answer.record.metrics.form_factors?.fractions).toEqual({ phone: 0.28, tablet: 0, desktop: 0.72 })
    expect(answer.record.metrics.navigation_types?.fractions).toMatchObject({
      navigate: 0.5882,
      reload: 0.4118,
    })
  })

  it.each([
    ['summary', 'metrics=pageviews&sort=slowest', 'sort'],
    ['summary', 'metrics=pageviews&endpoint=GET /', 'endpoint'],
    ['trends', 'metrics=pageviews', 'metrics'],
    ['export', 'format=otlp&metrics=pageviews', 'metrics'],
  ])('are refused by name where %s with %s cannot have them', async (endpoint, params, field) => {
    const problem = await problemOf(await get(`/v1/${endpoint}?site=counted&${params}`))
    expect(problem).toMatchObject({ status: 400, field })
  })
})
