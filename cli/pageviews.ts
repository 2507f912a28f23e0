/** `fieldline pageviews`: single page views, the slowest or the newest. */

import type { PageViewsAnswer } from '../schema/api/pageviews.ts'
import { format, VITALS } from '../schema/domain/metrics.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute } from './words.ts'

export const pageviews: Command = {
  name: 'pageviews',
  operands: [],
  about: 'print single page views, the slowest or the newest first',
  options: {
    ...RANGE,
    metric: { value: '<vital>', help: 'by which they are slow; default: lcp' },
    order: { value: '<order>', help: 'slowest or newest; default: slowest' },
    target: { value: '<selector>', help: 'only where this element is the cause' },
    event: { value: '<event>', help: 'for inp: only where this happened to the target' },
    error: { value: '<message>', help: 'only where this message of an uncaught error came' },
    limit: { value: '<n>', help: 'the most page views; default: 20' },
    cursor: { value: '<cursor>', help: 'go on after the answer that said it' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<PageViewsAnswer>('GET', '/v1/pageviews', {
      query: queryOf(given, ['metric', 'order', 'target', 'event', 'error', 'limit', 'cursor']),
    })
    show(call, answer, () => describe(answer))
    if (answer.cursor !== null && !given.json) call.note(`There are more: --cursor ${answer.cursor}`)
  },
}

function describe({ site, data }: PageViewsAnswer): string {
  if (!data.length) return `${site}: no page views`
  const rows = data.map(view => [
    minute(view.began),
    view.route,
    view.device,
    view.country ?? '',
    view.release ?? '',
    ...VITALS.map(vital => format(vital, view[vital])),
    String(view.calls.length),
  ])
  return table(['began, UTC', 'route', 'device', 'country', 'release', ...VITALS, 'calls'], rows, 5)
}
