/**
 * The same of single page views, for what no roll-up holds: filters, and a release by route. A uniform sample of the page
 * views is read, a row each, and told apart in the worker, since D1 would count each of them once for each dimension.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Dimension, GroupKey } from '../../schema/api/filters.ts'
import { bucketOf } from '../../schema/domain/buckets.ts'
import {
  addSample,
  type Collected,
  collected,
  type Limits,
  nothing,
  type Sample,
} from '../../schema/domain/histogram.ts'
import { type Metric, thresholds, type Vital } from '../../schema/domain/metrics.ts'
import { isReserved } from '../../schema/domain/names.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { added, type Distribution, NONE } from './distribution.ts'
import { groupsOf } from './distributions.ts'
import { matchesPageView, type SampleFilters } from './filters.ts'
import type { Group } from './groups.ts'
import type { GroupValues } from './groups-query.ts'
import type { TwoSided } from './many-groups.ts'
import type { Known } from './plan.ts'
import { subsample } from './subsample.ts'

/** One of two times, or the time of two releases. */
export interface Side {
  site: string
  from: Ms
  to: Ms
  filters: SampleFilters
}

interface Means {
  /** Rows that may be read. */
  reads: number
  /** From when on (Unix ms) raw rows are kept. */
  oldest: number
  now: Ms
}

/** The groups of both sides, and one in how many page views was read. */
interface Compared {
  groups: TwoSided[]
  oneIn: OneIn
}

/** The parts of the rows that page views, and that calls, may read: of each time, or of two releases at once. */
const PARTS = { 1: { views: 0.24, calls: 0.25 }, 2: { views: 0.42, calls: 0.55 } }
/** Page views of each side that the worker tells apart, which has little CPU. */
const MOST = 5_000
/** Endpoints that are compared, and endpoints with a device: the busiest of either side. */
const MOST_ENDPOINTS = 100

const p = named(pageviews, 'p')
const KEYS = ['route', 'device', 'country', 'browser', 'release'] as const satisfies readonly Dimension[]
/** What page views are told apart by. */
const COMPARED: readonly (readonly (typeof KEYS)[number][])[] = [
  [],
  ...KEYS.map(key => [key]),
  ['device', 'route'],
]

/** The groups of two times. Key: (site, hour, id). */
export async function groupsOfTimes(
  d1: Preparer,
  metrics: readonly Metric[],
  [before, after]: readonly [Side, Side],
  means: Means,
): Promise<Compared> {
  const each = { ...means, sides: 1 as const }
  const [early, late] = await Promise.all([read(d1, metrics, before, each), read(d1, metrics, after, each)])
  return { groups: bothOf(early.groups(), late.groups()), oneIn: Math.max(early.oneIn, late.oneIn) }
}

/** The groups of two releases in one time, of which each page view is read once. Key: (site, hour, id). */
export async function groupsOfReleases(
  d1: Preparer,
  metrics: readonly Metric[],
  side: Side,
  [before, after]: readonly [string, string],
  means: Means,
): Promise<Compared> {
  const filters = { ...side.filters, release: { any: [before, after] } }
  const found = await read(d1, metrics, { ...side, filters }, { ...means, sides: 2 })
  return { groups: bothOf(found.groups(before), found.groups(after)), oneIn: found.oneIn }
}

/** What was read: its groups, those of one release alone where it is named, and one in how many page views it is. */
interface Read {
  groups(release?: string): Groups
  oneIn: OneIn
}

async function read(
  d1: Preparer,
  metrics: readonly Metric[],
  side: Side,
  { reads, oldest, now, sides }: Means & { sides: 1 | 2 },
): Promise<Read> {
  const vitals = metrics.filter((metric): metric is Vital => metric !== 'api')
  const part = PARTS[sides]
  const [views, calls] = await Promise.all([
    vitals.length
      ? viewsOf(d1, vitals, side, { reads: reads * part.views, most: sides * MOST }, now)
      : NOTHING,
    metrics.includes('api') ? callsOf(d1, side, sides, { reads: reads * part.calls, oldest }, now) : NOTHING,
  ])
  return {
    groups: release => new Map([...views.groups(release), ...calls.groups(release)]),
    oneIn: Math.max(views.oneIn, calls.oneIn),
  }
}

const NOTHING: Read = { groups: () => new Map(), oneIn: 1 }

/** By the JSON of metric and values. */
type Groups = Map<string, { values: GroupValues; metric: Metric; distribution: Distribution }>

function bothOf(before: Groups, after: Groups): TwoSided[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(key => {
    const [early, late] = [before.get(key), after.get(key)]
    const some = late ?? early
    if (!some) return []
    const { values, metric } = some
    return [{ values, metric, before: early?.distribution ?? null, after: late?.distribution ?? null }]
  })
}

async function viewsOf(
  d1: Preparer,
  vitals: readonly Vital[],
  side: Side,
  limits: { reads: number; most: number },
  now: Ms,
): Promise<Read> {
  const matches = matchesPageView(side.filters)
  const { oneIn, from, where } = await subsample(d1, side, { cost: sql`1`, matches, ...limits }, now)
  const columns: SQL[] = [p.weight, ...KEYS.map(key => p[key]), ...vitals.map(vital => p[vital])]
  const { results } = await prepare(
    d1,
    sql`SELECT json_group_array(json_array(${sql.join(columns, sql`, `)})) AS found
      FROM ${from} WHERE ${where} AND ${matches}`,
  ).all<{ found: string }>()
  const rows: Row[] = JSON.parse(results[0]?.found ?? '[]')
  const ofRelease = (release?: string) =>
    release === undefined ? rows : rows.filter(row => row[1 + KEYS.indexOf('release')] === release)
  return { groups: release => toldApart(ofRelease(release), vitals, oneIn), oneIn }
}

/** A page view: its weight, its `KEYS`, and the vitals that were asked for. */
type Row = [weight: number, ...(string | number | null)[]]

/** A group of page views, and the distribution of each vital, in their order; `values` is null where it has no name of its own. */
interface ViewGroup {
  values: GroupValues | null
  sums: Collected[]
}

/** Each page view is a sample of every group that it belongs to, once for each vital that it has. */
function toldApart(rows: readonly Row[], vitals: readonly Vital[], oneIn: OneIn): Groups {
  const limits = vitals.map(thresholds)
  const found: ViewGroup[] = []
  const groupsOfRow = COMPARED.map(keys =>
    groupIn(keys, values => {
      const group = { values, sums: vitals.map(nothing) }
      found.push(group)
      return group
    }),
  )
  for (const row of rows) {
    const w = Number(row[0]) * oneIn
    const groups = groupsOfRow.map(groupOf => groupOf(row)).filter(({ values }) => values !== null)
    for (const [i, limit] of limits.entries()) {
      const x = row[1 + KEYS.length + i]
      if (typeof x === 'number') addToAll(groups, i, { x, w }, limit)
    }
  }
  return new Map(found.flatMap(group => distributionsOf(group, vitals)))
}

function addToAll(groups: readonly ViewGroup[], i: number, sample: Sample, limits: Limits): void {
  const bucket = bucketOf(sample.x)
  for (const { sums } of groups) {
    const sum = sums[i]
    if (sum) addSample(sum, sample, limits, bucket)
  }
}

function distributionsOf({ values, sums }: ViewGroup, vitals: readonly Vital[]) {
  return vitals.flatMap((metric, i) => {
    const sum = sums[i]
    if (!values || !sum?.s) return []
    const distribution = { ...NONE, ...collected(sum) }
    return [[JSON.stringify([metric, values]), { values, metric, distribution }] as const]
  })
}

/** Finds the group of a page view by some keys; `newGroup` makes it from its names, or from null where one is nobody's own. */
function groupIn(
  keys: readonly (typeof KEYS)[number][],
  newGroup: (values: GroupValues | null) => ViewGroup,
): (row: Row) => ViewGroup {
  const [first, second] = keys.map(key => 1 + KEYS.indexOf(key))
  const known = new Map<Row[number], Map<Row[number], ViewGroup>>()
  return row => {
    const names = [first, second].map(place => (place === undefined ? null : (row[place] ?? null)))
    const [one = null, two = null] = names
    const branch = known.get(one) ?? new Map<Row[number], ViewGroup>()
    const group = branch.get(two) ?? newGroup(valuesOf(keys, names))
    known.set(one, branch)
    branch.set(two, group)
    return group
  }
}

function valuesOf(keys: readonly GroupKey[], names: readonly Row[number][]): GroupValues | null {
  const own = names.slice(0, keys.length).filter(name => typeof name === 'string' && !isReserved(name))
  return own.length === keys.length ? Object.fromEntries(keys.map((key, i) => [key, String(own[i])])) : null
}

/** Endpoints with each device, and of all devices together. */
async function callsOf(d1: Preparer, side: Side, sides: 1 | 2, known: Known, now: Ms): Promise<Read> {
  const groupBy: GroupKey[] = sides === 2 ? ['device', 'endpoint', 'release'] : ['device', 'endpoint']
  // All of them: an endpoint whose fast devices are beyond a limit would seem to be slower.
  const query = { ...side, metrics: ['api' as const], limit: Number.MAX_SAFE_INTEGER, groupBy }
  const { groups, oneIn } = await groupsOf(d1, query, now, known)
  const ofRelease = (release?: string) =>
    release === undefined ? groups : groups.filter(({ values }) => values.release === release)
  return { groups: release => endpointsOf(ofRelease(release)), oneIn }
}

function endpointsOf(groups: readonly Group[]): Groups {
  const found: Groups = new Map()
  const keep = (values: GroupValues, distribution: Distribution) =>
    found.set(JSON.stringify(Object.entries(values).sort()), { values, metric: 'api', distribution })
  const named = groups.flatMap(({ values: { device, endpoint }, distribution }) =>
    endpoint && !isReserved(endpoint) ? [{ device, endpoint, distribution }] : [],
  )
  for (const { device, endpoint, distribution } of busiest(named.filter(({ device }) => device)))
    if (device) keep({ device, endpoint }, distribution)
  const whole = [...Map.groupBy(named, ({ endpoint }) => endpoint)].map(([endpoint, parts]) => ({
    endpoint,
    distribution: added(parts.map(({ distribution }) => distribution)),
  }))
  for (const { endpoint, distribution } of busiest(whole)) keep({ endpoint }, distribution)
  return found
}

function busiest<T extends { distribution: Distribution }>(groups: readonly T[]): T[] {
  return groups.toSorted((a, b) => b.distribution.n - a.distribution.n).slice(0, MOST_ENDPOINTS)
}
