/**
 * The distributions that answer a question: what is asked goes in, one histogram for each group and metric (and bucket
 * of time) comes out, from roll-ups where they hold the combination, else from raw rows.
 */

import { sql } from 'drizzle-orm'
import { type Histogram, merge, percentiles } from '../../schema/histogram.ts'
import type { Measure } from '../../schema/metrics.ts'
import type { GroupedQuestion, GroupKey } from '../../schema/query.ts'
import type { Sort } from '../../schema/summary.ts'
import type { Key } from '../rollup/dimensions.ts'
import { histograms, keySql } from '../rollup/sql.ts'
import { type Preparer, prepare } from '../statement.ts'
import { fits } from './fits.ts'
import { type Periods, periodsOf, type Slice, sliceOf } from './plan.ts'
import { type Reading, type RollupRow, rollupRows } from './rows.ts'
import { costOf, type Source, sourcesOf } from './source.ts'
import { MAX_READ, type Share, thinOnce, within } from './thin.ts'

/** What decides which groups are answered, and in which order. */
export interface Order {
  /** By the first metric of a source. */
  sort: Sort
  /** Groups with fewer samples are left out. */
  minimum: number
  /** The percentile that `slowest` goes by. */
  percentile: number
}

/** How raw rows are read, where roll-ups do not hold the answer. */
interface Raw {
  /** From when on (Unix ms) they are kept; of a range that begins before nothing is read, for `onKept` asks again. */
  oldest?: number
  /** Which share of them to read; without it all of them are. */
  thinned?: () => Promise<Share>
}

/** Rows that may be read of single page views, after roll-ups have not held the answer. */
const RAW_READ = MAX_READ - 5_000
export const BUSIEST: Order = { sort: 'busiest', minimum: 1, percentile: 75 }

export type Ask = GroupedQuestion & Order & Raw

/** Buckets of time: hours or days, whose days begin `offset` hours before those of UTC. */
export interface Buckets {
  step: 1 | 24
  offset: number
  /** The periods that tell which groups are the largest. */
  ranked: Periods
}

/** A histogram of API calls carries the weights of those that failed, too. */
export interface Distribution extends Histogram {
  http: number
  network: number
}

export interface Group {
  values: Partial<Record<GroupKey, string | null>>
  metric: Measure
  /** First hour of its bucket, since 1970; 0 without buckets. */
  start: number
  distribution: Distribution
}

export interface Distributions {
  source: 'samples' | 'rollup'
  /** One in so many of the raw rows was read. */
  share: number
  groups: Group[]
}

/** Groups other than the busiest are chosen among so many of the busiest. */
const POOL = 100

/** The first hour of the bucket that an hour lies in. */
export function bucketOf(hour: number, { step, offset }: Pick<Buckets, 'step' | 'offset'>): number {
  return Math.floor((hour + offset) / step) * step - offset
}

/** The distributions of all of `metrics`, from all their sources. `now` (Unix ms) tells open hours. */
export async function groupsOf(
  d1: Preparer,
  ask: GroupedQuestion & Partial<Order> & Pick<Raw, 'oldest'> & { metrics: readonly Measure[] },
  now: number,
  over: { periods: Periods; buckets: Buckets } | null = null,
): Promise<Distributions> {
  const periods = over?.periods ?? (await periodsOf(d1, ask, now))
  const sources = sourcesOf(ask.metrics)
  // All sources read the same rows, and share what may be read.
  const thinned = thinOnce(d1, ask, { cost: costOf(sources, fits(ask.filters)), reads: RAW_READ }, now)
  const full = { ...BUSIEST, ...ask, thinned }
  const parts = await Promise.all(
    sources.map(source => distributions(d1, full, source, periods, over?.buckets)),
  )
  return {
    source: parts.every(part => part.source === 'rollup') ? 'rollup' : 'samples',
    share: Math.max(1, ...parts.map(part => part.share)),
    groups: parts.flatMap(part => part.groups),
  }
}

/** The distributions of a source's metrics. */
export async function distributions(
  d1: Preparer,
  ask: Ask,
  source: Source,
  periods: Periods,
  buckets: Buckets | null = null,
): Promise<Distributions> {
  const filters = { ...ask.filters, ...source.filters }
  const slice = sliceOf(ask.groupBy, filters, source.dimensions)
  const limit = ask.sort === 'busiest' ? ask.limit : POOL
  if (slice) {
    const reading = { site: ask.site, source, slice }
    const found = await rollupRows(d1, reading, limit, periods, buckets?.ranked)
    const rows = await byHours(d1, reading, periods.days, found)
    if (!isHidden(rows, slice)) {
      const named = rows.filter(row => !slice.others.includes(row.value))
      return { source: 'rollup', share: 1, groups: chosen(named, ask, source, slice.dimension.keys, buckets) }
    }
  }
  if (ask.from < (ask.oldest ?? 0)) return { source: 'samples', share: 1, groups: [] }
  const { share, where } = (await ask.thinned?.()) ?? { share: 1, where: within(ask) }
  const rows = await sampleRows(d1, ask, source, limit, buckets, { share, where })
  return { source: 'samples', share, groups: chosen(rows, ask, source, ask.groupBy, buckets) }
}

/**
 * A day's row does not tell whether a value that has its name there was in `(other)` in some hour of the day. Where it may
 * have been, the day is read by its hours, for as long as these are kept; beyond, the day's row has to do.
 */
async function byHours(
  d1: Preparer,
  reading: Reading,
  days: readonly number[],
  rows: RollupRow[],
): Promise<RollupRow[]> {
  const { values, others } = reading.slice
  if (!values || !others.length) return rows
  const doubtful = days.filter(day => rows.some(row => row.start === day && others.includes(row.value)))
  if (!doubtful.length) return rows
  const hours = doubtful.flatMap(day => Array.from({ length: 24 }, (_, i) => day + i))
  const finer = await rollupRows(d1, reading, 0, { days: [], hours, live: [] })
  const split = new Set(finer.map(row => Math.floor(row.start / 24) * 24))
  const coarse = new Set(doubtful.filter(day => split.has(day)))
  return [...rows.filter(row => !coarse.has(row.start)), ...finer]
}

/** True when, in some period, the value that is filtered by lies in `(other)`, where it cannot be told from the rest. */
function isHidden(rows: readonly RollupRow[], { values, others }: Slice): boolean {
  if (!values || !others.length) return false
  const named = new Set(rows.filter(row => values.includes(row.value)).map(row => row.start))
  return rows.some(row => others.includes(row.value) && !named.has(row.start))
}

/** The groups that are answered, in order: the periods of each added up, by bucket. */
function chosen(
  rows: readonly RollupRow[],
  ask: Ask,
  { columns, metrics }: Source,
  keys: readonly Key[],
  buckets: Buckets | null,
): Group[] {
  const candidates = [...grouped(rows, row => row.value)].map(([value, rows]) => {
    const list: (string | null)[] = JSON.parse(value)
    const values = Object.fromEntries(ask.groupBy.map(key => [key, list[keys.indexOf(key)] ?? null]))
    return { values, rows, score: 0, samples: 0 }
  })
  const bucketed = (rows: readonly RollupRow[]) =>
    grouped(rows, row => (buckets ? bucketOf(row.start, buckets) : 0))
  for (const candidate of candidates) {
    if (ask.sort === 'busiest' && ask.minimum <= 1) continue
    const totals = columns.flatMap(column => total(candidate.rows, column) ?? [])
    candidate.samples = Math.max(0, ...totals.map(({ s }) => s))
    const [first] = totals
    candidate.score = first ? scoreOf(first, ask) : 0
  }
  const enough = candidates.filter(({ samples }) => ask.minimum <= 1 || samples >= ask.minimum)
  // Stable: equal scores stay in the order of their traffic.
  const best = enough.toSorted((a, b) => b.score - a.score).slice(0, ask.limit)
  return best.flatMap(({ values, rows }) =>
    metrics.flatMap((metric, i) =>
      [...bucketed(rows)].flatMap(([start, rows]) => {
        const distribution = total(rows, columns[i] ?? '')
        return distribution ? [{ values, metric, start, distribution }] : []
      }),
    ),
  )
}

function scoreOf(distribution: Distribution, { sort, percentile }: Ask): number {
  const { n, good, http, network } = distribution
  switch (sort) {
    case 'slowest':
      return percentiles(distribution, [percentile])[0]?.value ?? 0
    case 'failing':
      return n ? (http + network) / n : 0
    case 'impact':
      return n - good
    case 'busiest':
      return 0
  }
}

function grouped<K>(rows: readonly RollupRow[], keyOf: (row: RollupRow) => K): Map<K, RollupRow[]> {
  const groups = new Map<K, RollupRow[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const list = groups.get(key)
    if (list) list.push(row)
    else groups.set(key, [row])
  }
  return groups
}

/** The sum of a column's histograms; undefined where no row has one. */
function total(rows: readonly RollupRow[], column: string): Distribution | undefined {
  const parts = rows.flatMap(row => (row[column] ? [JSON.parse(String(row[column])) as Distribution] : []))
  if (!parts.length) return
  const sum = (field: 'http' | 'network') => parts.reduce((n, part) => n + (part[field] ?? 0), 0)
  return { ...merge(parts), http: sum('http'), network: sum('network') }
}

/** The same from raw rows, for any combination of keys; the groups with the most weight first. Key: (site, hour). */
async function sampleRows(
  d1: Preparer,
  { filters, groupBy }: Ask,
  source: Source,
  limit: number,
  buckets: Buckets | null,
  { share, where }: Share,
): Promise<RollupRow[]> {
  const conditions = [
    where,
    ...Object.entries({ ...filters, ...source.filters }).flatMap(([key, value]) =>
      value === undefined ? [] : [sql`${keySql(key as Key)} = ${value}`],
    ),
  ]
  const { step, offset } = buckets ?? { step: 1, offset: 0 }
  const start = buckets
    ? sql`(p.hour + ${sql.raw(String(offset))}) / ${sql.raw(String(step))} * ${sql.raw(String(step))} - ${sql.raw(String(offset))}`
    : sql`0`
  const samples = source.samples({
    share,
    where: sql.join(conditions, sql` AND `),
    by: { value: sql`json_array(${sql.join(groupBy.map(keySql), sql`, `)})`, start },
  })
  const pivot = source.columns.map(column =>
    sql.raw(`max(CASE metric WHEN '${column}' THEN histogram END) AS ${column}`),
  )
  const { results } = await prepare(
    d1,
    sql`SELECT value, start, ${sql.join(pivot, sql`, `)} FROM (
        SELECT *, dense_rank() OVER (ORDER BY total DESC, value) AS place FROM (
          SELECT *, max(volume) OVER (PARTITION BY value) AS total FROM (
            SELECT *, sum(n) OVER (PARTITION BY value, metric) AS volume
            FROM (${histograms(samples, ['value', 'start'], source.kind)}))))
      WHERE place <= ${limit} GROUP BY place, value, start ORDER BY place, start`,
  ).all<RollupRow>()
  return results
}
