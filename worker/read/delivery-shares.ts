/**
 * Shares of the beacons that arrived: refused, failed, and of bots, each with its 95 % interval.
 *
 * What is refused because an address sends too much is counted without end, and says nothing of others: so failed ones and those of bots
 * are shares of the rest. Else one address would hide the failures of all others.
 */

import { type ShareEstimate, shareOf } from '../../schema/domain/share.ts'
import { arrivedOf, countIn, effectiveOf, REFUSED, type Sums } from './delivery-counts.ts'

export type CountedShare = 'refused' | 'failed' | 'bots'

/** A share as it is counted: so many of so many beacons. */
interface Part {
  count: number
  of: number
}

export function partOf(sums: Sums, name: CountedShare): Part {
  const arrived = arrivedOf(sums)
  if (name === 'refused') return { count: countIn(sums, REFUSED), of: arrived }
  return { count: sums[name] ?? 0, of: arrived - (sums.refusedRate ?? 0) }
}

/** Null where no beacon is left that it could be a share of. */
export function estimateOf(sums: Sums, { count, of }: Part): ShareEstimate | null {
  return of > 0 ? shareOf(count / of, (effectiveOf(sums) * of) / arrivedOf(sums)) : null
}

export function sharesOf(sums: Sums): Record<CountedShare, ShareEstimate | null> {
  const estimate = (name: CountedShare) => estimateOf(sums, partOf(sums, name))
  return { refused: estimate('refused'), failed: estimate('failed'), bots: estimate('bots') }
}
