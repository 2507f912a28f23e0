/**
 * `GET /v1/changes`: what may be asked, and what is answered. The groups of page views and calls that got worse or better,
 * against the period before or another release, the most harmed first.
 */

import * as v from 'valibot'
import { METRICS, type Metric } from '../domain/metrics.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { ANSWER, GROUP, SAMPLED } from './answer.ts'
import { among, list, whole } from './fields.ts'
import { parseQuery, type QueryOf } from './query.ts'
import { BASELINE, COMPARED_PERCENTILE, TRENDS_ROW } from './trends.ts'

const METRIC_NAMES = Object.keys(METRICS) as Metric[]
const DEFAULT_LIMIT = 20
const MAX_GROUPS = 100

/** The parameters beside those of every question. */
export const CHANGES_QUERY = {
  metrics: v.optional(
    list(`one of ${METRIC_NAMES.join(', ')}`, among(METRIC_NAMES), METRIC_NAMES.length, {
      enum: METRIC_NAMES,
    }),
    'lcp,inp,cls,api',
  ),
  percentile: COMPARED_PERCENTILE,
  against: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(308, 'must be at most 300 characters behind release:'),
      v.regex(/^(previous|release|release:.+)$/, 'must be previous, release or release:<name>'),
      v.description(
        'previous: the time of the same length before; release: the newest release of the range against the one before it; ' +
          'release:1.4.0: against that one',
      ),
    ),
    'previous',
  ),
  limit: v.optional(
    whole(1, MAX_GROUPS, 'the most groups that got worse, and as many that got better'),
    String(DEFAULT_LIMIT),
  ),
}

/** A checked question; `against` is null for the time before, else a release, or '' for the one before the newest. */
export interface ChangesQuery extends Omit<QueryOf<typeof CHANGES_QUERY>, 'against'> {
  against: string | null
}

/** Checks the parameters of `/v1/changes` against the clock `now` (Unix ms). */
export function parseChangesQuery(params: URLSearchParams, now: number): Parsed<ChangesQuery> {
  const parsed = parseQuery(CHANGES_QUERY, params, now)
  if ('error' in parsed) return parsed
  const { against, filters } = parsed.ok
  if (against !== 'previous' && typeof filters.release === 'object')
    return fail('release', 'must be one release: it is compared with another')
  return { ok: { ...parsed.ok, against: against === 'previous' ? null : against.replace(/^release:?/, '') } }
}

const { unit, before, after, change } = TRENDS_ROW.entries

export const CHANGES_ROW = v.object({
  group: GROUP,
  metric: v.picklist(METRIC_NAMES),
  unit,
  before,
  after,
  change,
  verdict: v.pipe(
    v.picklist(['improving', 'degrading']),
    v.description(
      'at most 5 in 100 answers about unchanged data have any row, however many groups are compared',
    ),
  ),
  confidence: v.pipe(
    v.number(),
    v.description('that it changed, 0.95 to 1, corrected for all groups that were compared'),
  ),
  harmed: v.pipe(
    v.number(),
    v.description(
      'page views (of api: calls) that are not good and would be, had the group stayed as it was: the difference of the ' +
        'shares that are not good, times the count after. Below 0: so many became good',
    ),
  ),
  part_of: v.optional(
    v.pipe(
      GROUP,
      v.description(
        'the row of this metric that tells it better: a narrower group that has most of the harm, or a wider one that fares alike',
      ),
    ),
  ),
})
export type ChangesRow = v.InferOutput<typeof CHANGES_ROW>

const { site, from, to, source, relative_error } = ANSWER
const count = (meaning: string) => v.pipe(v.number(), v.integer(), v.description(meaning))

export const CHANGES_ANSWER = v.object({
  site,
  from,
  to,
  baseline: v.pipe(BASELINE, v.description('what `before` is about')),
  release: v.pipe(
    v.nullable(v.string()),
    v.description('the release that `after` is about; null for a period'),
  ),
  percentile: v.number(),
  source,
  sampled: v.optional(SAMPLED),
  relative_error,
  compared: count('groups times metrics that were compared'),
  stable: count('of these: likely to have moved by less than 10%'),
  unclear: count('of these: nobody can say whether they changed'),
  unknown: count('groups times metrics with too little data on either side'),
  data: v.array(CHANGES_ROW),
})
export type ChangesAnswer = v.InferOutput<typeof CHANGES_ANSWER>
