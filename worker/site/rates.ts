/**
 * The sampling rate over time, and which rate was in force when a page view began.
 *
 * A page view is judged by the rate of its begin, whenever its beacons arrive, so all of them meet one decision. A
 * new rate is announced before it begins, longer than an isolate believes its memory, so all isolates agree on it.
 */

import { sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { rates } from '../../schema/storage/tables.ts'
import { listed, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'

/** From `since` (Unix ms) on, 1 of `rate` is kept. */
export type RateChange = Pick<typeof rates.$inferSelect, 'since' | 'rate'>

const r = named(rates)

/** How far back an isolate remembers rates, in ms; few beacons are later. */
const REMEMBERED = 2 * HOUR

/** The changes of the last hours and the one before them, oldest first. Key: (site, since). */
export function recentRates(d1: D1Database, site: string, now: Ms): D1PreparedStatement {
  const from = now - REMEMBERED
  return prepare(
    d1,
    sql`SELECT ${listed(r.since, r.rate)} FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} >= coalesce(
        (SELECT max(${r.since}) FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} <= ${from}), ${from})
      ORDER BY ${r.since}`,
  )
}

/** The rate in force at `began`, from what the isolate remembers or, for old page views, from D1. */
export async function rateAt(
  d1: D1Database,
  site: { id: string; rate: OneIn; rates: readonly RateChange[] },
  began: Ms,
  now: Ms,
): Promise<number> {
  const { id, rate: least } = site
  const known = site.rates.findLast(change => change.since <= began)
  if (known) return Math.max(least, known.rate)
  if (began >= now - REMEMBERED) return least
  const { results } = await prepare(
    d1,
    sql`SELECT ${r.rate} FROM ${r.table} WHERE ${r.site} = ${id} AND ${r.since} <= ${began}
      ORDER BY ${r.since} DESC LIMIT 1`,
  ).all<Pick<RateChange, 'rate'>>()
  return Math.max(least, results[0]?.rate ?? 1)
}
