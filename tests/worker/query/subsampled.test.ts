import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { readTimeseries } from '../../../worker/read/timeseries.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'

const VIEWS = 40_000
/** 40 closed hours that only this file writes to. */
const FIRST = Math.floor(Date.now() / HOUR) - 100
const RANGE = `site=much&from=${new Date(FIRST * HOUR).toISOString()}&to=${new Date((FIRST + 40) * HOUR).toISOString()}`
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }

beforeAll(async () => {
  await env.DB.prepare(
    `WITH RECURSIVE serial(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM serial WHERE i < ${VIEWS - 1})
      INSERT INTO pageviews (site, hour, id, began, sequence, weight, navigation, route, device, country, browser,
        lcp, inp, cls, fcp, ttfb, phases, calls, marks)
      SELECT 'much', ${FIRST} + i % 40, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i),
        (${FIRST} + i % 40) * ${HOUR}, 0, 2, 'navigate', '/' || (i * 7919 % 200), 'phone', 'C' || (i * 31 % 20),
        'Chrome', 1 + i * 7919 % 5000, 50, 10, 400, 100, '[1,2,3,4,5,6,7]',
        '{"0":[["GET /p/[id]",100,' || (20 + i * 13 % 3000) || ',0,200],["GET /b",100,40,1,500]]}',
        '{"0":[["ready",' || (i % 1000) || ']]}'
      FROM serial`,
  ).run()
})

async function summary(params: string, range = RANGE) {
  const parsed = parseSummaryQuery(new URLSearchParams(`${range}&${params}`), Date.now())
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  return { ...(await summarize(metered(env.DB, meter), parsed.ok, KEPT, Date.now())), read: meter.read }
}

describe('a summary that single page views answer', () => {
  it.each([
    ['metrics=lcp&group_by=country,browser'],
    ['group_by=country,browser'],
    ['group_by=route,country&limit=200'],
    ['metrics=api&group_by=endpoint,country'],
    ['metrics=lcp,inp,cls,fcp,ttfb,api,phase:load,custom:ready&group_by=country,browser'],
    ['metrics=custom:ready&group_by=country,browser'],
    ['metrics=lcp&country=C3&browser=Chrome'],
  ])('of %s reads no more than 20,000 rows', async params => {
    const { read, sampled, source } = await summary(params)
    expect(source).toBe('samples')
    expect(sampled).toBeGreaterThan(1)
    expect(read).toBeLessThanOrEqual(20_000)
    expect(read).toBeGreaterThan(2_500)
  })

  it('estimates counts, shares and percentiles of all of them', async () => {
    const { data, sampled = 1 } = await summary('metrics=lcp&navigation=navigate&browser=Chrome')
    const [row] = data
    expect(row?.count).toBe((row?.samples ?? 0) * 2 * sampled)
    expect(Math.abs((row?.count ?? 0) / (2 * VIEWS) - 1)).toBeLessThan(0.03)
    expect(row?.shares?.good).toBeCloseTo(0.5, 1)
    const { value = 0, low, high } = row?.percentiles.p75 ?? {}
    expect(Math.abs(value / 3750 - 1)).toBeLessThan(0.05)
    expect(low).toBeLessThan(3750)
    expect(high).toBeGreaterThan(3750)
  })

  it('reads nothing in vain if the range begins before what is kept', async () => {
    const { read, from, sampled } = await summary(
      'metrics=lcp&group_by=country,browser',
      'site=much&from=-30d',
    )
    expect(Date.parse(from)).toBe((Math.floor(Date.now() / HOUR) - 14 * 24) * HOUR)
    expect(sampled).toBeGreaterThan(1)
    expect(read).toBeLessThanOrEqual(20_000)
  })

  it('estimates error rates and marks, too', async () => {
    const { data } = await summary('metrics=api,custom:ready&navigation=navigate&browser=Chrome')
    expect(data[0]?.error_rate).toBeCloseTo(0.5, 1)
    expect(Math.abs((data[0]?.count ?? 0) / (4 * VIEWS) - 1)).toBeLessThan(0.1)
    expect(Math.abs((data[1]?.percentiles.p50?.value ?? 0) / 500 - 1)).toBeLessThan(0.1)
  })

  it('says nothing of a sample where all of them were read', async () => {
    const { sampled } = await summary('metrics=lcp&route=/1&country=C3&browser=Edge')
    expect(sampled).toBeGreaterThan(1)
    const parsed = parseSummaryQuery(
      new URLSearchParams('site=few&metrics=lcp&route=/1&country=C3'),
      Date.now(),
    )
    if ('error' in parsed) throw new Error(parsed.error.detail)
    expect(await summarize(env.DB, parsed.ok, KEPT, Date.now())).not.toHaveProperty('sampled')
  })
})

it('thins points over time alike', async () => {
  const parsed = parseTimeseriesQuery(
    new URLSearchParams(`${RANGE}&metrics=lcp&navigation=navigate&browser=Chrome&interval=hour`),
    Date.now(),
  )
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  const { sampled, data } = await readTimeseries(metered(env.DB, meter), parsed.ok, KEPT, Date.now())
  expect(sampled).toBeGreaterThan(1)
  expect(meter.read).toBeLessThanOrEqual(20_000)
  expect(data[0]?.points).toHaveLength(40)
})
