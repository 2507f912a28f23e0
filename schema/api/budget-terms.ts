/** What a budget may say: a metric, what it is limited to, the limit, and the window that is judged. */

import * as v from 'valibot'
import { DELIVERY_METRICS, isDeliveryMetric, isShare, VISITED_SHARES } from '../domain/delivery-metrics.ts'
import { type Budgeted, hasPercentiles, METRICS } from '../domain/metrics.ts'
import { oneOf, PERCENTILE_NUMBER, plainText, unknownOrMissing, wholeNumber } from './fields.ts'
import { DEVICES, filterValue, MAX_FILTER, SEGMENT_ID, tagPair } from './filters.ts'
import { MEASURE_DETAIL, MEASURE_PATTERN, measureOf } from './summary.ts'

const text = plainText(MAX_FILTER)

/** What has no percentile. */
const WHOLES: readonly string[] = ['pageviews', ...VISITED_SHARES, ...DELIVERY_METRICS]

/** The name of a metric, as a question names it, of a count, or of a share. */
export const MEASURE = v.pipe(
  v.custom<Budgeted>(
    name => typeof name === 'string' && (measureOf(name) !== undefined || WHOLES.includes(name)),
    `must be ${MEASURE_DETAIL}, or one of ${WHOLES.join(', ')}`,
  ),
  v.metadata({ type: 'string', pattern: `${MEASURE_PATTERN}|^(${WHOLES.join('|')})$` }),
  v.description(
    `${Object.keys(METRICS).join(', ')}, phase:load, blocking:load, custom:name; pageviews, of which the limit is the least; or a share, which has no percentile: errors, of page ` +
      `views with an uncaught error; error_rate, of API calls that failed; of beacons ${DELIVERY_METRICS.join(', ')} (an upper bound of one address)`,
  ),
)

/** What a budget may be relative to. */
export const RELATIVE = ['week', 'release'] as const

export const TERMS = {
  metric: MEASURE,
  endpoint: v.pipe(
    v.optional(v.nullable(filterValue('endpoint', text)), null),
    v.description('for metrics api and error_rate: one endpoint'),
  ),
  route: v.optional(v.nullable(filterValue('route', text)), null),
  device: v.optional(v.nullable(oneOf(DEVICES)), null),
  tag: v.pipe(
    v.optional(
      v.nullable(
        v.pipe(
          text,
          v.check(tag => tagPair(tag) !== null, 'must be a declared name, a colon and a value: plan:pro'),
        ),
      ),
      null,
    ),
    v.description('one value of a declared tag: plan:pro'),
  ),
  segment: v.pipe(
    v.optional(v.nullable(SEGMENT_ID), null),
    v.description('a saved segment; the filters above narrow it further'),
  ),
  percentile: v.optional(PERCENTILE_NUMBER, 75),
  limit: v.pipe(
    v.number('must be a number'),
    v.minValue(0, 'must not be negative'),
    v.maxValue(600_000, 'must be at most 600000'),
    v.description(
      "in the metric's unit: 2500 for ms, 0.1 for cls, 0.05 for a share; the least number of pageviews; with relative_to a share: 0.1 for 10% above, of pageviews 0.5 for 50% below",
    ),
  ),
  relative_to: v.pipe(
    v.optional(v.nullable(oneOf(RELATIVE)), null),
    v.description(
      'what the percentile may lie above by the share `limit`: week: the same window a week before; release: the release before ' +
        'the newest that began within 7 days',
    ),
  ),
  window_hours: v.optional(wholeNumber(1, 28 * 24), 24),
  minimum: v.pipe(
    v.optional(wholeNumber(1, 1_000_000), 100),
    v.description(
      'effective samples below which the budget has no data; of pageviews those of the week before',
    ),
  ),
}

/** The shortest window of `delivery:lost`, in hours. */
const LOSS_HOURS = 6
/** The highest limit of a relative budget: eleven times as much. */
const MAX_SHARE = 10
/** The highest limit of CLS, a score: 2500 is one in ms, by a slip. */
const MAX_CLS_LIMIT = 10
/** The longest window of a relative budget, in hours: it ends before the one that it is compared with begins. */
const RELATIVE_HOURS = 7 * 24

const NO_FILTERS = 'must be left out: metrics of delivery have no filters'

const terms = v.strictObject(TERMS, unknownOrMissing)
export type Budget = v.InferOutput<typeof terms>

/** A rule about several terms; `field` is the one that is named where it is broken. */
function rule(field: keyof Budget, holds: (budget: Budget) => boolean, detail: string) {
  return v.forward(v.check(holds, detail), [field])
}

/** A budget as it is made or replaced. */
export const BUDGET = v.pipe(
  terms,
  rule(
    'endpoint',
    ({ metric, endpoint }) => endpoint === null || metric === 'api' || metric === 'error_rate',
    'needs metric api or error_rate',
  ),
  rule('route', ({ metric, route }) => !isDeliveryMetric(metric) || route === null, NO_FILTERS),
  rule('device', ({ metric, device }) => !isDeliveryMetric(metric) || device === null, NO_FILTERS),
  rule('tag', ({ metric, tag }) => !isDeliveryMetric(metric) || tag === null, NO_FILTERS),
  rule('segment', ({ metric, segment }) => !isDeliveryMetric(metric) || segment === null, NO_FILTERS),
  rule('limit', ({ metric, limit }) => !isShare(metric) || limit <= 1, 'must be a share from 0 to 1'),
  rule(
    'limit',
    ({ metric, limit }) => metric !== 'cls' || limit <= MAX_CLS_LIMIT,
    `must be at most ${MAX_CLS_LIMIT} for cls: a score, such as 0.1`,
  ),
  rule(
    'relative_to',
    ({ metric, relative_to }) => relative_to === null || hasPercentiles(metric) || metric === 'pageviews',
    'needs a metric that has percentiles, or pageviews',
  ),
  rule(
    'relative_to',
    ({ metric, relative_to }) => metric !== 'pageviews' || relative_to !== 'release',
    'must be week for pageviews',
  ),
  rule(
    'limit',
    ({ metric, relative_to, limit }) => metric !== 'pageviews' || relative_to !== null || limit >= 1,
    'must be at least 1 for pageviews: the least that the window must have',
  ),
  rule(
    'limit',
    ({ metric, relative_to, limit }) => metric !== 'pageviews' || relative_to === null || limit < 1,
    'must be a share below 1 for pageviews: 0.5 for 50% below',
  ),
  rule(
    'limit',
    ({ relative_to, limit }) => relative_to === null || limit <= MAX_SHARE,
    `must be a share of at most ${MAX_SHARE}: 0.1 for 10%`,
  ),
  rule(
    'window_hours',
    ({ relative_to, window_hours }) => relative_to === null || window_hours <= RELATIVE_HOURS,
    `must be at most ${RELATIVE_HOURS} where it is relative`,
  ),
  rule(
    'window_hours',
    ({ metric, window_hours }) => metric !== 'delivery:lost' || window_hours >= LOSS_HOURS,
    `must be at least ${LOSS_HOURS}: the loss is known once an hour is rolled up`,
  ),
)
