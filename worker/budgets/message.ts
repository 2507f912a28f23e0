/**
 * The message of a budget to a webhook: a body that Slack and Discord show, and programs read.
 */

import type { BudgetMessage } from '../../schema/api/budget-messages.ts'
import type { DeployAnswer } from '../../schema/api/deploys.ts'
import { figureOf, isLeast, subjectOf, writeLimit } from '../../schema/domain/budget-figure.ts'
import { formatShare, NOTABLE } from '../../schema/domain/delivery-metrics.ts'
import { format, hasPercentiles } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import type { Finding } from './judge.ts'

/** Characters of a name from a page that are shown. */
const SHOWN = 120

/** What else is known of a breach. */
interface Around {
  /** The last one that was marked before. */
  deploy: DeployAnswer | undefined
  /** The share that one address sent at most. */
  busiest: number | null
}

export function announcement(
  budget: BudgetRow,
  finding: Finding,
  now: Ms,
  { deploy, busiest }: Around,
): BudgetMessage {
  const { site, id, metric, endpoint, route, device, tag, segment } = budget
  const { percentile, max, windowHours, relativeTo } = budget
  const isBreached = finding.state === 'breached'
  const text = sentence(budget, finding, deploy) + (isBreached ? warning(busiest) : '')
  const at = new Date(now).toISOString()
  return {
    type: isBreached ? 'budget.breached' : 'budget.recovered',
    timestamp: at,
    text,
    content: text,
    site,
    budget: id,
    metric,
    endpoint,
    route,
    device,
    tag,
    segment,
    percentile,
    limit: max,
    relative_to: relativeTo,
    window_hours: windowHours,
    ...finding,
    ...(deploy && { deploy }),
    ...(isBreached && { busiest_share: busiest }),
    at,
  }
}

/** What one address sends may be forged. */
function warning(busiest: number | null): string {
  if (busiest === null || busiest <= NOTABLE) return ''
  return ` One address may have sent up to ${formatShare(busiest)} of the beacons in that time.`
}

function sentence(row: BudgetRow, finding: Finding, deploy: DeployAnswer | undefined) {
  const { site, metric, percentile, max, windowHours, relativeTo } = row
  const { state, value, low, high, samples, release, baseline } = finding
  const budget = { metric, relative_to: relativeTo, limit: max }
  const what = hasPercentiles(metric) ? `p${percentile} of ${nameOf(metric)}` : metric
  const subject = [`${site}: ${what}`, ...subjectOf(row).map(quoted)].join(', ')
  const over = isLeast(budget) ? 'is under' : 'is over'
  const verb = state === 'breached' ? over : 'is back within'
  const write = (bound: number | null) => (bound === null ? '?' : format(figureOf(budget), bound))
  const proof = `${write(value)} (95% interval: ${write(low)} to ${write(high)}, ${samples} samples in ${windowHours} h)`
  const compared =
    release && baseline ? ` Release ${quoted(release)} is compared with ${quoted(baseline)}.` : null
  const began = release ? ` Release ${quoted(release)} began in that time.` : ''
  const since = deploy ? ` ${quoted(deploy.release)} was deployed at ${deploy.at}.` : began
  return `${subject} ${verb} its budget of ${writeLimit(budget)}: ${proof}.${compared ?? since}`
}

/** A mark has its name from a page, too. */
function nameOf(metric: BudgetRow['metric']): string {
  return metric.replace(/\.(?=[a-z])/gi, '(.)')
}

/** A name from a page, as it stands in a sentence. */
function quoted(name: string): string {
  return `"${plain(name)}"`
}

/** Letters of the scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/**
 * Text from a page that no chat client reads as a link, a mention, formatting, or another direction of writing:
 * `evil.example` becomes `evil(.)example`. What is written from right to left is kept apart from the sentence around it.
 */
export function plain(name: string): string {
  const text = name
    .normalize('NFKC')
    // Controls, marks of direction, what has no width, line breaks, halves of characters.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\p{Co}\p{Cn}]/gu, '')
    .slice(0, SHOWN)
    .replace(/\p{Surrogate}/gu, '')
    .replace(/[<>@#`*_~|\\[\]&"!]/g, ' ')
    .replace(/:(?=\S)/g, ': ')
    .replace(/[.\u3002](?=[\p{L}\p{M}])/gu, '(.)')
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text
}
