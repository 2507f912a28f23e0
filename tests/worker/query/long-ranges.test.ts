import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseBfcacheQuery } from '../../../schema/api/bfcache.ts'
import { parseBlockingQuery } from '../../../schema/api/blocking.ts'
import { parseCausesQuery } from '../../../schema/api/causes.ts'
import { parseChangesQuery } from '../../../schema/api/changes.ts'
import { parseErrorsQuery } from '../../../schema/api/errors.ts'
import { parsePageViewsQuery } from '../../../schema/api/pageviews.ts'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../../schema/api/trends.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import type { Parsed } from '../../../schema/domain/problem.ts'
import { readBfcache } from '../../../worker/read/bfcache.ts'
import { readBlocking } from '../../../worker/read/blocking.ts'
import { causes } from '../../../worker/read/causes.ts'
import { readChanges } from '../../../worker/read/changes.ts'
import { readErrors } from '../../../worker/read/errors.ts'
import { pageViews } from '../../../worker/read/pageviews.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { readTimeseries } from '../../../worker/read/timeseries.ts'
import { readTrends } from '../../../worker/read/trends.ts'
import type { Preparer } from '../../../worker/store/statement.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { countDays } from '../../kit/worker/rows.ts'

/** As long as single page views can be kept. */
const DAYS = 90
const VIEWS = 216_000
const NOW = Math.floor(Date.now() / DAY) * DAY
const FROM = NOW - DAYS * DAY
const KEPT = { dayDays: 760, hourDays: 90, rawDays: DAYS }

/** A hundred page views an hour of a hundred days; release 2, and the second half, are slower. */
beforeAll(async () => {
  const hour = `(${FROM / HOUR} + i * ${DAYS * 24} / ${VIEWS})`
  await env.DB.prepare(
    `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${VIEWS - 1})
    INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, release, device, country, lcp, inp, cls,
      phases, calls, marks, errors, error_list, why, blocking)
    SELECT 'long', ${hour}, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i), ${hour} * ${HOUR}, 0, 1, 'back-forward-cache',
      '/', iif(i % 3 = 0, '2', '1'), 'phone', 'DE', CAST((1000 + i * 7919 % 2000) * iif(i % 3 = 0 OR i > ${VIEWS / 2}, 1.4, 1) AS INTEGER), 50, 10,
      '[1,2,3,4,5,6,7]', '{"0":[["GET /api",100,' || (100 + i * 7919 % 200) || ',0]]}', '{"0":[["ready",' || (i % 1000) || ']]}',
      i % 5 = 0, iif(i % 5 = 0, '[["error","boom","/app.js",1,2,1]]', NULL), '{"lcp":["img.hero"]}', '[10,5,[[10,5,""]]]' FROM serial`,
  ).run()
  await countDays('long')
}, 120_000)

/** How many page views tell of each figure of an answer. */
type Told = (d1: Preparer, params: URLSearchParams) => Promise<number[]>

function asked<Q>(parsed: Parsed<Q>): Q {
  if ('error' in parsed) throw new Error(parsed.error.detail)
  return parsed.ok
}

const ENDPOINTS = {
  summary: async (d1, params) => {
    const { data } = await summarize(d1, asked(parseSummaryQuery(params, NOW)), KEPT, NOW)
    return data.map(({ samples }) => samples)
  },
  timeseries: async (d1, params) => {
    const { data } = await readTimeseries(d1, asked(parseTimeseriesQuery(params, NOW)), KEPT, NOW)
    return data.map(({ points }) => points.reduce((sum, { samples }) => sum + samples, 0))
  },
  trends: async (d1, params) => {
    const { data } = await readTrends(d1, asked(parseTrendsQuery(params, NOW)), KEPT, NOW)
    return data.flatMap(({ before, after }) => [before?.samples ?? 0, after?.samples ?? 0])
  },
  changes: async (d1, params) => {
    const { data } = await readChanges(d1, asked(parseChangesQuery(params, NOW)), KEPT, NOW)
    return data.flatMap(({ before, after }) => [before?.samples ?? 0, after?.samples ?? 0])
  },
  errors: async (d1, params) => {
    const { data, samples } = await readErrors(d1, asked(parseErrorsQuery(params, NOW)), KEPT, NOW)
    return [samples, ...data.map(({ samples }) => 5 * samples)]
  },
  causes: async (d1, params) => [(await causes(d1, asked(parseCausesQuery(params, NOW)), KEPT, NOW)).samples],
  blocking: async (d1, params) => [
    (await readBlocking(d1, asked(parseBlockingQuery(params, NOW)), KEPT, NOW)).samples,
  ],
  bfcache: async (d1, params) => [
    (await readBfcache(d1, asked(parseBfcacheQuery(params, NOW)), KEPT, NOW)).samples,
  ],
  pageviews: async (d1, params) => [
    (await pageViews(d1, asked(parsePageViewsQuery(params, NOW)), KEPT, NOW)).looked_at ?? 0,
  ],
} satisfies Record<string, Told>

async function ask(endpoint: keyof typeof ENDPOINTS, params: string) {
  const meter = newMeter()
  const told = await ENDPOINTS[endpoint](
    metered(env.DB, meter),
    new URLSearchParams(`site=long&${params}&country=DE&device=phone`),
  )
  return { told, read: meter.read }
}

describe('single page views of 90 days', () => {
  it.each<[keyof typeof ENDPOINTS, string]>([
    ['summary', 'from=-90d'],
    ['summary', 'from=-90d&group_by=browser'],
    ['summary', 'from=-90d&metrics=api&group_by=endpoint'],
    ['summary', 'from=-90d&metrics=phase:dns,phase:load'],
    ['summary', 'from=-90d&metrics=lcp,api,phase:load,custom:ready'],
    ['timeseries', 'from=-90d&metrics=lcp,api&interval=day'],
    ['timeseries', 'from=-41d&interval=hour'],
    ['timeseries', 'from=-41d&metrics=lcp,api,phase:load&group_by=browser&interval=hour'],
    ['trends', 'from=-45d'],
    ['trends', 'from=-90d&release=2&baseline_release=1'],
    ['trends', 'from=-90d&metrics=api&release=2&baseline_release=1'],
    ['trends', 'from=-60d&metrics=lcp,api&baseline_from=-90d&baseline_to=-30d'],
    ['changes', 'from=-45d&metrics=lcp,api'],
    ['changes', 'from=-90d&metrics=lcp,api&release=2&against=release:1'],
    ['errors', 'from=-90d'],
    ['causes', 'from=-90d&metric=lcp'],
    ['blocking', 'from=-90d'],
    ['bfcache', 'from=-90d'],
    ['pageviews', 'from=-90d&metric=lcp&limit=100'],
  ])('answer %s?%s by more than a hundred, in 20,000 rows', async (endpoint, params) => {
    const { told, read } = await ask(endpoint, params)
    expect(read).toBeLessThanOrEqual(20_000)
    expect(told.length).toBeGreaterThan(0)
    expect(Math.min(...told)).toBeGreaterThan(100)
  })

  it('are refused where to seek the hours would take all rows', async () => {
    const many = 'from=-90d&metrics=lcp,api,phase:load,phase:dns,custom:ready,custom:a,custom:b,custom:c'
    await expect(ask('summary', many)).rejects.toThrow('from is too far back for single page views')
    expect((await ask('summary', many.replace('90d', '20d'))).read).toBeLessThanOrEqual(20_000)
  })
})
