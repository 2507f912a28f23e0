/**
 * The sampling rate over time, and which rate judges a page view.
 *
 * The database decides, in the statement that stores the beacon: so a rate that rises is obeyed from its next statement on,
 * whatever isolates remember. They only spare it what it would refuse anyway. A rate that falls is announced before it
 * begins, longer than an isolate believes its memory.
 */

import { type SQL, sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { rates } from '../../schema/storage/tables.ts'
import { listed, named } from '../store/names.ts'
import { SETTLED } from '../store/periods.ts'

/** From `since` (Unix ms) on, 1 of `rate` is kept. */
export type RateChange = Pick<typeof rates.$inferSelect, 'since' | 'rate'>

const r = named(rates)

/** How much a rate may have risen since a page view was stored whose later beacons an isolate still passes on. */
const LATER_MARGIN = 16

/** How far back an isolate remembers rates, in ms; few beacons are later. */
const REMEMBERED = 2 * HOUR

/** The changes of the last hours and the one before them: `RateChange`. Key: (site, since). */
export function recentRates(site: string, now: Ms): SQL {
  const from = now - REMEMBERED
  return sql`SELECT ${listed(r.since, r.rate)} FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} >= coalesce(
    (SELECT max(${r.since}) FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} <= ${from}), ${from})`
}

/** A site, as far as sampling goes: its own least rate, and the changes that the isolate knows of. */
export interface Sampled {
  rate: OneIn
  rates: readonly RateChange[]
}

/** The rate that is in force, as far as the isolate knows. */
export function rateAt({ rate, rates }: Sampled, now: Ms): OneIn {
  return Math.max(rate, rates.findLast(({ since }) => since <= now)?.rate ?? 1)
}

/**
 * The least rate by which the database may judge a page view that began at `began`, from what the isolate remembers:
 * whoever that leaves out need not be sent to it. A later beacon may belong to a row that was stored before the rate rose,
 * so those within `LATER_MARGIN` of it are sent, and the database looks.
 */
export function leastRate({ rate, rates }: Sampled, began: Ms, sequence: number): OneIn {
  const first = rates.findLastIndex(({ since }) => since <= began)
  const atBegin = rates[first]?.rate ?? 1
  const highest = rates
    .slice(Math.max(0, first))
    .filter(({ since }) => since <= began + SETTLED)
    .reduce((most, change) => Math.max(most, change.rate), 1)
  const known = sequence > 0 ? Math.max(atBegin, highest / LATER_MARGIN) : highest
  return Math.max(rate, known)
}
