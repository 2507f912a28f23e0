/** `fieldline webhook ...`: where a site's breaches and recoveries are sent. */

import type { NewWebhookAnswer, WebhooksAnswer, WebhookTestAnswer } from '../schema/api/webhooks.ts'
import { type Command, type Given, needed, one, show } from './command.ts'
import { refused } from './failure.ts'
import { SITE, sitePath } from './range.ts'
import { table } from './table.ts'
import { outcomeOf } from './words.ts'

export const webhookList: Command = {
  name: 'webhook list',
  operands: [],
  about: 'list where changes of budgets are sent',
  options: SITE,
  async run(call) {
    const answer = await call.ask<WebhooksAnswer>('GET', sitePath(call.given, 'webhooks'))
    show(call, answer, () => {
      if (!answer.data.length) return 'This site has no webhook.'
      const rows = answer.data.map(({ id, kind, url, budgets }) => [
        id,
        kind,
        url,
        budgets?.join(' ') ?? 'all',
      ])
      return table(['id', 'kind', 'address', 'budgets'], rows, 4)
    })
  },
}

export const webhookAdd: Command = {
  name: 'webhook add',
  operands: ['address'],
  about: 'send changes of budgets to an address; its secret is shown once',
  options: {
    ...SITE,
    'routing-key': { value: '<key>', help: 'send events to PagerDuty: the integration key of the service' },
  },
  async run(call) {
    const key = one(call.given, 'routing-key')
    const url = needed(call.given, 'address')
    const body = key === undefined ? { url } : { url, kind: 'pagerduty', routing_key: key }
    const answer = await call.ask<NewWebhookAnswer>('POST', sitePath(call.given, 'webhooks'), { body })
    show(call, answer, () => answer.secret ?? answer.id)
    if (answer.secret) {
      call.note('Save this secret now: it signs what is sent, and is not shown again.')
      call.note(`To test the webhook, use its id ${answer.id}.`)
    }
  },
}

export const webhookRemove: Command = {
  name: 'webhook remove',
  operands: ['id'],
  about: 'send nothing to an address any more',
  options: SITE,
  async run(call) {
    await call.ask('DELETE', oneOf(call.given))
    call.note('The webhook is removed.')
  },
}

export const webhookTest: Command = {
  name: 'webhook test',
  operands: ['id'],
  about: 'send a message to a webhook, and say what it answered',
  options: SITE,
  async run(call) {
    const answer = await call.ask<WebhookTestAnswer>('POST', `${oneOf(call.given)}/test`)
    show(call, answer, () => `The webhook ${outcomeOf(answer.status)}.`)
    if (!answer.delivered) throw refused('The message was not taken.')
  },
}

function oneOf(given: Given): string {
  return sitePath(given, 'webhooks', needed(given, 'id'))
}
