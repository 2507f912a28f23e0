/** The questions of the first screen: what the overview shows without scrolling, and what asks for it before the page's code is there. */

import { METRICS } from '../../schema/domain/metrics.ts'
import { baseOf, pathOf, rangeOf } from './query.ts'
import type { Place } from './url-state.ts'

const ALL = Object.keys(METRICS).join()

/** The path of each question, as a place asks it. */
export function firstOf(place: Place): Record<'changes' | 'summary' | 'trends' | 'delivery', string> {
  const { p, against } = place
  const base = baseOf(place)
  return {
    changes: pathOf('changes', { ...base, percentile: p, metrics: 'lcp,inp,cls,ttfb,api', against }),
    summary: pathOf('summary', { ...base, metrics: ALL, percentiles: p }),
    trends: pathOf('trends', { ...base, metrics: ALL, percentile: p }),
    delivery: pathOf('delivery', rangeOf(place)),
  }
}
