/**
 * The operations on budgets, and on the webhooks that get their messages.
 */

import { BUDGET } from '../api/budget-terms.ts'
import {
  BUDGET_ANSWER,
  BUDGET_EVENTS_ANSWER,
  BUDGET_EVENTS_QUERY,
  BUDGET_ID,
  BUDGET_PREVIEW,
  BUDGETS_ANSWER,
  BUDGETS_QUERY,
  type BudgetPreview,
} from '../api/budgets.ts'
import { SITE } from '../api/fields.ts'
import {
  NEW_WEBHOOK_ANSWER,
  PAGERDUTY,
  WEBHOOK,
  WEBHOOK_ANSWER,
  WEBHOOK_ID,
  WEBHOOK_TEST_ANSWER,
  WEBHOOKS_ANSWER,
} from '../api/webhooks.ts'
import { body, json, nothing, type Operation } from './operation.ts'
import { BUDGET_EVENTS, BUDGET as STANDING } from './site-examples.ts'

const PROBLEMS = [401, 403, 404, 500, 503]
const HOOK = {
  id: '7be1c04d92fa',
  kind: 'standard',
  url: 'https://hooks.slack.example/services/T0/B0/x',
  budgets: ['3f9a0c51d2e7'],
}
const TERMS = { metric: 'lcp', route: '/p/[id]', percentile: 75, limit: 2500, window_hours: 24 }
const PREVIEW: BudgetPreview = {
  site: 'shop',
  from: '2026-10-24T10:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  samples: 12840,
  windows: 649,
  step_hours: 1,
  breached: 31,
  no_data: 0,
  breaches: 2,
  lowest: 1890.2,
  highest: 2934.6,
  sampled: 1,
  rows_read: 3410,
}
/** Before it has been judged. */
const NEW = {
  ...STANDING,
  state: 'no-data',
  value: null,
  low: null,
  high: null,
  samples: 0,
  effective_samples: null,
  release: null,
  baseline: null,
  checked: null,
}

const ofBudgets = {
  tag: 'Budgets',
  access: 'admin',
  path: '/v1/sites/{site}/budgets',
  inPath: { site: SITE },
} as const
const ofBudget = {
  ...ofBudgets,
  path: '/v1/sites/{site}/budgets/{id}',
  inPath: { site: SITE, id: BUDGET_ID },
} as const
const ofWebhooks = { ...ofBudgets, path: '/v1/sites/{site}/webhooks' } as const
const ofWebhook = {
  ...ofBudgets,
  path: '/v1/sites/{site}/webhooks/{id}',
  inPath: { site: SITE, id: WEBHOOK_ID },
} as const

export const BUDGET_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/budgets',
    id: 'budgets',
    tag: 'Budgets',
    summary: 'The budgets of a site, with their state',
    access: 'reader',
    inQuery: BUDGETS_QUERY.entries,
    answers: {
      200: json('The budgets, the oldest first.', BUDGETS_ANSWER, { site: 'shop', data: [STANDING] }),
    },
    problems: [400, ...PROBLEMS],
  },
  {
    method: 'get',
    path: '/v1/budget-events',
    id: 'budgetEvents',
    tag: 'Budgets',
    summary: 'The history of the budgets',
    access: 'reader',
    inQuery: BUDGET_EVENTS_QUERY.entries,
    answers: { 200: json('Changes of state, the newest 200.', BUDGET_EVENTS_ANSWER, BUDGET_EVENTS) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofBudgets,
    method: 'post',
    id: 'createBudget',
    summary: 'Creates a budget',
    body: body(BUDGET, TERMS),
    answers: {
      200: json('The budget that says the same: it is there already.', BUDGET_ANSWER, STANDING),
      201: json('The budget, not judged yet.', BUDGET_ANSWER, NEW),
    },
    problems: [400, 401, 403, 404, 409, 500, 503],
  },
  {
    ...ofBudgets,
    method: 'post',
    path: '/v1/sites/{site}/budgets/preview',
    id: 'previewBudget',
    summary: 'How a budget would have stood in the last 28 days',
    description: 'Judges every window of the last 28 days, or of as many as are kept. Creates nothing.',
    body: body(BUDGET, TERMS),
    answers: { 200: json('How often it would have been breached.', BUDGET_PREVIEW, PREVIEW) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofBudget,
    method: 'put',
    id: 'putBudget',
    summary: 'Replaces a budget',
    description: 'The state starts anew. The history stays.',
    body: body(BUDGET, TERMS),
    answers: { 200: json('The budget, not judged yet.', BUDGET_ANSWER, NEW) },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofBudget,
    method: 'delete',
    id: 'deleteBudget',
    summary: 'Deletes a budget',
    answers: { 204: nothing('It is judged no more.') },
    problems: PROBLEMS,
  },
  {
    ...ofWebhooks,
    method: 'get',
    id: 'listWebhooks',
    summary: 'The webhooks of a site',
    answers: {
      200: json('The webhooks without their secrets, the oldest first.', WEBHOOKS_ANSWER, { data: [HOOK] }),
    },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofWebhooks,
    method: 'post',
    id: 'createWebhook',
    summary: 'Creates a webhook',
    body: body(WEBHOOK, { url: HOOK.url, budgets: HOOK.budgets }),
    answers: {
      201: json('The webhook, and its secret, shown here and never again.', NEW_WEBHOOK_ANSWER, {
        ...HOOK,
        secret: 'whsec_C2FVZ7aZq2mVpP9wX1xg8O3b3v0c4n5M6a7K8d9E0f0=',
      }),
    },
    problems: [400, 401, 403, 404, 409, 500, 503],
  },
  {
    ...ofWebhook,
    method: 'put',
    id: 'putWebhook',
    summary: 'Replaces a webhook',
    description: 'Its kind and its secret stay. To change the secret, create another one.',
    body: body(WEBHOOK, {
      kind: 'pagerduty',
      routing_key: 'R0123456789ABCDEFGHIJKLMNOPQRSTU',
      budgets: null,
    }),
    answers: {
      200: json('The webhook as it is now.', WEBHOOK_ANSWER, {
        ...HOOK,
        kind: 'pagerduty',
        url: PAGERDUTY,
        budgets: null,
      }),
    },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofWebhook,
    method: 'delete',
    id: 'deleteWebhook',
    summary: 'Deletes a webhook',
    answers: { 204: nothing('It is told nothing any more.') },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofWebhook,
    method: 'post',
    path: '/v1/sites/{site}/webhooks/{id}/test',
    id: 'testWebhook',
    summary: 'Sends a test message',
    answers: { 200: json('Whether it arrived.', WEBHOOK_TEST_ANSWER, { delivered: true, status: 200 }) },
    problems: [400, ...PROBLEMS],
  },
]
