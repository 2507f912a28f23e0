/**
 * How much of what was sent arrived: the raw rows of an hour go in, its row of `deliveries` comes out, as SQL.
 *
 * A beacon's number says how many came before it, and a row keeps a bit for each that came. So a lost beacon shows once
 * a later one arrives; one that was the last, or the only one, does not. Squares and products by page view tell how losses
 * gather (`read/loss`).
 */

import { type SQL, sql } from 'drizzle-orm'
import { UNREADABLE } from './safe-json.ts'

/** Counts the bits of a number below 2^52: in pairs, in nibbles, in bytes, and the bytes' sum is the rest by 255. */
function bits(x: string): string {
  const pairs = `(${x} - ((${x} >> 1) & 0x5555555555555))`
  const nibbles = `((${pairs} & 0x3333333333333) + ((${pairs} >> 2) & 0x3333333333333))`
  return `(((${nibbles} + (${nibbles} >> 4)) & 0x0F0F0F0F0F0F0F) % 255)`
}

/** Beacons that were sent before the last one that came, and those of them that are missing. */
const BEFORE = 'min(sequence, 50)'
const MISSING = `(${BEFORE} + 1 - ${bits('received')})`

/** The row of one hour. Key: (site, hour). Rows from before bits were kept count nowhere. */
export function deliveryOf(site: string, hour: number): SQL {
  const sums = sql.raw(
    [`min(1, ${BEFORE})`, `${MISSING} * ${MISSING}`, `${MISSING} * ${BEFORE}`, `${BEFORE} * ${BEFORE}`]
      .map(value => `sum(${value})`)
      .join(', '),
  )
  return sql`INSERT OR REPLACE INTO deliveries (site, hour, pageviews, sent, received, dropped, unreadable,
      followed, missing_squared, missing_before, before_squared)
    SELECT ${site}, ${hour}, count(*), sum(${sql.raw(BEFORE)} + 1), sum(${sql.raw(bits('received'))}),
      sum((dropped + calls_cut) * weight), sum(${UNREADABLE}), ${sums}
    FROM pageviews AS p WHERE site = ${site} AND hour = ${hour} AND received > 0 HAVING count(*) > 0`
}
