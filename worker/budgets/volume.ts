/**
 * Page views as a budget promises them: at least so many in its window, or not by more than a share fewer than a week before. Fewer are
 * the breach. A page that has lost its script sends nothing, and no percentile speaks of what did not come.
 */

import { countInterval } from '../../schema/domain/count.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { Z95 } from '../../schema/domain/percentiles.ts'
import { shareAbove } from '../../schema/domain/ratio.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import type { Distribution } from '../query/distribution.ts'
import { groupsKeptFrom, type Retention } from '../query/kept.ts'
import { type Bounds, stateOf, UNKNOWN } from './state.ts'

/** What is known of a site beside its rows. */
export type Kept = Retention & { created: Ms }

/** Where the window of a budget ends: page views are counted in whole hours, others judged with the hour that has begun. */
export function endOf(metric: BudgetRow['metric'], now: Ms): Ms {
  return (hourOf(now) + (metric === 'pageviews' ? 0 : 1)) * HOUR
}

/** From when on (Unix ms) page views of a query are counted whole. */
export function countedFrom(query: Parameters<typeof groupsKeptFrom>[0], kept: Kept, now: Ms): Ms {
  const { hourDays, hourFrom = 0 } = kept
  const hours = (hourOf(now) - hourDays * 24) * HOUR
  return Math.max(groupsKeptFrom(query, kept, now), hours, hourFrom)
}

/** How many there were, where `missing` more may lie in `(other)`. */
export function volumeOf(distribution: Distribution, missing: number): Bounds {
  const { n } = distribution
  const { low, high } = countInterval(distribution) ?? { low: n, high: n }
  return { value: n, low, high: high + missing }
}

/** The state that it proves: a breach lies below. */
export function volumeState(budget: Pick<BudgetRow, 'state' | 'told' | 'max' | 'minimum'>, volume: Bounds) {
  return stateOf({ ...budget, max: -budget.max }, turned(volume), Number.POSITIVE_INFINITY)
}

/** What lies above, as what lies below. */
function turned({ value, low, high }: Bounds): Bounds {
  const below = (bound: number | null) => (bound === null ? null : 0 - bound)
  return { value: below(value), low: below(high), high: below(low) }
}

/** One side of a comparison. */
interface Side {
  distribution: Distribution
  missing: number
}

/** By which share there are fewer than before. */
export function fall(before: Side, after: Side): Bounds {
  const each = weightOf(before.distribution)
  const share = shareAbove(expected(before, each), expected(after, each))
  return share ? turned(share) : UNKNOWN
}

/** What a page view stands for, as a mean that heavy ones have more part in; 1 where there is none. */
function weightOf({ n, q }: Distribution): number {
  return n > 0 ? q / n : 1
}

/**
 * How many such hours bring, by Byar's interval of a Poisson mean; `each` is what one that did not come would have stood for.
 *
 * Breslow and Day: Statistical Methods in Cancer Research, volume II (1987), section 2.3.
 */
function expected({ distribution, missing }: Side, each: number) {
  const { n } = distribution
  const weight = n > 0 ? weightOf(distribution) : each
  const end = (count: number, sign: 1 | -1) =>
    count > 0 ? Math.max(0, count * (1 - 1 / (9 * count) + (sign * Z95) / (3 * Math.sqrt(count))) ** 3) : 0
  const count = n / weight
  return { value: n, low: weight * end(count, -1), high: weight * end(count + 1, 1) + missing }
}
