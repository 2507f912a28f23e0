import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BudgetPreview, BudgetsAnswer } from '../../../schema/api/budgets.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpHour } from '../../../worker/histogram/rollup.ts'
import { admin, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const HERE = Math.floor(Date.now() / HOUR)
/** Two days ago pages were slow for some hours. */
const SLOW = [HERE - 50, HERE - 45] as const

const ask = (path: string, body: unknown) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify(body),
  })

async function preview(budget: object, site = 'past'): Promise<BudgetPreview> {
  const response = await ask(`/v1/sites/${site}/budgets/preview`, budget)
  if (response.status !== 200) throw new Error(await response.text())
  return response.json()
}

beforeAll(async () => {
  await put('/v1/sites/past', { origins: [ORIGIN] })
  for (let hour = HERE - 120; hour < HERE - 3; hour++) {
    const isSlow = hour >= SLOW[0] && hour < SLOW[1]
    await store(
      Array.from({ length: 40 }, (_, i) =>
        pageViewRow({
          site: 'past',
          began: hour * HOUR + i * 1000,
          lcp: (isSlow ? 4000 : 1500) + i,
          route: i % 2 ? '/a' : '/b',
          errors: isSlow && i % 4 === 0 ? 2 : 0,
        }),
      ),
    )
  }
  for (let hour = HERE - 120; hour < HERE - 3; hour++) await rollUpHour(env.DB, 'past', hour, Date.now())
})

describe('a budget that does not exist yet', () => {
  const terms = { metric: 'lcp', limit: 2500, window_hours: 1, minimum: 10 }

  it('tells one breach, in the hours that were slow, and creates nothing', async () => {
    expect(await preview(terms)).toMatchObject({
      windows: 672,
      step_hours: 1,
      breached: 5,
      breaches: 1,
      samples: 117 * 40,
      sampled: 1,
      no_data: 672 - 117,
    })
    const { lowest, highest } = await preview(terms)
    expect(lowest).toBeCloseTo(1530, -2)
    expect(highest).toBeCloseTo(4030, -2)
    const budgets = await exports.default.fetch('https://rum.example/v1/budgets?site=past', {
      headers: admin,
    })
    expect(((await budgets.json()) as BudgetsAnswer).data).toEqual([])
  })

  it('goes by windows that overlap, each of its whole length', async () => {
    const day = await preview({ ...terms, window_hours: 24, percentile: 90 })
    // It begins once three hours of a day are slow, which is surely more than a tenth. With two left, it is not sure to be over.
    expect(day).toMatchObject({ windows: 649, step_hours: 1, breaches: 1, breached: 25 })
    expect(await preview({ ...terms, window_hours: 168 })).toMatchObject({ windows: 73, step_hours: 7 })
    expect(await preview({ ...terms, window_hours: 29 })).toMatchObject({ step_hours: 29 })
  })

  it('of a route reads no more than a question may, and says that nothing matches', async () => {
    const route = await preview({ ...terms, route: '/a' })
    expect(route).toMatchObject({ breached: 5, samples: 117 * 20 })
    expect(route.rows_read).toBeGreaterThan(117)
    expect(route.rows_read).toBeLessThan(20_000)
    expect(await preview({ ...terms, route: '/nowhere' })).toMatchObject({
      samples: 0,
      breached: 0,
      lowest: null,
    })
    expect(await preview({ ...terms, metric: 'delivery:bots', limit: 0.5 })).toMatchObject({ breached: 0 })
    const errors = await preview({ ...terms, metric: 'errors', limit: 0.1 })
    expect(errors).toMatchObject({ windows: 672, breached: 5, breaches: 1, lowest: 0 })
    expect(errors.highest).toBeCloseTo(0.25)
  })

  it('passes the same checks as one that stays', async () => {
    const refused = await ask('/v1/sites/past/budgets/preview', { ...terms, limit: -1 })
    expect(await problemOf(refused)).toMatchObject({ status: 400, field: 'limit' })
    const relative = await ask('/v1/sites/past/budgets/preview', {
      ...terms,
      limit: 0.1,
      relative_to: 'week',
    })
    expect(await problemOf(relative)).toMatchObject({ status: 400, field: 'relative_to' })
    expect((await ask('/v1/sites/nowhere/budgets/preview', terms)).status).toBe(404)
  })
})
