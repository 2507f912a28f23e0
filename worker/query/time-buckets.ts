/** Buckets of time: the hours or days that an answer over time has a point for. */

import type { Hour } from '../../schema/domain/units.ts'

/** Hours or days, whose days begin `offset` hours before those of UTC. */
export interface TimeBuckets {
  step: 1 | 24
  offset: number
}

/** The first hour of the bucket that an hour lies in. In UTC+2 (offset 2) a day begins at 22:00: 47 lies in 46, 45 in 22. */
export function timeBucketOf(hour: Hour, { step, offset }: TimeBuckets): Hour {
  return Math.floor((hour + offset) / step) * step - offset
}

/** True where day roll-ups, which are those of UTC, do not serve. */
export function needsHours({ step, offset }: TimeBuckets): boolean {
  return step === 1 || offset % 24 !== 0
}
