/**
 * Web vitals, each put into the page view to which it belongs. TTFB is not among them: it is read from the
 * navigation's entry, earlier than web-vitals tells it.
 */

import type { MetricType } from 'web-vitals'
import { onCLS } from 'web-vitals/onCLS.js'
import { onFCP } from 'web-vitals/onFCP.js'
import { onINP } from 'web-vitals/onINP.js'
import { onLCP } from 'web-vitals/onLCP.js'
import type { Vital } from '../schema/metrics.ts'
import type { Views } from './views.ts'
import type { Explain } from './why.ts'

/** Starts web-vitals. Each of these observes for the life of the document, so they are called once. */
export function observeVitals(views: Views, explain?: Explain): void {
  const { _list, _open } = views
  const into =
    (vital: Vital, grains = 1) =>
    (metric: MetricType): void => {
      const { value, navigationType, navigationURL, navigationStartTime: start = 0 } = metric
      const view =
        _list.find(view => view._start === start) ??
        _open(start, navigationType, navigationURL ?? location.href)
      if (view) {
        view._vitals[vital] = value * grains
        explain?.(view, metric)
      }
      views._onChange()
    }
  // All changes: what is known so far leaves even if the page's process dies, and elements are named while they are
  // there. An interaction that is still waiting for its idle moment when the page hides is noted too late for
  // web-vitals' last report: a click that leaves the page would never count.
  const options = { reportSoftNavs: true, reportAllChanges: true }
  onFCP(into('fcp'), options)
  onLCP(into('lcp'), options)
  onCLS(into('cls', 1000), options)
  onINP(into('inp'), options)
}
