/**
 * Judges a budget of delivery, by a share of the window's beacons. The loss is an estimate with its interval; the
 * others are counted, so that their interval is the share itself. That of one address is an upper bound.
 */

import type { DeliveryMetric } from '../../schema/domain/delivery-metrics.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'
import { figures } from '../read/delivery.ts'
import { arrivedOf, countsOf, type Sums, sum } from '../read/delivery-counts.ts'
import type { Preparer } from '../store/statement.ts'

/** The share with its interval, and the beacons that it is a share of. */
interface DeliveryShare {
  value: number | null
  low: number | null
  high: number | null
  samples: number
}

export async function deliveryShare(
  d1: Preparer,
  { site, windowHours }: Pick<BudgetRow, 'site' | 'windowHours'>,
  metric: DeliveryMetric,
  now: Ms,
): Promise<DeliveryShare> {
  const to = (hourOf(now) + 1) * HOUR
  const { hours } = await countsOf(d1, { site, from: to - windowHours * HOUR, to }, now)
  return shareOf(metric, sum(hours.map(({ sums }) => sums)))
}

/** The share that some sums come to. */
export function shareOf(metric: DeliveryMetric, sums: Sums): DeliveryShare {
  const { lost, refused, failed, bots, busiest_share } = figures(sums)
  const arrived = arrivedOf(sums)
  const part = (count: number) => exactly(arrived ? count / arrived : null, arrived)
  switch (metric) {
    case 'delivery:lost':
      return { ...(lost ?? { value: null, low: null, high: null }), samples: sums.received ?? 0 }
    case 'delivery:refused':
      return part(Object.values(refused).reduce((total, count) => total + count, 0))
    case 'delivery:failed':
      return part(failed)
    case 'delivery:bots':
      return part(bots)
    case 'delivery:busiest':
      return exactly(busiest_share, arrived)
  }
}

function exactly(value: number | null, samples: number): DeliveryShare {
  return { value, low: value, high: value, samples }
}
