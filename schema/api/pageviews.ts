/**
 * `GET /v1/pageviews`: what may be asked, and what is answered. Single page views, the slowest or the newest first, with
 * all that is known of each.
 */

import * as v from 'valibot'
import { VITALS } from '../domain/metrics.ts'
import { MAX_MESSAGE } from '../domain/plain-message.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { ANSWER, SAMPLED } from './answer.ts'
import { CAUSED } from './causes.ts'
import { cursorOf, KEY } from './cursor.ts'
import { among, oneOf, shortText, whole } from './fields.ts'
import { PAGEVIEW, PAGEVIEW_EXAMPLE } from './pageview.ts'
import { parseQuery, type QueryOf } from './query.ts'

const ORDERS = ['slowest', 'newest'] as const
const name = shortText(128)

/** By slowness: the share of page views that was looked at, the value in grains, hour and id. */
const SLOWEST_KEY = v.tuple([v.literal('slowest'), oneOf(VITALS), KEY.whole, KEY.whole, KEY.whole, KEY.id])
/** By time: hour, begin, id. */
const NEWEST_KEY = v.tuple([v.literal('newest'), KEY.whole, KEY.whole, KEY.id])

/** The parameters beside those of every question. */
export const PAGEVIEWS_QUERY = {
  metric: v.optional(v.pipe(oneOf(VITALS), v.description('by which page views are slow; by default lcp'))),
  order: v.optional(v.pipe(oneOf(ORDERS), v.description('which page views come first')), 'slowest'),
  target: v.optional(v.pipe(name, v.description('only where this element is the cause of the metric'))),
  event: v.optional(v.pipe(name, v.description('for inp: only where this happened to the target'))),
  error: v.optional(
    v.pipe(shortText(MAX_MESSAGE), v.description('only where this message of an uncaught error came')),
  ),
  limit: v.optional(whole(1, 100, 'the most page views'), '20'),
  cursor: v.optional(cursorOf(v.union([SLOWEST_KEY, NEWEST_KEY]))),
}

type Given = Omit<QueryOf<typeof PAGEVIEWS_QUERY>, 'order' | 'metric' | 'cursor'>

/**
 * A checked question. `target` is the element that the metric's cause names, `event` what happened to it; page views
 * without the metric are left out. `error` is a message, as `/v1/errors` has it. By time, no metric is needed.
 */
export type PageViewsQuery = Given &
  (
    | {
        order: 'slowest'
        metric: (typeof VITALS)[number]
        cursor: v.InferOutput<typeof SLOWEST_KEY> | undefined
      }
    | {
        order: 'newest'
        metric: (typeof VITALS)[number] | undefined
        cursor: v.InferOutput<typeof NEWEST_KEY> | undefined
      }
  )

/** Checks the parameters of `/v1/pageviews` against the clock `now` (Unix ms). */
export function parsePageViewsQuery(params: URLSearchParams, now: number): Parsed<PageViewsQuery> {
  const parsed = parseQuery(PAGEVIEWS_QUERY, params, now)
  if ('error' in parsed) return parsed
  const { metric, target, event } = parsed.ok
  if (target !== undefined && !among(CAUSED)(metric ?? 'lcp')) {
    return fail('target', `needs a metric with causes: ${CAUSED.join(', ')}`)
  }
  if (event !== undefined && metric !== 'inp') return fail('event', 'needs metric=inp')
  return inOrder(parsed.ok)
}

/** A cursor must be of the same order, and of the same metric where that orders the list. */
function inOrder({
  order,
  metric,
  cursor,
  ...rest
}: QueryOf<typeof PAGEVIEWS_QUERY>): Parsed<PageViewsQuery> {
  const other = fail('cursor', 'belongs to another query')
  if (order === 'newest') {
    if (cursor?.[0] === 'slowest') return other
    const needed = rest.target === undefined ? undefined : 'lcp'
    return { ok: { ...rest, order, metric: metric ?? needed, cursor } }
  }
  const compared = metric ?? 'lcp'
  if (cursor?.[0] === 'newest' || (cursor && cursor[1] !== compared)) return other
  return { ok: { ...rest, order, metric: compared, cursor } }
}

export const PAGEVIEWS_ANSWER = v.object({
  site: ANSWER.site,
  from: ANSWER.from,
  to: ANSWER.to,
  order: v.picklist(ORDERS),
  metric: v.nullable(v.picklist(VITALS)),
  sampled: SAMPLED,
  looked_at: v.pipe(
    v.nullable(v.number()),
    v.description('slowest: page views that fit the question and were compared; null for newest'),
  ),
  of: v.pipe(v.nullable(v.number()), v.description('about how many there are: looked_at times sampled')),
  cursor: v.pipe(
    v.nullable(v.string()),
    v.description(
      'for the next ones; null where there are none. A list may be shorter than limit before its end.',
    ),
  ),
  data: v.array(PAGEVIEW),
})
export type PageViewsAnswer = v.InferOutput<typeof PAGEVIEWS_ANSWER>

/** An answer to `/v1/pageviews?site=shop&metric=lcp&limit=1`. */
export const PAGEVIEWS_EXAMPLE: PageViewsAnswer = {
  site: 'shop',
  from: '2026-11-20T09:00:00.000Z',
  to: '2026-11-21T10:00:00.000Z',
  order: 'slowest',
  metric: 'lcp',
  sampled: 1,
  looked_at: 2140,
  of: 2140,
  cursor: 'WyJzbG93ZXN0IiwibGNwIiwxLDQyMTAsNDk1ODgxLCI4YzFmMGE2ZDIyYjk0ZTA3Il0',
  data: [PAGEVIEW_EXAMPLE],
}
