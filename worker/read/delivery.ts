/**
 * How much arrived, and how much of it is kept: a site and a range go in, sums over hours come out.
 * Keys: (site, hour) of `deliveries` and `intake`, (site, since) of `rates`.
 */

import { sql } from 'drizzle-orm'
import type { DeliveryAnswer, DeliveryQuery } from '../../schema/delivery.ts'
import { HOUR } from '../../schema/hour.ts'
import { type Preparer, prepare } from '../statement.ts'
import { rangeOf } from './summary.ts'

export async function delivery(
  d1: Preparer,
  query: DeliveryQuery,
  { rate }: { rate: number },
): Promise<DeliveryAnswer> {
  const { site, from, to } = query
  const hours = sql`site = ${site} AND hour >= ${from / HOUR} AND hour < ${to / HOUR}`
  const [sums, bots, rates] = await Promise.all([
    prepare(
      d1,
      sql`SELECT coalesce(sum(pageviews), 0) AS pageviews, coalesce(sum(sent), 0) AS sent,
        coalesce(sum(received), 0) AS received, coalesce(sum(dropped), 0) AS dropped,
        coalesce(sum(unreadable), 0) AS unreadable
        FROM deliveries WHERE ${hours}`,
    ).first<Record<'pageviews' | 'sent' | 'received' | 'dropped' | 'unreadable', number>>(),
    prepare(d1, sql`SELECT coalesce(sum(bots), 0) AS beacons FROM intake WHERE ${hours}`).first<number>(
      'beacons',
    ),
    prepare(
      d1,
      sql`SELECT since, rate FROM rates WHERE site = ${site} AND since < ${to} AND since >= coalesce(
        (SELECT max(since) FROM rates WHERE site = ${site} AND since <= ${from}), ${from}) ORDER BY since`,
    ).all<{ since: number; rate: number }>(),
  ])
  const { pageviews = 0, sent = 0, received = 0, dropped = 0, unreadable = 0 } = sums ?? {}
  const changes = rates.results
  const known = changes[0] && changes[0].since <= from ? changes : [{ since: from, rate }, ...changes]
  return {
    ...rangeOf(query),
    pageviews,
    beacons_sent: sent,
    beacons_received: received,
    loss_rate: sent ? (sent - received) / sent : null,
    calls_left_out: dropped,
    unreadable,
    bot_beacons: bots ?? 0,
    sampling: known.map(({ since, rate }) => ({
      since: new Date(Math.max(since, from)).toISOString(),
      rate,
    })),
  }
}
