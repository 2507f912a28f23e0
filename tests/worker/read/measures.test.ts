import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { pageView } from '../../kit/pageview.ts'
import { get, ORIGIN, problemOf, put, sendViews, summary } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Date.now()
const DAY = Math.floor(NOW / HOUR / 24) * 24 - 48
const RANGE = `from=${new Date(DAY * HOUR).toISOString()}&to=${new Date((DAY + 24) * HOUR).toISOString()}`

beforeAll(async () => {
  await put('/v1/sites/measured', { origins: [ORIGIN] })
  const rows = Array.from({ length: 48 }, (_, i) =>
    pageViewRow({
      site: 'measured',
      began: (DAY + (i % 24)) * HOUR + 5_000,
      device: i % 2 ? 'phone' : 'desktop',
      country: i % 3 ? 'DE' : 'FR',
      weight: i % 4 ? 1 : 2,
      phases: JSON.stringify([1, 2, 3, 40, 500, 600, 1000 + i]),
      marks: JSON.stringify({
        0: [['ready', 100 + i]],
        1: [
          ['ready', 900],
          ['items', i % 5],
        ],
      }),
    }),
  )
  await store(rows)
})

/** Every weight twice over: each page view has two `ready`. */
const COUNT = 2 * (48 + 12)

describe('custom measures', () => {
  const questions = [
    'metrics=custom:ready,custom:items',
    'metrics=custom:ready&group_by=device',
    'metrics=custom:ready&device=phone',
    'metrics=custom:ready&group_by=country',
    'metrics=lcp,custom:items,phase:load,api',
  ]

  it('are answered live, by hours and by days alike', async () => {
    const ask = () =>
      Promise.all(questions.map(async q => (await summary(`site=measured&${RANGE}&${q}`)).data))
    const live = await ask()
    for (let i = 0; i < 24; i++) await rollUpHour(env.DB, 'measured', DAY + i, NOW)
    const hourly = await ask()
    await rollUpDay(env.DB, 'measured', DAY, NOW)
    expect(hourly).toEqual(live)
    expect(await ask()).toEqual(live)
    const { source } = await summary(`site=measured&${RANGE}&metrics=custom:ready,custom:items`)
    expect(source).toBe('rollup')
    expect(live[0]?.[0]).toMatchObject({
      metric: 'custom:ready',
      unit: 'none',
      count: COUNT,
      samples: 96,
      rating: null,
      shares: null,
    })
    expect(live[1]?.map(({ group }) => group.device).toSorted()).toEqual(['desktop', 'phone'])
  })

  it('come from what the page marked', async () => {
    await put('/v1/sites/marked', { origins: [ORIGIN] })
    const marks = [7, 8, 9].map(value => ({ name: 'cart.items', value }))
    await sendViews([pageView({ marks })], {}, 'marked')
    const { data } = await summary('site=marked&metrics=custom:cart.items&percentiles=50')
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({ count: 3, samples: 3 })
    expect(data[0]?.percentiles.p50?.value).toBeCloseTo(8, 0)
  })

  it('have a name', async () => {
    for (const name of ['custom:', 'custom:two words', 'custom', 'phase:lunch', 'load']) {
      const response = await get(`/v1/summary?site=measured&metrics=${encodeURIComponent(name)}`)
      expect(await problemOf(response), name).toMatchObject({ status: 400, field: 'metrics' })
    }
  })
})

describe('load phases', () => {
  it('have percentiles, from single page views', async () => {
    const { data, source } = await summary(
      `site=measured&${RANGE}&metrics=phase:load,phase:dns&percentiles=50`,
    )
    expect(source).toBe('samples')
    expect(data.map(({ metric, unit, count }) => [metric, unit, count])).toEqual([
      ['phase:load', 'ms', 60],
      ['phase:dns', 'ms', 60],
    ])
    expect(data[0]?.percentiles.p50?.value).toBeGreaterThan(1000)
    expect(data[1]?.percentiles.p50?.value).toBeCloseTo(1, 1)
  })
})
