/**
 * Beacons as they were counted: sums of `intake` and `deliveries`, by hour or by day.
 *
 * Key: (site, hour) of both.
 */

import { sql } from 'drizzle-orm'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { deliveries, intake } from '../../schema/storage/tables.ts'
import { named, texts } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'

/** A longer range is answered by days. */
const MAX_HOURS = 4 * 24
/** Hours that are looked at, the newest: two tables of them are fewer than 20,000 rows. */
const LOOKED_AT = 380 * 24

const i = named(intake)
const d = named(deliveries)

type Count<T extends { $inferSelect: object }> = Exclude<keyof T['$inferSelect'], 'site' | 'hour'>

/** Why a beacon of a site is refused. */
export const REFUSED = [
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
/** Of hours from before squares were kept nothing is estimated. The others weigh as much as their page views stand for in the mean. */
export const MEASURED = [
  'followed',
  'sent',
  'received',
  'pageviews',
  'missingSquared',
  'missingBefore',
  'beforeSquared',
] as const satisfies readonly Count<typeof deliveries>[]

/** Sums of columns, by their names in tables.ts; `measured` ones are of hours that have squares, weighed. `squares`: see effectiveOf. */
export type Sums = {
  [K in
    | 'rows'
    | 'estimated'
    | 'squares'
    | (typeof INTAKE | typeof DELIVERIES)[number]
    | `measured ${(typeof MEASURED)[number]}`]?: number
}

/** `'accepted', sum(accepted)`: written out once, at load. */
const summed = (name: keyof Sums, value: string) => `'${name}', sum(${value})`
const taken = texts(intake)
const sent = texts(deliveries)
const MEAN_WEIGHT = `iif(${sent.weight} > 0, 1.0 * ${sent.weight} / max(1, ${sent.pageviews}), 1)`
const SQUARES: readonly string[] = ['missingSquared', 'missingBefore', 'beforeSquared']
/** A count of page views stays one; beacons are weighed. */
const weighed = (name: (typeof MEASURED)[number]) =>
  name === 'followed'
    ? sent[name]
    : `${sent[name]} * ${MEAN_WEIGHT}${SQUARES.includes(name) ? ` * ${MEAN_WEIGHT}` : ''}`
const WITH_SQUARES = `CASE WHEN ${sent.beforeSquared} > 0 OR ${sent.sent} = ${sent.pageviews} THEN`
/** Of every beacon that the isolates have reported. */
const ARRIVED = ['accepted', 'failed', 'bots', 'ignored', ...REFUSED] as const
const ALL_ARRIVED = `(${ARRIVED.map(name => taken[name]).join(' + ')})`
/** An hour's beacons are as many samples; where only some isolates tell of theirs, each report is one. */
const PER_SAMPLE = `CASE WHEN ${taken.oneIn} > 1 THEN max(1.0, 1.0 * ${ALL_ARRIVED} * ${taken.oneIn} / max(1, ${taken.reports})) ELSE 1 END`
const INTAKE_SUMS = sql.raw(
  [
    ...INTAKE.map(name => summed(name, taken[name])),
    summed('estimated', `(${taken.oneIn} > 1)`),
    summed('squares', `${ALL_ARRIVED} * (${PER_SAMPLE})`),
  ].join(', '),
)
const DELIVERY_SUMS = sql.raw(
  [
    ...DELIVERIES.map(name => summed(name, sent[name])),
    ...MEASURED.map(name => summed(`measured ${name}`, `${WITH_SQUARES} ${weighed(name)} END`)),
  ].join(', '),
)

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

/** What some of the columns come to. */
export function countIn(sums: Sums, names: readonly (keyof Sums)[]): number {
  return names.reduce((total, name) => total + (sums[name] ?? 0), 0)
}

/** Every beacon that the isolates have reported. */
export function arrivedOf(sums: Sums): number {
  return countIn(sums, ARRIVED)
}

/** So many independent beacons would tell as much: all of them, or fewer where not every isolate told of its own (Kish's size). */
export function effectiveOf(sums: Sums): number {
  const arrived = arrivedOf(sums)
  return sums.squares ? arrived ** 2 / sums.squares : arrived
}
