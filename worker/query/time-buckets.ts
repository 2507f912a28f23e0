/**
 * Buckets of time: what answers over time are told apart by. An hour goes in, the first hour of its bucket comes out.
 */

import type { Periods } from './plan.ts'

/** Buckets of time: hours or days, whose days begin `offset` hours before those of UTC. */
export interface Buckets {
  step: 1 | 24
  offset: number
  /** The periods that tell which groups are the largest. */
  ranked: Periods
}

/** Which periods are read, and into which buckets of time they go. */
export interface Over {
  periods: Periods
  buckets: Buckets | null
}

/** The first hour of the bucket that an hour lies in. */
export function bucketOf(hour: number, { step, offset }: Pick<Buckets, 'step' | 'offset'>): number {
  return Math.floor((hour + offset) / step) * step - offset
}
