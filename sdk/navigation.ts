/**
 * What the browser says of the document's own navigation: its type and the times of its phases.
 */

import type { Phase } from '../schema/metrics.ts'
import type { Navigation } from '../schema/pageview.ts'

function entry(): PerformanceNavigationTiming | undefined {
  return performance.getEntriesByType('navigation')[0]
}

/** When a prerendered page was shown, in ms since its load began; 0 for all others. */
export function activationStart(): number {
  return entry()?.activationStart ?? 0
}

/** How the document was loaded. */
export function navigationType(): Navigation {
  if (document.prerendering || activationStart()) return 'prerender'
  if (document.wasDiscarded) return 'restore'
  const type = entry()?.type
  return type === 'back_forward' ? 'back-forward' : (type ?? 'navigate')
}

/** The address that was loaded; the document's may be another one by now. */
export function navigationUrl(): string {
  return entry()?.name ?? location.href
}

/** Time to first byte in ms; null where the browser tells none, or an implausible one. */
export function timeToFirstByte(): number | null {
  const { responseStart = 0 } = entry() ?? {}
  return responseStart > 0 && responseStart < performance.now() ? since(responseStart) : null
}

/** ms from navigation start (activation, when prerendered) to the end of each phase; null until all have ended. */
export function loadPhases(): Record<Phase, number> | null {
  const load = entry()
  return load?.loadEventEnd
    ? {
        dns: since(load.domainLookupEnd),
        connect: since(load.connectEnd),
        request: since(load.requestStart),
        response: since(load.responseEnd),
        interactive: since(load.domInteractive),
        loaded: since(load.domContentLoadedEventEnd),
        load: since(load.loadEventEnd),
      }
    : null
}

function since(time: number): number {
  return Math.max(0, time - activationStart())
}
