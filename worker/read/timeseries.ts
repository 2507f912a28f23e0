/**
 * A checked question goes in, percentiles over time come out: the same distributions as the summary's, in buckets of an
 * hour or a day.
 */

import type { TimeseriesAnswer, TimeseriesQuery, TimeseriesRow } from '../../schema/api/timeseries.ts'
import { RELATIVE_ERROR } from '../../schema/domain/histogram.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { unitOf } from '../../schema/domain/metrics.ts'
import { badField } from '../problem.ts'
import { type Group, groupsOf } from '../query/distributions.ts'
import { oldestRaw, onKept, periodsOf } from '../query/plan.ts'
import type { Over } from '../query/time-buckets.ts'
import type { Preparer } from '../store/statement.ts'
import { decisive, figuresOf, kindOf, leftOutOf, rangeOf } from './summary.ts'

/** Answers for the time that is kept. Hours, and days of another time zone, are there for as long as hours are kept. */
export function timeseriesKept(
  d1: Preparer,
  query: TimeseriesQuery,
  site: { hourDays: number; rawDays: number },
  now: number,
): Promise<TimeseriesAnswer> {
  const oldest = (hourOf(now) - site.hourDays * 24) * HOUR
  if (byHours(query) && query.from < oldest) {
    const field = query.interval === 'hour' ? 'interval' : 'timezone'
    const detail = `needs hours, which are kept since ${new Date(oldest).toISOString()}: ask for interval=day in Z`
    throw badField({ field, detail })
  }
  return onKept(query, site, now, kept => timeseries(d1, kept, now, oldestRaw(site, now)))
}

async function timeseries(
  d1: Preparer,
  query: TimeseriesQuery,
  now: number,
  oldest: number,
): Promise<TimeseriesAnswer> {
  const { interval, offset, timezone, percentiles } = query
  const step = interval === 'day' ? 24 : 1
  const over = async (counting: Preparer) => {
    const [ranked, periods] = await Promise.all([
      periodsOf(counting, query, now),
      byHours(query) ? periodsOf(counting, query, now, false) : null,
    ])
    return { periods: periods ?? ranked, buckets: { step, offset, ranked } } satisfies Over
  }
  const ask = { ...query, percentile: decisive(percentiles), oldest, rest: true }
  const { source, oneIn, groups, leftOut } = await groupsOf(d1, ask, now, { over })
  return {
    ...rangeOf(query),
    source,
    ...(oneIn > 1 && { sampled: oneIn }),
    relative_error: RELATIVE_ERROR,
    ...leftOutOf(leftOut),
    interval,
    timezone,
    data: toRows(groups, query, step, now),
  }
}

/** True where day roll-ups, which are those of UTC, do not serve. */
function byHours({ interval, offset }: TimeseriesQuery): boolean {
  return interval === 'hour' || offset % 24 !== 0
}

/** Groups stand together; each becomes a row with its points in order. */
function toRows(
  groups: readonly Group[],
  query: TimeseriesQuery,
  step: number,
  now: number,
): TimeseriesRow[] {
  const rows = new Map<string, TimeseriesRow>()
  for (const { values, metric, start, distribution, missing, rest } of groups.toSorted(
    (a, b) => a.start - b.start,
  )) {
    const [from, to] = [Math.max(start * HOUR, query.from), Math.min((start + step) * HOUR, query.to, now)]
    const figures = figuresOf(metric, distribution, query.percentiles, (to - from) / 60_000, missing)
    if (!figures) continue
    const key = JSON.stringify([metric, values, rest])
    const row = rows.get(key) ?? {
      group: values,
      ...kindOf(values, rest),
      metric,
      unit: unitOf(metric),
      points: [],
    }
    row.points.push({ time: new Date(start * HOUR).toISOString(), ...figures })
    rows.set(key, row)
  }
  const order = new Map(
    groups.map(({ metric, values, rest }, i) => [JSON.stringify([metric, values, rest]), i]),
  )
  return [...rows].sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0)).map(([, row]) => row)
}
