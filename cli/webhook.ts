/** `fieldline webhook ...`: where a site's breaches and recoveries are told. */

import { type Command, type Given, needed, type Options, show } from './command.ts'
import { refused } from './failure.ts'
import { siteOf } from './range.ts'

interface Webhook {
  url: string | null
}

const SITE: Options = { site: { value: '<site>', help: 'the site' } }

export const webhookShow: Command = {
  name: 'webhook show',
  operands: [],
  about: 'show where changes of budgets are sent',
  options: SITE,
  async run(call) {
    const answer = await call.ask<Webhook>('GET', pathOf(call.given))
    show(call, answer, () => answer.url ?? 'This site has no webhook.')
  },
}

export const webhookSet: Command = {
  name: 'webhook set',
  operands: ['address'],
  about: 'send changes of budgets to an address; its secret is shown once',
  options: SITE,
  async run(call) {
    const body = { url: needed(call.given, 'address') }
    const answer = await call.ask<{ secret: string }>('PUT', pathOf(call.given), { body })
    show(call, answer, () => answer.secret)
    call.note('Save this secret now: it signs what is sent, and is not shown again.')
  },
}

export const webhookRemove: Command = {
  name: 'webhook remove',
  operands: [],
  about: 'send nothing any more',
  options: SITE,
  async run(call) {
    await call.ask('DELETE', pathOf(call.given))
    call.note('The webhook is removed.')
  },
}

export const webhookTest: Command = {
  name: 'webhook test',
  operands: [],
  about: 'send a message to the webhook, and say what it answered',
  options: SITE,
  async run(call) {
    const answer = await call.ask<{ delivered: boolean; status: number | string }>(
      'POST',
      `${pathOf(call.given)}/test`,
    )
    show(call, answer, () => `The webhook answered ${answer.status}.`)
    if (!answer.delivered) throw refused('The message was not taken.')
  },
}

function pathOf(given: Given): string {
  return `/v1/sites/${encodeURIComponent(siteOf(given))}/webhook`
}
