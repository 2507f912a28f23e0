/** `fieldline errors`: the share of page views without an uncaught error, and the errors by their fingerprint. */

import type { ErrorRow, ErrorsAnswer } from '../schema/api/errors.ts'
import { placeOf } from '../schema/wire/pageview.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute, percent, whole } from './words.ts'

export const errors: Command = {
  name: 'errors',
  operands: [],
  about: 'print uncaught errors, those that most page views have first',
  options: {
    ...RANGE,
    sort: { value: '<order>', help: 'busiest, or newest: first seen last; default: busiest' },
    limit: { value: '<n>', help: 'the most errors; default: 20' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<ErrorsAnswer>('GET', '/v1/errors', {
      query: queryOf(given, ['sort', 'limit']),
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({ site, from, to, count, pageviews, error_free, unlisted, data }: ErrorsAnswer): string {
  const title = `${site}, errors, ${minute(from)} to ${minute(to)} UTC`
  if (!error_free) return `${title}: no page view looks for errors`
  const { value, low, high } = error_free
  const share = `${percent(value)} of ${whole(pageviews)} page views have no error (95%: ${percent(low)} to ${percent(high)}).`
  if (!data.length) return `${title}\n\n${share}`
  const rows = data.map(row => [
    messageOf(row),
    placeOf(row),
    whole(row.count),
    whole(row.pageviews),
    percent(row.share),
    minute(row.first_seen),
    minute(row.last_seen),
    row.releases[0]?.name ?? '',
  ])
  const heads = ['error', 'at', 'count', 'page views', 'share', 'first seen', 'last seen', 'release']
  const rest = unlisted ? `\n${whole(unlisted)} of ${whole(count)} errors are in no row.` : ''
  return `${title}\n\n${share}\n\n${table(heads, rows, 2)}${rest}`
}

/** What an error is called where a line is short. */
export function messageOf({ kind, message }: Pick<ErrorRow, 'kind' | 'message'>): string {
  return `${kind === 'error' ? '' : 'rejected: '}${message || '(no message)'}`
}
