/**
 * `GET /v1/bfcache`: what may be asked, and what is answered. How many returns the browser restored from its back/forward cache,
 * and why it loaded the others anew.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { ANSWER, SAMPLED, SHARE_ESTIMATE } from './answer.ts'
import { whole } from './fields.ts'
import { MAX_LIMIT, parseQuery, type QueryOf } from './query.ts'

/** The parameters beside those of every question. */
export const BFCACHE_QUERY = {
  limit: v.optional(whole(1, MAX_LIMIT, 'the most reasons'), '20'),
}

/** A checked question. */
export type BfcacheQuery = QueryOf<typeof BFCACHE_QUERY>

/** Checks the parameters of `/v1/bfcache` against the clock `now` (Unix ms). */
export function parseBfcacheQuery(params: URLSearchParams, now: Ms): Parsed<BfcacheQuery> {
  return parseQuery(BFCACHE_QUERY, params, now)
}

export const BFCACHE_ROW = v.object({
  reason: v.pipe(
    v.string(),
    v.description(
      "in the browser's words: `unload-listener`. `masked` is one that it keeps to itself, of a frame of another site say",
    ),
  ),
  count: v.pipe(
    v.number(),
    v.description('estimated returns with this reason, of which they may have several'),
  ),
  samples: v.pipe(v.number(), v.integer(), v.description('samples really read')),
  share: v.pipe(SHARE_ESTIMATE, v.description('of all returns, with its 95% interval')),
})

export const BFCACHE_ANSWER = v.object({
  ...ANSWER,
  sampled: SAMPLED,
  count: v.pipe(
    v.number(),
    v.description(
      'estimated returns whose browser told, restored or not: Chromium from 123 on, with the full script',
    ),
  ),
  samples: v.pipe(v.number(), v.integer()),
  restored: v.pipe(
    v.nullable(SHARE_ESTIMATE),
    v.description(
      'share of them that the browser restored, with its 95% interval; null where there are none',
    ),
  ),
  left_out: v.pipe(v.number(), v.integer(), v.description('reasons without a row, by limit')),
  data: v.array(BFCACHE_ROW),
})
export type BfcacheAnswer = v.InferOutput<typeof BFCACHE_ANSWER>

/** An answer to `/v1/bfcache?site=shop&limit=2`. */
export const BFCACHE_EXAMPLE: BfcacheAnswer = {
  site: 'shop',
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  source: 'samples',
  relative_error: 0.01083,
  sampled: 1,
  count: 1280,
  samples: 1280,
  restored: { value: 0.6125, low: 0.585512, high: 0.638815 },
  left_out: 1,
  data: [
    {
      reason: 'unload-listener',
      count: 412,
      samples: 412,
      share: { value: 0.321875, low: 0.296847, high: 0.347969 },
    },
    { reason: 'masked', count: 96, samples: 96, share: { value: 0.075, low: 0.061808, high: 0.0907354 } },
  ],
}
