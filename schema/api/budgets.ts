/**
 * Budgets: what a team promises of a metric or an endpoint, how the promise stands, and its history.
 * `POST /v1/sites/shop/budgets` takes a `BUDGET`, `GET /v1/budgets?site=shop` answers them with their state.
 */

import * as v from 'valibot'
import { BUDGET_STATES } from '../domain/budget-state.ts'
import { RELATIVE, TERMS } from './budget-terms.ts'
import { DEPLOY_ANSWER } from './deploys.ts'
import { ID, SITE } from './fields.ts'

/** Budgets of one site. */
export const MAX_BUDGETS = 50

const amount = v.nullable(v.number())
export const BUDGET_TIME = v.pipe(v.string(), v.description('RFC 3339'))
export const FINDING = {
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

export const DEPLOY = {
  deploy: v.optional(
    v.pipe(
      DEPLOY_ANSWER,
      v.description('where breached: the last deploy that was marked within the window before; absent: none'),
    ),
  ),
}

/** What a budget is limited to; null: not by that. */
export const SUBJECT = {
  endpoint: v.nullable(v.string()),
  route: v.nullable(v.string()),
  device: v.nullable(v.string()),
  tag: v.nullable(v.string()),
  segment: v.nullable(v.string()),
}

export const BUDGET_ANSWER = v.object({
  id: v.string(),
  ...TERMS,
  ...SUBJECT,
  percentile: v.number(),
  window_hours: v.number(),
  minimum: v.number(),
  relative_to: v.nullable(v.picklist(RELATIVE)),
  ...FINDING,
  ...DEPLOY,
  since: v.pipe(BUDGET_TIME, v.description('when the state began')),
  checked: v.pipe(v.nullable(BUDGET_TIME), v.description('when it was last judged; null: not yet')),
})
export type BudgetAnswer = v.InferOutput<typeof BUDGET_ANSWER>

export const BUDGETS_ANSWER = v.object({ site: v.string(), data: v.array(BUDGET_ANSWER) })
export type BudgetsAnswer = v.InferOutput<typeof BUDGETS_ANSWER>

/** `GET /v1/budget-events?site=shop`: every change of state, the newest first. */
export const BUDGET_EVENTS_ANSWER = v.object({
  site: v.string(),
  data: v.array(v.object({ budget: v.string(), at: BUDGET_TIME, ...FINDING })),
})
export type BudgetEventsAnswer = v.InferOutput<typeof BUDGET_EVENTS_ANSWER>

const howMany = (meaning: string) => v.pipe(v.number(), v.integer(), v.description(meaning))

/** `POST /v1/sites/shop/budgets/preview`: how a budget would have stood in the last 28 days. Nothing is kept. */
export const BUDGET_PREVIEW = v.object({
  site: v.string(),
  from: BUDGET_TIME,
  to: BUDGET_TIME,
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
