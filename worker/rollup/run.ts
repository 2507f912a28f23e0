/**
 * The cron's work: the clock goes in, every site's closed periods are rolled up. Bounded, so that one run fits the
 * queries that the free plan allows an invocation; what is left waits for the next run.
 */

import { drizzle } from 'drizzle-orm/d1'
import { sites } from '../../schema/tables.ts'
import { rollUpDay, rollUpHour, staleDays, staleHours } from './rollup.ts'

/** Periods of one run: each is some 6 to 15 statements in one batch. */
const MAX_PERIODS = 24

/** Rolls up what is due. Answers the number of periods; a site that fails does not hold up the others. */
export async function rollUp(d1: D1Database, now: number): Promise<number> {
  let done = 0
  for (const { id } of await drizzle(d1).select({ id: sites.id }).from(sites)) {
    try {
      for (const hour of await staleHours(d1, id, now, MAX_PERIODS - done)) {
        await rollUpHour(d1, id, hour, now)
        done++
      }
      for (const day of await staleDays(d1, id, now, MAX_PERIODS - done)) {
        await rollUpDay(d1, id, day, now)
        done++
      }
    } catch (error) {
      console.error(`rolling up ${id} failed`, error)
    }
    if (done >= MAX_PERIODS) break
  }
  return done
}
