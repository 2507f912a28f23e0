/**
 * Keeps a site within its budgets of rows and of bytes a day, by a new sampling rate where the one in force does not fit.
 *
 * The day's budget is spread over its hours. A report that goes with a stored row raises the rate as soon as what comes would
 * overrun the rest of the hour; the cron lowers it again, step by step, when traffic leaves room.
 *
 * Reports are a sample themselves, one for 64 rows: k of them tell the pace to about one part in the root of k. So the rate
 * rises where even the low end of that is too much, and falls where even the high end leaves room.
 */

import { type SQL, sql } from 'drizzle-orm'
import { MAX_RATE } from '../../schema/api/site.ts'
import { HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { rates, traffic } from '../../schema/storage/tables.ts'
import type { RateChange, Sampled } from '../site/rates.ts'
import { keyOf, listed, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { type Counts, type RateLimits, rowsPerReport } from './meter.ts'

/**
 * A lower rate begins this much later, in ms: all isolates know it by then (`SITE_CACHE` of worker/site/sites is shorter). A
 * higher one begins at once: the database obeys it, whatever isolates know (store/judge).
 */
export const RATE_DELAY = 25 * SECOND
/** Two steps down are so far apart at least, in ms: an isolate that knows the last one but one errs by one step. */
const LOWER_INTERVAL = 4.5 * MINUTE
/** The share of an hour's budget that is left to an overrun hour, so that its last minutes are measured, too. */
const RESERVE = 0.05
/** The most that one run of the cron lowers the rate. */
const LOWER_STEP = 4
/** Minutes that the pace is judged by, the running one included: a burst shows in the first, a creeping rise in the last. */
const WINDOWS = [1, 2, 10, 60]
/** The least seconds of a window. */
const LEAST_WINDOW = 10
/** Standard deviations of the pace that a rise is sure of, and a fall. */
const SURE = { rise: 2, fall: 1 }
/** A fall is judged by the time since the last change, in minutes: what came before it was another traffic. */
const FALL_WINDOW = { least: 10, most: 30 }

/** Beacons that arrived (before sampling), that were stored, and their bytes, within a minute. */
export type MinuteTraffic = Pick<typeof traffic.$inferSelect, 'minute' | 'seen' | 'stored' | 'bytes'>

const t = named(traffic)
const more = named(traffic, 'excluded')
const r = named(rates)
const TRAFFIC_KEY = keyOf(traffic)
const RATE_KEY = keyOf(rates)
const announced = named(rates, 'excluded')

/**
 * The rate that the rest of this hour needs at least, by what is certain: a power of two, at least the site's own. `minutes`
 * holds those of the last hour; each report in them stands for `rows` (1: all rows were told of).
 */
export function neededRate(site: RateLimits, minutes: readonly MinuteTraffic[], now: Ms, rows = 0): number {
  const paces = WINDOWS.map(window => {
    const { seen, stored, seconds } = trafficOf(minutes, window, now)
    return (seen / seconds) * (stored ? Math.max(0, 1 - SURE.rise * Math.sqrt(rows / stored)) : 0)
  })
  return rateFor(site, minutes, Math.max(...paces), now)
}

/** The rate that would do even if more came than was told of: `rate` is in force since `since`. */
function sufficientRate(
  site: RateLimits,
  minutes: readonly MinuteTraffic[],
  { rate, since }: RateChange,
  now: Ms,
  rows: number,
): number {
  const window = Math.min(FALL_WINDOW.most, Math.max(FALL_WINDOW.least, Math.floor((now - since) / MINUTE)))
  const { seen, stored, seconds } = trafficOf(minutes, window, now)
  const more = rows * (1 + SURE.fall * Math.sqrt(stored / rows))
  return rateFor(site, minutes, (seen + more * rate) / seconds, now)
}

/** What was told of the last minutes, the running one included. */
function trafficOf(minutes: readonly MinuteTraffic[], window: number, now: Ms) {
  const current = Math.floor(now / MINUTE)
  const elapsed = (now - current * MINUTE) / SECOND
  const those = minutes.filter(({ minute }) => minute > current - window)
  return {
    seen: those.reduce((sum, { seen }) => sum + seen, 0),
    stored: those.reduce((sum, { stored }) => sum + stored, 0),
    seconds: Math.max(LEAST_WINDOW, (window - 1) * 60 + elapsed),
  }
}

/** The rate at which `perSecond` beacons fit the rest of the hour. */
function rateFor(site: RateLimits, minutes: readonly MinuteTraffic[], perSecond: number, now: Ms): number {
  const hour = Math.floor(now / HOUR)
  const spent = minutes.filter(({ minute }) => Math.floor(minute / 60) === hour)
  const stored = spent.reduce((sum, took) => sum + took.stored, 0)
  const bytes = spent.reduce((sum, took) => sum + took.bytes, 0)
  const coming = (perSecond * ((hour + 1) * HOUR - now)) / SECOND
  // What comes is taken to be of the size of what came.
  const size = stored ? bytes / stored : 0
  const needed = Math.max(
    coming / left(site.rowsPerDay, stored),
    (coming * size) / left(site.bytesPerDay, bytes),
  )
  return Math.min(MAX_RATE, Math.max(site.rate, 2 ** Math.ceil(Math.log2(Math.max(1, needed)))))
}

/** What is left of an hour's part of a day's budget. */
function left(perDay: number, spent: number): number {
  const budget = perDay / 24
  return Math.max(budget - spent, budget * RESERVE)
}

/** What goes with a row into its transaction; `adjust` takes the answers. The count is added only where the row was stored. */
export function report(
  d1: D1Database,
  site: string,
  counts: Counts,
  now: Ms,
  where = sql`changes() > 0`,
): D1PreparedStatement[] {
  const { seen, stored, bytes } = counts
  return [
    prepare(
      d1,
      sql`INSERT INTO ${t.table} (${listed(t.site, t.minute, t.seen, t.stored, t.bytes)})
        SELECT ${site}, ${Math.floor(now / MINUTE)}, ${seen}, ${stored}, ${bytes} WHERE ${where}
        ON CONFLICT (${TRAFFIC_KEY}) DO UPDATE SET ${t.seen} = ${t.seen} + ${more.seen},
          ${t.stored} = ${t.stored} + ${more.stored}, ${t.bytes} = ${t.bytes} + ${more.bytes}`,
    ),
    recentMinutes(d1, site, now),
    latestRate(d1, site),
  ]
}

/** The least rate that may be in force where an isolate has not asked for minutes: one step below all that it knows of. */
export function leastToCome({ rates }: Sampled, now: Ms): OneIn {
  const inForce = rates.findLastIndex(({ since }) => since <= now)
  if (inForce < 0) return 1
  return Math.max(1, Math.min(...rates.slice(inForce).map(({ rate }) => rate)) / LOWER_STEP)
}

/** Raises the rate where this hour would overrun, by what the statements of `report` answered. */
export async function adjust(
  d1: D1Database,
  site: RateLimits,
  [, minutes, latest]: readonly D1Result[],
  now: Ms,
): Promise<void> {
  const needed = neededRate(site, (minutes?.results ?? []) as MinuteTraffic[], now, rowsPerReport(site))
  const current = latest?.results[0] as RateChange | undefined
  if (needed <= Math.max(site.rate, current?.rate ?? 1)) return
  await raise(d1, site.id, needed, now)
}

/** Lowers the rate where traffic leaves room; the cron's part. */
export async function lowerRate(d1: D1Database, site: RateLimits, now: Ms): Promise<void> {
  const [minutes, latest] = await d1.batch<unknown>([
    recentMinutes(d1, site.id, now),
    latestRate(d1, site.id),
  ])
  const current = latest?.results[0] as RateChange | undefined
  if (!current || current.rate <= site.rate || current.since > now - LOWER_INTERVAL) return
  const told = (minutes?.results ?? []) as MinuteTraffic[]
  const needed = sufficientRate(site, told, current, now, rowsPerReport(site))
  if (needed < current.rate)
    await announceFall(d1, site.id, Math.max(needed, current.rate / LOWER_STEP), now + RATE_DELAY, current)
}

/** The last hour's minutes. Key: (site, minute). */
function recentMinutes(d1: D1Database, site: string, now: Ms): D1PreparedStatement {
  return prepare(
    d1,
    sql`SELECT ${listed(t.minute, t.seen, t.stored, t.bytes)} FROM ${t.table}
      WHERE ${t.site} = ${site} AND ${t.minute} > ${Math.floor(now / MINUTE) - 60}`,
  )
}

function latestRate(d1: D1Database, site: string): D1PreparedStatement {
  return prepare(d1, latest(site, r.since, r.rate))
}

/** What the rate that was announced last has in some columns. Key: (site, since). */
function latest(site: string, ...columns: readonly SQL[]): SQL {
  return sql`SELECT ${listed(...columns)} FROM ${r.table} WHERE ${r.site} = ${site} ORDER BY ${r.since} DESC LIMIT 1`
}

/**
 * Announces a higher rate than the last one, whatever another isolate has announced since this one looked: else a lower one by a later
 * clock would end a higher one, and keep later beacons of what that had left out. It begins no earlier than the last one, which it
 * would not outlast. It judges from now on all the same (store/judge).
 */
async function raise(d1: D1Database, site: string, rate: OneIn, now: Ms): Promise<void> {
  await prepare(
    d1,
    sql`INSERT INTO ${r.table} (${listed(r.site, r.since, r.rate)})
      SELECT ${site}, max(${wholeSecond(now)}, coalesce((${latest(site, r.since)}), 0)), ${rate}
      WHERE ${rate} > coalesce((${latest(site, r.rate)}), 1)
      ON CONFLICT (${RATE_KEY}) DO UPDATE SET ${r.rate} = max(${r.rate}, ${announced.rate})`,
  ).run()
}

/** Announces a lower rate from `since` on, if the last one is still `current`. */
async function announceFall(
  d1: D1Database,
  site: string,
  rate: OneIn,
  since: Ms,
  current: RateChange,
): Promise<void> {
  await prepare(
    d1,
    sql`INSERT INTO ${r.table} (${listed(r.site, r.since, r.rate)})
      SELECT ${site}, ${wholeSecond(since)}, ${rate}
      WHERE (${latest(site, r.since, r.rate)}) = (${listed(sql`${current.since}`, sql`${current.rate}`)})`,
  ).run()
}

function wholeSecond(time: Ms): Ms {
  return Math.ceil(time / SECOND) * SECOND
}
