import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { watch } from '../../worker/budgets/watch.ts'
import { admin, get, ORIGIN, put } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'

const NOW = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2
const TRUTH = 2116

/** 2,000 honest page views whose p75 is 2,116 ms, and as many a day before. */
async function honest(site: string): Promise<void> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  for (const began of [NOW - 26 * HOUR, NOW - HOUR]) {
    await store(
      Array.from({ length: 2_000 }, (_, i) =>
        pageViewRow({ site, began: began - i, lcp: TRUTH - 1_499 + i }),
      ),
    )
  }
}

const forge = (site: string, count: number, weight: number) =>
  store(
    Array.from({ length: count }, (_, i) => pageViewRow({ site, began: NOW - HOUR - i, lcp: 9_030, weight })),
  )

async function call(method: string, path: string, body: unknown): Promise<void> {
  const response = await exports.default.fetch(`https://rum.example${path}`, {
    method,
    headers: admin,
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(await response.text())
}

describe('a few rows that claim the weight of thousands', () => {
  it.each([1, 2, 5])('breach no budget and tell no webhook: %i of weight 1,000', async count => {
    const site = `heavy-${count}`
    await honest(site)
    await call('POST', `/v1/sites/${site}/webhooks`, { url: `https://hooks.example/200/${site}` })
    await call('POST', `/v1/sites/${site}/budgets`, { metric: 'lcp', limit: 2500, window_hours: 6 })
    const judged = async (now: number) => {
      await watch(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, now, 45)
      return ((await (await get(`/v1/budgets?site=${site}`)).json()) as BudgetsAnswer).data[0]
    }
    expect(await judged(NOW)).toMatchObject({ state: 'ok', samples: 2_000, effective_samples: 2_000 })

    await forge(site, count, 1_000)
    const after = await judged(NOW + 15 * 60_000)
    expect(after).toMatchObject({ state: 'no-data', samples: 2_000 + count, low: null, high: null })
    expect(after?.effective_samples).toBeLessThan(12)
    const told = await fetch(`https://hooks.example/received?of=/200/${site}`)
    expect(await told.json()).toEqual([])

    const { data }: SummaryAnswer = await (await get(`/v1/summary?site=${site}&metrics=lcp&from=-6h`)).json()
    expect(data[0]?.percentiles.p75).toMatchObject({ low: null, high: null })
    const trends: TrendsAnswer = await (await get(`/v1/trends?site=${site}&metrics=lcp`)).json()
    // Where a share of the page views is read, the forged ones may not be among them.
    expect(['degrading', 'improving']).not.toContain(trends.data[0]?.verdict)
  })

  it('move the p75 within its interval where they claim what a site allows', async () => {
    await honest('allowed')
    await forge('allowed', 5, 10)
    const { data }: SummaryAnswer = await (await get('/v1/summary?site=allowed&metrics=lcp&from=-6h')).json()
    const { value, low, high } = data[0]?.percentiles.p75 ?? { value: 0, low: null, high: null }
    // The share of 5 times 10 in 2,050 moves the rank by 2 %.
    expect(value).toBeLessThan(TRUTH * 1.03)
    expect(low).toBeLessThan(TRUTH)
    expect(high).toBeGreaterThan(TRUTH)
    // Less than Kish's 1,702: all that weigh more are slow.
    expect(data[0]?.effective_samples).toBeGreaterThan(1_200)
    expect(data[0]?.effective_samples).toBeLessThan(1_600)
  })
})
