/**
 * `GET /v1/summary`: what may be asked, and what is answered. Percentiles with their counts, by group.
 */

import * as v from 'valibot'
import { BLOCKING, METRICS, type Measure, type Metric, PHASES, VITALS } from '../domain/metrics.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { MARK_NAME } from '../wire/items.ts'
import {
  ANSWER,
  COUNT_INTERVAL,
  EFFECTIVE_SAMPLES,
  GROUP,
  LEFT_OUT,
  NO_GROUP,
  PARTIAL,
  PERCENTILE_ANSWER,
  SAMPLED,
  SHARE,
  SHARE_ESTIMATE,
} from './answer.ts'
import { among, list, oneOf, PERCENTILE, percentile, whole } from './fields.ts'
import { GROUP_KEY_DETAIL, GROUP_KEY_PATTERN, type GroupKey, groupKeyOf } from './filters.ts'
import { MAX_LIMIT, parseQuery, type QueryOf } from './query.ts'

const DEFAULT_PERCENTILES = [50, 75, 90, 95, 99]
export const DEFAULT_LIMIT = 20

const METRIC_NAMES = Object.keys(METRICS) as Metric[]

/** The most metrics of one question: each measure that is no vital is read by itself. */
const MAX_METRICS = 12

/** The name of what has percentiles: of a metric, of a load phase (`phase:load`), of blocking time (`blocking:load`) or of a mark (`custom:ready`). */
export function measureOf(name: string): Measure | undefined {
  const [family, part = ''] = name.split(':')
  if (family === 'custom' && v.is(MARK_NAME, part)) return `custom:${part}`
  const phase = PHASES.find(phase => phase === part)
  const blocking = BLOCKING.find(when => when === part)
  if (family === 'blocking' && blocking) return `blocking:${blocking}`
  return family === 'phase' && phase ? `phase:${phase}` : among(METRIC_NAMES)(name)
}
/** The same as a regular expression. */
export const MEASURE_PATTERN = `^(${METRIC_NAMES.join('|')}|phase:(${PHASES.join('|')})|blocking:(${BLOCKING.join('|')})|custom:[\\w.-]{1,64})$`
export const MEASURE_DETAIL = `one of ${METRIC_NAMES.join(', ')}, phase:<phase>, blocking:load, blocking:after or custom:<mark>`
/** What is counted alone. */
const COUNTED = ['pageviews', 'errors'] as const
const COUNTED_PATTERN = MEASURE_PATTERN.replace('(', `(${COUNTED.join('|')}|`)

/** The same, or one of `COUNTED`. */
function countedOf(name: string): Measure | undefined {
  return among(COUNTED)(name) ?? measureOf(name)
}

/** The orders in which groups are answered: most traffic, worst percentile, most failures, most of what is not good. */
const SORTS = ['busiest', 'slowest', 'failing', 'impact'] as const
export type Sort = (typeof SORTS)[number]

/** The metrics of a question about percentiles alone. */
export const MEASURES = v.optional(
  list(MEASURE_DETAIL, measureOf, MAX_METRICS, { type: 'string', pattern: MEASURE_PATTERN }),
  VITALS.join(','),
)

/** The parameters beside those of every question. */
export const SUMMARY_QUERY = {
  metrics: v.optional(
    list(`${MEASURE_DETAIL}, pageviews or errors`, countedOf, MAX_METRICS, {
      type: 'string',
      pattern: COUNTED_PATTERN,
    }),
    VITALS.join(','),
  ),
  percentiles: v.optional(
    list('a number from 1 to 99.9', percentile, 20, PERCENTILE),
    DEFAULT_PERCENTILES.join(','),
  ),
  group_by: v.optional(
    list(GROUP_KEY_DETAIL, groupKeyOf, 2, { type: 'string', pattern: GROUP_KEY_PATTERN }),
    undefined,
  ),
  limit: v.optional(whole(1, MAX_LIMIT, 'the most groups'), String(DEFAULT_LIMIT)),
  sort: v.optional(
    v.pipe(
      oneOf(SORTS),
      v.description(
        'which groups come first; impact: most traffic that is not good; failing: API calls alone',
      ),
    ),
    'busiest',
  ),
  minimum: v.optional(
    whole(1, 1_000_000, 'leaves out groups with fewer samples; by default 1, and 10 for slowest and failing'),
  ),
}

/** Samples below which a group says nothing of being slow or failing. */
const TELLING = 10

/**
 * A checked question: the first `limit` groups in the order `sort`, of the first metric that is no mere count; groups with fewer than
 * `minimum` samples are left out.
 */
export interface SummaryQuery extends Omit<QueryOf<typeof SUMMARY_QUERY>, 'group_by' | 'minimum'> {
  groupBy: GroupKey[]
  minimum: number
}

/** Checks the parameters of `/v1/summary` against the clock `now` (Unix ms). */
export function parseSummaryQuery(params: URLSearchParams, now: number): Parsed<SummaryQuery> {
  const parsed = parseQuery(SUMMARY_QUERY, params, now)
  return 'error' in parsed ? parsed : summaryOf(parsed.ok)
}

/** What parameters must fulfil together; other endpoints that answer figures by group ask the same. */
export function summaryOf<Q extends QueryOf<typeof SUMMARY_QUERY>>({
  group_by: groupBy = [],
  minimum,
  ...question
}: Q): Parsed<SummaryQuery> {
  const { metrics, filters, sort } = question
  const unsortable = sortFault(metrics, sort)
  if (unsortable !== null) return fail('sort', unsortable)
  const vital = metrics.find(metric => metric !== 'api')
  if (vital && (groupBy.includes('endpoint') || filters.endpoint !== undefined)) {
    const needs = `needs metrics=api, not ${vital}`
    return groupBy.includes('endpoint') ? fail('group_by', `endpoint ${needs}`) : fail('endpoint', needs)
  }
  const telling = sort === 'slowest' || sort === 'failing' ? TELLING : 1
  return { ok: { ...question, groupBy, minimum: minimum ?? telling } }
}

/** Why groups cannot be in an order; null where they can. */
function sortFault(metrics: readonly Measure[], sort: SummaryQuery['sort']): string | null {
  if (sort === 'failing')
    return metrics.every(metric => metric === 'api') ? null : 'failing needs metrics=api'
  if (sort !== 'slowest' && sort !== 'impact') return null
  const counted: readonly Measure[] = sort === 'slowest' ? COUNTED : ['pageviews']
  if (metrics.some(metric => !counted.includes(metric))) return null
  return `${sort} needs a percentile or a rating, which ${metrics[0]} do not have`
}

export const SUMMARY_ROW = v.object({
  group: GROUP,
  ...NO_GROUP,
  metric: v.pipe(
    v.custom<Measure>(name => typeof name === 'string' && countedOf(name) !== undefined),
    v.metadata({ type: 'string', pattern: COUNTED_PATTERN }),
    v.description(`${METRIC_NAMES.join(', ')}, phase:load, blocking:load, custom:name, pageviews, errors`),
  ),
  unit: v.picklist(['ms', 'score', 'none']),
  count: v.pipe(
    v.number(),
    v.description(
      'estimated page views (or calls) that have the metric: the sum of the weights. Of pageviews: all, whatever they ' +
        'measured; of errors: those that look for them',
    ),
  ),
  count_interval: COUNT_INTERVAL,
  samples: v.pipe(v.number(), v.integer(), v.description('samples really stored')),
  effective_samples: EFFECTIVE_SAMPLES,
  percentiles: v.pipe(
    v.record(v.string(), PERCENTILE_ANSWER),
    v.description('by name: p75, p99.9; none of pageviews and errors'),
  ),
  rating: v.pipe(
    v.nullable(v.picklist(['good', 'needs-improvement', 'poor'])),
    v.description('of p75; null for what has no thresholds'),
  ),
  shares: v.pipe(
    v.nullable(v.object({ good: SHARE, needs_improvement: SHARE, poor: SHARE })),
    v.description('null for what has no thresholds'),
  ),
  ...PARTIAL,
  ...LEFT_OUT,
  error_free: v.optional(
    v.pipe(
      SHARE_ESTIMATE,
      v.description(
        'errors: share of page views without an uncaught error; count are those that look for them',
      ),
    ),
  ),
  errors: v.optional(v.pipe(v.number(), v.description('errors: how many there were, by estimate'))),
  error_rate: v.optional(
    v.pipe(
      SHARE,
      v.description('API calls: share that ended in an HTTP error, a network error or a time-out'),
    ),
  ),
  per_minute: v.optional(
    v.pipe(
      v.number(),
      v.description('API calls: estimated calls a minute over the part of the range that is past'),
    ),
  ),
  error_rate_interval: v.optional(
    v.pipe(
      v.nullable(v.object({ low: SHARE, high: SHARE })),
      v.description(
        'of error_rate, 95%: calls of one page view fail together, and what calls_left_out counts may all have been well; null where ' +
          'nobody knows which calls are of one page view',
      ),
    ),
  ),
})
export type SummaryRow = v.InferOutput<typeof SUMMARY_ROW>

export const SUMMARY_ANSWER = v.object({
  ...ANSWER,
  sampled: v.optional(SAMPLED),
  ...LEFT_OUT,
  data: v.array(SUMMARY_ROW),
})
export type SummaryAnswer = v.InferOutput<typeof SUMMARY_ANSWER>
