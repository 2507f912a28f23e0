/** The hour: what page views are keyed by and ranges are snapped to. */

/** ms of an hour. */
export const HOUR = 3_600_000

/** Whole hours since 1970 of a Unix time in ms. */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR)
}
