import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SummaryAnswer, SummaryRow } from '../../../schema/api/summary.ts'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { parseTimeseriesQuery } from '../../../schema/api/timeseries.ts'
import { parseTrendsQuery } from '../../../schema/api/trends.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { readTimeseries } from '../../../worker/read/timeseries.ts'
import { readTrends } from '../../../worker/read/trends.ts'
import { ORIGIN, put } from '../../kit/worker/client.ts'
import { metered, newMeter } from '../../kit/worker/meter.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** A fixed clock: 2026-11-20, half past ten. */
const NOW = Date.UTC(2026, 10, 20, 10, 30)
/** Twenty days before, longer than single page views are kept; and five, which is not as long. */
const [OLD, NEW] = [20, 5].map(days => Math.floor(NOW / HOUR / 24) * 24 - days * 24)
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }

/** What keeps its name, and how many of it do: of one key, and of a device with it. */
const KINDS = {
  route: { alone: 200, paired: 100, view: (name: string) => ({ route: name }) },
  release: { alone: 200, paired: null, view: (name: string) => ({ release: name }) },
  endpoint: {
    alone: 100,
    paired: 50,
    view: (name: string) => ({ calls: JSON.stringify({ 0: [[name, 5, 300, 0, 200]] }) }),
  },
} satisfies Record<
  string,
  { alone: number; paired: number | null; view: (name: string) => Partial<PageViewRow> }
>
type Kind = keyof typeof KINDS

/**
 * 42 page views of a shy name: 40 in an hour in which it is alone, 2 in the next, in which as many others as keep a name
 * have 3 each.
 */
async function shy(site: string, day: number, kind: Kind, cap: number): Promise<void> {
  const at = (hour: number, name: string, lcp: number) =>
    pageViewRow({
      site,
      hour,
      began: hour * HOUR,
      device: 'phone',
      lcp,
      ...KINDS[kind].view(name),
    })
  await store([
    ...Array.from({ length: 40 }, () => at(day + 5, '/shy', 1_000)),
    ...Array.from({ length: 2 }, () => at(day + 6, '/shy', 1_000)),
    ...Array.from({ length: 3 * cap }, (_, i) => at(day + 6, `/many/${i % cap}`, 9_000)),
  ])
}

const range = (day: number) =>
  `from=${new Date(day * HOUR).toISOString()}&to=${new Date((day + 24) * HOUR).toISOString()}`

async function ask<Q, A>(
  parse: (params: URLSearchParams, now: number) => { ok: Q } | { error: { detail: string } },
  answer: (d1: D1Database, query: Q, kept: typeof KEPT, now: number) => Promise<A>,
  params: string,
): Promise<A> {
  const parsed = parse(new URLSearchParams(params), NOW)
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const meter = newMeter()
  const found = await answer(metered(env.DB, meter), parsed.ok, KEPT, NOW)
  expect(meter.read, params).toBeLessThanOrEqual(20_000)
  return found
}
const summary = (params: string): Promise<SummaryAnswer> => ask(parseSummaryQuery, summarize, params)
const rowOf = ({ data }: SummaryAnswer, key: string): SummaryRow | undefined =>
  data.find(({ group }) => Object.keys(group).length === 0 || group[key as Kind] === '/shy')

const HOURS = [5, 6]
const rollUp = {
  live: async () => {},
  hours: async (site: string, day: number) => {
    for (const hour of HOURS) await rollUpHour(env.DB, site, day + hour, NOW)
  },
  day: (site: string, day: number) => rollUpDay(env.DB, site, day, NOW),
  'day alone': (site: string) =>
    env.DB.batch(
      ['rollups', 'api_rollups'].map(table =>
        env.DB.prepare(`DELETE FROM ${table} WHERE site = ? AND tier = 'hour'`).bind(site),
      ),
    ),
}
const forget = (site: string) => env.DB.prepare('DELETE FROM pageviews WHERE site = ?').bind(site).run()

const CASES = (Object.keys(KINDS) as Kind[]).flatMap(kind => {
  const { alone, paired } = KINDS[kind]
  const metrics = kind === 'endpoint' ? 'metrics=api' : 'metrics=lcp'
  return [
    { what: kind, kind, cap: alone, base: metrics, by: kind },
    ...(paired
      ? [{ what: `device with ${kind}`, kind, cap: paired, base: `${metrics}&device=phone`, by: kind }]
      : []),
  ]
})

describe.each(CASES)(
  'a name that fell into (other) for an hour, by $what',
  ({ what, kind, cap, base, by }) => {
    const site = `shy-${what.replaceAll(' ', '-')}`
    const old = `${site}-old`
    const filter = `${base}&${by}=${encodeURIComponent('/shy')}`
    beforeAll(async () => {
      for (const name of [site, old]) await put(`/v1/sites/${name}`, { origins: [ORIGIN] })
      await shy(site, NEW ?? 0, kind, cap)
      await shy(old, OLD ?? 0, kind, cap)
    })

    it.each(['live', 'hours', 'day'] as const)('counts 42 where it is a filter, from %s', async phase => {
      await rollUp[phase](site, NEW ?? 0)
      const answer = await summary(`site=${site}&${range(NEW ?? 0)}&${filter}`)
      expect(answer.source).toBe('rollup')
      expect(answer.data).toHaveLength(1)
      expect(answer.data[0]?.count).toBe(42)
      expect(answer.data[0]).not.toHaveProperty('partial')
    })

    it('counts 42 where it is a filter, on both sides of a trend', async () => {
      const day = NEW ?? 0
      const sides = [`${range(day + 24)}`, `${range(day)}`].map(async range => {
        const { data } = await ask(parseTrendsQuery, readTrends, `site=${site}&${range}&${filter}`)
        return data[0]?.before ?? data[0]?.after
      })
      for (const side of await Promise.all(sides)) {
        expect(side).toMatchObject({ count: 42 })
        expect(side).not.toHaveProperty('partial')
      }
    })

    it('says what may be missing where it is a group', async () => {
      const answer = await summary(`site=${site}&${range(NEW ?? 0)}&${base}&group_by=${by}&limit=200`)
      expect(rowOf(answer, by)).toMatchObject({
        count: 40,
        partial: true,
        missing_at_most: expect.any(Number),
      })
      expect(rowOf(answer, by)?.missing_at_most).toBeGreaterThanOrEqual(2)
      const always = answer.data.find(({ group }) => group[by] === '/many/0')
      expect(always).not.toHaveProperty('partial')
    })

    it.each(['hours', 'day', 'day alone'] as const)(
      'answers what is known, and what may be missing, once rows are gone: from %s',
      async phase => {
        await rollUp[phase](old, OLD ?? 0)
        await forget(old)
        for (const params of [filter, `${base}&group_by=${by}`]) {
          const answer = await summary(`site=${old}&${range(OLD ?? 0)}&${params}`)
          const row = rowOf(answer, by)
          expect(row, params).toMatchObject({ count: 40, partial: true })
          expect(row?.missing_at_most, params).toBeGreaterThanOrEqual(2)
          expect(row?.missing_at_most, params).toBeLessThanOrEqual(5)
        }
      },
    )

    it('says so even where all of it may be missing', async () => {
      const never = `${base}&${by}=${encodeURIComponent('/never')}`
      const answer = await summary(`site=${old}&${range(OLD ?? 0)}&${never}`)
      expect(answer.data).toMatchObject([{ count: 0, samples: 0, percentiles: {}, partial: true }])
    })

    it('has its mark in points over time and in trends alike', async () => {
      const over = await ask(
        parseTimeseriesQuery,
        readTimeseries,
        `site=${old}&${range(OLD ?? 0)}&${filter}&interval=day`,
      )
      expect(over.data[0]?.points).toMatchObject([{ count: 40, partial: true }])
      const next = await ask(parseTrendsQuery, readTrends, `site=${old}&${range(OLD ?? 0)}&${filter}`)
      expect(next.data[0]?.after).toMatchObject({ count: 40, partial: true })
    })
  },
)
