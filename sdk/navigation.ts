/**
 * What the browser says of the document's own navigation: its type and the times of its phases.
 */

import type {} from 'web-vitals'
import type { Navigation } from '../schema/wire/pageview.ts'

/** What is told of the load. */
export function navigationEntry(): PerformanceNavigationTiming | undefined {
  return performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined
}

/** When a prerendered page was shown, in ms since its load began; 0 for all others. */
export function activationStart(): number {
  return navigationEntry()?.activationStart ?? 0
}

/** How the document was loaded. */
export function navigationType(): Navigation {
  if (document.prerendering || activationStart()) return 'prerender'
  if (document.wasDiscarded) return 'restore'
  return navigationEntry()?.type?.replace(/_/g, '-') as Navigation
}

/** What a load ends with, one after the other: the phases of schema/metrics. */
const ENDS = [
  'domainLookupEnd',
  'connectEnd',
  'requestStart',
  'responseEnd',
  'domInteractive',
  'domContentLoadedEventEnd',
  'loadEventEnd',
] as const

/** ms from `start` to the end of each phase, below 0 what ended before; null until all have ended. */
export function loadPhases(load: PerformanceNavigationTiming | undefined, start: number): number[] | null {
  return load?.loadEventEnd ? ENDS.map(end => load[end] - start) : null
}
