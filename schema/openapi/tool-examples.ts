/** Examples of what other tools read: Prometheus, OpenTelemetry, CrUX. */

import type { CruxAnswer, CruxError, CruxHistoryAnswer } from '../api/crux.ts'
import type { OtlpAnswer } from '../api/otlp.ts'

/** `/v1/metrics?site=shop&limit=0`, the beginning. */
export const PROMETHEUS = `# HELP fieldline_counted_since_timestamp_seconds Since when all others count.
# TYPE fieldline_counted_since_timestamp_seconds gauge
fieldline_counted_since_timestamp_seconds{site="shop"} 1794787200
# HELP fieldline_counted_until_timestamp_seconds Until when all others count.
# TYPE fieldline_counted_until_timestamp_seconds gauge
fieldline_counted_until_timestamp_seconds{site="shop"} 1795237200
# HELP fieldline_page_views_total Page views.
# TYPE fieldline_page_views_total counter
fieldline_page_views_total{site="shop"} 5700
# HELP fieldline_page_views_with_error_total Page views with an uncaught error.
# TYPE fieldline_page_views_with_error_total counter
fieldline_page_views_with_error_total{site="shop"} 107
# HELP fieldline_page_views_checked_total Page views whose script looks for uncaught errors.
# TYPE fieldline_page_views_checked_total counter
fieldline_page_views_checked_total{site="shop"} 5700
# HELP fieldline_lcp_seconds LCP of page views.
# TYPE fieldline_lcp_seconds histogram
fieldline_lcp_seconds_bucket{site="shop",le="1.024"} 1172
fieldline_lcp_seconds_bucket{site="shop",le="2.5"} 5025
fieldline_lcp_seconds_bucket{site="shop",le="4"} 5700
fieldline_lcp_seconds_bucket{site="shop",le="+Inf"} 5700
fieldline_lcp_seconds_count{site="shop"} 5700
`

/** `/v1/export?format=otlp&site=shop&metrics=cls&from=-3h`, with fewer buckets. */
export const OTLP: OtlpAnswer = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeMetrics: [
        {
          scope: { name: 'fieldline' },
          metrics: [
            {
              name: 'fieldline.cls',
              description: 'CLS of page views, in thousandths.',
              unit: '10*-3',
              exponentialHistogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    attributes: [{ key: 'site', value: { stringValue: 'shop' } }],
                    startTimeUnixNano: '1795237200000000000',
                    timeUnixNano: '1795248000000000000',
                    count: '138',
                    scale: 5,
                    zeroCount: '121',
                    positive: { offset: 89, bucketCounts: ['5', '0', '0', '6', '0', '6'] },
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
}

/** `{ "origin": "https://shop.example" }`, three of its metrics. */
export const CRUX_RECORD: CruxAnswer = {
  record: {
    key: { origin: 'https://shop.example' },
    metrics: {
      largest_contentful_paint: {
        histogram: [
          { start: 0, end: 2500, density: 0.8812 },
          { start: 2500, end: 4000, density: 0.1188 },
          { start: 4000, density: 0 },
        ],
        percentiles: { p75: 1982 },
      },
      cumulative_layout_shift: {
        histogram: [
          { start: '0.00', end: '0.10', density: 1 },
          { start: '0.10', end: '0.25', density: 0 },
          { start: '0.25', density: 0 },
        ],
        percentiles: { p75: '0.03' },
      },
      form_factors: { fractions: { phone: 0.5775, tablet: 0.1838, desktop: 0.2387 } },
    },
    collectionPeriod: {
      firstDate: { year: 2026, month: 10, day: 24 },
      lastDate: { year: 2026, month: 11, day: 20 },
    },
  },
}

/** `{ "origin": "https://shop.example", "metrics": ["largest_contentful_paint"], "collectionPeriodCount": 2 }` */
export const CRUX_HISTORY: CruxHistoryAnswer = {
  record: {
    key: { origin: 'https://shop.example' },
    metrics: {
      largest_contentful_paint: {
        histogramTimeseries: [
          { start: 0, end: 2500, densities: ['NaN', 0.8812] },
          { start: 2500, end: 4000, densities: ['NaN', 0.1188] },
          { start: 4000, densities: ['NaN', 0] },
        ],
        percentilesTimeseries: { p75s: [null, 1982] },
      },
    },
    collectionPeriods: [
      { firstDate: { year: 2026, month: 10, day: 11 }, lastDate: { year: 2026, month: 11, day: 7 } },
      { firstDate: { year: 2026, month: 10, day: 18 }, lastDate: { year: 2026, month: 11, day: 14 } },
    ],
  },
}

export const CRUX_REFUSAL: CruxError = {
  error: {
    code: 400,
    message: 'origin must be a string',
    status: 'INVALID_ARGUMENT',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ field: 'origin', description: 'origin must be a string' }],
      },
    ],
  },
}
