/**
 * `GET /v1/trends`: what has changed. The distributions of two periods, or of two releases, devices, countries or
 * routes, compared group by group.
 */

import type { TrendsAnswer, TrendsQuery, TrendsRow } from '../../schema/api/trends.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { type Change, changeOf } from '../../schema/domain/change.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { limitsOf, type Measure, unitOf } from '../../schema/domain/metrics.ts'
import type { Percentile } from '../../schema/domain/percentiles.ts'
import { isTagKey, tagOf } from '../../schema/domain/tag.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Distribution } from '../query/distribution.ts'
import { groupsOf } from '../query/distributions.ts'
import type { Group } from '../query/groups.ts'
import { BUSIEST } from '../query/groups-query.ts'
import { groupsKeptFrom, keptGroups, oldestRaw, type Retention, toKeptHours } from '../query/kept.ts'
import { MAX_READ } from '../query/subsample.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { deploysOf } from './deploys.ts'
import { mixOf } from './mix.ts'
import { countsOf, inUnit, kindOf, leftOutOf, partialOf, percentileInUnit, rangeOf } from './summary.ts'

const DEVICES = 4
/** Deploys of the range that are named, the newest. */
const MAX_NAMED = 20
/** Rows that must be left to read a period by device, too. */
const LEAST_BY_DEVICE = 4_000

/** Answers for the time that is kept; where the time before reaches back further than that, the answer says from when on it is. */
export async function readTrends(
  d1: Preparer,
  asked: TrendsQuery,
  retention: Retention,
  now: Ms,
): Promise<TrendsAnswer> {
  const query = keptGroups(asked, retention, now)
  const { baseline } = query
  const [percentile] = query.percentiles
  const groupsQuery = { ...query, percentile }
  const { keptFrom, ...earlier } = earlierOf(query, retention, now)
  const known = { reads: MAX_READ / 2, oldest: oldestRaw(retention, now) }
  const receipt: Receipt = { statements: 0, read: 0 }
  const counting = counted(d1, receipt)
  const late = await groupsOf(counting, groupsQuery, now, known)
  // The whole has a row even where only the time before has data: what is gone is not unknown.
  const isWhole = query.groupBy.length === 0
  const among = isWhole ? [{}] : late.groups.map(({ values }) => values)
  // Each of them, however few page views it had.
  const same = { ...BUSIEST, limit: among.length, among }
  const early =
    earlier.from < earlier.to
      ? await groupsOf(counting, { ...groupsQuery, ...same, ...earlier }, now, known)
      : { ...late, groups: [] }
  const oneIn = Math.max(late.oneIn, early.oneIn)
  const earlyGroups = new Map(early.groups.map(group => [keyOf(group), group]))
  const there = new Set(late.groups.map(keyOf))
  const gone = isWhole ? early.groups.filter(group => !there.has(keyOf(group))) : []
  const { site: _, ...before } = rangeOf({ site: query.site, ...earlier })
  const marked = await deploysOf(counting, query, MAX_NAMED)
  return {
    ...rangeOf(query),
    baseline: {
      ...before,
      ...(keptFrom !== null && { kept_from: new Date(keptFrom).toISOString() }),
      release: null,
      ...namesOf(baseline.filters),
    },
    percentile,
    ...(marked.length && { deploys: marked }),
    source: late.source === 'rollup' && early.source === 'rollup' ? 'rollup' : 'samples',
    ...(oneIn > 1 && { sampled: oneIn }),
    relative_error: RELATIVE_ERROR,
    data: await withMixes(
      [
        ...late.groups.map(group => toRow(group, earlyGroups.get(keyOf(group)) ?? null, group, percentile)),
        ...gone.map(group => toRow(group, group, null, percentile)),
      ],
      query,
      async metrics => {
        const left = (MAX_READ - receipt.read) / 2
        if (left < LEAST_BY_DEVICE) return null
        const devices = { ...groupsQuery, ...BUSIEST, metrics, groupBy: ['device' as const], limit: DEVICES }
        const after = await groupsOf(d1, devices, now, { ...known, reads: left })
        const before = await groupsOf(d1, { ...devices, ...earlier }, now, { ...known, reads: left })
        return [after.groups, before.groups]
      },
    ),
  }
}

/** The time that is compared with, as far as it is kept: `keptFrom` is null where all of it is. */
function earlierOf(
  query: TrendsQuery,
  retention: Retention,
  now: Ms,
): Pick<TrendsQuery, 'from' | 'to' | 'filters'> & { keptFrom: Ms | null } {
  const { from, to, baseline } = query
  // What is still to come of an open period is left out of the time that it is compared with.
  const length = Math.ceil((Math.min(to, now) - from) / HOUR) * HOUR
  const isNamed = Object.keys(baseline.filters).length > 0
  const range = baseline.range ?? (isNamed ? null : { from: from - length, to: from })
  const filters = { ...query.filters, ...baseline.filters }
  const kept = groupsKeptFrom({ ...query, filters }, retention, now)
  const wanted = range ? toKeptHours(range, retention, now) : { from, to }
  return {
    from: Math.max(wanted.from, Math.min(kept, wanted.to)),
    to: wanted.to,
    filters,
    keptFrom: kept > wanted.from ? kept : null,
  }
}

/** What is compared with, as the answer names it. */
function namesOf(filters: TrendsQuery['baseline']['filters']): Partial<TrendsAnswer['baseline']> {
  return Object.fromEntries(
    Object.entries(filters).map(([key, value]) =>
      isTagKey(key) ? ['tag', `${tagOf(key)}:${value}`] : [key, value],
    ),
  )
}

/**
 * Adds the mix of devices to what changed as a whole. `byDevice` answers the groups of the time after and of the time
 * before, or null where that would read too much.
 */
async function withMixes(
  rows: TrendsRow[],
  { groupBy, filters, percentiles: [percentile] }: TrendsQuery,
  byDevice: (metrics: Measure[]) => Promise<[after: Group[], before: Group[]] | null>,
): Promise<TrendsRow[]> {
  const changed = rows.filter(({ verdict }) => verdict === 'improving' || verdict === 'degrading')
  if (groupBy.length || filters.device !== undefined || !changed.length) return rows
  const found = await byDevice(changed.map(({ metric }) => metric))
  if (!found) return rows
  const [after, before] = found
  const names = [...new Set([...after, ...before].map(({ values }) => values.device ?? null))]
  return rows.map(row => {
    const of = (groups: Group[], name: string | null) =>
      groups.find(({ metric, values }) => metric === row.metric && (values.device ?? null) === name)
        ?.distribution ?? null
    const parts = names.map(value => ({ value, before: of(before, value), after: of(after, value) }))
    const mix =
      row.verdict && changed.includes(row)
        ? mixOf('device', parts, row.verdict, percentile, limitsOf(row.metric))
        : null
    return mix ? { ...row, mix } : row
  })
}

function keyOf({ metric, values }: Group): string {
  return JSON.stringify([metric, values])
}

function toRow({ values, metric }: Group, early: Group | null, late: Group | null, p: number): TrendsRow {
  const [earlier, later] = [early?.distribution ?? null, late?.distribution ?? null]
  const { before, after, difference, verdict, confidence } = changeOf(earlier, later, p, limitsOf(metric))
  return {
    group: values,
    ...kindOf(values),
    metric,
    unit: unitOf(metric),
    before: sideOf(metric, before, earlier, p, early?.missing ?? 0),
    after: sideOf(metric, after, later, p, late?.missing ?? 0),
    change: changeInUnit(metric, { before, difference }),
    verdict,
    confidence: confidence === null ? null : rounded(confidence),
  }
}

/** A difference as the API answers it. */
export function changeInUnit(
  metric: Measure,
  { before, difference }: Pick<Change, 'before' | 'difference'>,
): TrendsRow['change'] {
  return (
    difference && {
      difference: each(difference, grains => inUnit(metric, grains)),
      ratio: before?.value ? each(difference, grains => rounded(grains / before.value)) : null,
    }
  )
}

/** What is known of one side: its percentile and counts, of which some `missing` may lie in `(other)`. */
export function sideOf(
  metric: Measure,
  found: Percentile | null,
  of: Distribution | null,
  p: number,
  missing: number,
): TrendsRow['before'] {
  if (!found || !of) return null
  return {
    ...percentileInUnit(metric, found),
    ...countsOf(of, p),
    ...partialOf(missing),
    ...leftOutOf(of.omitted),
  }
}

function each<T extends Record<'value' | 'low' | 'high', number>>(
  { value, low, high }: T,
  of: (x: number) => number,
) {
  return { value: of(value), low: of(low), high: of(high) }
}

export function rounded(share: number): number {
  return Number(share.toFixed(4))
}
