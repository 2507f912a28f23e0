/**
 * `GET /v1/summary`: distributions read as percentiles, with their counts.
 */

import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { SummaryAnswer, SummaryQuery, SummaryRow } from '../../schema/api/summary.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { effectiveSize } from '../../schema/domain/clusters.ts'
import { countInterval } from '../../schema/domain/count.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'
import { fromGrains, isRated, limitsOf, type Measure, rate, unitOf } from '../../schema/domain/metrics.ts'
import { OTHER } from '../../schema/domain/names.ts'
import { type Percentile, percentiles } from '../../schema/domain/percentiles.ts'
import type { Grains, Ms } from '../../schema/domain/units.ts'
import { isCapped } from '../histogram/dimensions.ts'
import { type Distribution, errorRate } from '../query/distribution.ts'
import { type Distributions, groupsOf } from '../query/distributions.ts'
import { failedShare } from '../query/failed.ts'
import type { GroupValues } from '../query/groups-query.ts'
import { keptGroups, oldestRaw, type Retention } from '../query/kept.ts'
import type { Preparer } from '../store/statement.ts'
import { errorCount, errorFree } from './error-free.ts'

/** Answers a summary for the time that is kept. `now` (Unix ms) ends the time that calls a minute are counted over. */
export async function summarize(
  d1: Preparer,
  asked: SummaryQuery,
  retention: Retention,
  now: Ms,
): Promise<SummaryAnswer> {
  const query = keptGroups(asked, retention, now)
  const groupsQuery = { ...query, percentile: decisive(query.percentiles), rest: true }
  const oldest = oldestRaw(retention, now)
  const found = await groupsOf(d1, groupsQuery, now, { oldest })
  const minutes = (Math.min(query.to, now) - query.from) / 60_000
  return {
    ...headOf(query, found),
    data: found.groups.flatMap(({ values, metric, distribution, missing, rest }) => {
      const figures = figuresOf(metric, distribution, query.percentiles, minutes, missing)
      return figures
        ? [{ group: values, ...kindOf(values, rest), metric, unit: unitOf(metric), ...figures }]
        : []
    }),
  }
}

/** What an answer of groups says of itself before its rows. */
export function headOf(query: { site: string; from: Ms; to: Ms }, { source, oneIn, leftOut }: Distributions) {
  return {
    ...rangeOf(query),
    source,
    ...(oneIn > 1 && { sampled: oneIn }),
    relative_error: RELATIVE_ERROR,
    ...leftOutOf(leftOut),
  }
}

/** The percentile that the order `slowest` goes by: p75 where it is asked for, else the first. */
export function decisive(percentiles: readonly number[]): number {
  return percentiles.includes(75) ? 75 : (percentiles[0] ?? 75)
}

/** How an answer names what it is about. */
export function rangeOf({ site, from, to }: { site: string; from: Ms; to: Ms }) {
  return { site, from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

/** Says that a row is not of one group: what has no name of its own, or what the answer has no row of. */
export function kindOf(values: GroupValues, rest?: true): { other?: true; rest?: true } {
  if (rest) return { rest }
  const keys = Object.keys(values) as (keyof GroupValues)[]
  return keys.some(key => isCapped(key) && values[key] === OTHER) ? { other: true } : {}
}

type Figures = Omit<SummaryRow, 'group' | 'other' | 'rest' | 'metric' | 'unit'>

/**
 * What a row says of one distribution, of which some `missing` may lie in `(other)`; null where nothing was counted and
 * nothing may be missing. `minutes`: how long calls came in.
 */
export function figuresOf(
  metric: Measure,
  distribution: Distribution,
  wanted: readonly number[],
  minutes: number,
  missing: number,
): Figures | null {
  const figures = known(metric, distribution, wanted, minutes)
  return missing > 0 ? { ...(figures ?? NO_FIGURES), ...partialOf(missing) } : figures
}

const NO_PERCENTILES = { percentiles: {}, rating: null, shares: null }
const NO_FIGURES: Figures = {
  ...{ count: 0, count_interval: null, samples: 0, effective_samples: 0 },
  ...NO_PERCENTILES,
}

/** What says that a row is not all of its group; nothing where it is. */
export function partialOf(missing: number): { partial?: true; missing_at_most?: number } {
  return missing > 0 ? { partial: true, missing_at_most: missing } : {}
}

/** How an answer, or a row, says that calls were left out; nothing where none were. */
export function leftOutOf(calls: number | null): { calls_left_out?: number } {
  return calls ? { calls_left_out: calls } : {}
}

function known(
  metric: Measure,
  distribution: Distribution,
  wanted: readonly number[],
  minutes: number,
): Figures | null {
  const { n, good, poor } = distribution
  if (metric === 'pageviews') {
    return n > 0 ? { ...countsOf(distribution, 75), ...NO_PERCENTILES } : null
  }
  if (metric === 'errors') {
    const free = errorFree(distribution)
    return (
      free && {
        ...NO_PERCENTILES,
        ...countsOf(distribution, 75),
        error_free: free,
        errors: errorCount(distribution),
      }
    )
  }
  const answers = answersOf(metric, distribution, wanted)
  const p75 = answers.p75 ?? percentileOf(metric, distribution, 75)
  if (!p75) return null
  const rated = isRated(metric)
  return {
    ...countsOf(distribution, 75),
    percentiles: answers,
    rating: rated ? rate(metric, p75.value) : null,
    shares: rated ? { good: good / n, needs_improvement: (n - good - poor) / n, poor: poor / n } : null,
    ...(metric === 'api' && {
      error_rate: errorRate(distribution),
      per_minute: n / minutes,
      error_rate_interval: rateInterval(distribution),
      ...leftOutOf(distribution.omitted),
    }),
  }
}

function rateInterval(distribution: Distribution): SummaryRow['error_rate_interval'] {
  const share = failedShare(distribution)
  return share && { low: share.low, high: share.high }
}

/** By name, `p75`. Entry by entry, since points of weeks have thousands. */
function answersOf(
  metric: Measure,
  distribution: Distribution,
  wanted: readonly number[],
): Record<string, PercentileAnswer> {
  const answers: Record<string, PercentileAnswer> = {}
  for (const [i, found] of percentiles(distribution, wanted, limitsOf(metric)).entries()) {
    if (found) answers[`p${wanted[i]}`] = percentileInUnit(metric, found)
  }
  return answers
}

function percentileOf(metric: Measure, distribution: Distribution, p: number): PercentileAnswer | null {
  const [found = null] = percentiles(distribution, [p], limitsOf(metric))
  return found && percentileInUnit(metric, found)
}

/** How much a distribution rests on, and how much it tells of the percentile `p`. */
export function countsOf(
  distribution: Histogram,
  p: number,
): Pick<SummaryRow, 'count' | 'count_interval' | 'samples' | 'effective_samples'> {
  const size = effectiveSize(distribution)(p)
  return {
    count: distribution.n,
    // Without end where nobody knows which samples are of one page view (rest.ts).
    count_interval: Number.isFinite(distribution.q) ? countInterval(distribution) : null,
    samples: distribution.s,
    effective_samples: Number.isInteger(size) ? size : Number(size.toFixed(1)),
  }
}

/** A percentile in grains as the API answers it. */
export function percentileInUnit(metric: Measure, { value, low, high }: Percentile): PercentileAnswer {
  return {
    value: inUnit(metric, value),
    low: low === null ? null : inUnit(metric, low),
    high: high === null ? null : inUnit(metric, high),
  }
}

export function inUnit(metric: Measure, grains: Grains): number {
  return short(isRated(metric) ? fromGrains(metric, grains) : grains)
}

/** What a number is multiplied by to have six digits before the point, from below 1,000,000 downwards. */
const DIGITS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
/** So near to the middle of two numbers a product may round to the other one. */
const EVEN = 1e-6

/** Six significant digits: far finer than a bucket, and no tail of float noise in the JSON. An answer has thousands of them. */
export function short(value: number): number {
  const digits = value < 1e6 ? DIGITS.find(digits => value * digits >= 1e5) : undefined
  if (digits === undefined) return Number(value.toPrecision(6))
  const scaled = value * digits
  const isEven = Math.abs(scaled - Math.floor(scaled) - 0.5) < EVEN
  return isEven ? Number(value.toPrecision(6)) : Math.round(scaled) / digits
}
