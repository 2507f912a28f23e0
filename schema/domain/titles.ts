/** How people call the metrics. */

import type { Metric } from './metrics.ts'

export const TITLES = {
  lcp: 'Largest Contentful Paint',
  inp: 'Interaction to Next Paint',
  cls: 'Cumulative Layout Shift',
  fcp: 'First Contentful Paint',
  ttfb: 'Time to First Byte',
  api: 'API calls',
} as const satisfies Record<Metric, string>
