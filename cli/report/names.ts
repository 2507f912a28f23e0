/** How metrics are called in a report, and their values written. */

import type { SummaryRow } from '../../schema/api/summary.ts'
import { format, METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { TITLES } from '../../schema/domain/titles.ts'

export const IN_ORDER = Object.keys(METRICS) as Metric[]
export const CORE = ['lcp', 'inp', 'cls'] as const satisfies readonly Metric[]

/** `Largest Contentful Paint (LCP)`, `API calls`. */
export function nameOf(metric: Metric): string {
  return metric === 'api' ? TITLES.api : `${TITLES[metric]} (${metric.toUpperCase()})`
}

export function p75({ metric, percentiles }: SummaryRow): string {
  return format(metric, percentiles.p75?.value ?? null)
}
