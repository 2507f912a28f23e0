/**
 * The sampling rate over time: when a page view began goes in, the rate that was in force then comes out.
 *
 * A page view is judged by the rate of its begin, whenever its beacons arrive, so all of them meet one decision. A
 * new rate is announced before it begins, longer than an isolate believes its memory, so all isolates agree on it.
 */

import { sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import { prepare } from '../store/statement.ts'

/** From `since` (Unix ms) on, 1 of `rate` is kept. */
export interface RateChange {
  since: number
  rate: number
}

/** How far back an isolate remembers rates, in ms; few beacons are later. */
const REMEMBERED = 2 * HOUR

/** The changes of the last hours and the one before them, oldest first. Key: (site, since). */
export function recentRates(d1: D1Database, site: string, now: number): D1PreparedStatement {
  const from = now - REMEMBERED
  return prepare(
    d1,
    sql`SELECT since, rate FROM rates WHERE site = ${site} AND since >= coalesce(
        (SELECT max(since) FROM rates WHERE site = ${site} AND since <= ${from}), ${from})
      ORDER BY since`,
  )
}

/** The rate in force at `began`, from what the isolate remembers or, for old page views, from D1. */
export async function rateAt(
  d1: D1Database,
  site: { id: string; rate: number; rates: readonly RateChange[] },
  began: number,
  now: number,
): Promise<number> {
  const { id, rates, rate: least } = site
  const known = rates.findLast(change => change.since <= began)
  if (known) return Math.max(least, known.rate)
  if (began >= now - REMEMBERED) return least
  const [old] = (
    await prepare(
      d1,
      sql`SELECT rate FROM rates WHERE site = ${id} AND since <= ${began} ORDER BY since DESC LIMIT 1`,
    ).all<{ rate: number }>()
  ).results
  return Math.max(least, old?.rate ?? 1)
}
