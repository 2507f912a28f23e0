/** `fieldline summary`: percentiles of a site, as a table. */

import type { GroupKey } from '../schema/api/filters.ts'
import type { SummaryAnswer, SummaryRow } from '../schema/api/summary.ts'
import { format } from '../schema/domain/metrics.ts'
import { type Command, one, show } from './command.ts'
import { FILTERS, GROUPS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { interval, minute, percent, shareInterval, whole } from './words.ts'

/** Parameters of the API that are called the same here. */
const SAME = ['metrics', 'percentiles', 'sort', 'limit', 'minimum']

export const summary: Command = {
  name: 'summary',
  operands: [],
  about: 'print percentiles, with counts and 95% intervals',
  options: {
    ...RANGE,
    metrics: {
      value: '<list>',
      help: 'lcp, pageviews, errors, api, phase:, blocking:, custom:; or all vitals',
    },
    percentiles: { value: '<list>', help: 'any of 1 to 99.9; default: 50,75,90,95,99' },
    ...GROUPS,
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<SummaryAnswer>('GET', '/v1/summary', {
      query: { ...queryOf(given, SAME), group_by: one(given, 'group-by') },
    })
    show(call, answer, () => describe(answer))
  },
}

type Column = readonly [head: string, cell: (row: SummaryRow) => string]

/** The rows as a table, below a line that says what they are of. */
function describe(answer: SummaryAnswer): string {
  const { site, from, to, source, data } = answer
  const title = `${site}, ${minute(from)} to ${minute(to)} UTC`
  const [first] = data
  if (!first) return `${title}: no data`
  const keys = Object.keys(first.group) as GroupKey[]
  const all: Column[] = [
    ...keys.map((key): Column => [key, row => row.group[key] ?? '(unknown)']),
    ['metric', row => row.metric],
    ...numbers(
      [...new Set(data.flatMap(row => Object.keys(row.percentiles)))],
      data.some(row => row.metric === 'api'),
    ),
  ]
  // A share of page views has no percentile, a mark no rating.
  const columns = all.filter(([, cell]) => data.some(row => cell(row)))
  const rows = data.map(row => columns.map(([, cell]) => cell(row)))
  const lines = table(
    columns.map(([head]) => head),
    rows,
    keys.length + 1,
  )
  return `${title}${source === 'samples' ? ', from single page views' : ''}\n\n${lines}${gaps(answer)}`
}

/** What the table does not hold, in a line each. */
function gaps({ data, calls_left_out: calls }: SummaryAnswer): string {
  const partial = data.filter(row => row.partial).length
  return [
    ...(calls ? [`${whole(calls)} calls are left out: a page view sends at most 64.\n`] : []),
    ...(partial ? [`Parts of ${partial} rows may be in (other): --json says how much.\n`] : []),
  ].join('')
}

/** `names`: the percentiles. The interval is that of one of them: with all, a line would be too long to read. */
function numbers(names: string[], ofCalls: boolean): Column[] {
  const told = names.includes('p75') ? 'p75' : (names[0] ?? '')
  const errors: Column[] = [
    ['errors', row => (row.error_rate === undefined ? '' : percent(row.error_rate))],
    ['95% of errors', row => shareInterval(row.error_rate_interval)],
    ['per minute', row => row.per_minute?.toPrecision(3) ?? ''],
  ]
  return [
    ['count', row => whole(row.count)],
    ['samples', row => whole(row.samples)],
    ...names.map(
      (name): Column => [
        name,
        row =>
          row.metric === 'pageviews' || row.metric === 'errors'
            ? ''
            : format(row.metric, row.percentiles[name]?.value ?? null),
      ],
    ),
    [`95% of ${told}`, row => interval(row.metric, row.percentiles[told])],
    ...(ofCalls ? errors : []),
    [
      'good',
      row => (row.shares ? percent(row.shares.good) : row.error_free ? percent(row.error_free.value) : ''),
    ],
    ['p75 is', row => row.rating ?? ''],
  ]
}
