/**
 * Webhooks: where changes of a budget's state are sent. `POST /v1/sites/shop/webhooks` takes a `WEBHOOK`, which may be for some
 * budgets only.
 */

import * as v from 'valibot'
import { BUDGET_ID, MAX_BUDGETS } from './budgets.ts'
import { ID, oneOf, shortText, unknownOrMissing } from './fields.ts'
import { badWebhook } from './webhook-address.ts'

/** Webhooks of one site. */
export const MAX_WEBHOOKS = 10

/** Where events go that open and close alerts of PagerDuty; `events.eu.pagerduty.com` in Europe. */
export const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue'

const WEBHOOK_KINDS = ['standard', 'pagerduty'] as const

const address = v.pipe(
  shortText(1_000),
  v.check(
    url => badWebhook(url) === null,
    ({ input }) => badWebhook(input) ?? '',
  ),
  v.description(`a public https address; for pagerduty by default ${PAGERDUTY}`),
)

const kind = v.pipe(
  v.optional(oneOf(WEBHOOK_KINDS), 'standard'),
  v.description('standard: signed as Standard Webhooks says. pagerduty: an event of Events API v2'),
)
const budgets = v.pipe(
  v.optional(
    v.nullable(
      v.pipe(
        v.array(BUDGET_ID, 'must be a list'),
        v.minLength(1, 'must name a budget, or be null for all'),
        v.maxLength(MAX_BUDGETS, `must have at most ${MAX_BUDGETS} budgets`),
      ),
    ),
    null,
  ),
  v.description('the budgets that it is told of; null: all'),
)

/** A webhook as it is made or replaced. */
export const WEBHOOK = v.pipe(
  v.strictObject(
    {
      kind,
      url: v.exactOptional(address),
      routing_key: v.exactOptional(
        v.pipe(
          v.string('must be a string'),
          v.regex(/^[\w-]{8,64}$/, 'must be the integration key of a service'),
          v.description('for pagerduty: the integration key of the service; kept, and never shown'),
        ),
      ),
      budgets,
    },
    unknownOrMissing,
  ),
  v.forward(
    v.check(({ kind, url }) => kind === 'pagerduty' || url !== undefined, 'is missing'),
    ['url'],
  ),
  v.forward(
    v.check(({ kind, routing_key }) => kind === 'standard' || routing_key !== undefined, 'is missing'),
    ['routing_key'],
  ),
  v.forward(
    v.check(({ kind, routing_key }) => kind === 'pagerduty' || routing_key === undefined, 'is for pagerduty'),
    ['routing_key'],
  ),
)
export type Webhook = v.InferOutput<typeof WEBHOOK>

export const WEBHOOK_ANSWER = v.object({
  id: v.string(),
  kind: v.picklist(WEBHOOK_KINDS),
  url: v.string(),
  budgets: v.nullable(v.array(v.string())),
})
export type WebhookAnswer = v.InferOutput<typeof WEBHOOK_ANSWER>

export const WEBHOOKS_ANSWER = v.object({ data: v.array(WEBHOOK_ANSWER) })
export type WebhooksAnswer = v.InferOutput<typeof WEBHOOKS_ANSWER>

/** Answered once, where it is made. */
export const NEW_WEBHOOK_ANSWER = v.object({
  ...WEBHOOK_ANSWER.entries,
  secret: v.pipe(
    v.nullable(v.string()),
    v.description('signs what is sent, by HMAC-SHA256; shown here and never again. null for pagerduty'),
  ),
})
export type NewWebhookAnswer = v.InferOutput<typeof NEW_WEBHOOK_ANSWER>

export const WEBHOOK_ID = v.pipe(ID, v.description('the id of the webhook'))

export const WEBHOOK_TEST_ANSWER = v.object({
  delivered: v.boolean(),
  status: v.pipe(
    v.union([v.number(), v.string()]),
    v.description('what the receiver answered, or what went wrong'),
  ),
})
export type WebhookTestAnswer = v.InferOutput<typeof WEBHOOK_TEST_ANSWER>
