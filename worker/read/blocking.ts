/**
 * `GET /v1/blocking`: blocking time by the host of the scripts. Raw rows of a subsample; each tells the sums of its page view, and
 * of the hosts with most of them.
 *
 * The worker adds them up: SQLite would read a row more for each host, and two to group it.
 */

import { sql } from 'drizzle-orm'
import type { BlockingAnswer, BlockingQuery, BlockingRow } from '../../schema/api/blocking.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { collect, type Sample } from '../../schema/domain/histogram.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import type { Blocking } from '../../schema/wire/pageview.ts'
import { weight } from '../histogram/samples-sql.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptRows, type Retention } from '../query/kept.ts'
import { subsample } from '../query/subsample.ts'
import { named } from '../store/names.ts'
import { blockingOf } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { percentileInUnit, rangeOf, short } from './summary.ts'

/** The most page views that are looked at in the worker, which has little CPU. */
const MAX_PAGE_VIEWS = 2_000
/**
 * What a page view adds to sums and means at most, since what a browser claims has no other bound: so many times what one page view in
 * 20 exceeds, or so many ms.
 * Of lognormal times with a standard deviation of 1 that cuts 3% of the mean.
 */
const MOST = { oneIn: 20, times: 2, atLeast: 1_000 }
/** Blocking time has no thresholds. */
const UNLIMITED = { good: Number.POSITIVE_INFINITY, poor: Number.POSITIVE_INFINITY }

const p = named(pageviews, 'p')

/** Sums of weighted ms. */
type Sums = { load: number; after: number }

/** One host: its sums, and its ms in each page view. */
interface Found extends Sums {
  host: string
  ms: Sample[]
}

/** The hosts of the query's page views. Key: (site, hour, id). */
export async function readBlocking(
  d1: Preparer,
  asked: BlockingQuery,
  retention: Pick<Retention, 'rawDays' | 'rawFrom'>,
  now: Ms,
): Promise<BlockingAnswer> {
  const query = keptRows(asked, retention, now)
  const { minimum, limit, sort } = query
  const wanted = sql`${p.blocking} IS NOT NULL AND ${matchesPageView(query.filters)}`
  const { oneIn, from, where } = await subsample(
    d1,
    query,
    { cost: sql`1`, matches: wanted, most: MAX_PAGE_VIEWS },
    now,
  )
  const { results } = await prepare(
    d1,
    sql`SELECT ${weight(oneIn)} AS w, ${p.blocking} AS text FROM ${from} WHERE ${where} AND ${wanted}`,
  ).all<{ w: number; text: string }>()

  const { count, samples, all, hosts } = addedUp(results)
  const rows = [...hosts.values()]
    .filter(({ ms }) => ms.length >= minimum)
    .flatMap(found => rowOf(found, all, count))
    .toSorted((a, b) => scoreOf(b, sort) - scoreOf(a, sort) || b.count - a.count)
    .slice(0, limit)
  const told = rows.reduce((sum, row) => add(sum, row, count), { load: 0, after: 0 })
  const rest = { load: Math.max(0, all.load - told.load), after: Math.max(0, all.after - told.after) }
  return {
    ...rangeOf(query),
    source: 'samples',
    relative_error: RELATIVE_ERROR,
    sampled: oneIn,
    count,
    samples,
    ...meansOf(all, count),
    rest: { ...meansOf(rest, count), time_share: shareOf(rest, all) },
    left_out: hosts.size - rows.length,
    data: rows,
  }
}

/** The page views that told, and the sums of all and of each host. */
function addedUp(views: readonly { w: number; text: string }[]) {
  let [count, samples] = [0, 0]
  const all: Sums = { load: 0, after: 0 }
  const hosts = new Map<string, Found>()
  const told = views.flatMap(({ w, text }) => {
    const blocking = blockingOf(text)
    return blocking ? [{ w, blocking }] : []
  })
  const most = {
    load: mostOf(told.flatMap(({ blocking }) => blocking.load ?? [])),
    after: mostOf(told.map(({ blocking }) => blocking.after)),
  }
  for (const { w, blocking } of told) {
    count += w
    samples++
    const whole = {
      load: Math.min(most.load, blocking.load ?? 0),
      after: Math.min(most.after, blocking.after),
    }
    const part = { load: partOf(whole, blocking, 'load'), after: partOf(whole, blocking, 'after') }
    add(all, whole, w)
    for (const { host, load, after } of blocking.hosts) {
      const found = hosts.get(host) ?? { host, load: 0, after: 0, ms: [] }
      hosts.set(host, found)
      add(found, { load: load * part.load, after: after * part.after }, w)
      found.ms.push({ x: load + after, w })
    }
  }
  return { count, samples, all, hosts }
}

/** What counts of a value at most. Each page view has one vote, whatever its weight. */
function mostOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const usual = sorted[sorted.length - 1 - Math.floor(sorted.length / MOST.oneIn)] ?? 0
  return Math.max(MOST.times * usual, MOST.atLeast)
}

/** The share that counts of what hosts are claimed to have: together they have no more than the whole. */
function partOf(whole: Sums, { load, after, hosts }: Blocking, name: keyof Sums): number {
  const claimed = hosts.reduce((sum, host) => sum + host[name], 0)
  return Math.min(1, whole[name] / (Math.max(claimed, (name === 'load' ? load : after) ?? 0) || 1))
}

function rowOf(found: Found, all: Sums, count: number): BlockingRow[] {
  const distribution = collect(found.ms, UNLIMITED)
  const [p75] = percentiles(distribution, [75], null)
  if (!p75) return []
  return [
    {
      host: found.host || null,
      count: distribution.n,
      samples: distribution.s,
      share: short(distribution.n / count),
      ...meansOf(found, count),
      time_share: shareOf(found, all),
      p75: percentileInUnit('blocking:load', p75),
    },
  ]
}

function scoreOf({ load, after, count, p75 }: BlockingRow, sort: BlockingQuery['sort']): number {
  if (sort === 'slowest') return p75.value
  return sort === 'busiest' ? count : load + after
}

function add(sums: Sums, { load, after }: Pick<Blocking, 'load' | 'after'>, w: number): Sums {
  sums.load += (load ?? 0) * w
  sums.after += after * w
  return sums
}

function meansOf({ load, after }: Sums, count: number): Sums {
  return { load: short(load / (count || 1)), after: short(after / (count || 1)) }
}

function shareOf(part: Sums, all: Sums): number {
  return short(Math.min(1, (part.load + part.after) / (all.load + all.after || 1)))
}
