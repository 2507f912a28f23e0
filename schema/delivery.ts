/**
 * `GET /v1/delivery`: what may be asked, and what is answered. How much of what browsers sent arrived, and how much of
 * that is kept.
 */

import * as v from 'valibot'
import type { FieldError } from './problem.ts'
import { type Checked, fail, parseQuestion, SHARED } from './query.ts'

const { site, from, to } = SHARED
/** What a question may say: no filters. */
export const DELIVERY_QUERY = { site, from, to }
export type DeliveryQuery = Checked<Record<never, never>>

/** Checks the parameters of `/v1/delivery`: a site and a range. */
export function parseDeliveryQuery(
  params: URLSearchParams,
  now: number,
): { ok: DeliveryQuery } | { error: FieldError } {
  const parsed = parseQuestion({}, params, now)
  if ('error' in parsed) return parsed
  const [filter] = Object.entries(parsed.ok.filters).find(([, value]) => value !== undefined) ?? []
  return filter ? fail(filter, 'is not a parameter of this endpoint') : parsed
}

const amount = v.pipe(v.number(), v.integer(), v.minValue(0))

export const DELIVERY_ANSWER = v.object({
  site: v.string(),
  from: v.string(),
  to: v.string(),
  pageviews: v.pipe(
    amount,
    v.description('page views stored, of hours that are rolled up; rows, not weights'),
  ),
  beacons_sent: v.pipe(amount, v.description('beacons that later beacons of the same page view prove')),
  beacons_received: amount,
  loss_rate: v.pipe(
    v.nullable(v.number()),
    v.description('share of proven beacons that never came: a lower bound, since a last one leaves no trace'),
  ),
  calls_left_out: v.pipe(amount, v.description('API calls beyond the 64 that one page view reports')),
  unreadable: v.pipe(
    amount,
    v.description(
      'page views, of hours that are rolled up, of which a part is broken in the database; the part counts nowhere',
    ),
  ),
  bot_beacons: v.pipe(amount, v.description('beacons of bots, which are not stored; a lower bound')),
  sampling: v.pipe(
    v.array(v.object({ since: v.string(), rate: amount })),
    v.description('the worker kept 1 of `rate` page views from then on; the first entry holds at `from`'),
  ),
})
export type DeliveryAnswer = v.InferOutput<typeof DELIVERY_ANSWER>
