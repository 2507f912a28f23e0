/**
 * `GET /v1/blocking`: what may be asked, and what is answered. How long scripts kept pages from answering their visitors, by the
 * hosts that the scripts came from: own and third parties.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { MAX_HOSTS } from '../wire/beacon.ts'
import { ANSWER, PERCENTILE_ANSWER, SAMPLED, SHARE } from './answer.ts'
import { MS, oneOf, whole } from './fields.ts'
import { MAX_LIMIT, parseQuery, type QueryOf } from './query.ts'

/** The orders in which hosts are answered: most blocking time, most page views, worst p75. */
const SORTS = ['blocking', 'busiest', 'slowest'] as const

/** The parameters beside those of every question. */
export const BLOCKING_QUERY = {
  sort: v.optional(
    v.pipe(oneOf(SORTS), v.description('which hosts come first; blocking: most blocking time of all')),
    'blocking',
  ),
  limit: v.optional(whole(1, MAX_LIMIT, 'the most hosts'), '10'),
  minimum: v.optional(whole(1, 1_000_000, 'leaves out hosts with fewer samples'), '5'),
}

/** A checked question; hosts with fewer than `minimum` samples are part of the rest. */
export type BlockingQuery = QueryOf<typeof BLOCKING_QUERY>

/** Checks the parameters of `/v1/blocking` against the clock `now` (Unix ms). */
export function parseBlockingQuery(params: URLSearchParams, now: Ms): Parsed<BlockingQuery> {
  return parseQuery(BLOCKING_QUERY, params, now)
}

/** Means over all page views that told, so that hosts and rest add up to the whole. */
const MEANS = {
  load: v.pipe(
    MS,
    v.description(
      'mean of all page views that told: ms until the document had loaded; one counts as twice what 19 in 20 do not exceed, or as a second, at most',
    ),
  ),
  after: v.pipe(MS, v.description('the same: ms after that')),
}
const TIME_SHARE = v.pipe(SHARE, v.description('of all blocking time'))

export const BLOCKING_ROW = v.object({
  host: v.pipe(
    v.nullable(v.string()),
    v.description(
      "`cdn.example`; null: scripts of the page's own origin, inline ones too; `blob:` and the like: of no host",
    ),
  ),
  count: v.pipe(
    v.number(),
    v.description(`estimated page views in which it was among the ${MAX_HOSTS} hosts with most`),
  ),
  samples: v.pipe(v.number(), v.integer(), v.description('samples really read')),
  share: v.pipe(SHARE, v.description('of the page views that told')),
  ...MEANS,
  time_share: TIME_SHARE,
  p75: v.pipe(
    PERCENTILE_ANSWER,
    v.description('of its ms, load and after, in the page views that it counts'),
  ),
})
export type BlockingRow = v.InferOutput<typeof BLOCKING_ROW>

export const BLOCKING_ANSWER = v.object({
  ...ANSWER,
  sampled: SAMPLED,
  count: v.pipe(v.number(), v.description('estimated page views whose browser told: Chromium from 123 on')),
  samples: v.pipe(v.number(), v.integer()),
  ...MEANS,
  rest: v.pipe(
    v.object({ ...MEANS, time_share: TIME_SHARE }),
    v.description(
      `what no row has: style, layout, scripts under 5 ms, hosts that were not among a page view's ${MAX_HOSTS}, and those left out`,
    ),
  ),
  left_out: v.pipe(v.number(), v.integer(), v.description('hosts without a row, by limit or minimum')),
  data: v.array(BLOCKING_ROW),
})
export type BlockingAnswer = v.InferOutput<typeof BLOCKING_ANSWER>

/** An answer to `/v1/blocking?site=shop&limit=2`. */
export const BLOCKING_EXAMPLE: BlockingAnswer = {
  site: 'shop',
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  source: 'samples',
  relative_error: 0.01083,
  sampled: 2,
  count: 3804,
  samples: 1902,
  load: 180,
  after: 60,
  rest: { load: 18, after: 12, time_share: 0.125 },
  left_out: 4,
  data: [
    {
      host: 'tags.example',
      count: 3120,
      samples: 1560,
      share: 0.820189,
      load: 126,
      after: 30,
      time_share: 0.65,
      p75: { value: 226.314, low: 219.98, high: 233.1 },
    },
    {
      host: null,
      count: 1790,
      samples: 895,
      share: 0.470557,
      load: 36,
      after: 18,
      time_share: 0.225,
      p75: { value: 140.2, low: 132.05, high: 148.8 },
    },
  ],
}
