/**
 * Keeps a site within its budgets of rows and of bytes a day, by a new sampling rate where the one in force does not fit.
 *
 * The day's budget is spread over its hours. Isolates raise the rate as soon as what they see would overrun the rest
 * of the hour; the cron lowers it again, step by step, when traffic leaves room.
 */

import { sql } from 'drizzle-orm'
import { MAX_RATE } from '../../schema/api/site.ts'
import { HOUR, MINUTE, SECOND } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { rates, type SiteRow, traffic } from '../../schema/storage/tables.ts'
import type { RateChange } from '../site/rates.ts'
import { keyOf, listed, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'

/** A new rate begins this much later, in ms: all isolates know it by then (`SITE_CACHE` of worker/site/sites is shorter). */
export const RATE_DELAY = 25 * SECOND
/** The share of an hour's budget that is left to an overrun hour, so that its last minutes are measured, too. */
const RESERVE = 0.05
/** The most that one run of the cron lowers the rate. */
const LOWER_STEP = 4

/** Beacons that arrived (before sampling), that were stored, and their bytes, within a minute. */
export type MinuteTraffic = Pick<typeof traffic.$inferSelect, 'minute' | 'seen' | 'stored' | 'bytes'>

/** A site with what it may store a day. */
export type RateLimits = Pick<SiteRow, 'id' | 'rate' | 'rowsPerDay' | 'bytesPerDay'>

const t = named(traffic)
const more = named(traffic, 'excluded')
const r = named(rates)
const TRAFFIC_KEY = keyOf(traffic)
const RATE_KEY = keyOf(rates)
const announced = named(rates, 'excluded')

/**
 * The rate that the rest of this hour needs: a power of two, at least the site's own. `minutes` holds this hour's
 * minutes and the last two.
 */
export function neededRate(site: RateLimits, minutes: readonly MinuteTraffic[], now: Ms): number {
  const hour = Math.floor(now / HOUR)
  const current = Math.floor(now / MINUTE)
  let stored = 0
  let bytes = 0
  let thisMinute = 0
  let lastMinute = 0
  for (const { minute, seen, ...took } of minutes) {
    if (Math.floor(minute / 60) === hour) {
      stored += took.stored
      bytes += took.bytes
    }
    if (minute === current) thisMinute = seen
    if (minute === current - 1) lastMinute = seen
  }
  // A burst shows in the running minute first; the longer window steadies it. Ten seconds are too short to judge by.
  const elapsed = (now - current * MINUTE) / SECOND
  const perSecond = Math.max(thisMinute / Math.max(10, elapsed), (thisMinute + lastMinute) / (60 + elapsed))
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

/** What an isolate has counted from `since` (Unix ms) to now. */
export interface Counts {
  seen: number
  stored: number
  bytes: number
  since: Ms
}

/** Adds an isolate's counts and raises the rate where this hour would overrun. Three small statements. */
export async function report(d1: D1Database, site: RateLimits, counts: Counts, now: Ms): Promise<void> {
  const [, minutes, latest] = await d1.batch<unknown>([
    prepare(
      d1,
      sql`INSERT INTO ${t.table} (${listed(t.site, t.minute, t.seen, t.stored, t.bytes)})
        SELECT ${site.id}, value ->> 'minute', value ->> 'seen', value ->> 'stored', value ->> 'bytes'
        FROM json_each(${JSON.stringify(byMinute(counts, now))}) WHERE true
        ON CONFLICT (${TRAFFIC_KEY}) DO UPDATE SET ${t.seen} = ${t.seen} + ${more.seen},
          ${t.stored} = ${t.stored} + ${more.stored}, ${t.bytes} = ${t.bytes} + ${more.bytes}`,
    ),
    recentMinutes(d1, site.id, now),
    latestRate(d1, site.id),
  ])
  const needed = neededRate(site, (minutes?.results ?? []) as MinuteTraffic[], now)
  const current = (latest?.results[0] as RateChange | undefined)?.rate ?? 1
  if (needed > Math.max(site.rate, current)) await announce(d1, site.id, needed, now)
}

/**
 * Shares counts by time between the running minute, the one before, and the one before that, which stands for all
 * that is older and counts for the hour, not for the pace: a slow trickle is not a burst.
 */
export function byMinute({ seen, stored, bytes, since }: Counts, now: Ms): MinuteTraffic[] {
  const minute = Math.floor(now / MINUTE)
  /** The share that came after the beginning of that minute. */
  const after = (begin: number) => Math.min(1, (now - begin * MINUTE) / Math.max(1, now - since))
  const shares = [0, after(minute), after(minute - 1), 1]
  const part = (count: number, i: number) =>
    Math.round(count * (shares[i + 1] ?? 1)) - Math.round(count * (shares[i] ?? 0))
  return [0, 1, 2]
    .map(i => ({ minute: minute - i, seen: part(seen, i), stored: part(stored, i), bytes: part(bytes, i) }))
    .filter((counts, i) => i === 0 || counts.seen > 0)
}

/** Lowers the rate where traffic leaves room; the cron's part. */
export async function lowerRate(d1: D1Database, site: RateLimits, now: Ms): Promise<void> {
  const [minutes, latest] = await d1.batch<unknown>([
    recentMinutes(d1, site.id, now),
    latestRate(d1, site.id),
  ])
  const current = (latest?.results[0] as RateChange | undefined)?.rate ?? 1
  if (current <= site.rate) return
  const needed = neededRate(site, (minutes?.results ?? []) as MinuteTraffic[], now)
  if (needed < current) await announce(d1, site.id, Math.max(needed, current / LOWER_STEP), now)
}

/** This hour's minutes and the last two. Key: (site, minute). */
function recentMinutes(d1: D1Database, site: string, now: Ms): D1PreparedStatement {
  const from = Math.min(Math.floor(now / HOUR) * 60, Math.floor(now / MINUTE) - 1)
  return prepare(
    d1,
    sql`SELECT ${listed(t.minute, t.seen, t.stored, t.bytes)} FROM ${t.table}
      WHERE ${t.site} = ${site} AND ${t.minute} >= ${from}`,
  )
}

function latestRate(d1: D1Database, site: string): D1PreparedStatement {
  return prepare(
    d1,
    sql`SELECT ${listed(r.since, r.rate)} FROM ${r.table} WHERE ${r.site} = ${site} ORDER BY ${r.since} DESC LIMIT 1`,
  )
}

/** Announces a rate. Two isolates that announce for the same second agree on the higher one. */
async function announce(d1: D1Database, site: string, rate: OneIn, now: Ms): Promise<void> {
  const since = Math.ceil((now + RATE_DELAY) / SECOND) * SECOND
  await prepare(
    d1,
    sql`INSERT INTO ${r.table} (${listed(r.site, r.since, r.rate)}) VALUES (${site}, ${since}, ${rate})
      ON CONFLICT (${RATE_KEY}) DO UPDATE SET ${r.rate} = max(${r.rate}, ${announced.rate})`,
  ).run()
}
