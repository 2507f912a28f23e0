/**
 * Budgets relative to the release before, and the release that a breach names, against a few page views that claim a release.
 */

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BudgetAnswer, BudgetsAnswer } from '../../schema/api/budgets.ts'
import { DAY, HOUR } from '../../schema/domain/hour.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { watch } from '../../worker/budgets/watch.ts'
import { get, ORIGIN, post, put } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

const NOW = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2

async function traffic(site: string, count: number, began: number, given: Partial<PageViewRow>) {
  const rows = Array.from({ length: count }, (_, i) => pageViewRow({ site, began: began - i, ...given }))
  for (let i = 0; i < count; i += 500) await store(rows.slice(i, i + 500))
}

/** A site whose release 2.1, an hour old, is 30% slower than 2.0. So few page views are read whole. */
async function slower(site: string, terms: object): Promise<void> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await traffic(site, 100, NOW - 3 * HOUR, { release: '2.0', lcp: 2_000 })
  await traffic(site, 50, NOW - HOUR, { release: '2.1', lcp: 2_600 })
  await traffic(site, 120, NOW, { release: '2.1', lcp: 2_600 })
  const made = await post(`/v1/sites/${site}/budgets`, { metric: 'lcp', ...terms })
  expect(made.status).toBe(201)
}

async function judged(site: string): Promise<BudgetAnswer | undefined> {
  await watch(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, NOW, 45)
  return ((await (await get(`/v1/budgets?site=${site}`)).json()) as BudgetsAnswer).data[0]
}

const RELATIVE = { relative_to: 'release', limit: 0.1, minimum: 10 }
const BREACHED = { state: 'breached', release: '2.1', baseline: '2.0' }

describe('a release that is slower than the one before', () => {
  it('is found without a stranger', async () => {
    await slower('released', RELATIVE)
    expect(await judged('released')).toMatchObject(BREACHED)
  })

  it('is compared with as many hours before it began', async () => {
    await slower('hours', { ...RELATIVE, window_hours: 24 })
    // Two hours of it: what was slow three hours before it began is of another time of the day.
    await traffic('hours', 400, NOW - 4 * HOUR, { release: '2.0', lcp: 9_000 })
    expect(await judged('hours')).toMatchObject({ ...BREACHED, samples: 170 })
  })

  it('is not hidden by 11 fast page views of a release that nobody else has', async () => {
    await slower('invented', RELATIVE)
    await traffic('invented', 11, NOW, { release: '9.9', lcp: 1_000 })
    expect(await judged('invented')).toMatchObject(BREACHED)
  })

  it.each([
    ['in the first hour that is looked at', 7 * DAY - HOUR],
    ['before the release before', 4 * DAY],
    ['an hour before it', 2 * HOUR],
  ])('is not hidden by 5 page views that say they had it %s', async (_, age) => {
    const site = `aged-${age / HOUR}`
    await slower(site, RELATIVE)
    await traffic(site, 5, NOW - age, { release: '2.1', lcp: 2_600 })
    expect(await judged(site)).toMatchObject(BREACHED)
  })

  it('is named in a breach though 5 page views say they had it the day before', async () => {
    await slower('named', { limit: 2_500, window_hours: 3 })
    await traffic('named', 5, NOW - 4 * HOUR, { release: '2.1', lcp: 2_600 })
    expect(await judged('named')).toMatchObject({ state: 'breached', release: '2.1' })
  })
})
