/**
 * Web vitals: web-vitals measures them; each value goes into the page view to which it belongs.
 */

import { type MetricType, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'
import type { Vital } from '../schema/domain/metrics.ts'
import { changed } from './change.ts'
import { activationStart, navigationEntry } from './navigation.ts'
import type { View } from './pageview.ts'
import { quietly } from './quietly.ts'
import { at, current, open, views } from './views.ts'

/** Notes in a page view what one of its vitals was read from. */
export type Attribute = (view: View, metric: MetricType) => void

/** Begins where the page is shown: a prerendered page's visitor sees nothing before. Each metric is observed once. */
export function trackVitals(attribute?: Attribute): void {
  const load = current
  load._origin = activationStart()
  // web-vitals waits for `load` with the time to first byte, and many leave before. Some browsers tell 0, or a time to come.
  const responseStart = navigationEntry()?.responseStart as number
  if (responseStart > 0 && responseStart <= performance.now())
    load._page.vitals.ttfb = responseStart - load._origin

  const loaded = performance.now()
  /** Page views by when the soft navigation began that measures them. */
  const bySoft = new Map<number, View | undefined>()
  const measuredBy = (start: number, url: string): View | undefined => {
    if (!bySoft.has(start)) {
      // A soft navigation is told as its page view has been painted. It began by what the visitor did before the path changed.
      let view = views.find(({ _moved }) => (_moved as number) >= start)
      // Before the script came nobody saw the path change: the soft navigation itself is the page view then.
      const { pathname } = new URL(navigationEntry()?.name ?? url)
      if (start < loaded && start > current._start && new URL(url).pathname !== pathname) {
        load._path = pathname
        view = open(start, 'soft-navigation')
      }
      if (view) view._moved = undefined
      bySoft.set(start, view)
    }
    return bySoft.get(start)
  }

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: split, it takes 50 bytes
  const report = quietly((metric: MetricType) => {
    const { name, value, entries, navigationType, navigationURL, navigationStartTime } = metric
    const soft = navigationType === 'soft-navigation'
    const returned = navigationType === 'back-forward-cache'
    // What is painted after a return is told with the time since the load. web-vitals takes it for the return's LCP.
    if (returned && name === 'LCP' && entries[0]) return
    // The start tells page views apart: a return has the navigationId of the page view that it returns to. Where nothing
    // was painted before a return, its CLS has no start.
    const start = navigationStartTime || (returned ? current._start : 0)
    const measured = soft
      ? measuredBy(start, navigationURL as string)
      : (views.find(({ _start }) => _start === start) ??
        // It may be told after the page has left and come back.
        (returned && start > current._start && open(start, navigationType)))
    const view = measured || (soft && at(start))
    if (!view) return
    const vital = name.toLowerCase() as Vital
    const amount = name === 'CLS' ? value * 1000 : value
    // Of what is no page view, a new query say, the page view that goes on has the interactions and the shifts.
    if (!measured && !(/INP|CLS/.test(name) && amount > (view._page.vitals[vital] ?? 0))) return
    view._page.vitals[vital] = amount
    attribute?.(view, metric)
    changed()
  })

  // All changes: what is known so far leaves even if the page's process dies, and elements are named while they are there.
  // The time to first byte that web-vitals tells of soft navigations is a dummy of 0.
  for (const on of [onTTFB, onFCP, onLCP, onCLS, onINP])
    on(report, { reportAllChanges: true, reportSoftNavs: on !== onTTFB })
}
