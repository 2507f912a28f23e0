/** When people visit: times over some days, more of them by day. */

import { DAY, HOUR } from '../../schema/domain/hour.ts'

/** Visits by hour of the day, UTC, for a shop in Europe. */
const BY_HOUR = [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 12, 12, 13, 12, 12, 11, 11, 12, 13, 15, 16, 14, 10, 6]

/** The time (Unix ms) until which `share` (0 to 1) of the visits of the last `days` days before `now` have come. */
export function timeOf(share: number, days: number, now: number): number {
  const from = now - days * DAY
  // Whole days carry the same weight, so only the day of the answer is walked through, hour by hour.
  const total = BY_HOUR.reduce((sum, weight) => sum + weight, 0)
  const wanted = share * days * total
  const whole = Math.floor(wanted / total)
  let rest = wanted - whole * total
  let time = from + whole * DAY
  while (time < now) {
    const weight = BY_HOUR[new Date(time).getUTCHours()] ?? 0
    const end = Math.min((Math.floor(time / HOUR) + 1) * HOUR, now)
    const within = (weight * (end - time)) / HOUR
    if (rest <= within) return Math.floor(time + (rest / weight) * HOUR)
    rest -= within
    time = end
  }
  return now
}
