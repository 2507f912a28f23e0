/**
 * Judges a relative budget: by which share its percentile lies above that of the week before, or of the release before; of page views, by
 * which share they are fewer.
 *
 * `week` compares the window with the same hours a week earlier. `release` compares the newest release that began within
 * the last seven days with the one that was busiest when it began: the window up to now, of the one, with as many hours before
 * that moment, of the other. A release needs the budget's minimum of samples to count as one, and a part of the page views since it began.
 * Anyone may claim a release: few page views make none, nor the begin of one.
 */

import type { Filters } from '../../schema/api/filters.ts'
import { DAY, HOUR, WEEK } from '../../schema/domain/hour.ts'
import { limitsOf, type Measure } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import { shareAbove } from '../../schema/domain/ratio.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import { NONE } from '../query/distribution.ts'
import { groupsOf } from '../query/distributions.ts'
import type { Known } from '../query/plan.ts'
import { MAX_READ } from '../query/subsample.ts'
import { countsOf } from '../read/summary.ts'
import type { Preparer } from '../store/statement.ts'
import { endOf, fall } from './volume.ts'

/** Releases that are looked at. */
const RELEASES = 20
/** Of a release's page views, the share that may be older than its begin. */
export const STRAY = 0.05
/** The share of all page views since it began that a release has. */
const LEAST_SHARE = 0.1

export interface Comparison {
  value: number | null
  low: number | null
  high: number | null
  samples: number
  effective_samples: number | null
  /** What decides whether there is enough: that of the side that has less, with those that a subsample stands for. */
  enough: number
  /** More than this share of either side may lie unseen in `(other)`. */
  unseen: number
  release: string | null
  baseline: string | null
}

const NOTHING: Comparison = {
  ...{ value: null, low: null, high: null, samples: 0, effective_samples: null, enough: 0, unseen: 0 },
  ...{ release: null, baseline: null },
}

interface Side {
  from: Ms
  to: Ms
  release?: string
}

export async function compare(
  d1: Preparer,
  budget: BudgetRow,
  metric: Measure,
  filters: Filters,
  now: Ms,
  oldest: Ms,
): Promise<Comparison> {
  const to = endOf(metric, now)
  const from = to - budget.windowHours * HOUR
  // Three reads at most, and 20,000 rows for all of them.
  const known = { oldest, reads: Math.floor(MAX_READ / (budget.relativeTo === 'release' ? 3 : 2)) }
  if (budget.relativeTo === 'week') {
    return comparison(
      d1,
      budget,
      metric,
      filters,
      [
        { from: from - WEEK, to: to - WEEK },
        { from, to },
      ],
      now,
      known,
    )
  }
  const found = await releasesOf(d1, budget, to, now, known)
  if (!found) return NOTHING
  const { release, baseline, began } = found
  const after = { from: Math.max(from, began), to, release }
  const before = { from: began - (to - after.from), to: began, release: baseline }
  const compared = await comparison(d1, budget, metric, filters, [before, after], now, known)
  return { ...compared, release, baseline }
}

async function comparison(
  d1: Preparer,
  budget: BudgetRow,
  metric: Measure,
  filters: Filters,
  sides: readonly [before: Side, after: Side],
  now: Ms,
  known: Known,
): Promise<Comparison> {
  const { site, percentile } = budget
  const [before, after] = await Promise.all(
    sides.map(async ({ from, to, release }) => {
      const own = { ...filters, ...(release !== undefined && { release }) }
      const query = { site, from, to, filters: own, groupBy: [], limit: 1, metrics: [metric] }
      const { groups, oneIn } = await groupsOf(d1, query, now, known)
      const { distribution = NONE, missing = 0 } = groups[0] ?? {}
      const [found = null] = percentiles(distribution, [percentile], limitsOf(metric))
      const { samples, effective_samples: effective } = countsOf(distribution, percentile)
      const unseen = distribution.n ? missing / distribution.n : 0
      return { distribution, missing, found, samples, effective, enough: effective * oneIn, unseen }
    }),
  )
  if (!before || !after) return NOTHING
  const figures = {
    ...NOTHING,
    samples: after.samples,
    effective_samples: after.samples ? after.effective : null,
  }
  // That none came is a result. What may lie unseen is in the interval.
  if (metric === 'pageviews') return { ...figures, ...fall(before, after), enough: before.enough }
  return {
    ...figures,
    ...shareAbove(before.found, after.found),
    enough: Math.min(before.enough, after.enough),
    unseen: Math.max(before.unseen, after.unseen),
  }
}

/** The newest release, when it began (a whole hour), and the busiest one of the day before; null where none began. */
async function releasesOf(d1: Preparer, { site, minimum }: BudgetRow, to: Ms, now: Ms, known: Known) {
  const from = to - WEEK
  const query = {
    ...{ site, from, to, filters: {}, groupBy: ['release' as const], limit: RELEASES },
    metrics: ['pageviews' as const],
    buckets: { step: 1, offset: 0 } as const,
  }
  const { groups, oneIn } = await groupsOf(d1, query, now, known)
  const releases = [...Map.groupBy(groups, ({ values }) => values.release ?? null)].flatMap(
    ([name, list]) => {
      const hours = list
        .map(({ start, distribution: { n, s } }) => ({ start: start * HOUR, n, s }))
        .toSorted((a, b) => a.start - b.start)
      return name === null ? [] : [{ name, hours, began: beginOf(hours) }]
    },
  )
  const since = (began: Ms) =>
    groups.reduce((sum, { start, distribution: { n } }) => sum + (start * HOUR >= began ? n : 0), 0)
  const begun = releases.filter(
    ({ hours, began }) =>
      began > from &&
      hours.reduce((sum, { s }) => sum + s, 0) * oneIn >= minimum &&
      volumeOf(hours) >= LEAST_SHARE * since(began),
  )
  const newest = begun.toSorted((a, b) => b.began - a.began)[0]
  if (!newest) return null
  const { began } = newest
  const before = ({ name, hours }: (typeof releases)[number]) =>
    name === newest.name ? 0 : volumeOf(hours.filter(({ start }) => start < began && start >= began - DAY))
  const busiest = releases.toSorted((a, b) => before(b) - before(a))[0]
  return busiest && before(busiest) > 0 ? { release: newest.name, baseline: busiest.name, began } : null
}

/** Page views of a release within an hour. */
interface ReleaseHour {
  start: Ms
  n: number
}

function volumeOf(hours: readonly ReleaseHour[]): number {
  return hours.reduce((sum, { n }) => sum + n, 0)
}

/** The hour from which on nearly all page views of a release are; the oldest come first. */
function beginOf(hours: readonly ReleaseHour[]): Ms {
  let left = STRAY * volumeOf(hours)
  const first = hours.find(({ n }) => {
    left -= n
    return left < 0
  })
  return first?.start ?? Number.POSITIVE_INFINITY
}
