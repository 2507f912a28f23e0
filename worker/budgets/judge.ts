/**
 * Judges a budget: whether it holds now, by how much, and since which release.
 *
 * A state changes on evidence alone: breached where the whole interval of the percentile lies above the limit, kept
 * where the whole of it lies at or below. In between a budget stays as it was. Where few samples carry the weight, or calls
 * come from few page views, there is no evidence, however many samples there are: it is their effective size that counts.
 */

import type { Filters } from '../../schema/api/filters.ts'
import type { BudgetState } from '../../schema/domain/budget-state.ts'
import { isDeliveryMetric } from '../../schema/domain/delivery-metrics.ts'
import { HOUR, WEEK } from '../../schema/domain/hour.ts'
import { type CallShare, limitsOf, type Measure, readFrom } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import { type Distribution, NONE } from '../query/distribution.ts'
import { groupsOf } from '../query/distributions.ts'
import { failedShare } from '../query/failed.ts'
import { oldestRaw } from '../query/kept.ts'
import { erring } from '../read/error-free.ts'
import { countsOf, percentileInUnit } from '../read/summary.ts'
import type { Preparer } from '../store/statement.ts'
import { judgeDelivery } from './delivery.ts'
import { compare, STRAY } from './relative.ts'
import { type Bounds, stateOf, UNKNOWN } from './state.ts'
import { countedFrom, endOf, type Kept, volumeOf, volumeState } from './volume.ts'

/** How a budget stands: its percentile in the metric's unit. */
export interface Finding extends Bounds {
  state: BudgetState
  samples: number
  /** Independent samples of equal weight that would tell as much. */
  effective_samples: number | null
  release: string | null
  /** The release that a relative budget was compared with. */
  baseline: string | null
}

/** What was promised, and how it stood before. */
type Promised = Pick<BudgetRow, 'metric' | 'percentile' | 'state' | 'told' | 'max' | 'minimum'>

const NOT_COUNTED: Finding = {
  ...UNKNOWN,
  ...{ state: 'no-data', samples: 0, effective_samples: null, release: null, baseline: null },
}

/** Releases that are looked at for the one that began. */
const RELEASES = 100

/** The share that may lie unseen in `(other)` (query/capped.ts) without a verdict being one on other page views. */
const UNSEEN = 0.05

/**
 * Where only raw rows can tell, a window that reaches back further than they are kept is judged by those that are left; but not the number
 * of page views, which would be too few.
 */
export async function judge(
  d1: Preparer,
  budget: BudgetRow,
  filters: Filters,
  now: Ms,
  kept: Kept,
): Promise<Finding> {
  const { metric } = budget
  if (isDeliveryMetric(metric)) {
    return { ...(await judgeDelivery(d1, budget, metric, now)), release: null, baseline: null }
  }
  const to = endOf(metric, now)
  const window = { from: to - budget.windowHours * HOUR, to }
  if (metric === 'pageviews' && !isCounted(budget, window.from, filters, now, kept)) return NOT_COUNTED
  const oldest = oldestRaw(kept, now)
  if (budget.relativeTo !== null) return judgeRelative(d1, budget, readFrom(metric), filters, now, oldest)
  return judgeLimit(d1, budget, readFrom(metric), { ...window, filters }, now, oldest)
}

/** False where the page views of a window, or of the one that it is compared with, are not all kept. */
function isCounted(budget: BudgetRow, from: Ms, filters: Filters, now: Ms, kept: Kept): boolean {
  const counted = countedFrom({ metrics: ['pageviews'], groupBy: [], filters }, kept, now)
  // Before there was a site, there was no silence. A week before it had too few page views.
  return budget.relativeTo === null ? Math.max(counted, kept.created) <= from : counted <= from - WEEK
}

async function judgeLimit(
  d1: Preparer,
  budget: BudgetRow,
  metric: Measure,
  asked: { from: Ms; to: Ms; filters: Filters },
  now: Ms,
  oldest: Ms,
): Promise<Finding> {
  const query = { site: budget.site, ...asked, groupBy: [], limit: 1, metrics: [metric] }
  const { groups, oneIn } = await groupsOf(d1, query, now, { oldest })
  const { distribution = NONE, missing = 0 } = groups[0] ?? {}
  const { state, ...figures } = foundIn(budget, distribution, missing, oneIn)
  const finding = { ...figures, release: null, baseline: null }
  if (state !== 'breached' || budget.state === 'breached') {
    return { ...finding, state, release: state === 'breached' ? budget.release : null }
  }
  // What did not come has no release.
  return { ...finding, state, release: metric === 'pageviews' ? null : await begun(d1, budget, asked, now) }
}

/** Judged by the share by which it lies above, whose interval is that of the difference. */
async function judgeRelative(
  d1: Preparer,
  budget: BudgetRow,
  metric: Measure,
  filters: Filters,
  now: Ms,
  oldest: Ms,
): Promise<Finding> {
  const { enough, unseen, ...figures } = await compare(d1, budget, metric, filters, now, oldest)
  const state = unseen > UNSEEN ? 'no-data' : stateOf(budget, figures, enough)
  return { ...figures, state }
}

/** How a budget stands by the distribution of its window, of which some `missing` may lie in `(other)`. */
export function foundIn(
  budget: Promised,
  distribution: Distribution,
  missing: number,
  oneIn: number,
): Omit<Finding, 'release' | 'baseline'> {
  const { metric, percentile } = budget
  if (isDeliveryMetric(metric)) throw new Error('a share of beacons has no distribution')
  const { s: samples } = distribution
  const { effective, ...figures } = figuresOf(metric, distribution, percentile, missing)
  if (metric === 'pageviews') {
    return { ...figures, samples, effective_samples: effective, state: volumeState(budget, figures) }
  }
  // Where only a share was read, there are enough: the minimum is for those that it stands for.
  const told = stateOf(budget, figures, samples ? effective * oneIn : 0)
  return {
    ...figures,
    samples,
    effective_samples: samples ? effective : null,
    state: missing > UNSEEN * distribution.n ? 'no-data' : told,
  }
}

/** What a budget is about, and how many independent samples tell it. */
function figuresOf(
  metric: Measure | CallShare,
  distribution: Distribution,
  percentile: number,
  missing: number,
): Bounds & { effective: number } {
  if (metric === 'error_rate') {
    const { effective, ...share } = failedShare(distribution) ?? { ...UNKNOWN, effective: 0 }
    return { ...share, effective: Number(effective.toFixed(1)) }
  }
  const { effective_samples: effective } = countsOf(distribution, percentile)
  if (metric === 'pageviews') return { ...volumeOf(distribution, missing), effective }
  const figures = metric === 'errors' ? erring(distribution) : percentileOf(metric, distribution, percentile)
  return { ...(figures ?? UNKNOWN), effective }
}

function percentileOf(metric: Measure, distribution: Distribution, percentile: number): Bounds {
  const [found = null] = percentiles(distribution, [percentile], limitsOf(metric))
  return found ? percentileInUnit(metric, found) : UNKNOWN
}

/** The busiest release of the window that had no page view in the same time before it, or a few that only say so. */
async function begun(
  d1: Preparer,
  { site }: BudgetRow,
  { from, to }: { from: number; to: number },
  now: Ms,
): Promise<string | null> {
  const ask = {
    site,
    filters: {},
    groupBy: ['release' as const],
    limit: RELEASES,
    metrics: ['ttfb' as const],
  }
  const [during, before] = await Promise.all([
    groupsOf(d1, { ...ask, from, to }, now),
    groupsOf(d1, { ...ask, from: from - (to - from), to: from }, now),
  ])
  const volumeBefore = new Map(before.groups.map(({ values, distribution: { n } }) => [values.release, n]))
  const isNew = ({ values: { release }, distribution: { n } }: (typeof during.groups)[number]) =>
    release && (volumeBefore.get(release) ?? 0) <= STRAY * n
  return during.groups.find(isNew)?.values.release ?? null
}
