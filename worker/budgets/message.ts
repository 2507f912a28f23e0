/**
 * What a webhook is told: a budget and how it stands go in, a body that Slack and Discord show and programs read comes
 * out.
 */

import type { BudgetMessage } from '../../schema/budgets.ts'
import { isDeliveryMetric } from '../../schema/delivery-metrics.ts'
import { format } from '../../schema/metrics.ts'
import type { BudgetRow } from '../../schema/tables.ts'
import type { Finding } from './judge.ts'

/** Characters of a name from a page that are shown. */
const SHOWN = 120

export function announcement(budget: BudgetRow, finding: Finding, now: number): BudgetMessage {
  const { site, id, metric, endpoint, route, device, percentile, max, windowHours } = budget
  const text = sentence(budget, finding)
  return {
    text,
    content: text,
    site,
    budget: id,
    metric,
    endpoint,
    route,
    device,
    percentile,
    limit: max,
    window_hours: windowHours,
    ...finding,
    at: new Date(now).toISOString(),
  }
}

function sentence(
  { site, metric, endpoint, route, device, percentile, max, windowHours }: BudgetRow,
  finding: Finding,
) {
  const { state, value, low, high, samples, release } = finding
  const where = [endpoint, route, device].filter(part => part !== null).map(quoted)
  const what = isDeliveryMetric(metric) ? metric : `p${percentile} of ${metric}`
  const subject = [`${site}: ${what}`, ...where].join(', ')
  const verb = state === 'breached' ? 'is over' : 'is back within'
  const write = (bound: number | null) => (bound === null ? '?' : format(metric, bound))
  const proof = `${write(value)} (95 %: ${write(low)} to ${write(high)}, ${samples} samples in ${windowHours} h)`
  const since = release ? ` Release ${quoted(release)} began in that time.` : ''
  return `${subject} ${verb} its budget of ${format(metric, max)}: ${proof}.${since}`
}

/** A name from a page, without what Slack and Discord read as a mention, a link or formatting. */
function quoted(name: string): string {
  return `"${name.slice(0, SHOWN).replace(/[<>@`*_~|\\[\]&"]/g, ' ')}"`
}
