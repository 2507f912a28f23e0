/** `fieldline changes`: what got worse or better, and where, as two tables. */

import type { ChangesAnswer, ChangesRow } from '../schema/api/changes.ts'
import { format, METRICS } from '../schema/domain/metrics.ts'
import { type Command, show } from './command.ts'
import { FILTERS, queryOf, RANGE } from './range.ts'
import { table } from './table.ts'
import { minute, sure, whole } from './words.ts'

/** Parameters of the API that are called the same here. */
const SAME = ['metrics', 'percentile', 'against', 'limit']

export const changes: Command = {
  name: 'changes',
  operands: [],
  about: 'print what got worse or better, and where',
  options: {
    ...RANGE,
    against: { value: '<what>', help: 'previous, release or release:<name>; default: previous' },
    metrics: { value: '<list>', help: `any of ${Object.keys(METRICS).join(', ')}; default: lcp,inp,cls,api` },
    percentile: { value: '<n>', help: 'the percentile that is compared; default: 75' },
    limit: { value: '<n>', help: 'the most groups of either kind; default: 20' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const answer = await call.ask<ChangesAnswer>('GET', '/v1/changes', {
      query: queryOf(given, SAME),
    })
    show(call, answer, () => describe(answer))
  },
}

function describe({
  site,
  from,
  to,
  baseline,
  release,
  compared,
  unclear,
  unknown,
  data,
}: ChangesAnswer): string {
  const against = baseline.release ?? `${minute(baseline.from)} to ${minute(baseline.to)}`
  const title = `${site}, ${release ?? `${minute(from)} to ${minute(to)} UTC`}, against ${against}`
  const counts = `${whole(compared)} comparisons; ${whole(unclear)} unclear, ${whole(unknown)} more with too little data.`
  const telling = data.filter(row => !row.part_of)
  const nothing = unclear < compared ? 'Nothing changed.' : 'Too little data to tell.'
  if (!telling.length) return `${title}\n\n  ${nothing}\n\n${counts}`
  const others = data.length - telling.length
  const more = others ? `${whole(others)} more groups are part of these: --json has them.\n` : ''
  return `${title}\n\n${table(HEAD, telling.map(cells), 3)}\n\n${more}${counts}`
}

const HEAD = ['change', 'where', 'metric', 'before', 'after', 'by', 'from', 'to', 'harmed', 'sure']

function cells({ group, metric, before, after, change, verdict, harmed, confidence }: ChangesRow): string[] {
  const ratio = change?.ratio
  return [
    verdict === 'degrading' ? 'worse' : 'better',
    Object.values(group).join(', ') || 'all',
    metric,
    format(metric, before?.value ?? null),
    format(metric, after?.value ?? null),
    ...[ratio?.value, ratio?.low, ratio?.high].map(share => (share === undefined ? '' : signed(share))),
    whole(harmed),
    confidence > 0.999 ? 'over 99.9%' : sure(confidence),
  ]
}

/** `+66%`, `-12%`. */
function signed(share: number): string {
  return `${share > 0 ? '+' : '-'}${Math.round(Math.abs(share) * 100)}%`
}
