import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseRecordRequest } from '../../../schema/api/crux.ts'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../../schema/api/trends.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { cruxRecord } from '../../../worker/formats/crux-record.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { readTimeseries } from '../../../worker/read/timeseries.ts'
import { readTrends } from '../../../worker/read/trends.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'

/** A fixed clock: half an hour before midnight. */
const NOW = Date.UTC(2026, 10, 20, 23, 30)
const OPEN = Math.floor(NOW / HOUR)
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }
/** SQL of a histogram: the higher a route's number, the slower it is. */
const HISTOGRAM = `'{"n":100,"s":100,"q":100,"good":50,"poor":10,"h":{"' || (200 + i % 200) || '":100}}'`

/** The same of all 200 routes together. */
const ALL = JSON.stringify({
  ...{ n: 20_000, s: 20_000, q: 20_000, good: 10_000, poor: 2_000 },
  h: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [200 + i, 100])),
})

/** Page views in the last `hours` hours, with ids spread evenly, two calls and a mark each, and 200 routes. */
async function fill(site: string, views: number, hours: number): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${views - 1})
      INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, country, browser,
        release, lcp, inp, cls, fcp, ttfb, phases, calls, marks)
      SELECT '${site}', ${OPEN} - i % ${hours}, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i),
        (${OPEN} - i % ${hours}) * ${HOUR}, 0, 1, 'navigate', '/' || (i * 7919 % 200), 'phone', 'C' || (i * 31 % 20),
        'Chrome', 'r' || (i * 13 % 3), 1 + i * 7919 % 5000, i * 31 % 700, i * 17 % 400, i * 7 % 4000, i * 3 % 2000,
        '[1,2,3,4,5,6,7]', '{"0":[["GET /p/[id]",100,' || (20 + i * 13 % 3000) || ',0,200],["GET /b",100,40,1,500]]}',
        '{"0":[["ready",' || (i % 1000) || ']]}'
      FROM serial`,
  ).run()
}

/** Clean roll-ups of 200 routes for the 28 days before the last three hours. */
async function rolledUp(site: string): Promise<void> {
  const first = Math.floor(OPEN / 24) * 24 - 28 * 24
  const insert = (tier: string, starts: string, count: number) =>
    env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${200 * count - 1})
          INSERT INTO rollups (site, tier, dimension, start, value, lcp, inp, cls, fcp, ttfb)
          SELECT '${site}', '${tier}', 'route', ${starts.replaceAll('?', 'i / 200')}, json_array('/' || (i % 200)),
            ${Array(5).fill(HISTOGRAM)} FROM serial`,
      ),
      env.DB.prepare(
        `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${count - 1})
          INSERT INTO rollups (site, tier, dimension, start, value, lcp, inp, cls, fcp, ttfb)
          SELECT '${site}', '${tier}', 'all', ${starts.replaceAll('?', 'i')}, '[]', ${Array(5).fill(`'${ALL}'`)} FROM serial`,
      ),
      env.DB.prepare(
        `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${count - 1})
          INSERT INTO periods (site, tier, start, state, rolled)
          SELECT '${site}', '${tier}', ${starts.replaceAll('?', 'i')}, 'clean', 0 FROM serial`,
      ),
    ])
  await insert('day', `${first} + ? * 24`, 28)
  await insert('hour', `${first} + ?`, 28 * 24 + 21)
}

beforeAll(async () => {
  await fill('small', 900, 3)
  await fill('busy', 4_500, 3)
  await rolledUp('busy')
  await fill('never', 40_000, 14 * 24)
})

async function asked<Q, A extends object>(
  parse: (params: URLSearchParams, now: number) => { ok: Q } | { error: { detail: string } },
  ask: (d1: D1Database, query: Q, kept: typeof KEPT, now: number) => Promise<A>,
  params: string,
): Promise<A & { read: number }> {
  const parsed = parse(new URLSearchParams(params), NOW)
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  return { ...(await ask(metered(env.DB, meter), parsed.ok, KEPT, NOW)), read: meter.read }
}
const summary = (params: string) => asked(parseSummaryQuery, summarize, params)

const QUESTIONS = [
  'metrics=lcp',
  '',
  'group_by=device',
  'group_by=country',
  'group_by=route',
  'group_by=route&limit=200',
  'group_by=route,device',
  'metrics=api',
  'metrics=api&group_by=endpoint',
  'metrics=api&endpoint=GET /b',
  'metrics=custom:ready',
  'metrics=lcp,inp,cls,fcp,ttfb,api,custom:ready',
  'metrics=lcp,api&group_by=country',
]

describe('hours without a roll-up', () => {
  it('answer what a question names by a seek', async () => {
    for (const params of [
      'route=/1',
      'route=/1&group_by=device',
      'metrics=api&endpoint=GET /b&device=phone',
    ]) {
      const { read, data } = await summary(`site=busy&from=-2h&${params}`)
      expect(read, params).toBeLessThanOrEqual(20_000)
      expect(data[0]?.samples, params).toBeGreaterThanOrEqual(20)
    }
  })

  it.each(QUESTIONS.flatMap(question => ['busy', 'never'].map(site => [question, site])))(
    'reads a share of at most 20,000 rows: %s of a site that is %s rolled up',
    async (question, site) => {
      const { read, sampled, data } = await summary(`site=${site}&from=-14d&${question}`)
      expect(read).toBeLessThanOrEqual(20_000)
      expect(read).toBeGreaterThan(4_000)
      expect(sampled).toBeGreaterThan(1)
      expect(data.length).toBeGreaterThan(0)
    },
  )

  it('of page views of many weights are what their roll-up will be', async () => {
    await fill('weighed', 900, 1)
    await env.DB.prepare(
      `UPDATE pageviews SET weight = 1 + CAST(substr(lcp * 7919, -2) AS INTEGER) WHERE site = 'weighed'`,
    ).run()
    const asked = () =>
      Promise.all(
        ['', 'group_by=country', 'group_by=route&limit=200'].map(params =>
          summary(`site=weighed&from=-1h&metrics=pageviews,lcp,inp,cls,errors&${params}`),
        ),
      )
    const live = await asked()
    for (const { read, sampled } of live) {
      expect(sampled).toBeUndefined()
      expect(read).toBeLessThan(900 * (3 + 5 + 9) + 1_000)
    }
    await rollUpHour(env.DB, 'weighed', OPEN, NOW)
    const stored = await asked()
    expect(stored.map(({ data }) => data)).toEqual(live.map(({ data }) => data))
    expect(Math.max(...stored.map(({ read }) => read))).toBeLessThan(1_000)
  })

  it('count without bias, every source by the same share', async () => {
    const { data, sampled = 1, source } = await summary('site=busy&from=-2h&metrics=lcp,api,custom:ready')
    expect(source).toBe('rollup')
    for (const [metric, per] of Object.entries({ lcp: 1, api: 2, 'custom:ready': 1 })) {
      const row = data.find(row => row.metric === metric)
      expect(row?.count, metric).toBe((row?.samples ?? 0) * sampled)
      expect(Math.abs((row?.count ?? 0) / (4_500 * per) - 1), metric).toBeLessThan(0.05)
    }
    const { value = 0, low, high } = data[0]?.percentiles.p75 ?? {}
    expect(Math.abs(value / 3_750 - 1)).toBeLessThan(0.1)
    expect(low).toBeLessThan(3_750)
    expect(high).toBeGreaterThan(3_750)
  })

  it('are read whole if they are few, at one more row a page view', async () => {
    const { data, read, ...answer } = await summary('site=small&from=-2h&metrics=lcp')
    expect(answer).not.toHaveProperty('sampled')
    expect(data).toMatchObject([{ count: 900, samples: 900 }])
    expect(read).toBeLessThanOrEqual(900 * (4 + 1) + 500)
  })

  it('cost nothing before they have come', async () => {
    const { read } = await summary('site=nobody&from=-2h&to=2028-11-20T00:00:00Z')
    expect(read).toBeLessThan(100)
  })

  it('thin out for points over time and for trends alike, which say so', async () => {
    const params = 'site=busy&from=-12h&group_by=route'
    for (const { read, sampled } of [
      await asked(parseTimeseriesQuery, readTimeseries, params),
      await asked(parseTrendsQuery, readTrends, params),
    ]) {
      expect(sampled).toBeGreaterThan(1)
      expect(read).toBeLessThanOrEqual(20_000)
    }
  })

  it('leave trends enough to seek the groups that there are in the time before', async () => {
    for (const by of ['route', 'route&limit=50', 'route&sort=slowest']) {
      const params = `site=busy&from=-14d&metrics=lcp&group_by=${by}`
      const { read, data } = await asked(parseTrendsQuery, readTrends, params)
      expect(read, by).toBeLessThanOrEqual(20_000)
      expect(data.length).toBeGreaterThanOrEqual(20)
      for (const { group, before } of data) expect(before?.samples, group.route ?? '').toBe(3_800)
    }
  })

  it('are read only of the slowest groups, for points by the hour', async () => {
    const params = 'site=busy&from=-7d&to=-3h&group_by=route&metrics=lcp&sort=slowest&limit=3'
    const { read, data } = await asked(parseTimeseriesQuery, readTimeseries, `${params}&interval=hour`)
    expect(read).toBeLessThanOrEqual(20_000)
    const slowest = (await summary(params)).data.map(({ group }) => group.route)
    expect(slowest).toEqual([expect.any(String), expect.any(String), expect.any(String), '(rest)'])
    expect(data.map(({ group }) => group.route)).toEqual(slowest)
    expect(data[0]?.points.length).toBeGreaterThanOrEqual(7 * 24 - 4)
  })

  it('thin out for a record of CrUX, too', async () => {
    const parsed = parseRecordRequest({ origin: 'https://never.example' })
    if ('error' in parsed) throw new Error(parsed.error.detail)
    const meter = newMeter()
    const answer = await cruxRecord(metered(env.DB, meter), 'never', parsed.ok, NOW)
    expect(meter.read).toBeLessThanOrEqual(20_000)
    const [good] = answer?.record.metrics.largest_contentful_paint?.histogram ?? []
    expect(Math.abs((good?.density ?? 0) - 0.5)).toBeLessThan(0.05)
  })
})
