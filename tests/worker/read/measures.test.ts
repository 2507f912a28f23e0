import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BfcacheAnswer } from '../../../schema/api/bfcache.ts'
import type { BlockingAnswer } from '../../../schema/api/blocking.ts'
import type { PageViewsAnswer } from '../../../schema/api/pageviews.ts'
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

  it('have the same answer live, by hours and by days', async () => {
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
    for (const name of ['custom:', 'custom:two words', 'custom', 'phase:lunch', 'blocking:never', 'load']) {
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

describe('blocking time', () => {
  const ASK = 'site=blocked&from=-1h'
  const ask = async (more = ''): Promise<BlockingAnswer> => (await get(`/v1/blocking?${ASK}${more}`)).json()
  // In the order of the wire.
  const host = (host: string, load: number, after: number) => ({ load, after, host })

  beforeAll(async () => {
    await put('/v1/sites/blocked', { origins: [ORIGIN] })
    const told = Array.from({ length: 10 }, (_, i) =>
      pageView({
        route: i < 5 ? '/a' : '/b',
        weight: i ? 1 : 10,
        blocking: { load: 100, after: 50, hosts: [host('tags.example', 60, 10), host('', 20, 20)] },
      }),
    )
    const soft = pageView({
      navigation: 'soft-navigation',
      blocking: { load: null, after: 40, hosts: [host('rare.example', 0, 40)] },
    })
    await sendViews([...told, soft, pageView()], {}, 'blocked')
  })

  it('comes by host, with a rest that makes up the whole', async () => {
    const answer = await ask()
    expect(answer).toMatchObject({ count: 20, samples: 11, sampled: 1, left_out: 1, load: 95, after: 49.5 })
    const [worst, own, ...more] = answer.data
    expect(worst).toMatchObject({ host: 'tags.example', count: 19, samples: 10, load: 57, after: 9.5 })
    expect(own).toMatchObject({ host: null, count: 19, load: 19, after: 19, share: 0.95 })
    expect(more).toEqual([])
    expect(Math.abs((worst?.p75.value ?? 0) / 70 - 1)).toBeLessThan(0.011)
    expect(answer.rest).toMatchObject({ load: 19, after: 21 })
    const shares = [...answer.data, answer.rest].reduce((sum, { time_share }) => sum + time_share, 0)
    expect(shares).toBeCloseTo(1, 4)
    expect((await ask('&minimum=1')).data.map(({ host }) => host)).toEqual([
      'tags.example',
      null,
      'rare.example',
    ])
    expect((await ask('&minimum=1&limit=1')).left_out).toBe(2)
    expect((await ask('&minimum=1&sort=slowest')).data[0]?.host).toBe('tags.example')
  })

  it('takes filters, comes as CSV, and is empty where no browser told', async () => {
    expect(await ask('&route=/b')).toMatchObject({ count: 5, load: 100, after: 50 })
    const csv = await (await get(`/v1/blocking?${ASK}&format=csv`)).text()
    expect(csv.split('\r\n')[0]).toBe(
      'host,count,samples,share,load,after,time_share,p75.value,p75.low,p75.high',
    )
    expect(await ask('&browser=Firefox')).toMatchObject({
      ...{ count: 0, samples: 0, load: 0, after: 0, data: [], left_out: 0 },
      rest: { load: 0, after: 0, time_share: 0 },
    })
    expect(await problemOf(await get(`/v1/blocking?${ASK}&sort=worst`))).toMatchObject({
      status: 400,
      field: 'sort',
    })
  })

  it('has percentiles, without the load of what loads no document', async () => {
    const { data } = await summary(`${ASK}&metrics=blocking:load,blocking:after&group_by=navigation`)
    expect(data.map(({ metric, group, unit, samples }) => [metric, group.navigation, unit, samples])).toEqual(
      [
        ['blocking:load', 'navigate', 'ms', 10],
        ['blocking:after', 'navigate', 'ms', 10],
        ['blocking:after', 'soft-navigation', 'ms', 1],
      ],
    )
  })

  it('is a part of its page view', async () => {
    const answer: PageViewsAnswer = await (
      await get(`/v1/pageviews?${ASK}&navigation=soft-navigation&order=newest`)
    ).json()
    expect(answer.data.map(({ blocking }) => blocking)).toEqual([
      { load: null, after: 40, hosts: [host('rare.example', 0, 40)] },
    ])
  })
})

describe('returns', () => {
  const ASK = 'site=returns&from=-1h'
  const ask = async (more = ''): Promise<BfcacheAnswer> => (await get(`/v1/bfcache?${ASK}${more}`)).json()
  const blocking = { load: 0, after: 0, hosts: [] }

  beforeAll(async () => {
    await put('/v1/sites/returns', { origins: [ORIGIN] })
    const anew = (bfcache: string[], more = {}) => pageView({ navigation: 'back-forward', bfcache, ...more })
    const restored = { navigation: 'back-forward-cache', phases: null } as const
    await sendViews(
      [
        ...Array.from({ length: 10 }, () => pageView({ ...restored, blocking })),
        ...Array.from({ length: 4 }, () => anew(['unload-listener', 'masked'])),
        anew(['websocket'], { weight: 2, route: '/chat' }),
        // Browsers that tell nothing, restored or not, and what is no return.
        pageView(restored),
        pageView({ navigation: 'back-forward' }),
        pageView({ blocking }),
      ],
      {},
      'returns',
    )
  })

  it('have their reasons, and the share that the browser restored', async () => {
    const answer = await ask()
    expect(answer).toMatchObject({ count: 16, samples: 15, sampled: 1, left_out: 0 })
    expect(answer.restored?.value).toBe(0.625)
    expect(answer.restored?.low).toBeGreaterThan(0.3)
    expect(answer.restored?.high).toBeLessThan(0.9)
    expect(answer.data).toMatchObject([
      { reason: 'masked', count: 4, samples: 4, share: { value: 0.25 } },
      { reason: 'unload-listener', count: 4, samples: 4, share: { value: 0.25 } },
      { reason: 'websocket', count: 2, samples: 1, share: { value: 0.125 } },
    ])
    for (const { share } of answer.data) {
      expect(share.low).toBeLessThan(share.value)
      expect(share.high).toBeGreaterThan(share.value)
    }
    expect(await ask('&limit=1')).toMatchObject({ left_out: 2, data: [{ reason: 'masked' }] })
  })

  it('take filters, come as CSV, and are empty without reports', async () => {
    expect(await ask('&route=/chat')).toMatchObject({ count: 2, restored: { value: 0 } })
    const csv = await (await get(`/v1/bfcache?${ASK}&format=csv`)).text()
    expect(csv.split('\r\n')[0]).toBe('reason,count,samples,share.value,share.low,share.high')
    expect(await ask('&browser=Firefox')).toMatchObject({ count: 0, samples: 0, restored: null, data: [] })
    expect(await problemOf(await get(`/v1/bfcache?${ASK}&limit=x`))).toMatchObject({
      status: 400,
      field: 'limit',
    })
  })

  it('are a part of their page view', async () => {
    const answer: PageViewsAnswer = await (
      await get(`/v1/pageviews?${ASK}&navigation=back-forward&order=newest&route=/chat`)
    ).json()
    expect(answer.data.map(({ bfcache }) => bfcache)).toEqual([['websocket']])
  })
})
