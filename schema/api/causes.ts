/**
 * `GET /v1/causes`: what may be asked, and what is answered. What the LCP, INP or CLS of page views came from, the
 * worst first, with what to do about it.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import { INP_PARTS, LCP_PARTS } from '../wire/attribution.ts'
import { ADVICE, ADVICE_CODES } from './advice.ts'
import { ANSWER, PERCENTILE_ANSWER, SAMPLED, SHARE } from './answer.ts'
import { MS, oneOf, whole } from './fields.ts'
import { MAX_LIMIT, parseQuery, type QueryOf } from './query.ts'

/** The vitals whose causes are known. */
export const CAUSED = ['lcp', 'inp', 'cls'] as const
export type Caused = (typeof CAUSED)[number]

/** The orders in which causes are answered: most page views that are not good, most page views, worst p75. */
const SORTS = ['impact', 'busiest', 'slowest'] as const

/** The parameters beside those of every question. */
export const CAUSES_QUERY = {
  metric: v.optional(v.pipe(oneOf(CAUSED), v.description('the vital whose causes are asked for')), 'lcp'),
  sort: v.optional(
    v.pipe(oneOf(SORTS), v.description('which causes come first; impact: most page views that are not good')),
    'impact',
  ),
  limit: v.optional(whole(1, MAX_LIMIT, 'the most causes'), '10'),
  minimum: v.optional(whole(1, 1_000_000, 'leaves out causes with fewer samples'), '5'),
}

/** A checked question; causes with fewer than `minimum` samples are left out and counted. */
export type CausesQuery = QueryOf<typeof CAUSES_QUERY>

/** Checks the parameters of `/v1/causes` against the clock `now` (Unix ms). */
export function parseCausesQuery(params: URLSearchParams, now: number): Parsed<CausesQuery> {
  return parseQuery(CAUSES_QUERY, params, now)
}

const selector = v.pipe(v.string(), v.description('selector of the element; empty where it has none'))

export const CAUSE = v.object({
  target: selector,
  event: v.pipe(
    v.nullable(v.string()),
    v.description('INP: what happened to the target: click, keydown, ...'),
  ),
  url: v.pipe(
    v.nullable(v.string()),
    v.description('LCP: address of the image, the most frequent one where there are several; null for text'),
  ),
  count: v.pipe(v.number(), v.description('estimated page views with this cause: the sum of the weights')),
  samples: v.pipe(v.number(), v.integer(), v.description('samples really read')),
  share: v.pipe(SHARE, v.description('of the page views that have the metric')),
  impact: v.pipe(
    SHARE,
    v.description('share of all page views with the metric that have this cause and are not good'),
  ),
  p75: v.pipe(PERCENTILE_ANSWER, v.description('of the metric, among the page views with this cause')),
  rating: v.picklist(['good', 'needs-improvement', 'poor']),
  shares: v.object({ good: SHARE, needs_improvement: SHARE, poor: SHARE }),
  parts: v.pipe(
    v.nullable(v.record(v.picklist([...LCP_PARTS, ...INP_PARTS]), MS)),
    v.description(
      'where the time of the p75 goes, in ms; adds up to p75. The parts of the page views between the 65th and the ' +
        '85th percentile, added and drawn to the length of the p75. null for CLS.',
    ),
  ),
  script: v.pipe(
    v.nullable(
      v.object({
        url: v.pipe(v.string(), v.description('empty for inline code')),
        invoker: v.string(),
        duration: v.pipe(MS, v.description('median')),
        share: v.pipe(SHARE, v.description('of the page views with this cause')),
      }),
    ),
    v.description('INP: the script that was most often the longest of the interaction'),
  ),
  shift: v.pipe(
    v.nullable(
      v.object({
        score: v.pipe(v.number(), v.description('median')),
        at: v.pipe(MS, v.description('median; since the page view began')),
      }),
    ),
    v.description('CLS: the largest single shift, which is a part of the score'),
  ),
  calls: v.pipe(
    v.array(
      v.object({
        endpoint: v.string(),
        share: v.pipe(SHARE, v.description('of the page views with this cause')),
        waited: v.pipe(
          v.nullable(MS),
          v.description('LCP: median of the time waited, where there was a wait'),
        ),
        duration: v.pipe(MS, v.description('median of the call itself')),
      }),
    ),
    v.description(
      'LCP: API calls that it waited for: they ran during the load delay or the render delay and ended within it. ' +
        'INP: calls that the interaction started. At most three, the longest waits (for INP, the most frequent) first.',
    ),
  ),
  advice: v.pipe(
    v.nullable(v.object({ code: v.picklist(ADVICE_CODES), text: v.string(), link: v.string() })),
    v.description('what the largest part calls for; null where the p75 is good'),
  ),
})
export type Cause = v.InferOutput<typeof CAUSE>

export const CAUSES_ANSWER = v.object({
  ...ANSWER,
  sampled: SAMPLED,
  metric: v.picklist(CAUSED),
  unit: v.picklist(['ms', 'score']),
  count: v.pipe(v.number(), v.description('estimated page views that have the metric')),
  samples: v.pipe(v.number(), v.integer()),
  explained: v.pipe(SHARE, v.description('share of them whose cause the browser told')),
  left_out: v.pipe(v.number(), v.integer(), v.description('causes with fewer samples than minimum')),
  data: v.array(CAUSE),
})
export type CausesAnswer = v.InferOutput<typeof CAUSES_ANSWER>

/** An answer to `/v1/causes?site=shop&metric=lcp&limit=1`. */
export const CAUSES_EXAMPLE: CausesAnswer = {
  site: 'shop',
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  source: 'samples',
  relative_error: 0.01083,
  sampled: 2,
  metric: 'lcp',
  unit: 'ms',
  count: 8240,
  samples: 4120,
  explained: 0.96,
  left_out: 3,
  data: [
    {
      target: 'main>img#hero',
      event: null,
      url: 'https://shop.example/img/hero.jpg',
      count: 2140,
      samples: 1070,
      share: 0.2597,
      impact: 0.1221,
      p75: { value: 3416.05, low: 3305.12, high: 3528.91 },
      rating: 'needs-improvement',
      shares: { good: 0.53, needs_improvement: 0.31, poor: 0.16 },
      parts: { ttfb: 512.4, load_delay: 1680.25, load_duration: 910.3, render_delay: 313.1 },
      script: null,
      shift: null,
      calls: [{ endpoint: 'GET /api/products', share: 0.18, waited: 420, duration: 610 }],
      advice: { code: 'image-found-late', ...ADVICE['image-found-late'] },
    },
  ],
}
