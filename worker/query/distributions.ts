/**
 * The distributions that answer a question: what is asked goes in, one histogram for each group and metric (and bucket
 * of time) comes out, from roll-ups where they hold the combination, else from raw rows.
 */

import type { GroupedQuery, GroupKey } from '../../schema/api/query.ts'
import type { Sort } from '../../schema/api/summary.ts'
import { percentiles } from '../../schema/domain/histogram.ts'
import { limitsOf, type Measure } from '../../schema/domain/metrics.ts'
import { REST } from '../../schema/domain/names.ts'
import type { Key } from '../histogram/dimensions.ts'
import type { Selection } from '../histogram/histogram-sql.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { missingOf, unveiled } from './capped.ts'
import { type Distribution, errorRate, NONE, total } from './distribution.ts'
import { matchesPageView } from './filters.ts'
import { leftOutOfPeriods, leftOutOfRows } from './left-out.ts'
import { liveShare } from './open-hours.ts'
import { type Periods, periodsOf, sliceOf } from './plan.ts'
import { sampleRows } from './raw-groups.ts'
import { type Known, restOf, unpaired, wholeCost, wholeRows } from './rest.ts'
import { type Found, type Reading, type RollupRow, rollupRows, storedOf, yetToRead } from './rollup-rows.ts'
import { costOf, type Source, sourcesOf } from './source.ts'
import { LEAST, MAX_READ, subsample } from './subsample.ts'
import { type Buckets, bucketOf, type Over } from './time-buckets.ts'

/** What decides which groups are answered, and in which order. */
export interface Order {
  /** By the first metric of a source. */
  sort: Sort
  /** Groups with fewer samples are left out. */
  minimum: number
  /** The percentile that `slowest` goes by. */
  percentile: number
}

export const BUSIEST: Order = { sort: 'busiest', minimum: 1, percentile: 75 }

export type Ask = GroupedQuery &
  Order & {
    metrics: readonly Measure[]
    /** From when on (Unix ms) raw rows are kept; of a range that begins before nothing is read, for `onKept` asks again. */
    oldest?: number
    /** The only groups that are wanted: roll-ups then need not tell the largest, which reads every group's rows. */
    among?: readonly Group['values'][]
    /** Adds up the groups that are not answered, as a last one. */
    rest?: boolean
  }

export interface Group {
  values: Partial<Record<GroupKey, string | null>>
  metric: Measure
  /** First hour of its bucket, since 1970; 0 without buckets. */
  start: number
  distribution: Distribution
  /** The most page views (or calls) of the group that may lie in `(other)`, where nobody can tell them any more. */
  missing: number
  /** True for the groups that are not answered, together. */
  rest?: true
}

export interface Distributions {
  source: 'samples' | 'rollup'
  /** One in so many of the raw rows was read. */
  oneIn: number
  groups: Group[]
  /** API calls beyond those that page views send; null where there is no question of calls, or nobody knows. */
  leftOut: number | null
}

/** Groups other than the busiest, or of some minimum of samples, are chosen among at least so many of the busiest. */
const POOL = 100
/** The share of the rows left that raw rows are planned for: many small groups cost more than the estimate. */
const ESTIMATED = 3 / 4

/**
 * The distributions of all metrics, from all their sources, within `reads` rows. `now` (Unix ms) tells open hours; `over`
 * finds the periods where they are not those of the range; from `kept` (Unix ms) on there are raw rows.
 */
export async function groupsOf(
  d1: Preparer,
  question: GroupedQuery & Partial<Ask> & Pick<Ask, 'metrics'>,
  now: number,
  {
    over,
    reads = MAX_READ,
    kept = question.oldest ?? 0,
  }: { over?: (d1: Preparer) => Promise<Over>; reads?: number; kept?: number } = {},
): Promise<Distributions> {
  const receipt: Receipt = { statements: 0, read: 0 }
  const counting = counted(d1, receipt)
  const ask: Ask = { ...BUSIEST, ...question, rest: !!question.rest && question.groupBy.length > 0 }
  const { periods, buckets } = over
    ? await over(counting)
    : { periods: await periodsOf(counting, ask, now), buckets: null }

  const sources = sourcesOf(ask.metrics)
  const readings = sources.flatMap(source => readingOf(ask, source) ?? [])
  const limit = poolOf(ask)
  const [choose, ...stored] = await Promise.all([
    liveShare(counting, periods.live, readings, now),
    ...readings.map(reading => storedOf(counting, reading, limit, periods, buckets?.ranked)),
  ])
  // What is stored is read whole. The rest is for hours without a roll-up, but for half of it where raw rows may have to
  // answer, too.
  const mayHide =
    readings.length < sources.length ||
    readings.some(({ slice }, i) => {
      const part = stored[i]
      return slice.values && part && 'rows' in part && part.rows.some(row => slice.others.includes(row.value))
    })
  const sought = stored.reduce(
    (sum, part, i) => sum + yetToRead(part, ask.limit, periods, readings[i]?.slice.others.length ?? 0),
    0,
  )
  const wholes = ask.rest ? readings.filter(({ slice }) => slice.dimension.keys.length).length : 0
  const live = choose((reads - receipt.read - sought - wholes * wholeCost(periods)) / (mayHide ? 2 : 1))
  const rolled = new Map(
    await Promise.all(
      readings.map(async (reading, i) => {
        const part = stored[i] ?? { rows: [], ranking: false }
        const pick = (rows: RollupRow[]) => best(rows, ask, reading.source).map(({ value }) => value)
        const found = await rollupRows(counting, reading, limit, periods, part, live, pick)
        const means = { oldest: kept, reads: (reads - receipt.read) / readings.length, now }
        const all = ask.among ? { ...found, oneIn: 1 } : await unveiled(counting, reading, found, means)
        return [reading.source, { reading, ...all }] as const
      }),
    ),
  )

  const hidden = sources.filter(source => !rolled.get(source))
  const raw = hidden.length ? await rawShare(counting, ask, hidden, reads - receipt.read, now) : null
  const answers = await Promise.all(
    sources.map(async source => {
      const found = rolled.get(source)
      if (found) {
        const answered = best(found.rows, ask, source)
        const own = chosen(answered, ask, source, found.reading.slice.dimension.keys, buckets, found)
        const isCut = ask.rest && answered.length < found.groups
        if (!isCut) return { own, rest: [] }
        const whole = found.isAll ? [] : await wholeOf(counting, ask, source, periods)
        if (!whole) return { own, rest: [] }
        // Of what is asked for by name all rows are there, and those of `(other)` are no group of their own.
        const every = found.reading.slice.values ? found.rows : found.every
        return { own, rest: restGroups({ ...found, every, whole }, answered, ask, source, buckets, found) }
      }
      if (!raw) return { own: [], rest: [] }
      const { rows, beyond } = await sampleRows(counting, ask, source, limit, buckets, raw)
      const answered = best(rows, ask, source)
      const own = chosen(answered, ask, source, ask.groupBy, buckets, null)
      const known = { rows, every: [...rows, ...beyond], whole: [] }
      return { own, rest: ask.rest ? restGroups(known, answered, ask, source, buckets, null) : [] }
    }),
  )
  const groups = [...answers.flatMap(({ own }) => own), ...answers.flatMap(({ rest }) => rest)]
  const leftOut = await leftOutOf(counting, ask, rolled, groups, periods, live, raw)
  const isLive = periods.live.length > 0 && hidden.length < sources.length
  return {
    source: hidden.length ? 'samples' : 'rollup',
    oneIn: Math.max(
      raw?.oneIn ?? 1,
      isLive ? live.oneIn : 1,
      ...[...rolled.values()].map(({ oneIn }) => oneIn),
    ),
    groups: groups.map(group => atMost(group, leftOut)),
    leftOut,
  }
}

/** What all page views of a question about calls left out. Of a device's endpoints roll-ups do not tell it. */
async function leftOutOf(
  d1: Preparer,
  { site, groupBy, filters, metrics }: Ask,
  rolled: ReadonlyMap<Source, unknown>,
  groups: readonly Group[],
  periods: Periods,
  live: Selection,
  raw: Selection | null,
): Promise<number | null> {
  if (!metrics.includes('api')) return null
  if (![...rolled.keys()].some(({ kind }) => kind === 'calls')) return raw && leftOutOfRows(d1, raw, filters)
  const isFiltered = Object.values(filters).some(value => value !== undefined)
  if (!isFiltered && groupBy.length) return leftOutOfPeriods(d1, site, periods, live)
  if (groupBy.includes('endpoint')) return null
  return groups.reduce(
    (sum, { metric, distribution }) => sum + (metric === 'api' ? distribution.omitted : 0),
    0,
  )
}

/** How many groups are read, the busiest, for the answer to be chosen among. */
function poolOf({ sort, limit, minimum }: Ask): number {
  return sort === 'busiest' && minimum <= 1 ? limit : Math.max(POOL, limit)
}

/** What is read of a source's roll-ups; null where none holds the combination of keys. */
function readingOf({ site, groupBy, filters, among }: Ask, source: Source): Reading | null {
  const all = { ...filters, ...source.filters }
  const slice = sliceOf(groupBy, all, source.dimensions)
  if (!slice) return null
  const { keys } = slice.dimension
  const named = (values: Group['values']) =>
    JSON.stringify(keys.map(key => ({ ...all, ...values })[key] ?? null))
  const wanted = among && keys.length && !slice.values ? [...new Set(among.map(named))] : slice.values
  return { site, source, slice: { ...slice, values: wanted }, filters: all }
}

/** The rows of all groups together; null where no dimension has them. */
async function wholeOf(
  d1: Preparer,
  ask: Ask,
  source: Source,
  periods: Periods,
): Promise<RollupRow[] | null> {
  const reading = readingOf({ ...ask, groupBy: [] }, source)
  return reading && wholeRows(d1, reading, periods)
}

/** No more calls were left out of a rest than of all: page views count in each group that they called. */
function atMost(group: Group, leftOut: number | null): Group {
  const { rest, distribution } = group
  if (!rest || leftOut === null) return group
  return { ...group, distribution: { ...distribution, omitted: Math.min(distribution.omitted, leftOut) } }
}

/** One in how many raw rows to read, the same for all sources; null where some of them are gone. */
async function rawShare(
  d1: Preparer,
  ask: Ask,
  sources: readonly Source[],
  reads: number,
  now: number,
): Promise<Selection | null> {
  if (ask.from < (ask.oldest ?? 0)) return null
  const need = {
    cost: costOf(sources, matchesPageView(ask.filters)),
    reads: Math.max(LEAST, reads * ESTIMATED),
  }
  return subsample(d1, ask, need, now)
}

/** What the groups that are not answered come to, by metric and bucket. */
function restGroups(
  known: Known,
  answered: readonly Best[],
  ask: Ask,
  source: Source,
  buckets: Buckets | null,
  veiled: Veiled | null,
): Group[] {
  const startOf = (hour: number) => (buckets ? bucketOf(hour, buckets) : 0)
  const taken = new Set(answered.map(({ value }) => value))
  const others = (veiled?.reading.slice.values ?? []).filter(value => !taken.has(value))
  const values = Object.fromEntries(ask.groupBy.map(key => [key, REST]))
  return source.metrics.flatMap((metric, i) => {
    const column = source.columns[i] ?? ''
    const rests = restOf(known, taken, column, startOf)
    return [...rests].map(([start, sum]): Group => {
      const within = (hour: number) => startOf(hour) === start
      const missing = veiled
        ? others.reduce((n, value) => n + missingOf(veiled, veiled.reading, value, column, within), 0)
        : 0
      const distribution = ask.groupBy.includes('endpoint') ? unpaired(sum) : sum
      return { values, metric, start, distribution, missing, rest: true }
    })
  })
}

/**
 * The groups that are answered, in order: the periods of each added up, by bucket. Of roll-ups, `veiled` tells what may be
 * missing of a group: one that is asked for by name is answered even where all of it may.
 */
function chosen(
  found: readonly Best[],
  ask: Ask,
  source: Source,
  keys: readonly Key[],
  buckets: Buckets | null,
  veiled: Veiled | null,
): Group[] {
  const startOf = (hour: number) => (buckets ? bucketOf(hour, buckets) : 0)
  const missing = (value: string, column: string, start: number) =>
    veiled ? missingOf(veiled, veiled.reading, value, column, at => startOf(at) === start) : 0
  const named = ask.groupBy.length ? [] : (veiled?.reading.slice.values ?? [])
  const absent = named.filter(value => !found.some(other => other.value === value))
  return [...found, ...absent.map(value => ({ value, rows: [] }))].flatMap(({ value, rows }) => {
    const list: (string | null)[] = JSON.parse(value)
    const values = Object.fromEntries(ask.groupBy.map(key => [key, list[keys.indexOf(key)] ?? null]))
    const starts = grouped(rows, row => startOf(row.start))
    // A bucket of which nothing is known but that there may be something.
    if (buckets || named.length) {
      for (const { start } of veiled?.others ?? [])
        if (!starts.has(startOf(start))) starts.set(startOf(start), [])
    }
    return source.metrics.flatMap((metric, i) =>
      [...starts].flatMap(([start, rows]) => {
        const column = source.columns[i] ?? ''
        const distribution = total(rows, column)
        const most = missing(value, column, start)
        if (!distribution && !(most && (buckets || named.length))) return []
        return [{ values, metric, start, distribution: distribution ?? NONE, missing: most }]
      }),
    )
  })
}

/** A value that is answered, with its rows. */
interface Best {
  value: string
  rows: RollupRow[]
}

/** Of roll-ups, what may lie in `(other)`. */
type Veiled = Found & { reading: Reading }

/** The values that are answered, in order, each with its rows. */
function best(rows: readonly RollupRow[], ask: Ask, { columns, metrics: [metric] }: Source): Best[] {
  const measured = columns.filter(column => column !== 'views')
  const candidates = [...grouped(rows, row => row.value)].map(([value, rows]) => {
    if (ask.sort === 'busiest' && ask.minimum <= 1) return { value, rows, score: 0, samples: 0 }
    const totals = columns.flatMap(column => total(rows, column) ?? [])
    const [first] = measured.flatMap(column => total(rows, column) ?? [])
    const samples = Math.max(0, ...totals.map(({ s }) => s))
    return { value, rows, score: first && metric ? scoreOf(metric, first, ask) : 0, samples }
  })
  const enough = candidates.filter(({ samples }) => ask.minimum <= 1 || samples >= ask.minimum)
  // Stable: equal scores stay in the order of their traffic.
  return enough.toSorted((a, b) => b.score - a.score).slice(0, ask.limit)
}

function scoreOf(metric: Measure, distribution: Distribution, { sort, percentile }: Ask): number {
  const { n, good } = distribution
  switch (sort) {
    case 'slowest':
      return percentiles(distribution, [percentile], limitsOf(metric))[0]?.value ?? 0
    case 'failing':
      return errorRate(distribution)
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
