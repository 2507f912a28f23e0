/** A plan in words: one line for where each metric comes from, and one for each thing that is left out. */

import { HOUR } from '../../../schema/domain/hour.ts'
import type { Part, Plan } from '../../../worker/query/plan.ts'
import type { Subsampled } from '../../../worker/query/subsample.ts'

/** A plan that has been read, with what was left to decide. */
type Answered = Plan & { oneIn: { open: number; raw: number } }

export function linesOf(plan: object): string[] {
  if (isPlan(plan)) return planLines(plan)
  if (isSubsampled(plan)) {
    const { estimate, oneIn } = plan
    return [
      rangeLine(estimate.range),
      `page views: raw rows of ${plural(estimate.hours.length, 'hour')}, ${partOf(oneIn)}`,
    ]
  }
  return [JSON.stringify(plan)]
}

function isPlan(plan: object): plan is Answered {
  return 'parts' in plan
}

function isSubsampled(plan: object): plan is Subsampled {
  return 'estimate' in plan
}

function planLines(plan: Answered): string[] {
  const { query, parts, periods, ranking, oneIn } = plan
  const isCut = query.groupBy.length > 0
  return [
    rangeLine(query),
    ...parts.map(part => partLine(part, plan)),
    ...(periods.open.length && parts.some(({ reading }) => reading)
      ? [`open hours: ${hoursOf(periods.open)}, ${partOf(oneIn.open)}`]
      : []),
    ...(ranking === periods ? [] : [`largest groups: told by ${periodsOf(ranking)}`]),
    ...(query.among ? ['groups: those that were answered before'] : []),
    ...(isCut && !query.among
      ? [
          `groups: at most ${query.limit} of the ${plan.pool} busiest; ${
            query.rest ? 'the others are added up as (rest)' : 'the others are left out'
          }`,
        ]
      : []),
  ]
}

function partLine({ source, from, reading }: Part, { periods, oneIn, query }: Answered): string {
  const metrics = source.metrics.join(', ')
  if (from === 'nothing') return `${metrics}: nothing`
  if (!reading) {
    const hours = (query.to - query.from) / HOUR
    return `${metrics}: raw rows of ${plural(hours, 'hour')}, ${partOf(oneIn.raw)}`
  }
  const { dimension, values, prefix } = reading.slice
  const which = values
    ? `: ${values.join(' ')}`
    : prefix
      ? `: what begins with ${prefix}`
      : dimension.keys.length
        ? ': all values'
        : ''
  return `${metrics}: roll-ups of ${periodsOf(periods)}, ${source.table} by ${dimension.name}${which}`
}

function periodsOf({ days, hours }: Plan['periods']): string {
  const parts = [
    ...(days.length ? [plural(days.length, 'day')] : []),
    ...(hours.length ? [plural(hours.length, 'hour')] : []),
  ]
  return parts.join(' and ') || 'no period'
}

function rangeLine({ from, to }: { from: number; to: number }): string {
  return `range: ${time(from)} to ${time(to)}`
}

function hoursOf(hours: readonly number[]): string {
  return hours.map(hour => time(hour * HOUR)).join(', ')
}

function partOf(oneIn: number): string {
  return oneIn === 1 ? 'all page views' : `one page view in ${oneIn}`
}

/** To the minute. */
function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
