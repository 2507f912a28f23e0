/**
 * What a question costs: two sites with the same traffic, a hundred times apart, made in D1 and rolled up by the
 * worker's own functions. Times are ratios within one run, turn by turn; rows are D1's own count.
 */

import { merge } from '../../schema/domain/histogram.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { VITALS } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import { histogramOf } from '../../worker/store/histogram-text.ts'
import { type Bill, bill } from '../kit/bill.ts'
import { quantile } from '../kit/client.ts'
import { ALL, exact, SHAPES } from '../kit/distributions.ts'
import { type Local, startLocal } from '../kit/local.ts'
import { insertTraffic, insertValues, type Traffic } from '../kit/traffic.ts'
import { benchEndpoints, type Cost } from './endpoints.ts'
import { benchFormats } from './formats.ts'
import { makeSite } from './ingest.ts'

const NOW = Date.now()
const OPEN = Math.floor(NOW / HOUR)
const DAYS = 28
const FROM = OPEN - DAYS * 24
const SMALL = 10_000
const LARGE = 1_000_000
const VARIETY = { routes: 200, endpoints: 100 }
const ROUNDS = 9
/** Summaries of a round: one is too short for the clock. */
const TIMES = 10

const RANGE = `from=${new Date(FROM * HOUR).toISOString()}&to=${new Date(OPEN * HOUR).toISOString()}`

export async function benchQuery(): Promise<Record<string, number | Cost>> {
  const local = await startLocal('tests/kit/worker/metered.ts')
  try {
    const started = performance.now()
    const spread = { ...VARIETY, from: FROM, hours: DAYS * 24, callsIn: 10, marksIn: 10 }
    for (const [site, views] of Object.entries({ small: SMALL, large: LARGE })) {
      await makeSite(local, site)
      await fill(local, { ...spread, site, views })
      await rollUp(local, site, FROM, OPEN)
    }
    const seconds = (performance.now() - started) / 1_000
    return {
      ...(await summaries(local)),
      ...(await groups(local)),
      ...(await benchFormats(local, 'large')),
      ...(await largeHour(local)),
      ...(await errors(local)),
      ...(await benchEndpoints(local, OPEN)),
      'seconds to make and roll up 1,010,000 page views': Math.round(seconds),
    }
  } finally {
    await local.stop()
  }
}

/** Summary of five vitals: the large site against the small one, and against exact percentiles of its raw rows. */
async function summaries(local: Local): Promise<Record<string, number>> {
  const ask = (site: string, times: number) => question(local, `site=${site}&${RANGE}`, times)
  await ask('small', TIMES)
  await ask('large', TIMES)
  const rounds: { small: number; large: number; exact: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const small = (await ask('small', TIMES)).ms / TIMES
    const large = (await ask('large', TIMES)).ms / TIMES
    rounds.push({ small, large, exact: round % 3 ? Number.NaN : await exactly(local, 'large') })
  }
  const { read, statements } = await ask('large', 1)
  const measured = rounds.filter(round => !Number.isNaN(round.exact))
  return {
    'summary of 5 vitals over 28 days: ms at 1,000,000 page views': median(rounds.map(r => r.large)),
    'summary: time at 1,000,000 page views to time at 10,000': median(rounds.map(r => r.large / r.small)),
    'summary: rows read': read,
    'summary: statements': statements,
    'summary: times faster than exact percentiles of the raw rows': median(
      measured.map(r => r.exact / r.large),
    ),
  }
}

/** Exact percentiles of the same rows by window functions, a statement for each vital; ms. */
async function exactly(local: Local, site: string): Promise<number> {
  const started = performance.now()
  for (const vital of VITALS) {
    await local.db
      .prepare(
        `SELECT x FROM (SELECT ${vital} AS x, row_number() OVER (ORDER BY ${vital}) AS place, count(*) OVER () AS n
          FROM pageviews WHERE site = '${site}' AND hour >= ${FROM} AND hour < ${OPEN} AND ${vital} IS NOT NULL)
        WHERE place IN (ceil(n * 0.5), ceil(n * 0.75), ceil(n * 0.9), ceil(n * 0.95), ceil(n * 0.99))`,
      )
      .all()
  }
  return performance.now() - started
}

/** One metric by route: the rows it reads, and the CPU of parsing and merging its histograms. */
async function groups(local: Local): Promise<Record<string, number>> {
  const { read, ms } = await question(local, `site=large&${RANGE}&metrics=lcp&group_by=route&limit=20`, 1)
  const firstDay = Math.ceil(FROM / 24) * 24
  const lastDay = Math.floor(OPEN / 24) * 24
  const { results } = await local.db
    .prepare(
      `SELECT value, lcp FROM rollups WHERE site = 'large' AND dimension = 'route' AND value IN (
          SELECT value FROM rollups WHERE site = 'large' AND tier = 'day' AND dimension = 'route'
          GROUP BY value ORDER BY sum(lcp ->> 'n') DESC LIMIT 20)
        AND ((tier = 'day' AND start >= ${firstDay} AND start < ${lastDay})
          OR (tier = 'hour' AND ((start >= ${FROM} AND start < ${firstDay}) OR (start >= ${lastDay} AND start < ${OPEN}))))`,
    )
    .all<{ value: string; lcp: string }>()
  const byRoute = [...new Set(results.map(row => row.value))].map(route =>
    results.filter(row => row.value === route),
  )
  const times = Array.from({ length: 50 }, () => {
    const started = performance.now()
    for (const rows of byRoute) merge(rows.flatMap(row => histogramOf(row.lcp) ?? []))
    return performance.now() - started
  })
  return {
    'LCP by route, top 20 of 200, over 28 days: rows read': read,
    'LCP by route: ms': ms,
    'LCP by route: histograms merged': results.length,
    'LCP by route: ms of CPU to parse and merge them, median': median(times),
    'LCP by route: ms of CPU to parse and merge them, first (cold)': times[0] ?? Number.NaN,
  }
}

/** The roll-up of a busy hour; several of them, one by one. */
async function largeHour(local: Local): Promise<Record<string, number>> {
  const hours = 5
  const from = OPEN - hours
  await fill(local, { ...VARIETY, site: 'busy', from, hours, views: hours * 20_000, callsIn: 1 })
  const bills: Bill[] = []
  for (let hour = from; hour < OPEN; hour++) bills.push(await roll(local, 'hour', 'busy', hour))
  const middle = (of: (bill: Bill) => number) => median(bills.map(of))
  return {
    'rolling up an hour of 20,000 page views with 40,000 API calls: statements': middle(
      ({ statements }) => statements,
    ),
    'rolling up an hour: ms, median of 5': middle(({ ms }) => ms),
    'rolling up an hour: rows written': middle(({ written }) => written),
    'rolling up an hour: rows read a page view': middle(({ read }) => read) / 20_000,
  }
}

/** The largest error of 990 percentiles on each shape, from the hours and from the day that D1 made of them. */
async function errors(local: Local): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  const day = Math.floor(OPEN / 24) * 24 - 24
  for (const [i, [shape, values]] of Object.entries(SHAPES).entries()) {
    const site = `shape-${i}`
    await local.db.prepare(insertValues(site, day, 24, values)).all()
    await rollUp(local, site, day, day + 24)
    const sorted = values.toSorted((a, b) => a - b)
    for (const tier of ['hour', 'day']) {
      const { results } = await local.db
        .prepare(`SELECT lcp FROM rollups WHERE site = '${site}' AND tier = '${tier}' AND dimension = 'all'`)
        .all<{ lcp: string }>()
      const answers = percentiles(merge(results.flatMap(row => histogramOf(row.lcp) ?? [])), ALL, null)
      const distances = answers.map((answer, i) => {
        const truth = exact(sorted, ALL[i] ?? Number.NaN)
        const distance = Math.abs((answer?.value ?? Number.NaN) - truth)
        return distance === 0 ? 0 : distance / truth
      })
      found[`worst error of a percentile in %, ${shape}, ${tier}`] = Math.max(...distances) * 100
    }
  }
  return found
}

async function fill({ db }: Local, traffic: Traffic): Promise<void> {
  for (const statement of insertTraffic(traffic)) await db.prepare(statement).all()
}

/** Rolls up the hours and then the days of a range, as the cron would over time. */
async function rollUp(local: Local, site: string, from: number, to: number): Promise<void> {
  for (let hour = from; hour < to; hour++) await roll(local, 'hour', site, hour)
  for (let day = Math.ceil(from / 24) * 24; day + 24 <= to; day += 24) await roll(local, 'day', site, day)
}

function roll(local: Local, tier: 'hour' | 'day', site: string, start: number): Promise<Bill> {
  return bill(local, `${tier}?site=${site}&start=${start}&now=${NOW}`)
}

/** Asks the summary endpoint `times` times over. */
function question(local: Local, params: string, times: number): Promise<Bill> {
  return bill(local, `ask?times=${times}&path=${encodeURIComponent(`/v1/summary?${params}`)}`)
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
