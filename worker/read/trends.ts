/**
 * A checked question goes in, what has changed comes out: the distributions of two periods, or of two releases,
 * compared group by group.
 */

import { changeOf } from '../../schema/change.ts'
import { type Percentile, RELATIVE_ERROR } from '../../schema/histogram.ts'
import { HOUR } from '../../schema/hour.ts'
import { limitsOf, type Measure, unitOf } from '../../schema/metrics.ts'
import type { TrendsAnswer, TrendsQuery, TrendsRow } from '../../schema/trends.ts'
import type { Preparer } from '../statement.ts'
import { BUSIEST, type Distribution, type Group, groupsOf } from './distributions.ts'
import { oldestRaw, onKept, onKeptHours } from './plan.ts'
import { inUnit, leftOutOf, partialOf, percentileInUnit, rangeOf } from './summary.ts'
import { MAX_READ } from './thin.ts'

/** Where single page views answer, groups of the time before are looked for among so many times more of the busiest. */
const WIDER = 3
const MOST = 100

/** Answers for the time that is kept; the time before may reach back further than that, and then has less. */
export function trendsKept(
  d1: Preparer,
  query: TrendsQuery,
  site: { hourDays: number; rawDays: number },
  now: number,
): Promise<TrendsAnswer> {
  return onKept(query, site, now, kept => trends(d1, kept, site, now))
}

async function trends(
  d1: Preparer,
  query: TrendsQuery,
  site: { hourDays: number; rawDays: number },
  now: number,
): Promise<TrendsAnswer> {
  const { from, to, baselineRelease, filters, limit } = query
  const [percentile] = query.percentiles
  const ask = { ...query, percentile }
  // What is still to come of an open period is left out of the time that it is compared with.
  const length = Math.ceil((Math.min(to, now) - from) / HOUR) * HOUR
  const earlier =
    baselineRelease === null
      ? onKeptHours({ from: from - length, to: from }, site, now)
      : { from, to, filters: { ...filters, release: baselineRelease } }
  const wider = { ...BUSIEST, limit: Math.min(limit * WIDER, MOST) }
  const reads = { reads: MAX_READ / 2 }
  const late = await groupsOf(d1, { ...ask, oldest: oldestRaw(site, now) }, now, reads)
  const among = late.groups.map(({ values }) => values)
  const early = await groupsOf(d1, { ...ask, ...wider, ...earlier, among }, now, reads)
  const share = Math.max(late.share, early.share)
  const before = new Map(early.groups.map(group => [keyOf(group), group]))
  const baseline = rangeOf({ site: query.site, ...earlier })
  return {
    ...rangeOf(query),
    baseline: { from: baseline.from, to: baseline.to, release: baselineRelease },
    percentile,
    source: late.source === 'rollup' && early.source === 'rollup' ? 'rollup' : 'samples',
    ...(share > 1 && { sampled: share }),
    relative_error: RELATIVE_ERROR,
    data: late.groups.map(group => toRow(group, before.get(keyOf(group)) ?? null, percentile)),
  }
}

function keyOf({ metric, values }: Group): string {
  return JSON.stringify([metric, values])
}

function toRow({ values, metric, distribution, missing }: Group, early: Group | null, p: number): TrendsRow {
  const earlier = early?.distribution ?? null
  const { before, after, difference, verdict, confidence } = changeOf(
    earlier,
    distribution,
    p,
    limitsOf(metric),
  )
  return {
    group: values,
    metric,
    unit: unitOf(metric),
    before: sideOf(metric, before, earlier, early?.missing ?? 0),
    after: sideOf(metric, after, distribution, missing),
    change: difference && {
      difference: each(difference, grains => inUnit(metric, grains)),
      ratio: before?.value ? each(difference, grains => rounded(grains / before.value)) : null,
    },
    verdict,
    confidence: confidence === null ? null : rounded(confidence),
  }
}

function sideOf(
  metric: Measure,
  found: Percentile | null,
  of: Distribution | null,
  missing: number,
): TrendsRow['before'] {
  if (!found || !of) return null
  return {
    ...percentileInUnit(metric, found),
    count: of.n,
    samples: of.s,
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

function rounded(share: number): number {
  return Number(share.toFixed(4))
}
