/**
 * `GET /v1/summary`: what may be asked, and what is answered. Percentiles with their counts, by group.
 */

import * as v from 'valibot'
import { ANSWER, GROUP, PERCENTILE_ANSWER, SHARE } from './answer.ts'
import type { FieldError } from './beacon.ts'
import { METRICS, type Metric, VITALS } from './metrics.ts'
import {
  among,
  type Checked,
  fail,
  GROUP_KEYS,
  type GroupKey,
  list,
  MAX_LIMIT,
  parseQuestion,
  percentile,
  whole,
} from './query.ts'

export const DEFAULT_PERCENTILES = [50, 75, 90, 95, 99]
export const DEFAULT_LIMIT = 20

const METRIC_NAMES = Object.keys(METRICS) as Metric[]

/** The parameters beside those of every question. */
export const SUMMARY_QUERY = {
  metrics: v.optional(
    list(`one of ${METRIC_NAMES.join(', ')}`, among(METRIC_NAMES), METRIC_NAMES.length),
    VITALS.join(','),
  ),
  percentiles: v.optional(list('a number from 1 to 99.9', percentile, 20), DEFAULT_PERCENTILES.join(',')),
  group_by: v.optional(list(`one of ${GROUP_KEYS.join(', ')}`, among(GROUP_KEYS), 2), undefined),
  limit: v.optional(whole(1, MAX_LIMIT), String(DEFAULT_LIMIT)),
}

/** A checked question; `limit` is the most groups answered, the largest first. */
export interface SummaryQuery extends Omit<Checked<typeof SUMMARY_QUERY>, 'group_by'> {
  groupBy: GroupKey[]
}

/** Checks the parameters of `/v1/summary` against the clock `now` (Unix ms). */
export function parseSummaryQuery(
  params: URLSearchParams,
  now: number,
): { ok: SummaryQuery } | { error: FieldError } {
  const parsed = parseQuestion(SUMMARY_QUERY, params, now)
  if ('error' in parsed) return parsed
  const { group_by: groupBy = [], ...question } = parsed.ok
  const { metrics, filters } = question
  const vital = metrics.find(metric => metric !== 'api')
  if (vital && (groupBy.includes('endpoint') || filters.endpoint !== undefined)) {
    return fail(
      groupBy.includes('endpoint') ? 'group_by' : 'endpoint',
      `endpoint belongs to API calls: ask for metrics=api, not for ${vital}`,
    )
  }
  return { ok: { ...question, groupBy } }
}

export const SUMMARY_ROW = v.object({
  group: GROUP,
  metric: v.picklist(METRIC_NAMES),
  unit: v.picklist(['ms', 'score']),
  count: v.pipe(
    v.number(),
    v.description('estimated page views (or calls) that have the metric: the sum of the weights'),
  ),
  samples: v.pipe(v.number(), v.integer(), v.description('samples really stored')),
  percentiles: v.pipe(v.record(v.string(), PERCENTILE_ANSWER), v.description('by name: p75, p99.9')),
  rating: v.pipe(v.picklist(['good', 'needs-improvement', 'poor']), v.description('of p75')),
  shares: v.object({ good: SHARE, needs_improvement: SHARE, poor: SHARE }),
  error_rate: v.optional(
    v.pipe(SHARE, v.description('API calls: share that ended in an HTTP or a network error')),
  ),
  per_minute: v.optional(
    v.pipe(
      v.number(),
      v.description('API calls: estimated calls a minute over the part of the range that is past'),
    ),
  ),
})
export type SummaryRow = v.InferOutput<typeof SUMMARY_ROW>

export const SUMMARY_ANSWER = v.object({ ...ANSWER, data: v.array(SUMMARY_ROW) })
export type SummaryAnswer = v.InferOutput<typeof SUMMARY_ANSWER>
