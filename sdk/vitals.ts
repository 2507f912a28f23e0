/**
 * Web vitals, each put into the page view to which it belongs.
 */

import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'
import { VITALS } from '../schema/metrics.ts'
import type { Views } from './views.ts'

/** Starts web-vitals. Each of these observes for the life of the document, so they are called once. */
export function observeVitals({ _list, _open }: Views): void {
  const report = ({ name, value, navigationType, navigationURL, navigationStartTime }: Metric): void => {
    const vital = VITALS.find(vital => vital === name.toLowerCase())
    // A soft navigation asks no server: its TTFB is a stand-in.
    if (!vital || (vital === 'ttfb' && navigationType === 'soft-navigation')) return
    const view =
      navigationType === 'back-forward-cache' && !navigationStartTime
        ? // A page that was hidden before its first paint begins to measure CLS only now.
          _list[_list.length - 1]
        : (_list.find(view => view._start === navigationStartTime) ??
          (navigationStartTime && _open(navigationStartTime, navigationType, navigationURL ?? location.href)))
    if (view) view._vitals[vital] = vital === 'cls' ? value * 1000 : value
  }
  const options = { reportSoftNavs: true }
  onTTFB(report, options)
  onFCP(report, options)
  onLCP(report, options)
  onCLS(report, options)
  // An interaction that is still waiting for its idle moment when the page hides is noted too late for web-vitals'
  // last report: a click that leaves the page would never count.
  onINP(report, { ...options, reportAllChanges: true })
}
