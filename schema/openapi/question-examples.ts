/** Examples of answers to questions: what a summary, a trend or a delivery looks like. */

import type { ChangesAnswer } from '../api/changes.ts'
import type { DeliveryAnswer } from '../api/delivery.ts'
import type { SummaryAnswer } from '../api/summary.ts'
import type { TimeseriesAnswer } from '../api/timeseries.ts'
import type { TrendsAnswer } from '../api/trends.ts'

const RANGE = { site: 'shop', from: '2026-11-20T08:00:00.000Z', to: '2026-11-21T09:00:00.000Z' }
const ROLLUP = { source: 'rollup', relative_error: 0.01083 } as const

/** `/v1/summary?site=shop&metrics=lcp&percentiles=75,95&group_by=route&limit=1` */
export const SUMMARY: SummaryAnswer = {
  ...RANGE,
  ...ROLLUP,
  data: [
    {
      group: { route: '/p/[id]' },
      metric: 'lcp',
      unit: 'ms',
      count: 1072,
      count_interval: null,
      samples: 1072,
      effective_samples: 1072,
      percentiles: {
        p75: { value: 2357.5, low: 2233.36, high: 2488.83 },
        p95: { value: 3262.56, low: 3158.45, high: 3370.51 },
      },
      rating: 'good',
      shares: { good: 0.7826, needs_improvement: 0.2174, poor: 0 },
    },
    {
      group: { route: '(rest)' },
      rest: true,
      metric: 'lcp',
      unit: 'ms',
      count: 1298,
      count_interval: null,
      samples: 1298,
      effective_samples: 1298,
      percentiles: {
        p75: { value: 2153.48, low: 2070.12, high: 2257.01 },
        p95: { value: 2973.1, low: 2834.2, high: 3158.45 },
      },
      rating: 'good',
      shares: { good: 0.8505, needs_improvement: 0.1479, poor: 0.0016 },
    },
  ],
}

/** `/v1/timeseries?site=shop&metrics=inp&percentiles=75&from=-2h` */
export const TIMESERIES: TimeseriesAnswer = {
  ...RANGE,
  from: '2026-11-21T06:00:00.000Z',
  ...ROLLUP,
  interval: 'hour',
  timezone: '+00:00',
  data: [
    {
      group: {},
      metric: 'inp',
      unit: 'ms',
      points: [
        {
          time: '2026-11-21T06:00:00.000Z',
          count: 70,
          count_interval: null,
          samples: 70,
          effective_samples: 70,
          percentiles: { p75: { value: 153.867, low: 122.573, high: 197.403 } },
          rating: 'good',
          shares: { good: 0.871, needs_improvement: 0.129, poor: 0 },
        },
        {
          time: '2026-11-21T07:00:00.000Z',
          count: 71,
          count_interval: null,
          samples: 71,
          effective_samples: 71,
          percentiles: { p75: { value: 153.867, low: 122.573, high: 189.034 } },
          rating: 'good',
          shares: { good: 0.901, needs_improvement: 0.099, poor: 0 },
        },
      ],
    },
  ],
}

/** `/v1/trends?site=shop&metrics=lcp` */
export const TRENDS: TrendsAnswer = {
  ...RANGE,
  baseline: { from: '2026-11-19T07:00:00.000Z', to: '2026-11-20T08:00:00.000Z', release: null },
  percentile: 75,
  ...ROLLUP,
  data: [
    {
      group: {},
      metric: 'lcp',
      unit: 'ms',
      before: {
        value: 1982.41,
        low: 1919.15,
        high: 2048,
        count: 2500,
        count_interval: null,
        samples: 2500,
        effective_samples: 2500,
      },
      after: {
        value: 1982.41,
        low: 1919.15,
        high: 2048,
        count: 2400,
        count_interval: null,
        samples: 2400,
        effective_samples: 2400,
      },
      change: {
        difference: { value: 0, low: -91.1272, high: 91.1272 },
        ratio: { value: 0, low: -0.046, high: 0.046 },
      },
      verdict: 'stable',
      confidence: 1,
    },
  ],
}

/** `/v1/changes?site=shop&metrics=lcp&limit=1` */
export const CHANGES: ChangesAnswer = {
  ...RANGE,
  baseline: { from: '2026-11-19T07:00:00.000Z', to: '2026-11-20T08:00:00.000Z', release: null },
  release: null,
  percentile: 75,
  ...ROLLUP,
  compared: 164,
  stable: 41,
  unclear: 121,
  unknown: 27,
  data: [
    {
      group: { device: 'phone', route: '/p/[id]' },
      metric: 'lcp',
      unit: 'ms',
      before: {
        value: 1982.41,
        low: 1799.29,
        high: 2184.18,
        count: 610,
        count_interval: null,
        samples: 610,
        effective_samples: 610,
      },
      after: {
        value: 3305.12,
        low: 3034.55,
        high: 3568.08,
        count: 588,
        count_interval: null,
        samples: 588,
        effective_samples: 588,
      },
      change: {
        difference: { value: 1322.71, low: 984.2, high: 1642.9 },
        ratio: { value: 0.6672, low: 0.4965, high: 0.8287 },
      },
      verdict: 'degrading',
      confidence: 0.9999,
      harmed: 231,
    },
  ],
}

/** `/v1/delivery?site=shop` */
export const DELIVERY: DeliveryAnswer = {
  ...RANGE,
  accepted: 4063,
  stored: 4058,
  sampled_out: 0,
  queued: 0,
  late: 5,
  failed: 0,
  bots: 31,
  ignored: 0,
  lake_failed: 0,
  tags_left_out: { undeclared: 12, unfit: 0 },
  refused: { origin: 2, rate: 210, size: 0, field: 3, weight: 0 },
  estimated: false,
  busiest_share: 0.1196,
  lost: { value: 0.0254, low: 0.0179, high: 0.0359 },
  shares: {
    refused: { value: 0.0499, low: 0.0438, high: 0.0568 },
    failed: { value: 0, low: 0, high: 0.0009 },
    bots: { value: 0.0076, low: 0.0053, high: 0.0107 },
  },
  pageviews: 2370,
  beacons_sent: 4102,
  beacons_received: 4058,
  loss_rate: 0.0107,
  calls_left_out: 0,
  unreadable: 0,
  bot_beacons: 31,
  unknown_sites: 12,
  sampling: [{ since: '2026-11-20T08:00:00.000Z', rate: 1 }],
  step: 'hour',
  hours: [
    {
      hour: '2026-11-20T08:00:00.000Z',
      accepted: 171,
      stored: 170,
      sampled_out: 0,
      queued: 0,
      late: 1,
      failed: 0,
      bots: 2,
      ignored: 0,
      lake_failed: 0,
      tags_left_out: { undeclared: 12, unfit: 0 },
      refused: { origin: 0, rate: 0, size: 0, field: 1, weight: 0 },
      estimated: false,
      busiest_share: 0.0345,
      lost: { value: 0.0274, low: 0.0075, high: 0.0949 },
      shares: {
        refused: { value: 0.0057, low: 0.001, high: 0.0318 },
        failed: { value: 0, low: 0, high: 0.0216 },
        bots: { value: 0.0115, low: 0.0032, high: 0.0409 },
      },
    },
    {
      hour: '2026-11-21T08:00:00.000Z',
      accepted: 64,
      stored: 64,
      sampled_out: 0,
      queued: 0,
      late: 0,
      failed: 0,
      bots: 0,
      ignored: 0,
      lake_failed: 0,
      tags_left_out: { undeclared: 0, unfit: 0 },
      refused: { origin: 2, rate: 210, size: 0, field: 0, weight: 0 },
      estimated: false,
      busiest_share: 0.8043,
      lost: null,
      shares: {
        refused: { value: 0.7681, low: 0.7149, high: 0.814 },
        failed: { value: 0, low: 0, high: 0.055 },
        bots: { value: 0, low: 0, high: 0.055 },
      },
    },
  ],
}
