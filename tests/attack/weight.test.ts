/**
 * A beacon that claims to stand for a thousand page views, against a day of honest ones.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { encode } from '../../schema/wire/beacon.ts'
import type { ApiCall } from '../../schema/wire/pageview.ts'
import { pageView } from '../kit/pageview.ts'
import { admin, ORIGIN, problemOf, put, send, summary } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

const HONEST = 2_000
/** Twenty seconds: poor by any measure. */
const FORGED = { lcp: 20_000, inp: null, cls: null, fcp: null, ttfb: null }
const forged = (weight: number) => encode(pageView({ weight, vitals: FORGED }))

const p75 = async (site: string) => {
  const { data } = await summary(`site=${site}&from=-1h&metrics=lcp&percentiles=75`)
  return data[0]?.percentiles.p75?.value ?? Number.NaN
}

beforeAll(async () => {
  for (const site of ['shop', 'open', 'imported']) {
    await put(`/v1/sites/${site}`, { origins: [ORIGIN], ...(site === 'open' && { max_weight: 1_000 }) })
    // 1,000 to 3,000 ms, evenly: p75 is 2,500.
    const rows = Array.from({ length: HONEST }, (_, i) => pageViewRow({ site, lcp: 1_000 + i }))
    for (let i = 0; i < HONEST; i += 500) await store(rows.slice(i, i + 500))
  }
})

describe('a beacon of weight 1,000 among 2,000 honest page views', () => {
  it('draws a refusal that names its field, and the p75 stays where it is', async () => {
    const before = await p75('shop')
    const answer = await problemOf(await send(forged(1_000)))
    expect(answer).toMatchObject({ status: 400, field: 'weight' })
    expect(answer.detail).toMatch(/max_weight/)
    expect(await p75('shop')).toBe(before)
  })

  it('moves the p75 by less than 1 % at the largest weight that is taken', async () => {
    const before = await p75('shop')
    expect((await send(forged(10))).status).toBe(204)
    expect((await send(forged(11))).status).toBe(400)
    expect(await p75('shop')).toBeLessThan(before * 1.01)
  })

  it('moves the p75 by more than 8 % where the site allows heavy beacons', async () => {
    const before = await p75('open')
    expect((await send(forged(1_000), {}, 'open')).status).toBe(204)
    expect(await p75('open')).toBeGreaterThan(before * 1.08)
  })

  it('comes in from an importer, who has the admin token', async () => {
    expect((await send(forged(1_000), admin, 'imported')).status).toBe(204)
  })
})

describe('20 beacons of five page views, with 64 fast calls each, among 1,002 honest calls', () => {
  it('move their p75 by less than a tenth, and their error rate by a quarter', async () => {
    await put('/v1/sites/calls', { origins: [ORIGIN] })
    // 1,000 to 3,000 ms, evenly, of which one in ten fails.
    const honest = Array.from({ length: 334 }, (_, i) => {
      const calls = [0, 1, 2].map(k => [
        'GET /api/cart',
        0,
        1_000 + ((3 * i + k) * 2_000) / 1_002,
        (3 * i + k) % 10 ? 0 : 1,
      ])
      return pageViewRow({ site: 'calls', calls: JSON.stringify({ 0: calls }) })
    })
    await store(honest)
    const figures = async () => {
      const { data } = await summary('site=calls&from=-1h&metrics=api&percentiles=75')
      return { p75: data[0]?.percentiles.p75?.value ?? 0, failing: data[0]?.error_rate ?? 0 }
    }
    const before = await figures()
    const fast: ApiCall = {
      endpoint: 'GET /api/cart',
      start: 0,
      duration: 10,
      outcome: 'ok',
      status: 200,
      ttfb: null,
      bytes: null,
      server: null,
    }
    const calls = Array.from({ length: 64 }, () => fast)
    for (let i = 0; i < 5; i++) {
      const view = pageView({ calls })
      for (let sequence = 0; sequence < 4; sequence++)
        expect((await send(encode({ ...view, sequence }), {}, 'calls')).status).toBe(204)
    }
    const after = await figures()
    expect(after.p75).toBeGreaterThan(before.p75 * 0.9)
    expect(after.failing).toBeGreaterThan(before.failing * 0.7)
  })
})
