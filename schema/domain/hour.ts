/** The hour: what page views are keyed by and ranges are snapped to. */

import type { Hour, Ms } from './units.ts'

/** In ms. */
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const WEEK = 7 * DAY

/** Whole hours since 1970 of a Unix time in ms. */
export function hourOf(time: Ms): Hour {
  return Math.floor(time / HOUR)
}
