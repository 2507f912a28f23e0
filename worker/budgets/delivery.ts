/**
 * Judges a budget of delivery, by a share of the window's beacons with its interval; that of one address is an upper bound.
 *
 * Anyone may send beacons that are refused, or a bot's, as many as he likes. So a share is evidence where it would be without
 * the beacons of the busiest address, too; else nobody can tell. The loss needs no such look: of one address few page views tell of it
 * (ingest/telling).
 */

import type { BudgetState } from '../../schema/domain/budget-state.ts'
import type { DeliveryMetric } from '../../schema/domain/delivery-metrics.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import { figures, lossesOf } from '../read/delivery.ts'
import { arrivedOf, countsOf, effectiveOf, type Sums, sum } from '../read/delivery-counts.ts'
import { type CountedShare, estimateOf, partOf } from '../read/delivery-shares.ts'
import { tellingOf } from '../read/loss.ts'
import type { Preparer } from '../store/statement.ts'
import { type Bounds, stateOf, UNKNOWN } from './state.ts'

/** The share with its interval, and the beacons that it is a share of. */
interface DeliveryShare extends Bounds {
  samples: number
  effective_samples: number
}

/** How a share stands; `state` follows from the one before. */
type DeliveryFinding = DeliveryShare & { state: BudgetState }
type Promised = Pick<BudgetRow, 'state' | 'told' | 'max' | 'minimum'>

/** From which to which share it may be without the beacons of one address. */
interface Without {
  low: number
  high: number
}

type Window = Pick<BudgetRow, 'site' | 'windowHours'>

export async function judgeDelivery(
  d1: Preparer,
  budget: Promised & Window,
  metric: DeliveryMetric,
  now: Ms,
): Promise<DeliveryFinding> {
  return foundInSums(budget, metric, await sumsOf(d1, budget, now))
}

/** An upper bound of what one address sent of the window's beacons, as a share; null where none is counted. */
export async function busiestShare(d1: Preparer, window: Window, now: Ms): Promise<number | null> {
  return figures(await sumsOf(d1, window, now)).busiest_share
}

async function sumsOf(d1: Preparer, { site, windowHours }: Window, now: Ms): Promise<Sums> {
  const to = (hourOf(now) + 1) * HOUR
  const { hours } = await countsOf(d1, { site, from: to - windowHours * HOUR, to }, now)
  return sum(hours.map(({ sums }) => sums))
}

/** How a budget stands by the sums of its window. */
export function foundInSums(budget: Promised, metric: DeliveryMetric, sums: Sums): DeliveryFinding {
  const share = shareOf(metric, sums)
  const state = stateOf(budget, share, share.effective_samples)
  return { ...share, state: isEvidence(budget.max, share, withoutOne(metric, sums)) ? state : 'no-data' }
}

/** The shares of counts. */
const COUNTED = {
  'delivery:refused': 'refused',
  'delivery:failed': 'failed',
  'delivery:bots': 'bots',
} as const satisfies Partial<Record<DeliveryMetric, CountedShare>>

/** The share that some sums come to. */
export function shareOf(metric: DeliveryMetric, sums: Sums): DeliveryShare {
  const { lost, shares, busiest_share } = figures(sums)
  const counted = { samples: arrivedOf(sums), effective_samples: effectiveOf(sums) }
  switch (metric) {
    case 'delivery:lost':
      return {
        ...(lost ?? UNKNOWN),
        samples: sums.received ?? 0,
        effective_samples: tellingOf(lossesOf(sums)),
      }
    case 'delivery:busiest':
      return { value: busiest_share, low: busiest_share, high: busiest_share, ...counted }
    default:
      return { ...(shares[COUNTED[metric]] ?? UNKNOWN), ...counted }
  }
}

/** False where what the interval says would not hold without the beacons of one address. */
function isEvidence(max: number, { low, high }: DeliveryShare, without: Without | null): boolean {
  if (!without || low === null || high === null) return true
  return low > max ? without.low > max : high > max || without.high <= max
}

/** Null for what is no share of counts. Nobody makes his beacons fail, but he may hide those that do. */
function withoutOne(metric: DeliveryMetric, sums: Sums): Without | null {
  if (!(metric in COUNTED)) return null
  const name = COUNTED[metric as keyof typeof COUNTED]
  const { count, of } = partOf(sums, name)
  const left = of - Math.min(sums.busiest ?? 0, of)
  const among = (count: number) => estimateOf(sums, { count, of: left })
  const least = name === 'failed' ? estimateOf(sums, { count, of }) : among(Math.max(0, count - of + left))
  return { low: least?.low ?? 0, high: among(Math.min(count, left))?.high ?? 1 }
}
