import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CausesAnswer } from '../../../schema/api/causes.ts'
import { type CruxAnswer, parseRecordRequest } from '../../../schema/api/crux.ts'
import type { TimeseriesAnswer } from '../../../schema/api/timeseries.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import { rate } from '../../../schema/domain/metrics.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { judge } from '../../../worker/budgets/judge.ts'
import { cruxRecord } from '../../../worker/formats/crux-record.ts'
import { get, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Date.now()
const WHY = JSON.stringify({ lcp: ['h1', null, 0, 0, 700] })

const views = (site: string, count: number, given: (i: number) => Partial<PageViewRow>, began = NOW - HOUR) =>
  store(Array.from({ length: count }, (_, i) => pageViewRow({ site, began, why: WHY, ...given(i) })))

beforeAll(async () => {
  for (const site of ['edge', 'over', 'crux'])
    await put(`/v1/sites/${site}`, { origins: [`https://${site}.example`] })
  // All at the threshold, in a bucket whose middle is 2,512; and 26 of 100 just above it.
  await views('edge', 400, () => ({ lcp: 2500, inp: 200, cls: 100 }))
  await views('over', 400, i => ({
    lcp: i % 100 < 74 ? 2500 : 2501,
    inp: i % 100 < 74 ? 500 : 501,
    cls: i % 100 < 74 ? 100 : 101,
  }))
  await views('crux', 100, i => ({ lcp: 2501, cls: i < 70 ? 100 : 101 }), NOW - 2 * DAY)
})

describe('a value at a threshold', () => {
  it('has the rating of its shares in every answer', async () => {
    for (const [site, ratings] of [
      ['edge', ['good', 'good', 'good']],
      ['over', ['needs-improvement', 'poor', 'needs-improvement']],
    ] as const) {
      const { data } = await summary(`site=${site}&metrics=lcp,inp,cls&percentiles=74,75`)
      expect(data.map(({ rating }) => rating)).toEqual(ratings)
      for (const { metric, rating, percentiles, shares } of data) {
        const value = percentiles.p75?.value ?? Number.NaN
        if (metric !== 'lcp' && metric !== 'inp' && metric !== 'cls') throw new Error(metric)
        expect(rate(metric, value)).toBe(rating)
        expect(shares?.good === 1).toBe(site === 'edge')
      }
      const series: TimeseriesAnswer = await (await get(`/v1/timeseries?site=${site}&metrics=lcp`)).json()
      expect(series.data[0]?.points.map(({ rating }) => rating)).toEqual([ratings[0]])
      const causes: CausesAnswer = await (await get(`/v1/causes?site=${site}&metric=lcp`)).json()
      expect(causes.data[0]?.rating).toBe(ratings[0])
      expect(causes.data[0]?.advice === null).toBe(ratings[0] === 'good')
    }
    expect((await summary('site=edge&metrics=lcp&percentiles=75')).data[0]).toMatchObject({
      percentiles: { p75: { value: 2500, high: 2500 } },
      shares: { good: 1 },
      count_interval: null,
      effective_samples: 400,
    })
  })

  it('keeps a budget of that limit, and breaches one that is a grain below', async () => {
    const budget = (site: string, metric: 'lcp' | 'inp' | 'cls', max: number, percentile = 75) =>
      judge(
        env.DB,
        {
          ...{ site, metric, max, percentile, id: '0'.repeat(12), endpoint: null, route: null, device: null },
          ...{ tag: null, segment: null },
          ...{
            windowHours: 6,
            minimum: 100,
            created: 0,
            state: 'no-data',
            since: 0,
            checked: 0,
            tried: 0,
            told: 'ok',
          },
          ...{ value: null, low: null, high: null, samples: 0, effective_samples: null, release: null },
          ...{ relativeTo: null, baseline: null },
        } as const,
        {},
        NOW,
        { rawDays: 14, hourDays: 35, dayDays: 760, created: 0 },
      )
    expect(await budget('edge', 'lcp', 2500)).toMatchObject({ state: 'ok', value: 2500, high: 2500 })
    expect(await budget('edge', 'cls', 0.1, 95)).toMatchObject({ state: 'ok', high: 0.1 })
    // At the 90th percentile all of the interval lies above the threshold, by one.
    expect(await budget('over', 'inp', 500, 90)).toMatchObject({ state: 'breached', low: 501 })
    expect(await budget('over', 'cls', 0.1, 90)).toMatchObject({ state: 'breached' })
    expect(await budget('over', 'lcp', 2500, 50)).toMatchObject({ state: 'ok', high: 2500 })
  })

  it('stands in CrUX on the side of the threshold that its densities say', async () => {
    const parsed = parseRecordRequest({ origin: 'https://crux.example' })
    if ('error' in parsed) throw new Error(parsed.error.detail)
    const answer: CruxAnswer | null = await cruxRecord(env.DB, 'crux', parsed.ok, NOW)
    const { largest_contentful_paint: lcp, cumulative_layout_shift: cls } = answer?.record.metrics ?? {}
    expect(cls?.histogram?.[0]?.density).toBe(0.7)
    expect(cls?.percentiles?.p75).toBe('0.11')
    expect(lcp?.histogram?.[0]?.density).toBe(0)
    expect(lcp?.percentiles?.p75).toBeGreaterThan(2500)
  })
})

describe('a count', () => {
  it('of sampled page views comes with its interval, of all with none', async () => {
    await put('/v1/sites/sampled', { origins: ['https://sampled.example'] })
    await views('sampled', 100, i => ({ weight: i < 50 ? 1 : 8, lcp: 1000 + i }))
    const { data } = await summary('site=sampled&metrics=lcp')
    // 62.3 by Kish, but the slower half of the samples are those of weight 8.
    expect(data[0]).toMatchObject({ count: 450, samples: 100, effective_samples: 58.1 })
    const { low, high } = data[0]?.count_interval ?? { low: 0, high: 0 }
    // sum w (w - 1) = 2,800: 104 on either side, a little more above than below.
    expect(low).toBeGreaterThan(330)
    expect(low).toBeLessThan(370)
    expect(high).toBeGreaterThan(550)
    expect(high).toBeLessThan(580)
    const csv = await (await get('/v1/summary?site=sampled&metrics=lcp&format=csv')).text()
    expect(csv.split('\r\n')[0]).toContain(
      'count,count_interval.low,count_interval.high,samples,effective_samples',
    )
  })
})
