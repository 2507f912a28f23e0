/**
 * The same of single page views, for what no roll-up holds: filters, and a release by route. A uniform sample of the page
 * views is read, a row each, and told apart in the worker, since D1 would count each of them once for each dimension.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Dimension } from '../../schema/api/filters.ts'
import { collect, type Sample } from '../../schema/domain/histogram.ts'
import { type Metric, thresholds, type Vital } from '../../schema/domain/metrics.ts'
import { isReserved } from '../../schema/domain/names.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { added, type Distribution, NONE } from './distribution.ts'
import { groupsOf } from './distributions.ts'
import { matchesPageView, type SampleFilters } from './filters.ts'
import type { GroupValues } from './groups-query.ts'
import type { TwoSided } from './many-groups.ts'
import type { Known } from './plan.ts'
import { subsample } from './subsample.ts'

/** One of the two times, or of the two releases. */
export interface Side {
  site: string
  from: Ms
  to: Ms
  filters: SampleFilters
}

/** The parts of the rows that each side may read: for page views, and for their calls. */
const PARTS = { views: 0.27, calls: 0.2 }
/** Page views of each side that the worker tells apart, which has little CPU. */
const MOST = 5_000
/** Endpoints with their devices. */
const MOST_ENDPOINTS = 100

const p = named(pageviews, 'p')
const KEYS = ['route', 'device', 'country', 'browser', 'release'] as const satisfies readonly Dimension[]
/** What page views are told apart by. */
const COMPARED: readonly (readonly (typeof KEYS)[number][])[] = [
  [],
  ...KEYS.map(key => [key]),
  ['device', 'route'],
]

/** Groups of both sides, and one in how many page views was read. Key: (site, hour, id). */
export async function manyRawGroups(
  d1: Preparer,
  metrics: readonly Metric[],
  before: Side,
  after: Side,
  { reads, oldest, now }: { reads: number; oldest: number; now: Ms },
): Promise<{ groups: TwoSided[]; oneIn: OneIn }> {
  const vitals = metrics.filter((metric): metric is Vital => metric !== 'api')
  const ofViews = async (side: Side) =>
    vitals.length ? viewsOf(d1, vitals, side, reads * PARTS.views, now) : { groups: new Map(), oneIn: 1 }
  const ofCalls = async (side: Side) =>
    metrics.includes('api')
      ? callsOf(d1, side, { reads: reads * PARTS.calls, oldest }, now)
      : { groups: new Map(), oneIn: 1 }
  const sides = await Promise.all([ofViews(before), ofViews(after), ofCalls(before), ofCalls(after)])
  const [earlyViews, lateViews, earlyCalls, lateCalls] = sides.map(({ groups }) => groups as Groups)
  return {
    groups: [...bothOf(earlyViews, lateViews), ...bothOf(earlyCalls, lateCalls)],
    oneIn: Math.max(...sides.map(({ oneIn }) => oneIn)),
  }
}

/** By the JSON of metric and values. */
type Groups = Map<string, { values: GroupValues; metric: Metric; distribution: Distribution }>

function bothOf(before: Groups = new Map(), after: Groups = new Map()): TwoSided[] {
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
  reads: number,
  now: Ms,
): Promise<{ groups: Groups; oneIn: OneIn }> {
  const matches = matchesPageView(side.filters)
  const need = { cost: sql`1`, matches, reads, most: MOST }
  const { oneIn, where } = await subsample(d1, side, need, now)
  const columns: SQL[] = [p.weight, ...KEYS.map(key => p[key]), ...vitals.map(vital => p[vital])]
  const { results } = await prepare(
    d1,
    sql`SELECT json_group_array(json_array(${sql.join(columns, sql`, `)})) AS found
      FROM ${p.table} WHERE ${where} AND ${matches}`,
  ).all<{ found: string }>()
  return { groups: toldApart(JSON.parse(results[0]?.found ?? '[]'), vitals, oneIn), oneIn }
}

/** A page view: its weight, its `KEYS`, and the vitals that were asked for. */
type Row = [weight: number, ...(string | number | null)[]]

/** Each page view is a sample of every group that it belongs to, once for each vital that it has. */
function toldApart(rows: readonly Row[], vitals: readonly Vital[], oneIn: OneIn): Groups {
  const groups = new Map<string, { values: GroupValues; metric: Vital; samples: Sample[] }>()
  for (const [weight, ...row] of rows) {
    const samples = vitals.flatMap((metric, i) => {
      const x = row[KEYS.length + i]
      return typeof x === 'number' ? [{ metric, sample: { x, w: weight * oneIn } }] : []
    })
    for (const values of groupsOfRow(row)) {
      for (const { metric, sample } of samples) {
        const name = JSON.stringify([metric, values])
        const group = groups.get(name) ?? { values, metric, samples: [] }
        groups.set(name, group)
        group.samples.push(sample)
      }
    }
  }
  const distributions = [...groups].map(([name, { values, metric, samples }]) => {
    const distribution = { ...NONE, ...collect(samples, thresholds(metric)) }
    return [name, { values, metric, distribution }] as const
  })
  return new Map(distributions)
}

/** The groups that a page view belongs to: all of those compared of which it has every key, by its own name. */
function groupsOfRow(row: readonly (string | number | null)[]): GroupValues[] {
  const named = new Map(
    KEYS.flatMap((key, i) => {
      const name = row[i]
      return typeof name === 'string' && !isReserved(name) ? [[key, name] as const] : []
    }),
  )
  return COMPARED.filter(keys => keys.every(key => named.has(key))).map(keys =>
    Object.fromEntries(keys.map(key => [key, named.get(key)])),
  )
}

/** Endpoints with each device, and of all devices together. */
async function callsOf(
  d1: Preparer,
  { site, from, to, filters }: Side,
  known: Known,
  now: Ms,
): Promise<{ groups: Groups; oneIn: OneIn }> {
  const query = {
    ...{ site, from, to, filters, metrics: ['api' as const], limit: MOST_ENDPOINTS },
    groupBy: ['device' as const, 'endpoint' as const],
  }
  const { groups, oneIn } = await groupsOf(d1, query, now, known)
  const found: Groups = new Map()
  const wide = Map.groupBy(groups, ({ values }) => values.endpoint ?? '')
  const keep = (values: GroupValues, distribution: Distribution) =>
    found.set(JSON.stringify(Object.entries(values).sort()), { values, metric: 'api', distribution })
  for (const { values, distribution } of groups) {
    if (values.device && values.endpoint && !isReserved(values.endpoint)) keep(values, distribution)
  }
  for (const [endpoint, parts] of wide) {
    if (endpoint && !isReserved(endpoint))
      keep({ endpoint }, added(parts.map(({ distribution }) => distribution)))
  }
  return { groups: found, oneIn }
}
