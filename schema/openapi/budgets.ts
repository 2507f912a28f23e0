/**
 * The operations on budgets, and on the webhook that is told of them.
 */

import {
  BUDGET,
  BUDGET_ANSWER,
  BUDGET_EVENTS_ANSWER,
  BUDGET_EVENTS_QUERY,
  BUDGET_ID,
  BUDGETS_ANSWER,
  BUDGETS_QUERY,
  NEW_WEBHOOK_ANSWER,
  WEBHOOK,
  WEBHOOK_ANSWER,
  WEBHOOK_TEST_ANSWER,
} from '../api/budgets.ts'
import { SITE } from '../api/fields.ts'
import { BUDGET_EVENTS, BUDGET as STANDING } from './examples.ts'
import { body, json, nothing, type Operation } from './operation.ts'

const PROBLEMS = [401, 403, 404, 500, 503]
const HOOK = { url: 'https://hooks.slack.example/services/T0/B0/x' }
const TERMS = { metric: 'lcp', route: '/p/[id]', percentile: 75, limit: 2500, window_hours: 24 }
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
const ofWebhook = { ...ofBudgets, path: '/v1/sites/{site}/webhook' } as const

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
    answers: { 201: json('The budget, not judged yet.', BUDGET_ANSWER, NEW) },
    problems: [400, 401, 403, 404, 409, 500, 503],
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
    ...ofWebhook,
    method: 'get',
    id: 'getWebhook',
    summary: 'The address of the webhook',
    answers: { 200: json('The address.', WEBHOOK_ANSWER, HOOK) },
    problems: PROBLEMS,
  },
  {
    ...ofWebhook,
    method: 'put',
    id: 'putWebhook',
    summary: 'Sets the webhook',
    body: body(WEBHOOK, HOOK),
    answers: {
      200: json('The address, and a new secret, shown here and never again.', NEW_WEBHOOK_ANSWER, {
        ...HOOK,
        secret: 'whsec_5b0f54a1c2ab7dd2c63b8fa1f0c25d71a5a7be0bb4d7e3c1',
      }),
    },
    problems: [400, ...PROBLEMS],
  },
  {
    ...ofWebhook,
    method: 'delete',
    id: 'deleteWebhook',
    summary: 'Removes the webhook',
    answers: { 204: nothing('There is no webhook.') },
    problems: PROBLEMS,
  },
  {
    ...ofWebhook,
    method: 'post',
    path: '/v1/sites/{site}/webhook/test',
    id: 'testWebhook',
    summary: 'Sends a test message',
    answers: { 200: json('Whether it arrived.', WEBHOOK_TEST_ANSWER, { delivered: true, status: 200 }) },
    problems: PROBLEMS,
  },
]
