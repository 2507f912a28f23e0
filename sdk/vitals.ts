/**
 * Web vitals: web-vitals measures them; each value goes into the page view to which it belongs.
 */

import { type MetricType, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'
import type { Vital } from '../schema/metrics.ts'
import { activationStart, navigationEntry } from './navigation.ts'
import type { View } from './pageview.ts'
import { quietly } from './quietly.ts'
import type { Views } from './views.ts'

/** Notes in a page view what one of its vitals was read from. */
export type Explain = (view: View, metric: MetricType) => void

/** Begins where the page is shown: a prerendered page's visitor sees nothing before. Each metric is observed once. */
export function trackVitals(views: Views, explain?: Explain): void {
  const load = views._last
  load._origin = activationStart()
  // web-vitals waits for `load` with the time to first byte, and many leave before. Some browsers tell 0, or a time to come.
  const { responseStart = 0 } = navigationEntry() ?? {}
  if (responseStart > 0 && responseStart <= performance.now())
    load._vitals.ttfb = Math.max(0, responseStart - load._origin)

  const report = quietly((metric: MetricType) => {
    const { name, value, entries, navigationType, navigationURL = '', navigationStartTime } = metric
    const returned = navigationType === 'back-forward-cache'
    // What is painted after a return is told with the time since the load. web-vitals takes it for the return's LCP.
    if (returned && name === 'LCP' && entries[0]) return
    // The start tells page views apart: a return has the navigationId of the page view that it returns to. Where nothing
    // was painted before a return, its CLS has no start.
    const start = navigationStartTime || (returned ? views._last._start : 0)
    const view =
      views._list.find(({ _start }) => _start === start) ??
      // A soft navigation may be told after the page has left and come back.
      (start > views._last._start &&
        // The address of a return is that of the page as it is now, which may have moved on without a soft navigation.
        views._open(start, navigationType, returned ? location.href : navigationURL))
    if (!view) return
    const vital = name.toLowerCase() as Vital
    view._vitals[vital] = vital === 'cls' ? value * 1000 : value
    explain?.(view, metric)
    views._onChange()
  })

  // All changes: what is known so far leaves even if the page's process dies, and elements are named while they are there.
  // The time to first byte that web-vitals tells of soft navigations is a dummy of 0.
  for (const on of [onTTFB, onFCP, onLCP, onCLS, onINP])
    on(report, { reportAllChanges: true, reportSoftNavs: on !== onTTFB })
}
