import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseSummaryQuery } from '../../../schema/api/summary.ts'
import { bucketOf } from '../../../schema/domain/buckets.ts'
import type { Histogram } from '../../../schema/domain/histogram.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import { summarize } from '../../../worker/read/summary.ts'
import { random } from '../../kit/population.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Date.UTC(2026, 10, 20, 23, 30)
const DAY = Math.floor(NOW / HOUR / 24) * 24 - 24
const KEPT = { dayDays: 760, hourDays: 35, rawDays: 14 }

/** 60 page views of ten calls each in four hours of yesterday; what a visitor's calls take is half the visitor's doing. Some fail together. */
const VIEWS = (() => {
  const next = random(3)
  const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return Array.from({ length: 60 }, (_, i) => {
    const visitor = gauss()
    const calls = Array.from({ length: 10 }, () => Math.round(300 * Math.exp(0.55 * (visitor + gauss()))))
    return { hour: DAY + (i % 4), weight: i % 7 ? 1 : 4, calls, failed: i % 3 ? 0 : i % 11 }
  })
})()

/** The pairs of all page views, counted one by one. */
function pairsOf(views: typeof VIEWS): Histogram['c'] {
  const sum: Record<string, [number, number]> = {}
  const add = (x: number, pairs: number, partners: number) => {
    const [a, b] = sum[bucketOf(x)] ?? [0, 0]
    sum[bucketOf(x)] = [a + pairs, b + partners]
  }
  for (const { weight, calls } of views) {
    for (const [i, x] of calls.entries()) {
      for (const [j, y] of calls.entries()) {
        if (i === j) continue
        add(Math.max(x, y), weight ** 2, 0)
        add(x, 0, weight ** 2)
      }
    }
  }
  return sum
}

async function rolled(table: string, column: string, tier: string, dimension: string): Promise<Histogram[]> {
  const { results } = await env.DB.prepare(
    `SELECT ${column} AS histogram FROM ${table} WHERE site = 'pairs' AND tier = ? AND dimension = ? ORDER BY start`,
  )
    .bind(tier, dimension)
    .all<{ histogram: string }>()
  return results.map(({ histogram }) => JSON.parse(histogram))
}

const asked = async (params: string) => {
  const parsed = parseSummaryQuery(new URLSearchParams(`site=pairs&metrics=api&${params}`), NOW)
  if ('error' in parsed) throw new Error(parsed.error.detail)
  const { data, source } = await summarize(env.DB, parsed.ok, KEPT, NOW)
  return { row: data[0], source }
}

const RANGE = `from=${new Date(DAY * HOUR).toISOString()}&to=${new Date((DAY + 24) * HOUR).toISOString()}`

beforeAll(async () => {
  await store(
    VIEWS.map(({ hour, weight, calls, failed }) => {
      const list = calls.map((x, i) => ['GET /a', i * 10, x, i < failed ? 1 : 0, 200])
      return pageViewRow({
        site: 'pairs',
        hour,
        began: hour * HOUR,
        weight,
        // Two beacons, a call that was called off, and a mark set ten times.
        calls: JSON.stringify({
          '0': list.slice(0, 6),
          '1': [...list.slice(6), ['GET /a', 99, 5, 3, 0]],
        }),
        marks: JSON.stringify({ '0': calls.map(x => ['ready', x]) }),
      })
    }),
  )
})

describe('the pairs of calls of one page view', () => {
  it('count alike in an hour, in a day, and by marks', async () => {
    const live = await asked(RANGE)
    for (const hour of [0, 1, 2, 3]) await rollUpHour(env.DB, 'pairs', DAY + hour, NOW)
    const hourly = await asked(RANGE)
    await rollUpDay(env.DB, 'pairs', DAY, NOW)
    const daily = await asked(RANGE)
    expect(live.row?.effective_samples).toBeLessThan(200)
    expect(live.row?.effective_samples).toBeGreaterThan(30)
    expect(hourly).toEqual(live)
    expect(daily).toEqual(live)

    for (const [table, column, dimensions] of [
      ['api_rollups', 'api', ['all', 'endpoint', 'device+endpoint']],
      ['measure_rollups', 'measure', ['mark', 'device+mark']],
    ] as const) {
      for (const dimension of dimensions) {
        const hours = await rolled(table, column, 'hour', dimension)
        expect(hours.map(({ c }) => c)).toEqual(
          [0, 1, 2, 3].map(i => pairsOf(VIEWS.filter(({ hour }) => hour === DAY + i))),
        )
        const [day] = await rolled(table, column, 'day', dimension)
        expect(day?.c).toEqual(pairsOf(VIEWS))
        if (column === 'measure') continue
        const sum = (of: (view: (typeof VIEWS)[number]) => number) =>
          VIEWS.reduce((all, view) => all + of(view), 0)
        expect(day).toMatchObject({
          ff: sum(({ weight, failed }) => weight ** 2 * failed ** 2),
          mf: sum(({ weight, failed }) => weight ** 2 * failed * 10),
        })
      }
    }
  })

  it('count where single page views answer, too', async () => {
    const { row, source } = await asked(`${RANGE}&country=DE`)
    expect(source).toBe('samples')
    const { row: rolled } = await asked(RANGE)
    expect(row?.percentiles).toEqual(rolled?.percentiles)
    expect(row?.error_rate_interval).toEqual(rolled?.error_rate_interval)
  })

  it('are missing from roll-ups of before, whose calls count as independent', async () => {
    const { row: known } = await asked(RANGE)
    const forget = (paths: string) =>
      env.DB.prepare(`UPDATE api_rollups SET api = json_remove(api, ${paths}) WHERE site = 'pairs'`).run()
    // Those that failed may be in the page views with most calls.
    await forget("'$.ff', '$.mf'")
    const { row: older } = await asked(RANGE)
    expect(older?.error_rate_interval?.high).toBeGreaterThan(known?.error_rate_interval?.high ?? 1)
    await forget("'$.c', '$.v'")
    const { row } = await asked(RANGE)
    const q = VIEWS.reduce((sum, { weight }) => sum + 10 * weight ** 2, 0)
    const n = VIEWS.reduce((sum, { weight }) => sum + 10 * weight, 0)
    // Kish's size, but for what the hours tell of their mean weights.
    expect(row?.effective_samples).toBeGreaterThan((0.9 * n ** 2) / q)
    expect(row?.effective_samples).toBeLessThan((1.1 * n ** 2) / q)
  })
})
