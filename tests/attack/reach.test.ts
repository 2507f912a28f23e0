/**
 * How many beacons of one address breach a budget of others, and how many hide a breach: the table of SECURITY.md.
 */

import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import { HOUR, WEEK } from '../../schema/domain/hour.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encode } from '../../schema/wire/beacon.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { watch } from '../../worker/budgets/watch.ts'
import { rollUpHour } from '../../worker/histogram/rollup.ts'
import { store } from '../../worker/store/upsert.ts'
import { newId, pageView } from '../kit/pageview.ts'
import { get, ORIGIN, post, put, send } from '../kit/worker/client.ts'
import { pageViewRow } from '../kit/worker/rows.ts'

const FIRST = Date.UTC(2026, 9, 5, 12) / HOUR
const NOW = FIRST * HOUR + HOUR / 2
/** What a stranger claims to breach, and to hide, in ms. */
const [SLOW, FAST] = [9_000, 1]
/** More than an address may send within a minute. */
const NEVER = 300

interface Case {
  name: string
  terms: Record<string, unknown>
  /** The page views of others, of which `i` goes from 0 to `of`. */
  of: number
  honest: (i: number) => Partial<PageViewRow>
  before?: (i: number) => Partial<PageViewRow>
  forged: (ms: number) => Partial<PageView>
  /** A limit above and one below, and how many beacons move what is judged to its other side. */
  breach?: [limit: number, beacons: number]
  hide: [limit: number, beacons: number]
}

/** 1,000 to 3,000 ms, evenly: the p75 is 2,500. */
const even = (i: number) => 1_000 + 2 * (i % 1_000)
const lcp = (ms: number) => ({ vitals: { lcp: ms, inp: null, cls: null, fcp: null, ttfb: null } })
const list = <T>(length: number, item: T) => Array.from({ length }, () => item)
const call = (ms: number) => ({
  ...({ endpoint: 'GET /cart', start: 0, duration: ms, outcome: 'ok', status: 200 } as const),
  ...{ ttfb: null, bytes: null, server: null },
})
const views = { terms: { metric: 'lcp' }, of: 1_000, honest: (i: number) => ({ lcp: even(i) }) }
const calls = (i: number) =>
  JSON.stringify({ 0: [0, 311, 622].map(j => ['GET /cart', 0, even(7 * i + j), 0, 200]) })
/** A call of twenty fails. */
const ended = (numbers: number[]) =>
  JSON.stringify({ 0: numbers.map(i => ['GET /cart', 0, 90, i % 20 ? 0 : 1, 200]) })
const failing = {
  terms: { metric: 'errors' },
  of: 1_000,
  honest: (i: number) => ({ errors: i % 20 ? 0 : 1 }),
}
const errors = (ms: number) => ({ errors: { count: ms === SLOW ? 1 : 0, list: [] } })

const CASES: Case[] = [
  { ...views, name: 'p75 of a vital', forged: lcp, breach: [2_750, 224], hide: [2_250, NEVER] },
  {
    ...{ ...views, name: 'the same, each claims to stand for 10' },
    ...{ forged: ms => ({ ...lcp(ms), weight: 10 }), breach: [2_750, 30], hide: [2_250, 28] },
  },
  {
    ...{
      name: 'p75 of a vital on a route that a fifth has',
      terms: { metric: 'lcp', route: '/pay' },
      of: 1_000,
    },
    honest: i => ({ lcp: even(i), route: i % 5 ? '/' : '/pay' }),
    forged: ms => ({ ...lcp(ms), route: '/pay' }),
    ...{ breach: [2_750, 80], hide: [2_000, 160] },
  },
  {
    ...{ name: 'p75 of 3 calls each, of 64 each', terms: { metric: 'api' }, of: 1_000 },
    ...{ honest: i => ({ calls: calls(i) }), forged: ms => ({ calls: list(64, call(ms)) }) },
    ...{ breach: [2_750, 28], hide: [2_250, 10] },
  },
  {
    ...{ name: 'p75 of a mark, of 32 values each', terms: { metric: 'custom:ready' }, of: 1_000 },
    honest: i => ({ marks: JSON.stringify({ 0: [['ready', even(i)]] }) }),
    forged: ms => ({ marks: list(32, { name: 'ready', value: ms }) }),
    ...{ breach: [2_750, 28], hide: [2_250, 5] },
  },
  {
    ...{ name: 'share of calls that failed, 5% of 2 each, of 64 each', terms: { metric: 'error_rate' } },
    ...{ of: 1_000, honest: i => ({ calls: ended([2 * i, 2 * i + 1]) }) },
    forged: ms => ({
      calls: list(64, ms === SLOW ? { ...call(90), outcome: 'http', status: 500 } : call(90)),
    }),
    ...{ breach: [0.055, 28], hide: [0.03, 12] },
  },
  {
    ...failing,
    name: 'page views with an error, 5%',
    forged: errors,
    breach: [0.055, 28],
    hide: [0.03, 290],
  },
  {
    ...{ ...failing, name: 'the same, each claims to stand for 10' },
    ...{ forged: ms => ({ ...errors(ms), weight: 10 }), breach: [0.055, 4], hide: [0.03, 14] },
  },
  {
    ...{ ...views, name: 'p75 of a vital, 30% above the week before', before: views.honest },
    terms: { metric: 'lcp', relative_to: 'week' },
    honest: i => ({ lcp: Math.round(1.3 * even(i)) }),
    forged: ms => ({ ...lcp(ms === FAST ? SLOW : FAST), age: WEEK, weight: 10 }),
    hide: [0.1, 28],
  },
]

/** True where the budget is breached once the address has sent so many. */
async function isBreached(
  site: string,
  { terms, of, honest, before, forged }: Case,
  limit: number,
  ms: number,
) {
  await put(`/v1/sites/${site}`, {
    origins: [ORIGIN],
    rows_per_day: 10_000_000,
    bytes_per_day: 1_000_000_000,
  })
  const row = (i: number, began: number, given: Partial<PageViewRow>) =>
    pageViewRow({ site, hour: Math.floor(began / HOUR), began: began - i, lcp: null, ...given })
  const rows = Array.from({ length: of }, (_, i) => [
    row(i, NOW, honest(i)),
    ...(before ? [row(i, NOW - WEEK, before(i))] : []),
  ]).flat()
  for (let i = 0; i < rows.length; i += 100) await store(env.DB, rows.slice(i, i + 100), NOW)
  expect((await post(`/v1/sites/${site}/budgets`, { ...terms, limit, window_hours: 6 })).status).toBe(201)
  return async (beacons: number, later: number) => {
    for (let i = 0; i < beacons; i++) {
      const body = encode(pageView({ id: newId(), age: 1_000, ...forged(ms) }))
      expect((await send(body, { 'CF-Connecting-IP': '203.0.113.9' }, site)).status).toBe(204)
    }
    for (const hour of [FIRST, FIRST - WEEK / HOUR]) await rollUpHour(env.DB, site, hour, NOW + 3 * HOUR)
    // What it was before counts where the interval holds the limit.
    await env.DB.prepare("UPDATE budgets SET state = 'ok', told = 'ok' WHERE site = ?1").bind(site).run()
    await watch(
      env.DB,
      { id: site, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 },
      NOW + later * 15 * 60_000,
      45,
    )
    const { data }: BudgetsAnswer = await (await get(`/v1/budgets?site=${site}`)).json()
    return data[0]?.state === 'breached'
  }
}

beforeEach(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => NOW)
})
afterEach(() => vi.restoreAllMocks())

describe('beacons of one address among 1,000 page views', () => {
  it.each(CASES.map((one, i) => ({ ...one, i })))(
    'move $name as SECURITY.md says',
    async ({ i, ...one }) => {
      for (const kind of ['breach', 'hide'] as const) {
        const [limit, beacons] = one[kind] ?? [0, 0]
        if (!beacons) continue
        const judged = await isBreached(`${kind}-${i}`, one, limit, kind === 'breach' ? SLOW : FAST)
        const half = Math.floor(beacons / 2)
        expect(await judged(half, 0), `${kind} by half of them`).toBe(kind === 'hide')
        expect(await judged(beacons - half, 1), `${kind} by ${beacons}`).toBe(
          kind === 'breach' || beacons === NEVER,
        )
      }
      const cell = (beacons = 0) => (beacons === NEVER ? `over ${NEVER}` : beacons ? `${beacons}` : '–')
      expect(env.SECURITY).toContain(`\n| ${one.name} | ${cell(one.breach?.[1])} | ${cell(one.hide[1])} |\n`)
    },
    60_000,
  )
})
