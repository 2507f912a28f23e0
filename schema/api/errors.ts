/**
 * `GET /v1/errors`: what may be asked, and what is answered. Uncaught errors and unhandled rejections: the share of page views
 * without one, and the errors by their fingerprint.
 */

import * as v from 'valibot'
import { fail, type Parsed } from '../domain/problem.ts'
import { ERROR_KINDS } from '../wire/pageview.ts'
import { ANSWER, SAMPLED, SHARE, SHARE_ESTIMATE } from './answer.ts'
import { oneOf, TIME, whole } from './fields.ts'
import { MAX_LIMIT, parseQuery, type QueryOf } from './query.ts'

/** The orders in which errors are answered: most page views that have it, or first seen last. */
const SORTS = ['busiest', 'newest'] as const

/** The parameters beside those of every question. */
export const ERRORS_QUERY = {
  sort: v.optional(
    v.pipe(oneOf(SORTS), v.description('which errors come first; newest: those first seen last')),
    'busiest',
  ),
  limit: v.optional(whole(1, MAX_LIMIT, 'the most errors'), '20'),
}

/** A checked question. */
export type ErrorsQuery = QueryOf<typeof ERRORS_QUERY>

/** Checks the parameters of `/v1/errors` against the clock `now` (Unix ms). */
export function parseErrorsQuery(params: URLSearchParams, now: number): Parsed<ErrorsQuery> {
  const parsed = parseQuery(ERRORS_QUERY, params, now)
  if ('error' in parsed || parsed.ok.filters.endpoint === undefined) return parsed
  return fail('endpoint', 'is of API calls: errors are of page views')
}

/** What tells an error apart. */
export const FINGERPRINT = {
  kind: v.pipe(v.picklist(ERROR_KINDS), v.description('what the browser fired')),
  message: v.pipe(
    v.string(),
    v.description('its plain words, up to the first value; empty where the browser tells none'),
  ),
  script: v.pipe(
    v.string(),
    v.description(
      'path of the script, behind its host if that is another; empty where the browser tells none',
    ),
  ),
  line: v.pipe(v.number(), v.integer(), v.description('from 1; 0 where the browser tells none')),
  column: v.pipe(v.number(), v.integer()),
}

const names = (meaning: string) =>
  v.pipe(
    v.array(
      v.object({ name: v.string(), share: v.pipe(SHARE, v.description('of the page views with the error')) }),
    ),
    v.description(`the most frequent ${meaning} first, at most 8`),
  )

export const ERROR_ROW = v.object({
  ...FINGERPRINT,
  count: v.pipe(
    v.number(),
    v.description(
      'estimated errors, of the 32 that are looked at of each page view: no more of one are believed',
    ),
  ),
  pageviews: v.pipe(v.number(), v.description('estimated page views that had it: the sum of the weights')),
  samples: v.pipe(v.number(), v.integer(), v.description('page views really read')),
  share: v.pipe(SHARE, v.description('of the page views that look for errors')),
  first_seen: v.pipe(TIME, v.description('when the first page view with it in the range began')),
  last_seen: TIME,
  releases: names('releases'),
  browsers: names('browsers'),
})
export type ErrorRow = v.InferOutput<typeof ERROR_ROW>

export const ERRORS_ANSWER = v.object({
  ...ANSWER,
  sampled: v.optional(SAMPLED),
  count: v.pipe(
    v.number(),
    v.description('estimated errors, at most 32 of each page view, with those that no row tells of'),
  ),
  pageviews: v.pipe(
    v.number(),
    v.description(
      'estimated page views that look for errors: those with the full script, where it is not off',
    ),
  ),
  samples: v.pipe(v.number(), v.integer()),
  error_free: v.pipe(
    v.nullable(SHARE_ESTIMATE),
    v.description('share of these without an error, with its 95% interval; null where there are none'),
  ),
  unlisted: v.pipe(
    v.number(),
    v.description(
      'estimated errors that no row tells of: beyond limit, beyond 8 different or 32 in all of a page view, and beyond the 30 ' +
        'largest of an hour',
    ),
  ),
  data: v.array(ERROR_ROW),
})
export type ErrorsAnswer = v.InferOutput<typeof ERRORS_ANSWER>

/** An answer to `/v1/errors?site=shop&limit=1`. */
export const ERRORS_EXAMPLE: ErrorsAnswer = {
  site: 'shop',
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  source: 'rollup',
  relative_error: 0.01083,
  count: 214,
  pageviews: 8240,
  samples: 8240,
  error_free: { value: 0.9812, low: 0.978, high: 0.9839 },
  unlisted: 31,
  data: [
    {
      kind: 'error',
      message: 'TypeError: Cannot read properties of undefined (reading',
      script: '/assets/cart.js',
      line: 118,
      column: 23,
      count: 183,
      pageviews: 131,
      samples: 131,
      share: 0.0159,
      first_seen: '2026-11-20T14:02:51.310Z',
      last_seen: '2026-11-21T09:48:12.004Z',
      releases: [{ name: '2.4.0', share: 1 }],
      browsers: [
        { name: 'Chrome', share: 0.8931 },
        { name: 'Safari', share: 0.1069 },
      ],
    },
  ],
}
