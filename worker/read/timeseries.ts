/**
 * `GET /v1/timeseries`: percentiles over time, the same distributions as the summary's in buckets of an hour or a day.
 */

import type { TimeseriesAnswer, TimeseriesQuery, TimeseriesRow } from '../../schema/api/timeseries.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { unitOf } from '../../schema/domain/metrics.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { badField } from '../problem.ts'
import { groupsOf } from '../query/distributions.ts'
import type { Group } from '../query/groups.ts'
import { keptGroups, oldestRaw, type Retention } from '../query/kept.ts'
import { needsHours } from '../query/time-buckets.ts'
import type { Preparer } from '../store/statement.ts'
import { decisive, figuresOf, headOf, kindOf } from './summary.ts'

/** Answers for the time that is kept. Hours, and days of another time zone, are there for as long as hours are kept. */
export async function readTimeseries(
  d1: Preparer,
  asked: TimeseriesQuery,
  retention: Retention,
  now: Ms,
): Promise<TimeseriesAnswer> {
  const { interval, offset, timezone } = asked
  const step = interval === 'day' ? 24 : 1
  const buckets = { step, offset } as const
  const oldestHour = (hourOf(now) - retention.hourDays * 24) * HOUR
  if (needsHours(buckets) && asked.from < oldestHour) {
    const field = interval === 'hour' ? 'interval' : 'timezone'
    const since = new Date(oldestHour).toISOString()
    throw badField({
      field,
      detail: `needs hours, which are kept since ${since}: ask for interval=day in Z`,
    })
  }
  const query = keptGroups(asked, retention, now)
  const groupsQuery = { ...query, percentile: decisive(query.percentiles), rest: true, buckets }
  const oldest = oldestRaw(retention, now)
  const found = await groupsOf(d1, groupsQuery, now, { oldest })
  return {
    ...headOf(query, found),
    interval,
    timezone,
    data: toRows(found.groups, query, step, now),
  }
}

/** Groups stand together; each becomes a row with its points in order. */
function toRows(groups: readonly Group[], query: TimeseriesQuery, step: number, now: Ms): TimeseriesRow[] {
  const nameOf = namesOf()
  const timeOf = timesOf()
  return [...Map.groupBy(groups, nameOf).values()].flatMap(same => {
    const [first] = same
    const points = same
      .toSorted((a, b) => a.start - b.start)
      .flatMap(({ metric, start, distribution, missing }) => {
        const [from, to] = [
          Math.max(start * HOUR, query.from),
          Math.min((start + step) * HOUR, query.to, now),
        ]
        const figures = figuresOf(metric, distribution, query.percentiles, (to - from) / 60_000, missing)
        return figures ? [{ time: timeOf(start), ...figures }] : []
      })
    if (!first || !points.length) return []
    const { values, metric, rest } = first
    return [{ group: values, ...kindOf(values, rest), metric, unit: unitOf(metric), points }]
  })
}

/** The time of an hour as text, made once: groups and metrics have the same hours. */
function timesOf(): (hour: Hour) => string {
  const known = new Map<Hour, string>()
  return hour => {
    const time = known.get(hour) ?? new Date(hour * HOUR).toISOString()
    known.set(hour, time)
    return time
  }
}

/** Names groups by what they are of. The points of a group share its values, of which there are fewer than of points. */
function namesOf(): (group: Group) => string {
  const known = new Map<Group['values'], string>()
  return ({ values, metric, rest }) => {
    const name = known.get(values) ?? JSON.stringify(values)
    known.set(values, name)
    return `${rest ?? ''} ${metric} ${name}`
  }
}
