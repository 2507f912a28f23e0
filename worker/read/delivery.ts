/**
 * `GET /v1/delivery`: what happened to the beacons, and how much is kept, by hour or day and as sums.
 *
 * Key of `rates`: (site, since). That of the counts is in ./delivery-counts.
 */

import { sql } from 'drizzle-orm'
import type { DeliveryAnswer, DeliveryFigures, DeliveryQuery } from '../../schema/api/delivery.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { intake, rates } from '../../schema/storage/tables.ts'
import { named, selected } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { arrivedOf, countsOf, type MEASURED, type Sums, sum } from './delivery-counts.ts'
import { sharesOf } from './delivery-shares.ts'
import { type Losses, lossOf } from './loss.ts'
import { rangeOf } from './summary.ts'

/** Hours that counts for sites that do not exist are kept. */
const UNKNOWN_HOURS = 35 * 24

const i = named(intake)
const r = named(rates)

/** Beacons for sites that do not exist are counted in the `directory`. */
export async function delivery(
  d1: Preparer,
  query: DeliveryQuery,
  { rate }: { rate: number },
  now: Ms,
  directory: Preparer = d1,
): Promise<DeliveryAnswer> {
  const { site, from, to, all } = query
  const end = Math.min(to / HOUR, hourOf(now) + 1)
  const unknownFrom = Math.max(from / HOUR, end - UNKNOWN_HOURS)
  const [parts, changed, unknown] = await Promise.all([
    countsOf(d1, query, now),
    prepare(
      d1,
      sql`SELECT ${selected(rates, undefined, ['since', 'rate'])} FROM ${r.table}
        WHERE ${r.site} = ${site} AND ${r.since} < ${to} AND ${r.since} >= coalesce(
          (SELECT max(${r.since}) FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} <= ${from}), ${from})
        ORDER BY ${r.since}`,
    ).all<Pick<typeof rates.$inferSelect, 'since' | 'rate'>>(),
    all
      ? prepare(
          directory,
          sql`SELECT coalesce(sum(${i.refusedSite}), 0) AS n FROM ${i.table}
            WHERE ${i.site} = '' AND ${i.hour} >= ${unknownFrom} AND ${i.hour} < ${end}`,
        ).first<number>('n')
      : null,
  ])
  const total = sum(parts.hours.map(({ sums }) => sums))
  const of = (name: keyof Sums) => total[name] ?? 0
  const changes = changed.results
  const known = changes[0] && changes[0].since <= from ? changes : [{ since: from, rate }, ...changes]
  return {
    ...rangeOf(query),
    ...figures(total),
    pageviews: of('pageviews'),
    beacons_sent: of('sent'),
    beacons_received: of('received'),
    loss_rate: of('sent') ? (of('sent') - of('received')) / of('sent') : null,
    calls_left_out: of('dropped'),
    unreadable: of('unreadable'),
    bot_beacons: of('bots'),
    unknown_sites: unknown,
    sampling: known.map(({ since, rate }) => ({
      since: new Date(Math.max(since, from)).toISOString(),
      rate,
    })),
    step: parts.step,
    hours: parts.hours.map(({ start, sums }) => ({
      hour: new Date(Math.max(start * HOUR, from)).toISOString(),
      ...figures(sums),
    })),
  }
}

/** The figures of an hour, a day or the whole range. */
export function figures(sums: Sums): DeliveryFigures {
  const of = (name: keyof Sums) => sums[name] ?? 0
  const refused = {
    origin: of('refusedOrigin'),
    rate: of('refusedRate'),
    size: of('refusedSize'),
    field: of('refusedField'),
    weight: of('refusedWeight'),
  }
  const strangers = arrivedOf(sums) - of('imported')
  return {
    accepted: of('accepted'),
    stored: of('stored'),
    sampled_out: of('sampled'),
    queued: of('queued'),
    late: of('late'),
    failed: of('failed'),
    bots: of('bots'),
    ignored: of('ignored'),
    lake_failed: of('lakeFailed'),
    tags_left_out: { undeclared: of('tagsUndeclared'), unfit: of('tagsUnfit') },
    refused,
    estimated: of('estimated') > 0,
    busiest_share: strangers > 0 ? Math.min(1, of('busiest') / strangers) : null,
    lost: lossOf(lossesOf(sums)),
    shares: sharesOf(sums),
  }
}

export function lossesOf(sums: Sums): Losses {
  const of = (name: (typeof MEASURED)[number]) => sums[`measured ${name}`] ?? 0
  return {
    followed: of('followed'),
    before: of('sent') - of('pageviews'),
    missing: of('sent') - of('received'),
    missingSquared: of('missingSquared'),
    missingBefore: of('missingBefore'),
    beforeSquared: of('beforeSquared'),
  }
}
