/**
 * `GET /v1/timeseries`: what may be asked, and what is answered. Percentiles over time, by the hour or by the day.
 */

import * as v from 'valibot'
import { DAY, HOUR } from '../domain/hour.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { ANSWER, LEFT_OUT, SAMPLED } from './answer.ts'
import { oneOf, whole } from './fields.ts'
import { parseQuery } from './query.ts'
import { offsetOf, TIMEZONE } from './range.ts'
import { SUMMARY_QUERY, SUMMARY_ROW, type SummaryQuery, summaryOf } from './summary.ts'

/** A range longer than this is answered by the day where nothing else is asked for. */
const MAX_HOURLY = 4 * DAY
const MAX_GROUPS = 20

/** A group in so many parts of time, at most. */
const MAX_POINTS = 1_000

/** The parameters beside those of every question. */
export const TIMESERIES_QUERY = {
  ...SUMMARY_QUERY,
  limit: v.optional(whole(1, MAX_GROUPS, 'the most groups'), '5'),
  interval: v.optional(
    v.pipe(oneOf(['hour', 'day']), v.description('by default the hour, and the day for more than four days')),
  ),
  timezone: TIMEZONE,
}

/** A checked question; days begin at midnight in `timezone`, which is `offset` hours before UTC. */
export interface TimeseriesQuery extends SummaryQuery {
  interval: 'hour' | 'day'
  timezone: string
  offset: number
}

/** Checks the parameters of `/v1/timeseries` against the clock `now` (Unix ms). The range is widened to whole days. */
export function parseTimeseriesQuery(params: URLSearchParams, now: number): Parsed<TimeseriesQuery> {
  const parsed = parseQuery(TIMESERIES_QUERY, params, now)
  if ('error' in parsed) return parsed
  const { timezone, interval: asked, ...question } = parsed.ok
  const summary = summaryOf(question)
  if ('error' in summary) return summary
  const { from, to } = question
  const interval = asked ?? (to - from > MAX_HOURLY ? 'day' : 'hour')
  const shift = offsetOf(timezone)
  const offset = shift / HOUR
  const step = interval === 'day' ? DAY : HOUR
  if ((to - from) / step > MAX_POINTS) {
    return fail('interval', `would make more than ${MAX_POINTS} points; ask for days or a shorter range`)
  }
  if (interval === 'hour') return { ok: { ...summary.ok, interval, timezone, offset } }
  const midnight = Math.floor((from + shift) / DAY) * DAY - shift
  return { ok: { ...summary.ok, from: midnight, interval, timezone, offset } }
}

const { group, other, rest, metric, unit, ...FIGURES } = SUMMARY_ROW.entries
const OF_ALL_POINTS = { group, other, rest, metric, unit }
const OF_A_POINT = {
  time: v.pipe(v.string(), v.description('RFC 3339, when the hour or day begins')),
  ...FIGURES,
}

/** What a row of CSV is. */
export const TIMESERIES_POINT = v.object({ time: OF_A_POINT.time, ...OF_ALL_POINTS, ...FIGURES })

export const TIMESERIES_ROW = v.object({
  ...OF_ALL_POINTS,
  points: v.pipe(
    v.array(v.object(OF_A_POINT)),
    v.description('oldest first; an hour or day without data has no point'),
  ),
})
export type TimeseriesRow = v.InferOutput<typeof TIMESERIES_ROW>

export const TIMESERIES_ANSWER = v.object({
  ...ANSWER,
  sampled: v.optional(SAMPLED),
  ...LEFT_OUT,
  interval: v.picklist(['hour', 'day']),
  timezone: v.pipe(v.string(), v.description('where days begin at midnight')),
  data: v.array(TIMESERIES_ROW),
})
export type TimeseriesAnswer = v.InferOutput<typeof TIMESERIES_ANSWER>
