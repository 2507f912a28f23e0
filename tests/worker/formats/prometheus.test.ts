import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { markUndone } from '../../../worker/store/periods.ts'
import { get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** Monday, 2026-11-16, in hours since 1970. */
const MONDAY = Date.UTC(2026, 10, 16) / HOUR
const NOW = Date.UTC(2026, 10, 30)

const at = (hour: number, given: Partial<PageViewRow> = {}) =>
  pageViewRow({ began: hour * HOUR, hour, ...given })
const rollUp = (site: string, ...hours: number[]) =>
  Promise.all(hours.map(hour => rollUpHour(env.DB, site, hour, NOW)))

/** What a scrape says, as name and labels -> value. */
async function scrape(params: string): Promise<Map<string, number>> {
  const response = await get(`/v1/metrics?${params}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await response.text()).split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

const lcps = Array.from({ length: 2_000 }, (_, i) => 1 + ((i * 7_919) % 9_000))

beforeAll(async () => {
  for (const site of ['exact', 'grow', 'names', 'week', 'none', 'calls', 'errors', 'told']) {
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  }
  await store(lcps.map((lcp, i) => at(MONDAY, { site: 'exact', lcp, cls: i % 400, weight: 1 + (i % 2) })))
  await rollUp('exact', MONDAY)
})

describe('a scrape', () => {
  it('counts every bucket exactly, with the thresholds among the bounds', async () => {
    const found = await scrape('site=exact')
    for (const [name, values, good, poor] of [
      ['lcp_seconds', lcps, '2.5', '4'],
      ['cls_score', lcps.map((_, i) => i % 400), '0.1', '0.25'],
    ] as const) {
      const bounds = [...found].flatMap(([key, value]) => {
        const le = new RegExp(`^fieldline_${name}_bucket\\{site="exact",le="(.*)"\\}$`).exec(key)?.[1]
        return le ? [[le, value] as const] : []
      })
      expect(bounds.map(([le]) => le)).toEqual(expect.arrayContaining([good, poor, '+Inf']))
      expect(bounds.length).toBeGreaterThan(10)
      expect(bounds.length).toBeLessThan(18)
      for (const [le, value] of bounds) {
        const limit = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) * 1_000
        const exact = values.reduce((sum, x, i) => (x <= limit + 1e-9 ? sum + 1 + (i % 2) : sum), 0)
        expect(value, `${name} ${le}`).toBe(exact)
      }
      expect(found.get(`fieldline_${name}_count{site="exact"}`)).toBe(3_000)
    }
    expect(found.get('fieldline_page_views_total{site="exact"}')).toBe(3_000)
  })

  it('counts only rolled-up hours, and says until when', async () => {
    const until = () =>
      scrape('site=grow').then(all => all.get('fieldline_counted_until_timestamp_seconds{site="grow"}'))
    const count = () => scrape('site=grow').then(all => all.get('fieldline_lcp_seconds_count{site="grow"}'))
    await store([at(MONDAY, { site: 'grow' }), at(MONDAY + 1, { site: 'grow' })])
    expect(await scrape('site=grow')).toEqual(new Map())
    await rollUp('grow', MONDAY)
    expect(await count()).toBe(1)
    expect(await until()).toBe((MONDAY + 1) * 3_600)
    await rollUp('grow', MONDAY + 1)
    expect(await count()).toBe(2)
    // A first beacon that comes late makes the hour and its day dirty: what was counted stays counted.
    await rollUpDay(env.DB, 'grow', MONDAY, NOW)
    await store([at(MONDAY, { site: 'grow' })])
    expect(await count()).toBe(2)
    await rollUpHour(env.DB, 'grow', MONDAY, NOW + 9 * HOUR)
    expect(await count()).toBe(2)
    await rollUpDay(env.DB, 'grow', MONDAY, NOW + 9 * HOUR)
    expect(await count()).toBe(3)
    // What an import brings is marked to be rolled up, and is not yet.
    await store([at(MONDAY + 2, { site: 'grow' })])
    await markUndone(env.DB, 'grow', [MONDAY + 1, MONDAY + 2]).run()
    expect(await until()).toBe((MONDAY + 1) * 3_600)
    await rollUp('grow', MONDAY + 1, MONDAY + 2)
    expect(await until()).toBe((MONDAY + 3) * 3_600)
  })

  it('begins anew with the first hour of a week, and not before', async () => {
    const sunday = MONDAY + 6 * 24
    await store(
      [0, 23, 24].flatMap(hour =>
        Array(hour + 1)
          .fill(0)
          .map(() => at(sunday + hour, { site: 'week' })),
      ),
    )
    const count = () => scrape('site=week').then(all => all.get('fieldline_fcp_seconds_count{site="week"}'))
    await rollUp('week', sunday)
    expect(await count()).toBe(1)
    await rollUp('week', sunday + 23)
    expect(await count()).toBe(25)
    await rollUp('week', sunday + 24)
    expect(await count()).toBe(25)
    const all = await scrape('site=week')
    expect(all.get('fieldline_counted_since_timestamp_seconds{site="week"}')).toBe((sunday + 24) * 3_600)
  })

  it('has series for the largest routes only, with escaped names', async () => {
    const names = ['/a"b', '/a\\b', '/small', '(other)']
    await store(
      names.flatMap((route, i) =>
        Array(9 - i * 2)
          .fill(0)
          .map(() => at(MONDAY, { site: 'names', route })),
      ),
    )
    await rollUp('names', MONDAY)
    const routesOf = async (params: string) =>
      [...(await scrape(params)).keys()].flatMap(
        key => /^fieldline_route_page_views_total\{site="names",route=(.*)\}/.exec(key)?.[1] ?? [],
      )
    expect(await routesOf('site=names&limit=2')).toEqual([String.raw`"/a\"b"`, String.raw`"/a\\b"`])
    expect(await routesOf('site=names')).toHaveLength(3)
    expect(await routesOf('site=names&limit=0')).toEqual([])
  })

  it('counts API calls and their errors by endpoint and kind', async () => {
    const calls = JSON.stringify({
      0: [
        ['GET /api/a', 0, 100, 0, 200],
        ['GET /api/a', 0, 600, 1, 500],
        ['GET /api/b', 0, 700, 2, null],
        ['GET /api/b', 0, 700, 3, null],
      ],
    })
    await store([at(MONDAY, { site: 'calls', calls })])
    await rollUp('calls', MONDAY)
    const found = await scrape('site=calls')
    expect(found.get('fieldline_api_seconds_count{site="calls"}')).toBe(3)
    expect(found.get('fieldline_api_seconds_bucket{site="calls",le="0.5"}')).toBe(1)
    expect(found.get('fieldline_api_errors_total{site="calls",kind="http"}')).toBe(1)
    expect(found.get('fieldline_api_errors_total{site="calls",kind="network"}')).toBe(1)
    expect(found.get('fieldline_endpoint_api_seconds_count{site="calls",endpoint="GET /api/a"}')).toBe(2)
    expect(
      found.get('fieldline_endpoint_api_errors_total{site="calls",endpoint="GET /api/b",kind="network"}'),
    ).toBe(1)
  })

  it('counts page views with an uncaught error, and those that look for errors', async () => {
    const seen = [0, 3, 1, null].map(errors => at(MONDAY, { site: 'errors', errors, weight: 2 }))
    await store([...seen, at(MONDAY, { site: 'errors', errors: 0, route: '/calm' })])
    await rollUp('errors', MONDAY)
    const count = async (name: string) => (await scrape('site=errors')).get(`fieldline_${name}`)
    expect(await count('page_views_total{site="errors"}')).toBe(9)
    expect(await count('page_views_checked_total{site="errors"}')).toBe(7)
    expect(await count('page_views_with_error_total{site="errors"}')).toBe(4)
    expect(await count('route_page_views_checked_total{site="errors",route="/calm"}')).toBe(1)
    expect(await count('route_page_views_with_error_total{site="errors",route="/calm"}')).toBe(0)
    expect([...(await scrape('site=calls')).keys()].join()).not.toContain('page_views_checked')
  })

  it('tells page views apart by device and by declared tags, within the limit', async () => {
    const since = JSON.stringify({ plan: MONDAY * HOUR, variant: MONDAY * HOUR })
    await env.DB.prepare("UPDATE sites SET tags = ?1 WHERE id = 'told'").bind(since).run()
    const plans = ['pro', 'pro', 'pro', 'free', 'free', 'team', null].map((plan, i) =>
      at(MONDAY, {
        site: 'told',
        device: i ? 'desktop' : 'phone',
        lcp: 100,
        errors: i ? 0 : 1,
        tags: JSON.stringify({ ...(plan && { plan }), variant: 'B' }),
      }),
    )
    await store(plans)
    await rollUpHour(env.DB, 'told', MONDAY, NOW, ['tag:plan', 'tag:variant'])
    const found = await scrape('site=told&by=device,tag:plan,tag:variant')
    const count = (name: string, labels: string) => found.get(`fieldline_${name}{site="told",${labels}}`)
    expect(count('device_page_views_total', 'device="desktop"')).toBe(6)
    expect(count('tag_page_views_total', 'tag="plan",value="pro"')).toBe(3)
    // A page view without the tag.
    expect(count('tag_page_views_total', 'tag="plan",value=""')).toBe(1)
    expect(count('tag_page_views_total', 'tag="variant",value="B"')).toBe(7)
    expect(count('tag_page_views_with_error_total', 'tag="plan",value="pro"')).toBe(1)
    expect(count('tag_lcp_seconds_bucket', 'tag="plan",value="pro",le="2.5"')).toBe(3)
    const few = await scrape('site=told&by=tag:plan&limit=2')
    const values = [...few.keys()].flatMap(
      key => /^fieldline_tag_page_views_total.*value="(.*)"/.exec(key)?.[1] ?? [],
    )
    expect(values).toEqual(['pro', 'free'])
    expect([...(await scrape('site=told')).keys()].join()).not.toContain('_tag_')
    const families = (await (await get('/v1/metrics?site=told&by=tag:plan,tag:variant')).text()).match(
      /^# TYPE .*/gm,
    )
    expect(families).toEqual([...new Set(families)])
    const undeclared = await problemOf(await get('/v1/metrics?site=told&by=tag:tier'))
    expect(undeclared).toMatchObject({ status: 400, field: 'by' })
    expect(undeclared.detail).toContain('declared are plan, variant')
  })

  it('of a site without data is empty', async () => {
    expect(await scrape('site=none')).toEqual(new Map())
  })

  it.each([
    ['', 'site'],
    ['site=shop&limit=51', 'limit'],
    ['site=shop&from=-7d', 'from'],
    ['site=shop&by=route', 'by'],
    ['site=shop&by=device,country,browser,release', 'by'],
    ['site=shop&site=week', 'site'],
  ])('with %s is a 400 that names %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/metrics?${params}`))).toMatchObject({ status: 400, field })
  })
})
