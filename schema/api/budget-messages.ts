/** What webhooks are sent: a budget is breached or has recovered, or a team tests the address. */

import * as v from 'valibot'
import { SHARE } from './answer.ts'
import { MEASURE, RELATIVE } from './budget-terms.ts'
import { BUDGET_TIME, DEPLOY, FINDING, SUBJECT } from './budgets.ts'

/** What the webhook is sent on a change of state. */
export const BUDGET_MESSAGE = v.object({
  type: v.picklist(['budget.breached', 'budget.recovered']),
  timestamp: v.pipe(BUDGET_TIME, v.description('the same as `at`')),
  text: v.pipe(v.string(), v.description('the news in a sentence, where Slack looks for it')),
  content: v.pipe(v.string(), v.description('the same, where Discord looks for it')),
  site: v.string(),
  budget: v.string(),
  metric: MEASURE,
  ...SUBJECT,
  percentile: v.number(),
  limit: v.number(),
  relative_to: v.nullable(v.picklist(RELATIVE)),
  window_hours: v.number(),
  ...FINDING,
  ...DEPLOY,
  busiest_share: v.optional(
    v.pipe(
      v.nullable(SHARE),
      v.description(
        'where breached: an upper bound of the share of the beacons in the window that one address sent; null: none is counted',
      ),
    ),
  ),
  at: BUDGET_TIME,
})
export type BudgetMessage = v.InferOutput<typeof BUDGET_MESSAGE>

/** What it is sent by `POST /v1/sites/shop/webhooks/<id>/test`. */
export const TEST_MESSAGE = v.object({
  type: v.literal('test'),
  timestamp: BUDGET_TIME,
  text: v.string(),
  content: v.string(),
  site: v.string(),
  state: v.literal('test'),
  at: BUDGET_TIME,
})
