/**
 * `GET /v1/delivery`: what happened to the beacons, and how much is kept, by hour or day and as sums. Keys: (site, hour) of `deliveries` and `intake`, (site, since) of `rates`.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { DeliveryAnswer, DeliveryFigures, DeliveryQuery } from '../../schema/api/delivery.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { type Losses, lossOf } from './loss.ts'
import { rangeOf } from './summary.ts'

/** A longer range is told by days. */
const MAX_HOURS = 4 * 24
/** Hours that are looked at, the newest: two tables of them are fewer than 20,000 rows. */
const LOOKED_AT = 380 * 24
/** Hours that counts for sites that do not exist are kept. */
const UNKNOWN_HOURS = 35 * 24

const INTAKE = [
  ...['accepted', 'stored', 'sampled', 'queued', 'late', 'imported', 'failed', 'bots', 'ignored', 'busiest'],
  ...['refused_origin', 'refused_rate', 'refused_size', 'refused_field', 'refused_weight'],
]
const DELIVERIES = ['pageviews', 'sent', 'received', 'dropped', 'unreadable']
/** Of hours from before squares were kept nothing is estimated. */
const MEASURED = [
  'followed',
  'sent',
  'received',
  'pageviews',
  'missing_squared',
  'missing_before',
  'before_squared',
]
const KEPT_SQUARES = 'CASE WHEN before_squared > 0 OR sent = pageviews THEN'

export type Sums = Record<string, number>

export async function delivery(
  d1: Preparer,
  query: DeliveryQuery,
  { rate }: { rate: number },
  now: number,
): Promise<DeliveryAnswer> {
  const { site, from, to, all } = query
  const end = Math.min(to / HOUR, hourOf(now) + 1)
  const unknownFrom = Math.max(from / HOUR, end - UNKNOWN_HOURS)
  const [parts, rates, unknown] = await Promise.all([
    countsOf(d1, query, now),
    prepare(
      d1,
      sql`SELECT since, rate FROM rates WHERE site = ${site} AND since < ${to} AND since >= coalesce(
        (SELECT max(since) FROM rates WHERE site = ${site} AND since <= ${from}), ${from}) ORDER BY since`,
    ).all<{ since: number; rate: number }>(),
    all
      ? prepare(
          d1,
          sql`SELECT coalesce(sum(refused_site), 0) AS n FROM intake WHERE site = '' AND hour >= ${unknownFrom} AND hour < ${end}`,
        ).first<number>('n')
      : null,
  ])
  const total = sum(parts.hours.map(({ sums }) => sums))
  const of = (name: string) => total[name] ?? 0
  const changes = rates.results
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

/** Sums of both tables over a range, by hour or by day; an hour or a day that has no row is left out. */
export async function countsOf(
  d1: Preparer,
  { site, from, to }: { site: string; from: number; to: number },
  now: number,
): Promise<{ step: 'hour' | 'day'; hours: { start: number; sums: Sums }[] }> {
  const end = Math.min(to / HOUR, hourOf(now) + 1)
  const begin = Math.max(from / HOUR, end - LOOKED_AT)
  const step = end - begin > MAX_HOURS ? 24 : 1
  const first = Math.floor(begin / step) * step
  const starts = Array.from(
    { length: Math.max(0, Math.ceil((end - first) / step)) },
    (_, i) => first + i * step,
  )
  // One look by key for each of them, and nothing sorted: what D1 groups again it counts again.
  const within = sql`site = ${site} AND hour >= max(b.value, ${begin}) AND hour < min(b.value + ${step}, ${end})`
  const { results } = await prepare(
    d1,
    sql`SELECT b.value AS start,
        (SELECT json_object('rows', count(*), ${sums(INTAKE)}) FROM intake WHERE ${within}) AS intake,
        (SELECT json_object('rows', count(*), ${sums(DELIVERIES)}, ${sums(MEASURED, KEPT_SQUARES)})
          FROM deliveries WHERE ${within}) AS deliveries
      FROM json_each(${JSON.stringify(starts)}) AS b`,
  ).all<{ start: number; intake: string; deliveries: string }>()
  const hours = results
    .map(({ start, intake, deliveries }) => ({
      start,
      sums: sum([JSON.parse(intake) as Sums, JSON.parse(deliveries) as Sums]),
    }))
    .filter(({ sums }) => sums.rows)
  return { step: step === 1 ? 'hour' : 'day', hours }
}

/** `'accepted', sum(accepted), ...`; with a condition, `'if_sent', sum(CASE WHEN ... THEN sent END)`. */
function sums(columns: readonly string[], when = ''): SQL {
  const sum = (name: string) => (when ? `'if_${name}', sum(${when} ${name} END)` : `'${name}', sum(${name})`)
  return sql.raw(columns.map(sum).join(', '))
}

/** Adds sums by name. */
export function sum(list: readonly Sums[]): Sums {
  const total: Sums = {}
  for (const sums of list)
    for (const [name, value] of Object.entries(sums)) total[name] = (total[name] ?? 0) + (value ?? 0)
  return total
}

/** What is told of an hour, a day or the whole range. */
export function figures(sums: Sums): DeliveryFigures {
  const of = (name: string) => sums[name] ?? 0
  const refused = {
    origin: of('refused_origin'),
    rate: of('refused_rate'),
    size: of('refused_size'),
    field: of('refused_field'),
    weight: of('refused_weight'),
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
    refused,
    busiest_share: strangers > 0 ? Math.min(1, of('busiest') / strangers) : null,
    lost: lossOf(lossesOf(sums)),
  }
}

/** Every beacon that the isolates have told of. */
export function arrivedOf(sums: Sums): number {
  const names = INTAKE.filter(name => name.startsWith('refused'))
  return ['accepted', 'failed', 'bots', 'ignored', ...names].reduce(
    (total, name) => total + (sums[name] ?? 0),
    0,
  )
}

function lossesOf(sums: Sums): Losses {
  const of = (name: string) => sums[`if_${name}`] ?? 0
  return {
    followed: of('followed'),
    before: of('sent') - of('pageviews'),
    missing: of('sent') - of('received'),
    missingSquared: of('missing_squared'),
    missingBefore: of('missing_before'),
    beforeSquared: of('before_squared'),
  }
}
