/**
 * How much of what was sent arrived: the SQL that counts the raw rows of an hour into its row of `deliveries`.
 *
 * A beacon's number says how many came before it, and a row keeps a bit for each that came. So a lost beacon shows once
 * a later one arrives; one that was the last, or the only one, does not. Squares and products by page view tell how losses
 * gather (`read/loss`).
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Hour } from '../../schema/domain/units.ts'
import { deliveries, pageviews } from '../../schema/storage/tables.ts'
import { listed, named, texts } from '../store/names.ts'
import { UNREADABLE } from './safe-json.ts'

const p = named(pageviews, 'p')
const view = texts(pageviews, 'p')
const d = named(deliveries)

/** Counts the bits of a number below 2^52: in pairs, in nibbles, in bytes, and the bytes' sum is the rest by 255. */
function bits(x: string): string {
  const pairs = `(${x} - ((${x} >> 1) & 0x5555555555555))`
  const nibbles = `((${pairs} & 0x3333333333333) + ((${pairs} >> 2) & 0x3333333333333))`
  return `(((${nibbles} + (${nibbles} >> 4)) & 0x0F0F0F0F0F0F0F) % 255)`
}

/** Beacons that were sent before the last one that came, and those of them that are missing. */
const BEFORE = `min(${view.sequence}, 50)`
const MISSING = `(${BEFORE} + 1 - ${bits(view.received)})`

type Count = Exclude<keyof typeof deliveries.$inferSelect, 'site' | 'hour'>

/** What an hour's row of `deliveries` holds, and how it is counted. */
const COUNTS: Record<Count, SQL> = {
  pageviews: sql.raw('count(*)'),
  sent: sum(`${BEFORE} + 1`),
  received: sum(bits(view.received)),
  dropped: sum(`(${view.dropped} + ${view.callsCut}) * ${view.weight}`),
  unreadable: sql`sum(${UNREADABLE})`,
  followed: sum(`min(1, ${BEFORE})`),
  missingSquared: sum(`${MISSING} * ${MISSING}`),
  missingBefore: sum(`${MISSING} * ${BEFORE}`),
  beforeSquared: sum(`${BEFORE} * ${BEFORE}`),
}

const COLUMNS = (Object.keys(COUNTS) as Count[]).map(count => d[count])

function sum(text: string): SQL {
  return sql.raw(`sum(${text})`)
}

/** The row of one hour. Key: (site, hour). Rows from before bits were kept count nowhere. */
export function deliveryOf(site: string, hour: Hour): SQL {
  return sql`INSERT OR REPLACE INTO ${d.table} (${listed(d.site, d.hour, ...COLUMNS)})
    SELECT ${site}, ${hour}, ${listed(...Object.values(COUNTS))}
    FROM ${p.table} WHERE ${p.site} = ${site} AND ${p.hour} = ${hour} AND ${p.received} > 0 HAVING count(*) > 0`
}
