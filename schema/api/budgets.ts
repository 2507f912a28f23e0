/**
 * Budgets: what a team promises of a metric or an endpoint, how the promise stands, and what became of it over time.
 * `POST /v1/sites/shop/budgets` takes a `BUDGET`, `GET /v1/budgets?site=shop` answers them with their state.
 */

import * as v from 'valibot'
import { BUDGET_STATES } from '../domain/budget-state.ts'
import { DELIVERY_METRICS, isDeliveryMetric, isShare } from '../domain/delivery-metrics.ts'
import type { Budgeted } from '../domain/metrics.ts'
import { DEPLOY_ANSWER } from './deploys.ts'
import { ID, oneOf, PERCENTILE_NUMBER, plainText, SITE, unknownOrMissing, wholeNumber } from './fields.ts'
import { MAX_FILTER, SEGMENT_ID, tagAnd } from './query.ts'
import { MEASURE_DETAIL, MEASURE_PATTERN, measureOf } from './summary.ts'

/** Budgets of one site. */
export const MAX_BUDGETS = 50

const text = plainText(MAX_FILTER)

/** The name of a metric, as a question names it, or of a share of the beacons. */
export const MEASURE = v.pipe(
  v.custom<Budgeted>(
    name => typeof name === 'string' && (measureOf(name) !== undefined || isShare(name)),
    `must be ${MEASURE_DETAIL}, or one of errors, ${DELIVERY_METRICS.join(', ')}`,
  ),
  v.metadata({ type: 'string', pattern: `${MEASURE_PATTERN}|^(errors|${DELIVERY_METRICS.join('|')})$` }),
  v.description(
    'lcp, inp, cls, fcp, ttfb, api, phase:load, blocking:load, custom:name; or a share, which has no percentile: errors, of page ' +
      `views with an uncaught error; of beacons ${DELIVERY_METRICS.join(', ')} (an upper bound of one address)`,
  ),
)

/** What a budget may be relative to. */
const RELATIVE = ['week', 'release'] as const

const TERMS = {
  metric: MEASURE,
  endpoint: v.pipe(v.optional(v.nullable(text), null), v.description('for metric api: one endpoint of it')),
  route: v.optional(v.nullable(text), null),
  device: v.optional(v.nullable(oneOf(['phone', 'tablet', 'desktop'])), null),
  tag: v.pipe(
    v.optional(
      v.nullable(
        v.pipe(
          text,
          v.check(tag => tagAnd(tag) !== null, 'must be a declared name, a colon and a value: plan:pro'),
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
      "in the metric's unit: 2500 for ms, 0.1 for cls, 0.05 for a share; with relative_to a share: 0.1 for 10% above",
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
    v.description('effective samples below which the budget has no data'),
  ),
}

/** The shortest window of `delivery:lost`. */
const LOSS_HOURS = 6

/** The highest limit of a relative budget: eleven times as much. */
const MAX_SHARE = 10
/** The longest window of a relative budget, in hours: it ends before the one that it is compared with begins. */
const RELATIVE_HOURS = 7 * 24

const NO_FILTERS = 'must be left out: metrics of delivery have no filters'

/** A budget as it is made or replaced. */
export const BUDGET = v.pipe(
  v.strictObject(TERMS, unknownOrMissing),
  v.forward(
    v.check(({ metric, endpoint }) => endpoint === null || metric === 'api', 'needs metric api'),
    ['endpoint'],
  ),
  v.forward(
    v.check(({ metric, route }) => !isDeliveryMetric(metric) || route === null, NO_FILTERS),
    ['route'],
  ),
  v.forward(
    v.check(({ metric, device }) => !isDeliveryMetric(metric) || device === null, NO_FILTERS),
    ['device'],
  ),
  v.forward(
    v.check(({ metric, tag }) => !isDeliveryMetric(metric) || tag === null, NO_FILTERS),
    ['tag'],
  ),
  v.forward(
    v.check(({ metric, segment }) => !isDeliveryMetric(metric) || segment === null, NO_FILTERS),
    ['segment'],
  ),
  v.forward(
    v.check(({ metric, limit }) => !isShare(metric) || limit <= 1, 'must be a share from 0 to 1'),
    ['limit'],
  ),
  v.forward(
    v.check(
      ({ metric, relative_to }) => relative_to === null || !(isShare(metric) || metric === 'pageviews'),
      'needs a metric that has percentiles',
    ),
    ['relative_to'],
  ),
  v.forward(
    v.check(
      ({ relative_to, limit }) => relative_to === null || limit <= MAX_SHARE,
      `must be a share of at most ${MAX_SHARE}: 0.1 for 10%`,
    ),
    ['limit'],
  ),
  v.forward(
    v.check(
      ({ relative_to, window_hours }) => relative_to === null || window_hours <= RELATIVE_HOURS,
      `must be at most ${RELATIVE_HOURS} where it is relative`,
    ),
    ['window_hours'],
  ),
  v.forward(
    v.check(
      ({ metric, window_hours }) => metric !== 'delivery:lost' || window_hours >= LOSS_HOURS,
      `must be at least ${LOSS_HOURS}: the loss is known once an hour is rolled up`,
    ),
    ['window_hours'],
  ),
)
export type Budget = v.InferOutput<typeof BUDGET>

const amount = v.nullable(v.number())
const time = v.pipe(v.string(), v.description('RFC 3339'))
const FINDING = {
  state: v.picklist(BUDGET_STATES),
  value: v.pipe(
    amount,
    v.description(
      "the percentile, in the metric's unit; of a relative budget the share by which it lies above; null before there was data",
    ),
  ),
  low: amount,
  high: amount,
  samples: v.pipe(v.number(), v.integer()),
  effective_samples: v.pipe(
    v.nullable(v.number()),
    v.description(
      'independent samples of equal weight that would tell as much; a minimum is of these. null before there was data',
    ),
  ),
  release: v.pipe(
    v.nullable(v.string()),
    v.description('where breached: the release that began within the window, if there was one'),
  ),
  baseline: v.pipe(
    v.nullable(v.string()),
    v.description('relative to a release: the one that `release` was compared with'),
  ),
}

const DEPLOY = {
  deploy: v.optional(
    v.pipe(
      DEPLOY_ANSWER,
      v.description('where breached: the last deploy that was marked within the window before; absent: none'),
    ),
  ),
}

export const BUDGET_ANSWER = v.object({
  id: v.string(),
  ...TERMS,
  endpoint: v.nullable(v.string()),
  route: v.nullable(v.string()),
  device: v.nullable(v.string()),
  tag: v.nullable(v.string()),
  segment: v.nullable(v.string()),
  percentile: v.number(),
  window_hours: v.number(),
  minimum: v.number(),
  relative_to: v.nullable(v.picklist(RELATIVE)),
  ...FINDING,
  ...DEPLOY,
  since: v.pipe(time, v.description('when the state began')),
  checked: v.pipe(v.nullable(time), v.description('when it was last judged; null: not yet')),
})
export type BudgetAnswer = v.InferOutput<typeof BUDGET_ANSWER>

export const BUDGETS_ANSWER = v.object({ site: v.string(), data: v.array(BUDGET_ANSWER) })
export type BudgetsAnswer = v.InferOutput<typeof BUDGETS_ANSWER>

/** `GET /v1/budget-events?site=shop`: every change of state, the newest first. */
export const BUDGET_EVENTS_ANSWER = v.object({
  site: v.string(),
  data: v.array(v.object({ budget: v.string(), at: time, ...FINDING })),
})
export type BudgetEventsAnswer = v.InferOutput<typeof BUDGET_EVENTS_ANSWER>

/** `POST /v1/sites/shop/budgets/preview`: how a budget would have stood in the last 28 days. Nothing is kept. */
const howMany = (meaning: string) => v.pipe(v.number(), v.integer(), v.description(meaning))
export const BUDGET_PREVIEW = v.object({
  site: v.string(),
  from: time,
  to: time,
  samples: howMany('samples of the range that the budget is about; 0: nothing matches it'),
  windows: howMany('windows that were judged, one after each `step_hours`'),
  step_hours: howMany('hours from the end of a window to the end of the next'),
  breached: howMany('windows in which the budget would have been breached'),
  no_data: howMany('windows with too few effective samples'),
  breaches: howMany('how often a breach would have begun'),
  lowest: v.pipe(amount, v.description('the lowest value of a window that had data')),
  highest: v.pipe(amount, v.description('the highest')),
  sampled: v.pipe(v.number(), v.description('one in so many page views was read')),
  rows_read: howMany('rows that D1 read for this answer'),
})
export type BudgetPreview = v.InferOutput<typeof BUDGET_PREVIEW>

export const BUDGET_ID = v.pipe(ID, v.description('the id of the budget'))
export const BUDGETS_QUERY = v.strictObject({ site: SITE })
export const BUDGET_EVENTS_QUERY = v.strictObject({ site: SITE, budget: v.optional(BUDGET_ID) })

/** What the webhook is sent on a change of state. */
export const BUDGET_MESSAGE = v.object({
  type: v.picklist(['budget.breached', 'budget.recovered']),
  timestamp: v.pipe(time, v.description('the same as `at`')),
  text: v.pipe(v.string(), v.description('the news in a sentence, where Slack looks for it')),
  content: v.pipe(v.string(), v.description('the same, where Discord looks for it')),
  site: v.string(),
  budget: v.string(),
  metric: MEASURE,
  endpoint: v.nullable(v.string()),
  route: v.nullable(v.string()),
  device: v.nullable(v.string()),
  tag: v.nullable(v.string()),
  segment: v.nullable(v.string()),
  percentile: v.number(),
  limit: v.number(),
  relative_to: v.nullable(v.picklist(RELATIVE)),
  window_hours: v.number(),
  ...FINDING,
  ...DEPLOY,
  at: time,
})
export type BudgetMessage = v.InferOutput<typeof BUDGET_MESSAGE>

/** What it is sent by `POST /v1/sites/shop/webhooks/<id>/test`. */
export const TEST_MESSAGE = v.object({
  type: v.literal('test'),
  timestamp: time,
  text: v.string(),
  content: v.string(),
  site: v.string(),
  state: v.literal('test'),
  at: time,
})
