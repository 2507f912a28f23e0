/**
 * Budgets of the delivery against one address that sends beacons of its own making: how many breach a budget, and how many hide a
 * breach.
 */

import { env, exports } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BudgetAnswer, BudgetsAnswer } from '../../schema/api/budgets.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { watch } from '../../worker/budgets/watch.ts'
import { rollUpHour } from '../../worker/histogram/rollup.ts'
import { lossOf } from '../../worker/read/loss.ts'
import { store } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { admin, get, ORIGIN, post, put, send } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

const FIRST = Date.UTC(2026, 9, 5, 12) / HOUR
const NOW = FIRST * HOUR + HOUR / 2
const HONEST = 1_000

/** Page views of which three in ten send a second beacon; of `lost` in a hundred of these the first one is missing. */
async function honest(site: string, lost: number): Promise<void> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN], rows_per_day: 1_000_000 })
  const views = Array.from({ length: HONEST }, (_, i) => {
    const second = i % 10 < 3
    const missing = second && (Math.floor(i / 10) * 3 + (i % 10)) % 100 < lost
    const received = missing ? 2 : second ? 3 : 1
    return pageViewRow({ site, hour: FIRST, began: NOW - i, sequence: second ? 1 : 0, received })
  })
  for (let i = 0; i < views.length; i += 50) await store(env.DB, views.slice(i, i + 50), NOW)
}

/** Sends page views of these beacons, in turn from each of some addresses. */
async function forge(site: string, count: number, sequences: readonly number[], addresses = 1) {
  for (let i = 0; i < count; i++) {
    const id = newId()
    for (const sequence of sequences) {
      const address = { 'CF-Connecting-IP': `203.0.113.${i % addresses}` }
      const { status } = await send(encode(pageView({ id, sequence, age: 1_000 })), address, site)
      expect(status).toBe(204)
    }
  }
}

async function budget(site: string, terms: object): Promise<void> {
  const response = await exports.default.fetch(`https://rum.example/v1/sites/${site}/budgets`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ window_hours: 6, ...terms }),
  })
  expect(response.status).toBe(201)
}

/** What the isolates have counted by now: honest beacons, and those of an address that sent as many as `busiest`. */
const counted = (site: string, counts: Record<string, number>) =>
  env.DB.prepare(
    `INSERT INTO intake (site, hour, ${Object.keys(counts)}) VALUES (?, ?, ${Object.values(counts)})`,
  )
    .bind(site, FIRST)
    .run()

/** How the budget of a site stands `later` ms after now. */
async function judged(site: string, later: number): Promise<BudgetAnswer | undefined> {
  await rollUpHour(env.DB, site, FIRST, NOW + 3 * HOUR)
  await watch(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, NOW + later, 45)
  const { data }: BudgetsAnswer = await (await get(`/v1/budgets?site=${site}`)).json()
  return data[0]
}

beforeEach(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => NOW)
})
afterEach(() => vi.restoreAllMocks())

describe('the loss of 1,000 page views, against one address', () => {
  it('breaches no budget by 200 later beacons without a first one', async () => {
    await honest('lost', 3)
    await budget('lost', { metric: 'delivery:lost', limit: 0.05 })
    const before = await judged('lost', 0)
    expect(before).toMatchObject({ value: 0.03 })
    await forge('lost', 200, [1])
    const after = await judged('lost', HOUR / 4)
    expect(after?.state).not.toBe('breached')
    // Of these beacons four count.
    expect(after?.value).toBeCloseTo(13 / 304, 9)
  }, 60_000)

  it('shows a breach that 150 page views with both of their beacons would hide', async () => {
    await honest('hidden', 10)
    await budget('hidden', { metric: 'delivery:lost', limit: 0.05 })
    await forge('hidden', 150, [0, 1])
    const after = await judged('hidden', 0)
    expect(after).toMatchObject({ state: 'breached' })
    expect(after?.value).toBeCloseTo(30 / 304, 9)
  }, 60_000)

  it('counts page views of others, and all later beacons of one that counts', async () => {
    await honest('others', 3)
    await budget('others', { metric: 'delivery:lost', limit: 0.05 })
    await forge('others', 60, [0, 1, 2, 3], 60)
    await forge('others', 3, [1], 3)
    const after = await judged('others', 0)
    expect(after?.value).toBeCloseTo((9 + 3) / (300 + 63), 9)
  }, 60_000)
})

describe('the loss of a day, against one address that is patient', () => {
  it('moves as far as SECURITY.md says', () => {
    const loss = (followed: number, forged: number) => {
      const [n, missing] = [followed + forged, 0.03 * followed + forged]
      const all = { missing, missingSquared: missing, missingBefore: missing }
      return `${(100 * (lossOf({ followed: n, before: n, beforeSquared: n, ...all })?.value ?? 0)).toFixed(1)}%`
    }
    const forged = 24 * 4
    expect(env.SECURITY.replace(/\s+/g, ' ')).toContain(
      `In a day these are ${forged}. They make a loss of 3% one of ${loss(300, forged)} where 300 page views of a day tell, ` +
        `and one of ${loss(3_000, forged)} where 3,000 do.`,
    )
  })
})

describe('shares of 1,000 beacons, against one address', () => {
  it.each([
    ['refused', { accepted: 1_000, refused_field: 20, busiest: 8 }, 'ok'],
    ['refused', { accepted: 1_000, refused_field: 20 + 290, busiest: 290 }, 'no-data'],
    ['refused', { accepted: 1_000, refused_field: 310, busiest: 8 }, 'breached'],
    ['refused', { accepted: 700 + 3_000, refused_field: 300, busiest: 3_000 }, 'no-data'],
    ['bots', { accepted: 1_000, bots: 20 + 290, busiest: 290 }, 'no-data'],
    ['bots', { accepted: 1_000, bots: 310, busiest: 8 }, 'breached'],
    ['bots', { accepted: 700, bots: 300, refused_rate: 1_000_000, busiest: 8 }, 'breached'],
    ['failed', { accepted: 700, failed: 300, busiest: 290 }, 'breached'],
    ['failed', { accepted: 700, failed: 300, refused_rate: 1_000_000, busiest: 1_000_310 }, 'breached'],
    ['failed', { accepted: 700 + 20_000, failed: 300, busiest: 20_000 }, 'no-data'],
  ])('of %s in %j make a budget of 5%% %s', async (name, counts, state) => {
    const site = `${name}-${Object.values(counts).join('-')}`
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    await counted(site, counts)
    await budget(site, { metric: `delivery:${name}`, limit: 0.05 })
    expect(await judged(site, 0)).toMatchObject({ state })
  })
})

describe('the message of a breach', () => {
  it.each([
    [290, ' One address may have sent up to 22.5% of the beacons in that time.'],
    [12, ''],
  ])('says how much of 1,290 beacons one address may have sent: %i', async (busiest, warning) => {
    const site = `told-${busiest}`
    await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
    const hook = { url: `https://hooks.example/200/${site}` }
    expect((await post(`/v1/sites/${site}/webhooks`, hook)).status).toBe(201)
    const rows = Array.from({ length: 200 }, (_, i) =>
      pageViewRow({ site, hour: FIRST, began: NOW - i, lcp: 9_000 }),
    )
    await store(env.DB, rows, NOW)
    await counted(site, { accepted: 1_290, busiest })
    await budget(site, { metric: 'lcp', limit: 2_500 })
    expect(await judged(site, 0)).toMatchObject({ state: 'breached' })
    const [told] = await (await fetch(`https://hooks.example/received?of=/200/${site}`)).json<
      { body: string }[]
    >()
    const { text, busiest_share } = JSON.parse(told?.body ?? '{}')
    expect(text).toMatch(/in 6 h\)\./)
    expect(text.slice(text.indexOf('in 6 h).') + 8)).toBe(warning)
    expect(busiest_share).toBeCloseTo(busiest / 1_290, 9)
  })
})
