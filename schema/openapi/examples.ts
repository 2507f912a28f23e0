/**
 * Answers of the worker, kept as examples: those that no contract has beside it. The bodies of requests, too.
 */

import type { BudgetAnswer, BudgetEventsAnswer, BudgetMessage } from '../api/budgets.ts'
import type { ChangesAnswer } from '../api/changes.ts'
import type { CruxAnswer, CruxError, CruxHistoryAnswer } from '../api/crux.ts'
import type { DeliveryAnswer } from '../api/delivery.ts'
import type { OtlpAnswer } from '../api/otlp.ts'
import type { SiteAnswer, SiteSaved } from '../api/site.ts'
import type { SummaryAnswer } from '../api/summary.ts'
import type { TimeseriesAnswer } from '../api/timeseries.ts'
import type { NewTokenAnswer, TokenAnswer } from '../api/token.ts'
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
  tags_left_out: { undeclared: 12, unfit: 0 },
  refused: { origin: 2, rate: 210, size: 0, field: 3, weight: 0 },
  estimated: false,
  busiest_share: 0.1196,
  lost: { value: 0.0254, low: 0.0179, high: 0.0359 },
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
      tags_left_out: { undeclared: 12, unfit: 0 },
      refused: { origin: 0, rate: 0, size: 0, field: 1, weight: 0 },
      estimated: false,
      busiest_share: 0.0345,
      lost: { value: 0.0274, low: 0.0075, high: 0.0949 },
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
      tags_left_out: { undeclared: 0, unfit: 0 },
      refused: { origin: 2, rate: 210, size: 0, field: 0, weight: 0 },
      estimated: false,
      busiest_share: 0.8043,
      lost: null,
    },
  ],
}

/** The same as CSV, by endpoint: one header, one row each, no data as an empty cell. */
export const CSV = {
  deploys: 'id,at,release,note\r\n3f9c1b20d7e4,2026-11-21T08:12:40.000Z,2.4.0,new checkout\r\n',
  summary:
    'group.route,metric,unit,count,count_interval,samples,effective_samples,percentiles.p75.value,percentiles.p75.low,percentiles.p75.high,' +
    'percentiles.p95.value,percentiles.p95.low,percentiles.p95.high,rating,shares.good,shares.needs_improvement,shares.poor,rest\r\n' +
    '/p/[id],lcp,ms,1072,,1072,1072,2357.5,2233.36,2488.83,3262.56,3158.45,3370.51,good,0.7826,0.2174,0,\r\n' +
    '(rest),lcp,ms,1298,,1298,1298,2153.48,2070.12,2257.01,2973.1,2834.2,3158.45,good,0.8505,0.1479,0.0016,true\r\n',
  timeseries:
    'time,metric,unit,count,count_interval,samples,effective_samples,percentiles.p75.value,percentiles.p75.low,percentiles.p75.high,rating,' +
    'shares.good,shares.needs_improvement,shares.poor\r\n' +
    '2026-11-21T06:00:00.000Z,inp,ms,70,,70,70,153.867,122.573,197.403,good,0.871,0.129,0\r\n' +
    '2026-11-21T07:00:00.000Z,inp,ms,71,,71,71,153.867,122.573,189.034,good,0.901,0.099,0\r\n',
  trends:
    'metric,unit,before.value,before.low,before.high,before.count,before.count_interval,before.samples,before.effective_samples,after.value,after.low,after.high,' +
    'after.count,after.count_interval,after.samples,after.effective_samples,change.difference.value,change.difference.low,change.difference.high,' +
    'change.ratio.value,change.ratio.low,change.ratio.high,verdict,confidence\r\n' +
    'lcp,ms,1982.41,1919.15,2048,2500,,2500,2500,1982.41,1919.15,2048,2400,,2400,2400,0,-91.1272,91.1272,0,-0.046,0.046,stable,1\r\n',
  changes:
    'group.device,group.route,metric,unit,before.value,before.low,before.high,before.count,before.count_interval,before.samples,before.effective_samples,' +
    'after.value,after.low,after.high,after.count,after.count_interval,after.samples,after.effective_samples,change.difference.value,change.difference.low,' +
    'change.difference.high,change.ratio.value,change.ratio.low,change.ratio.high,verdict,confidence,harmed\r\n' +
    'phone,/p/[id],lcp,ms,1982.41,1799.29,2184.18,610,,610,610,3305.12,3034.55,3568.08,588,,588,588,1322.71,984.2,1642.9,0.6672,0.4965,0.8287,degrading,0.9999,231\r\n',
  delivery:
    'hour,accepted,stored,sampled_out,queued,late,failed,bots,ignored,tags_left_out.undeclared,tags_left_out.unfit,refused.origin,refused.rate,refused.size,refused.field,' +
    'refused.weight,estimated,busiest_share,lost.value,lost.low,lost.high\r\n' +
    '2026-11-20T08:00:00.000Z,171,170,0,0,1,0,2,0,12,0,0,0,0,1,0,false,0.0345,0.0274,0.0075,0.0949\r\n' +
    '2026-11-21T08:00:00.000Z,64,64,0,0,0,0,0,0,0,0,2,210,0,0,0,false,0.8043,,,\r\n',
  errors:
    'kind,message,script,line,column,count,pageviews,samples,share,first_seen,last_seen,releases,browsers\r\n' +
    'error,TypeError: Cannot read properties of undefined (reading,/assets/cart.js,118,23,183,131,131,0.0159,' +
    '2026-11-20T14:02:51.310Z,2026-11-21T09:48:12.004Z,"[{""name"":""2.4.0"",""share"":1}]",' +
    '"[{""name"":""Chrome"",""share"":0.8931},{""name"":""Safari"",""share"":0.1069}]"\r\n',
  causes:
    'target,event,url,count,samples,share,impact,p75.value,p75.low,p75.high,rating,shares.good,' +
    'shares.needs_improvement,shares.poor,parts.ttfb,parts.load_delay,parts.load_duration,parts.render_delay,script,' +
    'shift,calls,advice.code,advice.text,advice.link\r\n' +
    'main>img#hero,,https://shop.example/img/hero.jpg,2140,1070,0.2597,0.1221,3416.05,3305.12,3528.91,' +
    'needs-improvement,0.53,0.31,0.16,512.4,1680.25,910.3,313.1,,,' +
    '"[{""endpoint"":""GET /api/products"",""share"":0.18,""waited"":420,""duration"":610}]",image-found-late,' +
    '"The browser learns of the image late: put it into the HTML, or preload it, with fetchpriority=""high"" and ' +
    'without loading=""lazy"".",https://web.dev/articles/optimize-lcp\r\n',
  blocking:
    'host,count,samples,share,load,after,time_share,p75.value,p75.low,p75.high\r\n' +
    'tags.example,3120,1560,0.820189,126,30,0.65,226.314,219.98,233.1\r\n' +
    ',1790,895,0.470557,36,18,0.225,140.2,132.05,148.8\r\n',
  pageviews:
    'id,began,weight,route,navigation,release,device,country,browser,browser_version,os,connection,lcp,inp,cls,fcp,' +
    'ttfb,phases.dns,phases.connect,phases.request,phases.response,phases.interactive,phases.loaded,phases.load,' +
    'server.app,trace.id,trace.url,blocking.load,blocking.after,blocking.hosts,why.lcp.target,why.lcp.url,why.lcp.parts.ttfb,why.lcp.parts.load_delay,why.lcp.parts.load_duration,' +
    'why.lcp.parts.render_delay,why.inp,why.cls,calls,calls_dropped,marks,tags.plan,errors\r\n' +
    '8c1f0a6d22b94e07,2026-11-21T09:41:07.120Z,1,/p/[id],navigate,2.4.0,phone,DE,Chrome,156,Android,4g,4210,,0.02,' +
    '1890,640,60,210,640,700,1500,1540,4300,410,4bf92f3577b34da6a3ce929d0e0e4736,' +
    'https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736,240,60,"[{""load"":180,""after"":20,""host"":""tags.example""}]",main>img.product,https://shop.example/img/7.jpg,640,1620,1700,250,,,' +
    '"[{""endpoint"":""GET /api/products/[id]"",""start"":980,""duration"":640,""outcome"":""ok"",""status"":200,' +
    '""ttfb"":590,""bytes"":2140,""server"":{""db"":480},""trace"":null,""waited"":640,""started"":false}]",0,[],pro,[]\r\n',
}

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

export const SAVED_SITE: SiteSaved = {
  site: 'shop',
  origins: ['https://shop.example'],
  rate: 1,
  rows_per_day: 25_000,
  bytes_per_day: 11_000_000,
  max_weight: 10,
  raw_days: 14,
  hour_days: 35,
  day_days: 760,
  trace_link: 'https://tempo.example/trace/{trace}',
  created: '2026-11-21T08:09:30.799Z',
}
export const SITE: SiteAnswer = { ...SAVED_SITE, bot_beacons_24h: 31 }

export const TOKEN: TokenAnswer = {
  id: '537cb037a04a',
  name: 'ci',
  created: '2026-11-21T08:09:32.411Z',
  expires: null,
}
export const NEW_TOKEN: NewTokenAnswer = {
  ...TOKEN,
  token: `fl_shop_${TOKEN.id}_04da0849047fb7ec747a12222a783ef8d006510b`,
}

/** The beacon of a page view that has an LCP, a CLS, one API call and one mark so far. */
export const BEACON = {
  v: 1,
  id: '8c1f0a6d22b94e07',
  sequence: 0,
  weight: 1,
  age: 5120,
  navigation: 'navigate',
  route: '/p/[id]',
  release: '2.4.0',
  connection: '4g',
  touch: true,
  vitals: { lcp: 4210, cls: 20, fcp: 1890, ttfb: 640 },
  phases: [60, 210, 640, 700, 1500, 1540, 4300],
  why: [['main>img.product', 'https://shop.example/img/7.jpg', 1620, 1700, 250], null, null],
  calls: [['GET /api/products/[id]', 980, 640, 'ok', 200, 590, 2140, [['db', 480]], null]],
  marks: [['product.shown', 1900]],
  server: [['app', 410]],
  trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  tags: [['plan', 'pro']],
  blocking: [240, 60, [[180, 20, 'tags.example']]],
}

/** What a budget watches, what breached it, and when. */
const WATCHED = {
  metric: 'lcp',
  endpoint: null,
  route: '/p/[id]',
  device: null,
  tag: null,
  segment: null,
  percentile: 75,
  limit: 2500,
  relative_to: null,
  window_hours: 24,
} as const
const BREACH = {
  state: 'breached',
  value: 2644.2,
  low: 2511.02,
  high: 2760.9,
  samples: 1012,
  effective_samples: 1012,
  release: '2.4.0',
  baseline: null,
} as const
const SINCE = '2026-11-21T06:05:12.000Z'

export const BUDGET: BudgetAnswer = {
  id: '8c1f0a6d22b9',
  ...WATCHED,
  minimum: 100,
  ...BREACH,
  // As it is by now.
  value: 2710.4,
  low: 2588.19,
  high: 2801.02,
  samples: 1072,
  effective_samples: 1072,
  since: SINCE,
  checked: '2026-11-21T09:40:02.000Z',
}
export const BUDGET_EVENTS: BudgetEventsAnswer = {
  site: 'shop',
  data: [{ budget: BUDGET.id, at: SINCE, ...BREACH }],
}

const NEWS =
  'shop: p75 of lcp, "/p/[id]" is over its budget of 2.50 s: 2.64 s (95% interval: 2.51 s to 2.76 s, 1012 samples in 24 h). ' +
  'Release "2.4.0" began in that time.'
export const BUDGET_MESSAGE: BudgetMessage = {
  type: 'budget.breached',
  timestamp: SINCE,
  text: NEWS,
  content: NEWS,
  site: 'shop',
  budget: BUDGET.id,
  ...WATCHED,
  ...BREACH,
  at: SINCE,
}
