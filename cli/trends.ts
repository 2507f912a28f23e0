/** `fieldline trends`: what became slower or faster, against the time before or against another release. */

import type { GroupKey } from '../schema/api/filters.ts'
import type { TrendsAnswer, TrendsRow } from '../schema/api/trends.ts'
import { format } from '../schema/domain/metrics.ts'
import { type Command, one, show } from './command.ts'
import { FILTERS, GROUPS, queryOf, RANGE, tagText } from './range.ts'
import { table } from './table.ts'
import { change, minute, sure, whole } from './words.ts'

export const trends: Command = {
  name: 'trends',
  operands: [],
  about: 'print what became slower or faster, and how sure that is',
  options: {
    ...RANGE,
    'baseline-release': {
      value: '<name>',
      help: 'compare --release with this one; default: the time before',
    },
    'baseline-tag': { value: '<name=value>', help: 'compare --tag with this value of the same tag' },
    metrics: {
      value: '<list>',
      help: 'vitals, api, phase:, blocking:, custom:<name>; default: vitals',
    },
    percentile: { value: '<p>', help: 'the percentile that is compared; default: 75' },
    ...GROUPS,
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const tag = one(given, 'baseline-tag')
    const answer = await call.ask<TrendsAnswer>('GET', '/v1/trends', {
      query: {
        ...queryOf(given, ['metrics', 'percentile', 'sort', 'limit', 'minimum']),
        group_by: one(given, 'group-by'),
        baseline_release: one(given, 'baseline-release'),
        baseline_tag: tag === undefined ? undefined : tagText(tag),
      },
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({ site, from, to, baseline, percentile, data }: TrendsAnswer): string {
  const other = baseline.tag ?? (baseline.release === null ? null : `release ${baseline.release}`)
  const against = other === null ? `${minute(baseline.from)} to ${minute(baseline.to)} UTC` : other
  const kept = baseline.kept_from ? ` (kept since ${minute(baseline.kept_from)})` : ''
  const title = `${site}, ${minute(from)} to ${minute(to)} UTC, against ${against}${kept}`
  const [first] = data
  if (!first) return `${title}: no data`
  const keys = Object.keys(first.group) as GroupKey[]
  const head = [...keys, 'metric', `p${percentile} before`, 'after', 'change', 'verdict', 'sure', 'samples']
  const cells = (row: TrendsRow) => [
    ...keys.map(key => row.group[key] ?? '(unknown)'),
    row.metric,
    format(row.metric, row.before?.value ?? null),
    format(row.metric, row.after?.value ?? null),
    change(row),
    row.verdict ?? 'too little data',
    row.confidence === null ? '' : sure(row.confidence),
    row.after ? whole(row.after.samples) : '',
  ]
  return `${title}\n\n${table(head, data.map(cells), keys.length + 1)}`
}
