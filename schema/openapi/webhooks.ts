/**
 * What the worker sends by itself: a change of a budget's state, to the site's webhook.
 */

import * as v from 'valibot'
import { BUDGET_MESSAGE, TEST_MESSAGE } from '../api/budget-messages.ts'
import { type Operation, operationObject } from './operation.ts'
import { BUDGET_MESSAGE as MESSAGE } from './site-examples.ts'

const SIGNATURE = v.pipe(
  v.string(),
  v.regex(/^t=\d+,v1=[0-9a-f]{64}$/),
  v.description("`t=<Unix s>,v1=<hex>`: the HMAC-SHA256 of `<t>.<body>` under the webhook's secret"),
)

const ID = v.pipe(
  v.string(),
  v.regex(/^msg_\w+$/),
  v.description('of the message: the same however often it is sent'),
)
const TIMESTAMP = v.pipe(v.string(), v.regex(/^\d+$/), v.description('of the attempt, in Unix seconds'))
const STANDARD = v.pipe(
  v.string(),
  v.regex(/^v1,[\w+/]{43}=$/),
  v.description(
    '`v1,<base64>`: the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` under the bytes whose base64 the secret has ' +
      'behind `whsec_`, as Standard Webhooks says',
  ),
)

const BUDGET_CHANGED: Operation = {
  method: 'post',
  path: '',
  id: 'budgetChanged',
  tag: 'Budgets',
  summary: 'A budget was breached, or has recovered',
  description:
    'Sent to each webhook of kind standard that is for the budget. Sent again over some hours, until a 2xx answers.',
  access: 'anyone',
  inHeader: {
    'Fieldline-Signature': SIGNATURE,
    'webhook-id': ID,
    'webhook-timestamp': TIMESTAMP,
    'webhook-signature': STANDARD,
  },
  body: { 'application/json': { schema: v.union([BUDGET_MESSAGE, TEST_MESSAGE]), example: MESSAGE } },
  answers: { 200: { description: 'Any 2xx says that it arrived.' } },
  problems: [],
}

export const WEBHOOKS = { budgetChanged: { post: operationObject(BUDGET_CHANGED) } }
