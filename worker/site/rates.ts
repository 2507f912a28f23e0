/**
 * The sampling rate over time, and which rate was in force when a page view began.
 *
 * A page view is judged by the rate of its begin, whenever its beacons arrive, so all of them meet one decision. A
 * new rate is announced before it begins, longer than an isolate believes its memory, so all isolates agree on it.
 */

import { and, desc, eq, lte, sql } from 'drizzle-orm'
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { HOUR } from '../../schema/domain/hour.ts'
import { rates } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'

/** From `since` (Unix ms) on, 1 of `rate` is kept. */
export type RateChange = Pick<typeof rates.$inferSelect, 'since' | 'rate'>

const r = named(rates, 'r')

/** How far back an isolate remembers rates, in ms; few beacons are later. */
const REMEMBERED = 2 * HOUR

/** The changes of the last hours and the one before them, oldest first. Key: (site, since). */
export function recentRates(db: DrizzleD1Database, site: string, now: number) {
  const from = now - REMEMBERED
  return db
    .select({ since: rates.since, rate: rates.rate })
    .from(rates)
    .where(
      and(
        eq(rates.site, site),
        sql`${rates.since} >= coalesce((SELECT max(${r.since}) FROM ${r.table}
          WHERE ${r.site} = ${site} AND ${r.since} <= ${from}), ${from})`,
      ),
    )
    .orderBy(rates.since)
}

/** The rate in force at `began`, from what the isolate remembers or, for old page views, from D1. */
export async function rateAt(
  d1: D1Database,
  site: { id: string; rate: number; rates: readonly RateChange[] },
  began: number,
  now: number,
): Promise<number> {
  const { id, rate: least } = site
  const known = site.rates.findLast(change => change.since <= began)
  if (known) return Math.max(least, known.rate)
  if (began >= now - REMEMBERED) return least
  const [old] = await drizzle(d1)
    .select({ rate: rates.rate })
    .from(rates)
    .where(and(eq(rates.site, id), lte(rates.since, began)))
    .orderBy(desc(rates.since))
    .limit(1)
  return Math.max(least, old?.rate ?? 1)
}
