import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseSummaryQuery, type SummaryRow } from '../../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { readTimeseries } from '../../../worker/read/timeseries.ts'
import { pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, put, send } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** A fixed clock: 2026-11-20, half past ten. */
const NOW = Date.UTC(2026, 10, 20, 10, 30)
const DAY = Math.floor(NOW / HOUR / 24) * 24 - 2 * 24
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }
const RANGE = `from=${new Date(DAY * HOUR).toISOString()}&to=${new Date((DAY + 24) * HOUR).toISOString()}`

/** Routes `/0` to `/29`, the first with the most page views and the fastest; each has an endpoint and country of its number. */
const ROUTES = 30
const rows = (site: string, wanted: (route: number) => boolean): PageViewRow[] =>
  Array.from({ length: ROUTES }, (_, route) => route)
    .filter(wanted)
    .flatMap(route =>
      Array.from({ length: ROUTES - route }, (_, i) => {
        const hour = DAY + (i % 2)
        return pageViewRow({
          site,
          hour,
          began: hour * HOUR,
          route: `/${route}`,
          device: i % 3 ? 'phone' : 'desktop',
          country: `C${route % 10}`,
          weight: 1 + (i % 4),
          lcp: 300 + 150 * route + 10 * i,
          inp: i % 2 ? 100 + route : null,
          calls: JSON.stringify({ 0: [[`GET /${route}`, 5, 100 + 40 * route + i, i % 5 ? 0 : 1, 200]] }),
          dropped: route === 0 || route > 20 ? 3 : 0,
        })
      }),
    )

const ROLL_UPS = {
  live: async () => {},
  hours: async (site: string) => {
    for (const hour of [DAY, DAY + 1]) await rollUpHour(env.DB, site, hour, NOW)
  },
  'a day': async (site: string) => {
    await ROLL_UPS.hours(site)
    await rollUpDay(env.DB, site, DAY, NOW)
  },
}

async function asked<Q, A extends object>(
  parse: (params: URLSearchParams, now: number) => { ok: Q } | { error: { detail: string } },
  ask: (d1: D1Database, query: Q, kept: typeof KEPT, now: number) => Promise<A>,
  params: string,
): Promise<A> {
  const parsed = parse(new URLSearchParams(params), NOW)
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  const answer = await ask(metered(env.DB, meter), parsed.ok, KEPT, NOW)
  expect(meter.read, params).toBeLessThanOrEqual(20_000)
  return answer
}
const summary = (params: string) => asked(parseSummaryQuery, summarize, `${RANGE}&${params}`)
const timeseries = (params: string) => asked(parseTimeseriesQuery, readTimeseries, `${RANGE}&${params}`)

/** What a row says, but for what it is of. */
const figures = ({ group, rest, other, ...found }: SummaryRow) => found
/** The same without intervals, which calls of several endpoints do not have. */
const bare = (row: SummaryRow) => {
  const { calls_left_out, percentiles, count_interval, effective_samples, error_rate_interval, ...found } =
    figures(row)
  return {
    ...found,
    percentiles: Object.fromEntries(Object.entries(percentiles).map(([p, { value }]) => [p, value])),
  }
}

describe.each(Object.keys(ROLL_UPS) as (keyof typeof ROLL_UPS)[])(
  'the groups beyond the limit, from %s',
  how => {
    const name = how.replace(' ', '-')
    const [site, beyond, slow] = [`rest-${name}`, `beyond-${name}`, `slow-${name}`]

    beforeAll(async () => {
      await store(rows(site, () => true))
      // The same page views as sites of their own: what a rest of all but the first five routes is, or but the last.
      await store(rows(beyond, route => route >= 5))
      await store(rows(slow, route => route < 25))
      for (const one of [site, beyond, slow]) await ROLL_UPS[how](one)
    })

    it.each(['', '&device=phone'])(
      'are summed in a last row, as if they were all there is%s',
      async filter => {
        const asks = `metrics=pageviews,lcp,inp${filter}`
        const { data } = await summary(`site=${site}&${asks}&group_by=route&limit=5`)
        expect(data).toHaveLength(6 * 3)
        const rest = data.filter(row => row.rest)
        expect(data.slice(-3)).toEqual(rest)
        for (const row of rest) expect(row.group).toEqual({ route: '(rest)' })
        expect(rest.map(figures)).toEqual((await summary(`site=${beyond}&${asks}`)).data.map(figures))
      },
    )

    it('are those under the minimum, too, in any order', async () => {
      const ask = `metrics=lcp&group_by=route&sort=slowest`
      const { data } = await summary(`site=${site}&${ask}&limit=5&minimum=1`)
      expect(data.slice(0, 5).map(({ group }) => group.route)).toContain('/29')
      expect(data[5] && figures(data[5])).toEqual(
        figures((await summary(`site=${slow}&metrics=lcp`)).data[0] as SummaryRow),
      )
      const { data: few } = await summary(`site=${site}&metrics=lcp&group_by=route&minimum=26&limit=200`)
      expect(few).toHaveLength(6)
      expect(few[5] && figures(few[5])).toEqual(
        figures((await summary(`site=${beyond}&metrics=lcp`)).data[0] as SummaryRow),
      )
    })

    it('add up single page views, where these answer', async () => {
      const ask = 'metrics=lcp,api&browser=Chrome'
      const { data, source } = await summary(`site=${site}&${ask}&group_by=route&limit=5`)
      expect(source).toBe('samples')
      expect(data.filter(row => row.rest).map(figures)).toEqual(
        (await summary(`site=${beyond}&${ask}`)).data.map(figures),
      )
    })

    it('add up by the hour', async () => {
      const { data } = await timeseries(`site=${site}&metrics=lcp&group_by=route&limit=5&interval=hour`)
      const [rest, ...more] = data.filter(row => row.rest)
      expect(data.at(-1)).toEqual(rest)
      expect(more).toEqual([])
      expect(rest?.points).toEqual(
        (await timeseries(`site=${beyond}&metrics=lcp&interval=hour`)).data[0]?.points,
      )
    })

    it('are endpoints without an interval, for a page view calls several', async () => {
      const { data, calls_left_out: all } = await summary(
        `site=${site}&metrics=api&group_by=endpoint&limit=5`,
      )
      const [row, ...more] = data.filter(row => row.rest)
      const [same] = (await summary(`site=${beyond}&metrics=api`)).data
      expect(more).toEqual([])
      expect(row && bare(row)).toEqual(same && bare(same))
      expect(row?.percentiles.p75).toMatchObject({ low: null, high: null })
      expect(row).toMatchObject({ count_interval: null, effective_samples: 0, error_rate_interval: null })
      // At most so many are missing.
      expect(row?.calls_left_out).toBeGreaterThanOrEqual(same?.calls_left_out ?? 0)
      expect(row?.calls_left_out).toBeLessThanOrEqual(all ?? 0)
    })

    it('have no row where the limit takes all, or where nobody can tell', async () => {
      const whole = await summary(`site=${site}&metrics=lcp&group_by=route&limit=30`)
      expect(whole.data.filter(row => row.rest)).toEqual([])
      if (how === 'live') return
      const device = await summary(`site=${site}&metrics=api&device=phone&group_by=endpoint&limit=5`)
      expect(device.data).toHaveLength(5)
    })
  },
)

describe('names that a page gives', () => {
  it('stay apart from ours', async () => {
    await put('/v1/sites/names', { origins: [ORIGIN] })
    for (const [i, route] of ['(other)', '(rest)', '/'].entries()) {
      const view = pageView({ id: `000000000000000${i}`, route, release: route })
      expect((await send(encode(view), {}, 'names')).status).toBe(204)
    }
    for (const by of ['route', 'release']) {
      const found = await get(`/v1/summary?site=names&metrics=pageviews&group_by=${by}`)
      const { data } = (await found.json()) as { data: SummaryRow[] }
      expect(data.map(({ group }) => group[by as 'route']).sort()).toEqual(['/', '[other]', '[rest]'])
      for (const row of data) expect(row).not.toHaveProperty('other')
    }
  })
})
