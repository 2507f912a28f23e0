/** `fieldline collector ...`: where a site's figures are pushed as OpenTelemetry metrics. */

import type { CollectorAnswer, CollectorsAnswer, CollectorTestAnswer } from '../schema/api/collectors.ts'
import { all, type Command, type Given, make, needed, one, show } from './command.ts'
import { misuse, refused } from './failure.ts'
import { SITE, sitePath } from './range.ts'
import { table } from './table.ts'
import { outcomeOf } from './words.ts'

export const collectorList: Command = {
  name: 'collector list',
  operands: [],
  about: 'list where figures are pushed as OpenTelemetry metrics',
  options: SITE,
  async run(call) {
    const answer = await call.ask<CollectorsAnswer>('GET', sitePath(call.given, 'collectors'))
    show(call, answer, () => {
      if (!answer.data.length) return 'This site has no collector.'
      const rows = answer.data.map(({ id, url, next, status }) => [id, url, next, status ?? ''])
      return table(['id', 'address', 'next hour', 'last answer'], rows, 4)
    })
  },
}

export const collectorAdd: Command = {
  name: 'collector add',
  operands: ['address'],
  about: 'push each hour to a collector, as OpenTelemetry metrics',
  options: {
    ...SITE,
    header: {
      value: '<name: value>',
      help: "sent along: 'Authorization: Bearer x'; may be repeated",
      many: true,
    },
    metrics: { value: '<list>', help: 'what is sent: lcp,inp,api, ...; default: the vitals' },
    'group-by': { value: '<list>', help: 'by what: route, device, endpoint, ...' },
    limit: { value: '<n>', help: 'the most groups; default: 20' },
  },
  async run(call) {
    const { given } = call
    const [metrics, groups, limit] = [one(given, 'metrics'), one(given, 'group-by'), one(given, 'limit')]
    const body = {
      url: needed(given, 'address'),
      headers: Object.fromEntries(all(given, 'header').map(headerOf)),
      ...(metrics && { metrics: metrics.split(',') }),
      ...(groups && { group_by: groups.split(',') }),
      ...(limit && { limit: Number(limit) }),
    }
    const answer = await make<CollectorAnswer>(call, sitePath(given, 'collectors'), body)
    show(call, answer, () => answer.id)
    call.note(`The hour that is sent next begins at ${answer.next}.`)
  },
}

export const collectorRemove: Command = {
  name: 'collector remove',
  operands: ['id'],
  about: 'push nothing to a collector any more',
  options: SITE,
  async run(call) {
    await call.ask('DELETE', oneOf(call.given))
    call.note('The collector is removed.')
  },
}

export const collectorTest: Command = {
  name: 'collector test',
  operands: ['id'],
  about: 'send an empty request, and say what the collector answered',
  options: SITE,
  async run(call) {
    const answer = await call.ask<CollectorTestAnswer>('POST', `${oneOf(call.given)}/test`)
    show(call, answer, () => `The collector ${outcomeOf(answer.status)}.`)
    if (!answer.delivered) throw refused('The request was not taken.')
  },
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw misuse(`--header must be 'Name: value', not ${text}`)
  return [name.trim(), value]
}

function oneOf(given: Given): string {
  return sitePath(given, 'collectors', needed(given, 'id'))
}
