/** `fieldline blocking`: how long scripts kept pages from answering, by the hosts that they came from. */

import type { BlockingAnswer } from '../schema/api/blocking.ts'
import { format } from '../schema/domain/metrics.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute, percent, whole } from './words.ts'

export const blocking: Command = {
  name: 'blocking',
  operands: [],
  about: 'print how long scripts kept pages from answering, by host',
  options: {
    ...RANGE,
    sort: { value: '<order>', help: 'blocking, busiest or slowest; default: blocking' },
    limit: { value: '<n>', help: 'the most hosts; default: 10' },
    minimum: { value: '<n>', help: 'leave out hosts with fewer samples; default: 5' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<BlockingAnswer>('GET', '/v1/blocking', {
      query: queryOf(given, ['sort', 'limit', 'minimum']),
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({ site, from, to, count, load, after, rest, data }: BlockingAnswer): string {
  const title = `${site}, blocking time, ${minute(from)} to ${minute(to)} UTC`
  if (!count) return `${title}: no data`
  const ms = (value: number) => format('blocking:load', value)
  const rows = data.map(row => [
    row.host ?? '(own)',
    whole(row.samples),
    percent(row.share),
    ms(row.load),
    ms(row.after),
    percent(row.time_share),
    ms(row.p75.value),
  ])
  const others = ['(rest)', '', '', ms(rest.load), ms(rest.after), percent(rest.time_share), '']
  const head = ['host', 'samples', 'page views', 'until load', 'after', 'of all time', 'p75 of both']
  const mean = `The mean page view was blocked for ${ms(load)} until it had loaded, and for ${ms(after)} after.`
  return `${title}\n\n${table(head, [...rows, others], 1)}\n\n${mean} Only browsers on Chromium tell.`
}
