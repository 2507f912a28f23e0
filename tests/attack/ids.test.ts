/**
 * Beacons whose ids a stranger has chosen: small numbers, which a sample by id would take for all that there is.
 */

import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { ORIGIN, put, send, storedId, summary } from '../kit/worker/client.ts'

/** Ids 0 to 44b. */
const FORGED = 1_100
/** So many a second may be stored all day. */
const NO_BUDGET = { rows_per_day: 100_000_000, bytes_per_day: 10_000_000_000 }
const page = (id: string, route = '/') => encode(pageView({ id, route }))

/** Sends beacons from as many addresses as the limit wants. */
async function flood(bodies: readonly string[], site: string): Promise<void> {
  for (let i = 0; i < bodies.length; i += 50) {
    const answers = bodies
      .slice(i, i + 50)
      .map((body, j) => send(body, { 'CF-Connecting-IP': `10.0.${i / 50}.${j}` }, site))
    for (const { status } of await Promise.all(answers)) expect(status).toBe(204)
  }
}

beforeAll(async () => {
  for (const site of ['shop', 'other']) await put(`/v1/sites/${site}`, { origins: [ORIGIN], ...NO_BUDGET })
})

describe('1,100 beacons with the ids 0 to 44b', () => {
  it('count as 1,100 page views, where they made 9,227,468,800', async () => {
    await flood(
      Array.from({ length: FORGED }, (_, i) => page(i.toString(16))),
      'shop',
    )
    // Both keys together are in no roll-up: raw rows answer, a sample of them where they are many.
    const { data, sampled } = await summary('site=shop&from=-1h&metrics=lcp&group_by=country,browser')
    expect(sampled ?? 1).toBe(1)
    expect(data.reduce((sum, { count }) => sum + count, 0)).toBe(FORGED)
  }, 180_000)

  it('lie among the ids of the table as evenly as any', async () => {
    const below = async (bound: string) =>
      Number(
        await env.DB.prepare("SELECT count(*) AS n FROM pageviews WHERE site = 'shop' AND id < ?1")
          .bind(bound)
          .first('n'),
      )
    // 1,100 with a chance of 1 in 4: 275 expected, standard deviation 14.4; five of them on both sides.
    expect(Math.abs((await below('4')) - FORGED / 4)).toBeLessThan(72)
    expect(await below('0001')).toBeLessThanOrEqual(3)
  })
})

describe('ids of which a stranger knows that they are kept, since storing them took longer', () => {
  const RATE = 16
  const HOURS = 20

  it('are kept in another hour no oftener than any, where they all were', async () => {
    await put('/v1/sites/hours', { origins: [ORIGIN], ...NO_BUDGET, rate: RATE })
    const ids = Array.from({ length: 20 * RATE }, newId)
    await flood(
      ids.map(id => page(id)),
      'hours',
    )
    const stored = async () => {
      const { results } = await env.DB.prepare("SELECT id FROM pageviews WHERE site = 'hours'").all<{
        id: string
      }>()
      return results.map(({ id }) => id)
    }
    const found = new Set(await stored())
    const names = await Promise.all(ids.map(async id => [id, await storedId({ id }, 'hours')] as const))
    const kept = names.filter(([, name]) => found.has(name)).map(([id]) => id)
    expect(kept.length).toBeGreaterThan(5)
    // A row in the next hour would be the same page view.
    const ages = Array.from({ length: HOURS }, (_, i) => 3 * (i + 1) * HOUR)
    await flood(
      kept.flatMap(id => ages.map(age => encode(pageView({ id, age })))),
      'hours',
    )
    const expected = (kept.length * HOURS) / RATE
    expect((await stored()).length - kept.length).toBeLessThan(expected + 6 * Math.sqrt(expected))
  }, 120_000)
})

describe('a row', () => {
  it('withstands who has read its id in an answer', async () => {
    const honest = pageView({ id: newId(), route: '/honest' })
    await send(encode(honest), {}, 'other')
    const id = await storedId(honest, 'other')
    await send(page(id, '/forged'), {}, 'other')
    const { results } = await env.DB.prepare(
      "SELECT id, route FROM pageviews WHERE site = 'other' ORDER BY route",
    ).all()
    expect(results).toEqual([
      { id: await storedId({ id }, 'other'), route: '/forged' },
      { id, route: '/honest' },
    ])
  })
})
