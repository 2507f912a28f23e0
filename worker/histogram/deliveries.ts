/**
 * How much of what was sent arrived: the SQL that counts the raw rows of an hour into its row of `deliveries`.
 *
 * A beacon's number says how many came before it, and a row keeps a bit for each that came. So a lost beacon shows once
 * a later one arrives; one that was the last, or the only one, does not.
 *
 * Of a page view with several beacons the first one counts, and the newest: either the first came, or it is missing. Else one page view
 * that says it is at its 51st beacon would claim 50 lost ones. Of one address few page views with several beacons count
 * (ingest/telling): the others count as if they had one.
 *
 * A page view counts once, whatever it claims to stand for. What all of the hour stand for is kept beside: an hour of which the worker
 * kept one in 64 counts for so much more in a day (read/delivery-counts).
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Hour } from '../../schema/domain/units.ts'
import { SILENT_BIT } from '../../schema/storage/row.ts'
import { deliveries, pageviews } from '../../schema/storage/tables.ts'
import { listed, named, texts } from '../store/names.ts'
import { BELIEVED } from './believed.ts'
import { UNREADABLE } from './safe-json.ts'

const p = named(pageviews, 'p')
const view = texts(pageviews, 'p')
const d = named(deliveries)

/** 1 for a page view whose first beacon has a successor, and 1 where it is missing. */
const BEFORE = `(min(${view.sequence}, 1) * (${view.received} < ${2 ** SILENT_BIT}))`
const MISSING = `(${BEFORE} * (1 - (${view.received} & 1)))`
const DROPPED = `min(${view.dropped} + ${view.callsCut}, ${BELIEVED.dropped})`

type Count = Exclude<keyof typeof deliveries.$inferSelect, 'site' | 'hour'>

/** What an hour's row of `deliveries` holds, and how it is counted. */
const COUNTS: Record<Count, SQL> = {
  pageviews: sql.raw('count(*)'),
  sent: sum(`${BEFORE} + 1`),
  received: sum(`${BEFORE} + 1 - ${MISSING}`),
  dropped: sum(`${DROPPED} * ${view.weight}`),
  unreadable: sql`sum(${UNREADABLE})`,
  weight: sum(view.weight),
  followed: sum(BEFORE),
  // Both are 0 or 1, and nothing is missing that was not sent: so squares and products are they themselves.
  missingSquared: sum(MISSING),
  missingBefore: sum(MISSING),
  beforeSquared: sum(BEFORE),
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
