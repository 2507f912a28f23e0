/**
 * `GET /v1/delivery`: what may be asked, and what is answered. How much of what browsers sent arrived, and how much of
 * that is kept.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import { SHARE, SHARE_ESTIMATE } from './answer.ts'
import { TIME } from './fields.ts'
import { parseRangeQuery, type RangeQuery } from './range.ts'

export type DeliveryQuery = RangeQuery & {
  /** The caller has the admin token: what came for sites that do not exist belongs to the whole installation. */
  all: boolean
}

/** Checks the parameters of `/v1/delivery`: a site and a range. */
export function parseDeliveryQuery(
  params: URLSearchParams,
  now: number,
  all: boolean,
): Parsed<DeliveryQuery> {
  const parsed = parseRangeQuery(params, now)
  return 'error' in parsed ? parsed : { ok: { ...parsed.ok, all } }
}

const amount = v.pipe(v.number(), v.integer(), v.minValue(0))
const counted = (meaning: string) => v.pipe(amount, v.description(meaning))
const share = (of: string) => v.pipe(v.nullable(SHARE_ESTIMATE), v.description(`${of}; null: there are none`))

const FIGURES = {
  accepted: counted('beacons that passed every check: stored, sampled out, queued or late'),
  stored: counted('beacons stored at once'),
  sampled_out: counted("left out by the worker's sampling; stored ones stand for them"),
  queued: counted('handed to the queue'),
  late: counted('of page views or hours that take no more news; not stored'),
  failed: counted('answered 503: nothing durable took them'),
  bots: counted('beacons of bots, which are not stored'),
  ignored: counted('beacons of page views that a naming rule ignores, which are not stored'),
  lake_failed: counted(
    'beacons that are missing in the lake: its stream refused them, or was silent for 5 s',
  ),
  tags_left_out: v.pipe(
    v.object({
      undeclared: counted('the site does not declare their names'),
      unfit: counted('their value looks like an e-mail address, a token or a query string'),
    }),
    v.description(
      'tags of accepted beacons that are not kept; each beacon of a page view brings all of them',
    ),
  ),
  refused: v.pipe(
    v.object({
      origin: counted('from an origin that the site does not list'),
      rate: counted('beyond what one address may send'),
      size: counted('longer than 64 KiB'),
      field: counted('with a field, a type or a token that does not fit'),
      weight: counted("of more page views than the site's max_weight"),
    }),
    v.description('answered 4xx, by the first check that they did not pass'),
  ),
  estimated: v.pipe(
    v.boolean(),
    v.description(
      'the counts above are estimates: so many isolates took beacons that only some of them told of theirs, and stand for ' +
        'the others',
    ),
  ),
  busiest_share: v.pipe(
    v.nullable(SHARE),
    v.description(
      'an upper bound of the share of these beacons that one address sent; no address is kept. Beacons with the admin ' +
        'token are left out. null: there are none',
    ),
  ),
  lost: v.pipe(
    v.nullable(SHARE_ESTIMATE),
    v.description(
      'an estimate of the share of beacons that never arrived, with its 95% interval, by the hour in which their page ' +
        'views began, once it is rolled up: the share missing of the first beacons that a later one of their page view ' +
        'proves. Of one address few page views an hour count. null: no page view has two',
    ),
  ),
  shares: v.pipe(
    v.object({
      refused: share('of all beacons that arrived'),
      failed: share('of those that arrived, without those that are refused for their rate'),
      bots: share('of the same'),
    }),
    v.description(
      'of the counts above, with their 95% intervals: every beacon is counted, so these say what more of the same traffic would ' +
        'show. Where the counts are estimates, each report of an isolate is one sample',
    ),
  ),
}

export const DELIVERY_HOUR = v.object({ hour: TIME, ...FIGURES })

export const DELIVERY_ANSWER = v.object({
  site: v.string(),
  from: v.string(),
  to: v.string(),
  ...FIGURES,
  pageviews: v.pipe(
    amount,
    v.description('page views stored, of hours that are rolled up; rows, not weights'),
  ),
  beacons_sent: v.pipe(
    amount,
    v.description('of each page view the newest beacon that came, and the first, if there were others'),
  ),
  beacons_received: amount,
  loss_rate: v.pipe(
    v.nullable(v.number()),
    v.description(
      'share of `beacons_sent` that never came: a lower bound, since a last one leaves no trace; see `lost`',
    ),
  ),
  calls_left_out: v.pipe(
    amount,
    v.description(
      'API calls beyond the 64 that one page view reports, at most 1,000 of each, weighed like the page views',
    ),
  ),
  unreadable: v.pipe(
    amount,
    v.description(
      'page views, of hours that are rolled up, of which a part is broken in the database; the part counts nowhere',
    ),
  ),
  bot_beacons: v.pipe(amount, v.description('the same as `bots`')),
  unknown_sites: v.pipe(
    v.nullable(amount),
    v.description(
      'beacons for sites that do not exist, of the whole installation, in the last 35 days of the range at most; null ' +
        'for a read token',
    ),
  ),
  sampling: v.pipe(
    v.array(v.object({ since: v.string(), rate: amount })),
    v.description('the worker kept 1 of `rate` page views from then on; the first entry holds at `from`'),
  ),
  step: v.pipe(
    v.picklist(['hour', 'day']),
    v.description('of `hours`: day (UTC) where the range is longer than 4 days'),
  ),
  hours: v.pipe(
    v.array(DELIVERY_HOUR),
    v.description(
      'beacons by the hour in which they came, lower bounds: what an isolate has not reported when it ends is lost. One ' +
        'without any is left out, and so is what is older than 380 days',
    ),
  ),
})
export type DeliveryAnswer = v.InferOutput<typeof DELIVERY_ANSWER>
export type DeliveryFigures = Omit<DeliveryAnswer['hours'][number], 'hour'>
