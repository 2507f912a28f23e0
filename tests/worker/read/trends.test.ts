import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TrendsAnswer } from '../../../schema/api/trends.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const MIDDLE = Math.floor(Date.now() / HOUR) * HOUR - 10 * HOUR
const RANGE = `from=${new Date(MIDDLE).toISOString()}&to=${new Date(MIDDLE + HOUR).toISOString()}`

/** 1,000 page views a route in the hour before, and 1,000 in the hour, of which each route fares differently. */
const FACTORS = { '/slower': 1.3, '/same': 1, '/faster': 0.7 }
const spread = (i: number) => 800 + ((i * 7_919) % 1_000) * 2

beforeAll(async () => {
  await put('/v1/sites/moving', { origins: [ORIGIN] })
  for (const [route, factor] of Object.entries(FACTORS)) {
    for (const late of [false, true]) {
      await store(
        Array.from({ length: 1_000 }, (_, i) =>
          pageViewRow({
            site: 'moving',
            began: MIDDLE + (late ? 1 : -1) * (i + 1) * 1_000,
            route,
            release: late && i % 2 ? '2' : '1',
            lcp: Math.round(spread(i) * (late ? factor : 1)),
            cls: 0,
          }),
        ),
      )
    }
  }
  await store([1, 2].map(i => pageViewRow({ site: 'moving', began: MIDDLE + i, route: '/rare' })))
  // So many page views are read whole only of hours that are rolled up.
  for (const hour of [MIDDLE / HOUR - 1, MIDDLE / HOUR]) await rollUpHour(env.DB, 'moving', hour, Date.now())
})

async function trends(params: string): Promise<TrendsAnswer> {
  const response = await get(`/v1/trends?site=moving&${RANGE}&${params}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

describe('trends', () => {
  it('widen the time before to whole days where its hours are gone', async () => {
    await put('/v1/sites/short', { origins: [ORIGIN], raw_days: 1, hour_days: 2 })
    const now = Math.floor(Date.now() / HOUR) * HOUR
    const [from, to] = [now - 30 * HOUR, now].map(time => new Date(time).toISOString())
    const answer = await (await get(`/v1/trends?site=short&from=${from}&to=${to}`)).json<TrendsAnswer>()
    expect({ from: answer.from, until: answer.baseline.to }).toEqual({ from, until: from })
    // 60 hours ago is beyond the two days that hours are kept.
    expect(answer.baseline.from).toBe(
      new Date(now - 60 * HOUR).toISOString().replace(/T.*/, 'T00:00:00.000Z'),
    )
  })

  it.each([
    ['roll-ups', 'route', 200],
    ['single page views', 'route,country', 5],
  ])('find the time before of each group, however quiet it was then, in %s', async (_, by, limit) => {
    const site = `quiet-${limit}`
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    // Who is busiest in the hour was quietest in the hour before.
    const views = Array.from({ length: 130 }, (_, i) => [
      ...Array.from({ length: 1 + (i > 10 ? 1 : 0) }, () => ({ i, began: MIDDLE - HOUR / 2 })),
      ...Array.from({ length: 1 + (i > 10 ? 0 : 1) }, () => ({ i, began: MIDDLE + HOUR / 2 })),
    ]).flat()
    await store(views.map(({ i, began }) => pageViewRow({ site, began, route: `/${i}` })))
    for (const hour of [MIDDLE / HOUR - 1, MIDDLE / HOUR]) await rollUpHour(env.DB, site, hour, Date.now())
    const asked = `site=${site}&${RANGE}&metrics=lcp&group_by=${by}&limit=${limit}`
    const { data } = await (await get(`/v1/trends?${asked}`)).json<TrendsAnswer>()
    expect(data.length).toBe(Math.min(130, limit))
    expect(data.filter(({ before }) => before === null)).toEqual([])
  })

  it('tell whether each route improves, degrades or stays, against the period before', async () => {
    const { data, baseline, percentile, source } = await trends('metrics=lcp&group_by=route')
    expect({ percentile, source }).toEqual({ percentile: 75, source: 'rollup' })
    expect(baseline).toEqual({
      from: new Date(MIDDLE - HOUR).toISOString(),
      to: new Date(MIDDLE).toISOString(),
      release: null,
    })
    const of = (route: string) => data.find(({ group }) => group.route === route)
    expect(of('/slower')?.verdict).toBe('degrading')
    expect(of('/same')?.verdict).toBe('stable')
    expect(of('/faster')?.verdict).toBe('improving')
    for (const [route, factor] of Object.entries(FACTORS)) {
      const { low = 0, high = 0, value = 0 } = of(route)?.change?.ratio ?? {}
      expect(value, route).toBeCloseTo(factor - 1, 1)
      expect(low, route).toBeLessThanOrEqual(factor - 1)
      expect(high, route).toBeGreaterThanOrEqual(factor - 1)
      expect(of(route)?.confidence, route).toBeGreaterThan(0.95)
      expect(of(route)?.before?.samples).toBe(1_000)
    }
  })

  it('give no verdict where there is too little data, or none before', async () => {
    const { data } = await trends('metrics=lcp&group_by=route')
    expect(data.find(({ group }) => group.route === '/rare')).toMatchObject({
      before: null,
      after: { count: 2, samples: 2 },
      change: null,
      verdict: null,
      confidence: null,
    })
  })

  it('are CSV with one column for each figure, also where some routes have none', async () => {
    const response = await get(`/v1/trends?site=moving&${RANGE}&metrics=lcp&group_by=route&format=csv`)
    const [header, ...lines] = (await response.text()).trimEnd().split('\r\n')
    expect(header).toContain('before.value,before.low')
    expect(header).toContain('change.difference.value')
    expect(header?.split(',').filter(name => ['before', 'change', 'change.ratio'].includes(name))).toEqual([])
    expect(lines.find(line => line.startsWith('/rare,'))).toMatch(/^\/rare,lcp,ms,+1/)
    expect(lines).toHaveLength(4)
  })

  it.each(['group_by=route&device=desktop', 'group_by=device,route'])(
    'find the same groups in the time before: %s',
    async params => {
      const { data } = await trends(`metrics=lcp&${params}`)
      const full = data.filter(({ group }) => group.route !== '/rare')
      expect(full).toHaveLength(3)
      for (const { before } of full) expect(before?.samples).toBe(1_000)
    },
  )

  it('have no ratio where it was 0 before', async () => {
    const { data } = await trends('metrics=cls&route=/same&percentile=50')
    expect(data[0]).toMatchObject({ verdict: 'stable', change: { ratio: null, difference: { value: 0 } } })
  })

  it('compare a release with another in the same time', async () => {
    const answer = await trends('metrics=lcp&release=2&baseline_release=1')
    expect(answer.baseline).toEqual({ from: answer.from, to: answer.to, release: '1' })
    expect(answer.data[0]?.verdict).toBe('stable')
    expect(answer.data[0]?.before?.count).toBe(1_500)
    expect(answer.data[0]?.after?.count).toBe(1_500)
  })

  it.each([
    ['route', '/slower', '/same'],
    ['device', 'phone', 'desktop'],
    ['country', 'DE', 'FR'],
  ])('compare one %s with another in the same time', async (key, one, other) => {
    const answer = await trends(`metrics=lcp&${key}=${one}&baseline_${key}=${other}`)
    expect(answer.baseline).toEqual({ from: answer.from, to: answer.to, release: null, [key]: other })
    const [alone] = (await trends(`metrics=lcp&${key}=${other}`)).data
    expect(answer.data[0]?.before ?? null).toEqual(alone?.after ?? null)
    if (key === 'route') expect(answer.data[0]?.verdict).toBe('degrading')
  })

  it('compare with any other range', async () => {
    const { data, baseline } = await trends(`metrics=lcp&${RANGE.replaceAll(/from|to/g, 'baseline_$&')}`)
    const [from, to] = [MIDDLE, MIDDLE + HOUR].map(time => new Date(time).toISOString())
    expect(baseline).toEqual({ from, to, release: null })
    expect(data[0]?.before).toEqual(data[0]?.after)
    expect(data[0]?.change?.difference.value).toBe(0)
  })

  it.each([
    ['baseline_release=1', 'release'],
    ['baseline_device=phone', 'device'],
    ['device=phone&baseline_device=desktop&group_by=device', 'group_by'],
    ['baseline_from=soon', 'baseline_from'],
    ['baseline_from=-2d&baseline_to=-3d', 'baseline_from'],
    ['baseline_to=-3d', 'baseline_from'],
    ['release=2&baseline_release=1&group_by=release', 'group_by'],
    ['percentile=101', 'percentile'],
    ['percentiles=75', 'percentiles'],
  ])('refuse %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/trends?site=moving&${params}`))).toMatchObject({
      status: 400,
      field,
    })
  })
})
