/** Budgets of page views: an alert on silence. */

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BudgetAnswer, BudgetPreview, BudgetsAnswer } from '../../../schema/api/budgets.ts'
import { HOUR, WEEK } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { fall } from '../../../worker/budgets/volume.ts'
import { watch } from '../../../worker/budgets/watch.ts'
import { NONE } from '../../../worker/query/distribution.ts'
import { random } from '../../kit/population.ts'
import { get, ORIGIN, post, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const HOUR_NOW = Math.floor(Date.now() / HOUR) * HOUR
/** A quarter of an hour after the hour. */
const NOW = HOUR_NOW + HOUR / 4
const KEPT = { rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }

const judgeAt = (site: string, now: number, kept = {}) =>
  watch(env.DB, { id: site, ...KEPT, ...kept }, now, 200)

async function made(site: string, terms: object): Promise<BudgetAnswer> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  const response = await post(`/v1/sites/${site}/budgets`, { metric: 'pageviews', ...terms })
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
}

async function standing(site: string) {
  const { data }: BudgetsAnswer = await (await get(`/v1/budgets?site=${site}`)).json()
  return data[0]
}

const visits = (site: string, count: number, began: number, given: Partial<PageViewRow> = {}) =>
  store(Array.from({ length: count }, (_, i) => pageViewRow({ site, began: began + i * 1000, ...given })))

async function said(path: string): Promise<{ type: string; text: string }[]> {
  const received: { body: string }[] = await (await fetch(`https://hooks.example/received?of=${path}`)).json()
  return received.map(({ body }) => JSON.parse(body))
}

describe('a budget of page views', () => {
  it('is breached where there are fewer, and recovers once they come again', async () => {
    const { limit } = await made('silent', { limit: 50, window_hours: 2 })
    expect(limit).toBe(50)
    await post('/v1/sites/silent/webhooks', { url: 'https://hooks.example/200/silent' })
    await visits('silent', 60, HOUR_NOW - HOUR)
    await judgeAt('silent', NOW)
    expect(await standing('silent')).toMatchObject({ state: 'ok', value: 60, low: 60, high: 60, samples: 60 })

    // The two whole hours before, in which nothing came; what comes in the hour that has begun is not judged yet.
    await visits('silent', 5, HOUR_NOW + 2 * HOUR)
    await judgeAt('silent', NOW + 2 * HOUR)
    expect(await standing('silent')).toMatchObject({ state: 'breached', value: 0, high: 0, release: null })
    await judgeAt('silent', NOW + 3 * HOUR)
    expect(await standing('silent')).toMatchObject({ state: 'breached', value: 5 })

    await visits('silent', 50, HOUR_NOW + 3 * HOUR)
    await judgeAt('silent', NOW + 4 * HOUR)
    expect(await standing('silent')).toMatchObject({ state: 'ok', value: 55 })
    await judgeAt('silent', NOW + 4 * HOUR + 1)
    expect((await said('/200/silent')).map(({ type, text }) => [type, text])).toEqual([
      [
        'budget.breached',
        'silent: pageviews is under its budget of at least 50: 0 (95% interval: 0 to 0, 0 samples in 2 h).',
      ],
      [
        'budget.recovered',
        'silent: pageviews is back within its budget of at least 50: 55 (95% interval: 55 to 55, 55 samples in 2 h).',
      ],
    ])
  })

  it('is of one route where it says so, whose name may be in the rest of an hour', async () => {
    await made('pay', { limit: 20, route: '/pay', window_hours: 1 })
    await visits('pay', 90, HOUR_NOW - HOUR)
    await judgeAt('pay', NOW)
    expect(await standing('pay')).toMatchObject({ state: 'breached', value: 0, route: '/pay' })
    await visits('pay', 20, HOUR_NOW, { route: '/pay' })
    await judgeAt('pay', NOW + HOUR)
    expect(await standing('pay')).toMatchObject({ state: 'ok', value: 20 })
  })

  it('stays as it was while the interval of a sampled count holds the limit', async () => {
    const rate = 16
    await made('sampled', { limit: 1_000, window_hours: 1 })
    await visits('sampled', 60, HOUR_NOW - HOUR, { weight: rate })
    await judgeAt('sampled', NOW)
    const { state, value, low, high } = (await standing('sampled')) ?? {}
    expect([state, value]).toEqual(['ok', 960])
    expect(low).toBeLessThan(800)
    expect(high).toBeGreaterThan(1_100)
    await visits('sampled', 20, HOUR_NOW, { weight: rate })
    await judgeAt('sampled', NOW + HOUR)
    expect(await standing('sampled')).toMatchObject({ state: 'breached', value: 320 })
  })

  it('knows a fall below the week before, whose page views are its minimum', async () => {
    await made('fallen', { limit: 0.5, relative_to: 'week', window_hours: 3 })
    await post('/v1/sites/fallen/webhooks', { url: 'https://hooks.example/200/fallen' })
    await visits('fallen', 99, HOUR_NOW - WEEK - HOUR)
    await judgeAt('fallen', NOW)
    expect(await standing('fallen')).toMatchObject({ state: 'no-data', value: 1 })
    await visits('fallen', 101, HOUR_NOW - WEEK - 2 * HOUR)
    await visits('fallen', 95, HOUR_NOW - HOUR)
    await judgeAt('fallen', NOW + HOUR)
    // 95 of 200 are 52.5% fewer: it may as well be less than a half.
    expect(await standing('fallen')).toMatchObject({ state: 'ok', value: 0.525 })
    await judgeAt('fallen', NOW + 2 * HOUR)
    await visits('fallen', 20, HOUR_NOW - WEEK + HOUR)
    await visits('fallen', 20, HOUR_NOW - WEEK + 2 * HOUR)
    await judgeAt('fallen', NOW + 3 * HOUR)
    expect(await standing('fallen'), '40 a week before').toMatchObject({ state: 'no-data', value: 1 })
    await visits('fallen', 80, HOUR_NOW - WEEK + 2 * HOUR + 60_000)
    await judgeAt('fallen', NOW + 3.5 * HOUR)
    expect(await standing('fallen')).toMatchObject({ state: 'breached', value: 1, high: 1, samples: 0 })
    await judgeAt('fallen', NOW + 3.5 * HOUR + 1)
    const [message] = await said('/200/fallen')
    expect(message?.text).toMatch(
      /^fallen: pageviews is over its budget of 50% below the week before: 100% \(95% interval: 9\d(\.\d)?% to 100%, 0 samples in 3 h\)\.$/,
    )
  })

  it('has no data of a time that is not counted whole', async () => {
    await made('young', { limit: 1, window_hours: 3 })
    await made('young', { limit: 0.5, relative_to: 'week', window_hours: 3, minimum: 1 })
    await put('/v1/sites/young/segments/far', {
      name: 'Far',
      filters: { country: ['NZ'], browser: ['Chrome'] },
    })
    await made('young', { limit: 1, segment: 'far', window_hours: 48 })
    await visits('young', 10, HOUR_NOW - WEEK - HOUR)
    const states = async (kept: object, later: number) => {
      await judgeAt('young', NOW + later * 15 * 60_000, kept)
      const { data }: BudgetsAnswer = await (await get('/v1/budgets?site=young')).json()
      return data.map(({ state }) => state)
    }
    expect(await states({ created: NOW - 2 * HOUR }, 0)).toEqual(['no-data', 'breached', 'no-data'])
    expect(await states({ created: NOW - 4 * HOUR }, 1)).toEqual(['breached', 'breached', 'no-data'])
    expect(await states({ rawDays: 1 }, 2)).toEqual(['breached', 'breached', 'no-data'])
    expect(await states({ hourDays: 2, rawDays: 3 }, 3)).toEqual(['breached', 'no-data', 'breached'])
    expect(await states({}, 4)).toEqual(['breached', 'breached', 'breached'])
  })

  it('is tried on the days since there was a site, or what was brought to it', async () => {
    const terms = { metric: 'pageviews', limit: 25, window_hours: 1 }
    const preview = async (site: string): Promise<BudgetPreview> =>
      (await post(`/v1/sites/${site}/budgets/preview`, terms)).json()
    for (const site of ['tried', 'restored', 'bare']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    await env.DB.prepare("UPDATE sites SET created = ?1 WHERE id = 'tried'")
      .bind(NOW - 10 * HOUR)
      .run()
    for (const hour of [8, 7, 4, 3, 2, 1])
      for (const site of ['tried', 'restored']) await visits(site, 30, HOUR_NOW - hour * HOUR)
    const found = { breached: 2, breaches: 1, no_data: 0, lowest: 0, highest: 30, samples: 180 }
    expect(await preview('tried')).toMatchObject({ ...found, windows: 9, breached: 3, breaches: 2 })
    expect(await preview('restored')).toMatchObject({ ...found, windows: 8 })
    const { windows, from, to } = await preview('bare')
    expect([windows, from]).toEqual([0, to])
  })

  it.each([
    [{ limit: 0 }, 'limit', 'must be at least 1 for pageviews: the least that the window must have'],
    [{ limit: 2, relative_to: 'week' }, 'limit', 'must be a share below 1 for pageviews: 0.5 for 50% below'],
    [{ limit: 0.1, relative_to: 'release' }, 'relative_to', 'must be week for pageviews'],
    [{ limit: 10, endpoint: 'GET /a' }, 'endpoint', 'needs metric api or error_rate'],
  ])('is refused as %j', async (terms, field, detail) => {
    await put('/v1/sites/refusing', { origins: [ORIGIN] })
    const answer = await post('/v1/sites/refusing/budgets', { metric: 'pageviews', ...terms })
    expect(await problemOf(answer)).toMatchObject({ status: 400, field, detail: `${field} ${detail}` })
  })
})

describe('the interval of a fall', () => {
  const next = random(7)
  /** Arrivals of a Poisson process within `mean` of its intervals. */
  const poisson = (mean: number) => {
    let count = -1
    for (let time = 0; time < mean; count++) time -= Math.log(1 - next())
    return count
  }
  const side = (mean: number, weight: number) => {
    const count = poisson(mean / weight)
    const distribution = { ...NONE, n: count * weight, s: count, q: count * weight ** 2 }
    return { distribution, missing: 0 }
  }

  it.each([
    [200, 100, 1],
    [200, 10, 1],
    [200, 2, 1],
    [3_200, 800, 16],
    [100, 100, 1],
  ])('of %i to %i page views, each of %i, covers it', (before, after, weight) => {
    const truth = 1 - after / before
    const rounds = 4_000
    let covered = 0
    for (let i = 0; i < rounds; i++) {
      const { low, high } = fall(side(before, weight), side(after, weight))
      if ((low ?? -1) <= truth && truth <= (high ?? 1)) covered++
    }
    expect(covered / rounds).toBeGreaterThan(0.93)
    expect(covered / rounds).toBeLessThan(0.99)
  })
})
