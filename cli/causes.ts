/** `fieldline causes`: the elements, interactions, scripts and calls that a vital came from. */

import type { CausesAnswer } from '../schema/api/causes.ts'
import { format } from '../schema/domain/metrics.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute, percent, whole } from './words.ts'

export const causes: Command = {
  name: 'causes',
  operands: [],
  about: 'print what a vital came from, the worst first, with advice',
  options: {
    ...RANGE,
    metric: { value: '<metric>', help: 'lcp, inp or cls; default: lcp' },
    sort: { value: '<order>', help: 'impact, busiest or slowest; default: impact' },
    limit: { value: '<n>', help: 'the most causes; default: 10' },
    minimum: { value: '<n>', help: 'leave out causes with fewer samples; default: 5' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<CausesAnswer>('GET', '/v1/causes', {
      query: queryOf(given, ['metric', 'sort', 'limit', 'minimum']),
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({ site, from, to, metric, explained, data }: CausesAnswer): string {
  const title = `${site}, ${metric}, ${minute(from)} to ${minute(to)} UTC`
  if (!data.length) return `${title}: no causes`
  const rows = data.map(cause => [
    `${cause.event ? `${cause.event} ` : ''}${cause.target || '(no element)'}`,
    largest(cause.parts),
    whole(cause.samples),
    percent(cause.share),
    percent(cause.impact),
    format(metric, cause.p75.value),
    cause.rating,
  ])
  const lines = table(['element', 'most of it', 'samples', 'share', 'not good', 'p75', 'p75 is'], rows, 2)
  const advice = data.flatMap(({ target, advice }) =>
    advice ? [`${target || '(no element)'}: ${advice.text}\n  ${advice.link}`] : [],
  )
  const known = `The browser told the cause of ${percent(explained)} of these page views.`
  return [`${title}\n\n${lines}\n\n${known}`, ...new Set(advice)].join('\n\n')
}

/** The longest part of a vital. */
function largest(parts: CausesAnswer['data'][number]['parts']): string {
  const [longest] = Object.entries(parts ?? {}).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))
  return longest ? longest[0].replaceAll('_', ' ') : ''
}
