/**
 * Sums, means and shares, whose values a browser claims: 20 beacons of one address among 1,000 honest page views. How far each figure
 * moves is what SECURITY.md says.
 */

import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BlockingAnswer } from '../../schema/api/blocking.ts'
import type { CausesAnswer } from '../../schema/api/causes.ts'
import type { DeliveryAnswer } from '../../schema/api/delivery.ts'
import type { ErrorsAnswer } from '../../schema/api/errors.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { rollUpHour } from '../../worker/histogram/rollup.ts'
import { store } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { get, ORIGIN, put, send } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

const FIRST = Date.UTC(2026, 9, 5, 12) / HOUR
const NOW = FIRST * HOUR + HOUR / 2
const [HONEST, FORGED] = [1_000, 20]

/**
 * Page views as they are: three in ten send a second beacon, of which a first one in 33 is lost. One in 20 has an error, blocking times
 * are lognormal, and the LCP is half a load delay.
 */
function honest(site: string) {
  return Array.from({ length: HONEST }, (_, i) => {
    const second = i % 10 < 3
    const lost = second && i % 110 === 0
    const normal = Math.sqrt(-2 * Math.log((i + 1) / (HONEST + 1))) * Math.cos(i * 2.4)
    const [load, after] = [Math.round(120 * Math.exp(normal)), Math.round(60 * Math.exp(normal))]
    return pageViewRow({
      site,
      hour: FIRST,
      began: NOW - i,
      sequence: second ? 1 : 0,
      received: lost ? 2 : second ? 3 : 1,
      dropped: i % 50 === 0 ? 30 : 0,
      lcp: 1_500 + i,
      why: JSON.stringify(encodeAttribution({ lcp: cause(i), inp: null, cls: null })),
      blocking: JSON.stringify([load, after, [[Math.round(load / 2), Math.round(after / 2), 'cdn.example']]]),
      errors: i % 20 === 0 ? 2 : 0,
      errorList: i % 20 === 0 ? JSON.stringify([['error', 'TypeError: x', '/a.js', 1, 9, 2]]) : null,
    })
  })
}

/** Half of the LCP is a load delay, a fifth each are load and render delay. */
function cause(i: number) {
  const lcp = 1_500 + i
  const parts = { loadDelay: lcp / 2, loadDuration: lcp / 5, renderDelay: lcp / 5 }
  return { target: 'main>img', url: 'https://shop.example/hero.jpg', ...parts }
}

/** A page view that claims as much as it can. */
const forged = (): PageView =>
  pageView({
    id: newId(),
    sequence: 999,
    age: 1_000,
    dropped: 100_000,
    blocking: {
      load: 600_000,
      after: 600_000,
      hosts: [{ load: 600_000, after: 600_000, host: 'rival.example' }],
    },
    vitals: { lcp: 2_250, inp: null, cls: 0, fcp: 800, ttfb: 100 },
    why: {
      lcp: {
        target: 'main>img',
        url: 'https://shop.example/hero.jpg',
        loadDelay: 0,
        loadDuration: 0,
        renderDelay: 600_000,
      },
      inp: null,
      cls: null,
    },
    errors: {
      count: 100_000,
      list: [{ kind: 'error', message: 'TypeError: x', script: '/a.js', line: 1, column: 9, count: 100_000 }],
    },
  })

const ask = async <T>(path: string, site: string): Promise<T> =>
  (await get(`/v1/${path}site=${site}&from=-2h`)).json()

async function figures(site: string) {
  const [delivery, blocking, errors, causes] = await Promise.all([
    ask<DeliveryAnswer>('delivery?', site),
    ask<BlockingAnswer>('blocking?minimum=1&', site),
    ask<ErrorsAnswer>('errors?', site),
    ask<CausesAnswer>('causes?metric=lcp&minimum=1&', site),
  ])
  const parts = causes.data[0]?.parts as Record<string, number> | undefined
  return {
    lost: delivery.lost?.value ?? 0,
    interval: [delivery.lost?.low ?? 0, delivery.lost?.high ?? 0],
    lossRate: delivery.loss_rate ?? 0,
    leftOut: delivery.calls_left_out,
    load: blocking.load,
    after: blocking.after,
    rival: blocking.data.find(({ host }) => host === 'rival.example')?.time_share ?? 0,
    errors: errors.count,
    one: errors.data[0]?.count ?? 0,
    free: errors.error_free?.value ?? 0,
    render: (parts?.render_delay ?? 0) / (causes.data[0]?.p75?.value ?? 1),
  }
}

beforeEach(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => NOW)
})
afterEach(() => vi.restoreAllMocks())

describe('20 beacons of one address among 1,000 honest page views', () => {
  it('move no sum, mean or share further than SECURITY.md says', async () => {
    const site = 'sums'
    await put(`/v1/sites/${site}`, { origins: [ORIGIN], rows_per_day: 1_000_000 })
    const views = honest(site)
    for (let i = 0; i < views.length; i += 50) await store(env.DB, views.slice(i, i + 50), NOW)
    await rollUpHour(env.DB, site, FIRST, NOW + 3 * HOUR)
    const before = await figures(site)
    for (let i = 0; i < FORGED; i++)
      expect((await send(encode(forged()), { 'CF-Connecting-IP': '203.0.113.9' }, site)).status).toBe(204)
    await rollUpHour(env.DB, site, FIRST, NOW + 3 * HOUR)
    const after = await figures(site)
    const number = (value: number) => Math.round(value).toLocaleString('en-US')
    const percent = (value: number) => `${(100 * value).toFixed(1)}%`
    const rows = [
      [`\`delivery:lost\`, ${percent(before.lost)}`, '77.7%', percent(after.lost)],
      [`the lower bound of it, ${percent(before.lossRate)}`, '43.5%', percent(after.lossRate)],
      [`calls left out, ${number(before.leftOut)}`, '2,000,600', number(after.leftOut)],
      [`errors, ${number(before.errors)}`, '2,000,100', number(after.errors)],
      [`page views without an error, ${percent(before.free)}`, '93.1%', percent(after.free)],
      [
        `mean blocking time after the load, ${number(before.after)} ms`,
        '11,863 ms',
        `${number(after.after)} ms`,
      ],
      [`the same until the load, ${number(before.load)} ms`, '11,960 ms', `${number(after.load)} ms`],
      ['blocking time of a host that they name', '98.8%', percent(after.rival)],
      [`the render delay's part of the LCP, ${percent(before.render)}`, '97.8%', '40% at most'],
    ]
    for (const row of rows) expect(env.SECURITY).toContain(`\n| ${row.join(' | ')} |\n`)
    const [low = 0, high = 0] = before.interval.map(percent)
    expect(env.SECURITY).toContain(
      `Among 1,000 page views, ${FORGED} beacons\n  move its interval from ${low} - ${high} to ${after.interval.map(percent).join(' - ')}.`,
    )
    // It is of 200 page views around the p75, drawn by chance.
    expect(after.render).toBeLessThan(0.4)
    expect(after.one).toBe(before.one + 32 * FORGED)
  }, 120_000)
})
