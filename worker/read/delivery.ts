/**
 * `GET /v1/delivery`: what happened to the beacons, and how much is kept, by hour or day and as sums.
 *
 * Keys: (site, hour) of `deliveries` and `intake`, (site, since) of `rates`.
 */

import { sql } from 'drizzle-orm'
import type { DeliveryAnswer, DeliveryFigures, DeliveryQuery } from '../../schema/api/delivery.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { deliveries, intake, rates } from '../../schema/storage/tables.ts'
import { named, selected, texts } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { type Losses, lossOf } from './loss.ts'
import { rangeOf } from './summary.ts'

/** A longer range is answered by days. */
const MAX_HOURS = 4 * 24
/** Hours that are looked at, the newest: two tables of them are fewer than 20,000 rows. */
const LOOKED_AT = 380 * 24
/** Hours that counts for sites that do not exist are kept. */
const UNKNOWN_HOURS = 35 * 24

const i = named(intake)
const d = named(deliveries)
const r = named(rates)

type Count<T extends { $inferSelect: object }> = Exclude<keyof T['$inferSelect'], 'site' | 'hour'>

/** Why a beacon of a site is refused. */
const REFUSED = [
  'refusedOrigin',
  'refusedRate',
  'refusedSize',
  'refusedField',
  'refusedWeight',
] as const satisfies readonly Count<typeof intake>[]
const INTAKE = [
  ...([
    'accepted',
    'stored',
    'sampled',
    'queued',
    'late',
    'imported',
    'failed',
    'bots',
    'ignored',
    'lakeFailed',
    'busiest',
    'tagsUndeclared',
    'tagsUnfit',
  ] as const),
  ...REFUSED,
] as const satisfies readonly Count<typeof intake>[]
const DELIVERIES = [
  'pageviews',
  'sent',
  'received',
  'dropped',
  'unreadable',
] as const satisfies readonly Count<typeof deliveries>[]
/** Of hours from before squares were kept nothing is estimated. */
const MEASURED = [
  'followed',
  'sent',
  'received',
  'pageviews',
  'missingSquared',
  'missingBefore',
  'beforeSquared',
] as const satisfies readonly Count<typeof deliveries>[]

/** Sums of columns, by their names in tables.ts; `measured` ones are of hours that have squares. */
export type Sums = {
  [K in
    | 'rows'
    | 'estimated'
    | (typeof INTAKE | typeof DELIVERIES)[number]
    | `measured ${(typeof MEASURED)[number]}`]?: number
}

/** `'accepted', sum(accepted)`: written out once, at load. */
const summed = (name: keyof Sums, value: string) => `'${name}', sum(${value})`
const taken = texts(intake)
const sent = texts(deliveries)
const WITH_SQUARES = `CASE WHEN ${sent.beforeSquared} > 0 OR ${sent.sent} = ${sent.pageviews} THEN`
const INTAKE_SUMS = sql.raw(
  [...INTAKE.map(name => summed(name, taken[name])), summed('estimated', `(${taken.oneIn} > 1)`)].join(', '),
)
const DELIVERY_SUMS = sql.raw(
  [
    ...DELIVERIES.map(name => summed(name, sent[name])),
    ...MEASURED.map(name => summed(`measured ${name}`, `${WITH_SQUARES} ${sent[name]} END`)),
  ].join(', '),
)

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

/** Sums of both tables over a range, by hour or by day as `most` hours allow; one that has no row is left out. */
export async function countsOf(
  d1: Preparer,
  { site, from, to }: { site: string; from: Ms; to: Ms },
  now: Ms,
  most = MAX_HOURS,
): Promise<{ step: 'hour' | 'day'; hours: { start: Hour; sums: Sums }[] }> {
  const end = Math.min(to / HOUR, hourOf(now) + 1)
  const begin = Math.max(from / HOUR, end - LOOKED_AT)
  const step = end - begin > most ? 24 : 1
  const first = Math.floor(begin / step) * step
  const starts = Array.from(
    { length: Math.max(0, Math.ceil((end - first) / step)) },
    (_, i) => first + i * step,
  )
  // One look by key for each of them, and nothing sorted: what D1 groups again it counts again.
  const within = ({ site: its, hour }: typeof i | typeof d) =>
    sql`${its} = ${site} AND ${hour} >= max(b.value, ${begin}) AND ${hour} < min(b.value + ${step}, ${end})`
  const { results } = await prepare(
    d1,
    sql`SELECT b.value AS start,
        (SELECT json_object('rows', count(*), ${INTAKE_SUMS}) FROM ${i.table} WHERE ${within(i)}) AS intake,
        (SELECT json_object('rows', count(*), ${DELIVERY_SUMS}) FROM ${d.table} WHERE ${within(d)}) AS deliveries
      FROM json_each(${JSON.stringify(starts)}) AS b`,
  ).all<{ start: Hour; intake: string; deliveries: string }>()
  const hours = results
    .map(({ start, intake, deliveries }) => ({
      start,
      sums: sum([JSON.parse(intake) as Sums, JSON.parse(deliveries) as Sums]),
    }))
    .filter(({ sums }) => sums.rows)
  return { step: step === 1 ? 'hour' : 'day', hours }
}

/** Adds sums by name. */
export function sum(list: readonly Sums[]): Sums {
  const total: Sums = {}
  for (const sums of list)
    for (const [name, value] of Object.entries(sums) as [keyof Sums, number | null][]) {
      total[name] = (total[name] ?? 0) + (value ?? 0)
    }
  return total
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
  }
}

/** Every beacon that the isolates have told of. */
export function arrivedOf(sums: Sums): number {
  const names = ['accepted', 'failed', 'bots', 'ignored', ...REFUSED] as const
  return names.reduce((total, name) => total + (sums[name] ?? 0), 0)
}

function lossesOf(sums: Sums): Losses {
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
