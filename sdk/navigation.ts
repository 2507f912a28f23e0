/**
 * What the browser says of the document's own navigation: its type and the times of its phases.
 */

import type { Phase } from '../schema/metrics.ts'
import type { Navigation } from '../schema/pageview.ts'

/** The document's entry, or nothing where the browser has none or an implausible one, as in web-vitals. */
export function navigationEntry(): PerformanceNavigationTiming | undefined {
  const [entry] = performance.getEntriesByType('navigation')
  return entry && entry.responseStart > 0 && entry.responseStart < performance.now() ? entry : undefined
}

/** When a prerendered page was shown, in ms since its load began; 0 for all others. */
export function activationStart(): number {
  return performance.getEntriesByType('navigation')[0]?.activationStart ?? 0
}

/** How the document was loaded. */
export function navigationType(): Navigation {
  if (document.prerendering || activationStart() > 0) return 'prerender'
  if (document.wasDiscarded) return 'restore'
  const type = navigationEntry()?.type
  return type === 'reload' ? type : type === 'back_forward' ? 'back-forward' : 'navigate'
}

/** ms from navigation start (activation, when prerendered) to the end of each phase; null until all have ended. */
export function loadPhases(): Record<Phase, number> | null {
  const entry = navigationEntry()
  if (!entry?.loadEventEnd) return null
  const since = (time: number) => Math.max(0, time - activationStart())
  return {
    dns: since(entry.domainLookupEnd),
    connect: since(entry.connectEnd),
    request: since(entry.requestStart),
    response: since(entry.responseEnd),
    interactive: since(entry.domInteractive),
    loaded: since(entry.domContentLoadedEventEnd),
    load: since(entry.loadEventEnd),
  }
}

/** Time to first byte, known long before web-vitals reports it at the page's load. */
export function timeToFirstByte(): number | null {
  const entry = navigationEntry()
  return entry ? Math.max(0, entry.responseStart - activationStart()) : null
}
