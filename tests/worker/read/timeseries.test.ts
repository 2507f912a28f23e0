import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TimeseriesAnswer, TimeseriesRow } from '../../../schema/api/timeseries.ts'
import { DAY, HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { get, ORIGIN, problemOf, put, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Date.now()
/** Midnight in UTC four days ago; every page view of this file lies in the three days from then on. */
const FIRST = Math.floor(NOW / DAY) * DAY - 4 * DAY
/** Hours of the range that hold nothing. */
const EMPTY = [5, 6, 30]
const SITES = ['live', 'rolled'] as const

const iso = (time: number) => new Date(time).toISOString()
const RANGE = `from=${iso(FIRST)}&to=${iso(FIRST + 3 * DAY)}`

function traffic(site: string): PageViewRow[] {
  return Array.from({ length: 72 }, (_, i) => i)
    .filter(i => !EMPTY.includes(i))
    .flatMap(i =>
      Array.from({ length: 3 + (i % 3) }, (_, j) => {
        const seed = i * 31 + j * 17
        return pageViewRow({
          site,
          began: FIRST + i * HOUR + 60_000,
          route: ['/', '/p/[id]', '/cart'][seed % 3] ?? '/',
          device: seed % 2 ? 'phone' : 'desktop',
          country: seed % 4 ? 'DE' : 'FR',
          weight: seed % 5 ? 1 : 4,
          lcp: 400 + ((seed * 97) % 7000),
          calls: JSON.stringify({ 0: [[`GET /api/${seed % 2}`, 5, (seed * 29) % 3000, seed % 3, 200]] }),
        })
      }),
    )
}

async function series(params: string): Promise<TimeseriesAnswer> {
  const response = await get(`/v1/timeseries?${params}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

beforeAll(async () => {
  for (const site of SITES) {
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    await store(traffic(site))
  }
  const first = FIRST / HOUR
  for (let i = 0; i < 72; i++) await rollUpHour(env.DB, 'rolled', first + i, NOW)
  for (let day = 0; day < 2; day++) await rollUpDay(env.DB, 'rolled', first + day * 24, NOW)
})

describe.each(SITES)('over time, of a site that is %s', site => {
  it.each([
    ['hour', 'lcp', '', HOUR],
    ['day', 'lcp,cls', '', DAY],
    ['hour', 'api', '&endpoint=GET /api/1', HOUR],
    ['day', 'lcp', '&device=phone&route=/cart', DAY],
    ['day', 'lcp', '&country=DE&device=phone', DAY],
  ])(
    'each %s of %s%s is what the summary says of it',
    async (interval, metrics, filter, step) => {
      const params = `site=${site}&metrics=${metrics}&percentiles=50,75${filter}`
      const { data } = await series(`${params}&${RANGE}&interval=${interval}`)
      expect(data.map(row => row.metric)).toEqual(metrics.split(','))
      for (const { metric, points } of data) {
        for (const { time, ...figures } of points) {
          const began = Date.parse(time)
          const one = await summary(`${params}&from=${time}&to=${iso(began + step)}`)
          expect(one.data.find(row => row.metric === metric)).toMatchObject(figures)
        }
        expect(points.length).toBeGreaterThan(interval === 'hour' ? 50 : 2)
      }
    },
    120_000,
  )

  it('a gap is a gap', async () => {
    const { data, interval } = await series(`site=${site}&metrics=lcp&${RANGE}`)
    expect(interval).toBe('hour')
    const there = data[0]?.points.map(({ time }) => (Date.parse(time) - FIRST) / HOUR)
    expect(there).toEqual(Array.from({ length: 72 }, (_, i) => i).filter(i => !EMPTY.includes(i)))
  })

  it('days begin at midnight of the time zone, and the first is whole', async () => {
    const zones = { '+02:00': 22, '-05:00': 5, '+14:00': 10, Z: 0 }
    for (const [zone, hour] of Object.entries(zones)) {
      const answer = await series(
        `site=${site}&metrics=lcp&interval=day&timezone=${zone}&from=${iso(FIRST + 26 * HOUR)}&to=${iso(FIRST + 3 * DAY)}`,
      )
      const times = answer.data[0]?.points.map(({ time }) => new Date(time).getUTCHours())
      expect(new Set(times)).toEqual(new Set([hour]))
      expect(answer.from).toBe(answer.data[0]?.points[0]?.time)
      expect(answer.timezone).toBe(zone === 'Z' ? '+00:00' : zone)
      const weight = (row?: TimeseriesRow) => row?.points.reduce((n, { count }) => n + count, 0)
      const whole = await summary(`site=${site}&metrics=lcp&from=${answer.from}&to=${answer.to}`)
      expect(weight(answer.data[0])).toBe(whole.data[0]?.count)
    }
  })

  it('answers the largest groups of the whole range, each with its own points', async () => {
    const params = `site=${site}&metrics=lcp&${RANGE}&group_by=route&limit=2`
    const whole = await summary(params)
    for (const interval of ['hour', 'day']) {
      const { data } = await series(`${params}&interval=${interval}`)
      expect(data.map(({ group }) => group)).toEqual(whole.data.map(({ group }) => group))
      const counts = data.map(({ points }) => points.reduce((n, { count }) => n + count, 0))
      expect(counts).toEqual(whole.data.map(({ count }) => count))
    }
  })
})

describe('a question over time', () => {
  it.each([
    ['interval=minute', 'interval'],
    ['timezone=Europe/Berlin', 'timezone'],
    ['timezone=%2B05:30', 'timezone'],
    ['from=-700d&interval=hour', 'interval'],
    ['from=-40d&interval=hour', 'interval'],
    ['from=-40d&timezone=-05:00', 'timezone'],
    ['limit=21', 'limit'],
    ['sort=failing&metrics=lcp', 'sort'],
  ])('is refused for %s', async (params, field) => {
    expect(await problemOf(await get(`/v1/timeseries?site=live&${params}`))).toMatchObject({
      status: 400,
      field,
    })
  })

  it('comes as CSV, a line for each point', async () => {
    const text = await (await get(`/v1/timeseries?site=live&metrics=lcp&${RANGE}&format=csv`)).text()
    const [header, ...lines] = text.trimEnd().split('\r\n')
    expect(header).toMatch(
      /^time,metric,unit,count,count_interval\.low,count_interval\.high,samples,effective_samples,percentiles\.p50\.value/,
    )
    expect(lines).toHaveLength(72 - EMPTY.length)
  })
})
