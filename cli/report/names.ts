/** How metrics are called in a report, and their values written. */

import type { SummaryRow } from '../../schema/api/summary.ts'
import { format, METRICS, type Metric } from '../../schema/domain/metrics.ts'

export const NAMES = {
  lcp: 'Largest Contentful Paint (LCP)',
  inp: 'Interaction to Next Paint (INP)',
  cls: 'Cumulative Layout Shift (CLS)',
  fcp: 'First Contentful Paint (FCP)',
  ttfb: 'Time to First Byte (TTFB)',
  api: 'API calls',
} as const satisfies Record<Metric, string>

export const IN_ORDER = Object.keys(METRICS) as Metric[]
export const CORE = ['lcp', 'inp', 'cls'] as const satisfies readonly Metric[]

export function p75({ metric, percentiles }: SummaryRow): string {
  return format(metric, percentiles.p75?.value ?? null)
}
