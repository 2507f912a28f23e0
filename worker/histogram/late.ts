/**
 * What late page views may cost. The first beacon of a page view may come days later, and then asks for its hour and its day to be
 * rolled up again, or for an hour that nobody needed to be rolled up.
 *
 * A site has a part of its budget of rows for that, within any 24 hours. Once that is spent, hours wait until there is room again, or
 * until their raw rows are about to go, when each is rolled up once more in any case (histogram/expire). Until then questions
 * compute them from raw rows, as they do of an hour that goes on: so no answer lacks a page view, and none is counted twice.
 */

import { hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { SiteRow } from '../../schema/storage/tables.ts'
import { countAgain, countedAgain, type Stale } from '../store/periods.ts'

/** One part in so many of `rows_per_day` is for what comes late. */
const LATE_SHARE = 10
/**
 * So many rows read count as one written. A site that stores 25,000 rows a day may have 625,000 read for what comes late, an eighth of
 * the 5 million that the free plan allows.
 */
const READ_AS_WRITTEN = 250
/** Hours beyond `raw_days` in which an hour may be rolled up for the last time. */
const BEYOND = 48

type Sized = Pick<SiteRow, 'id' | 'rawDays' | 'rowsPerDay'>

/** What is left to sites for late page views, in rows. One statement, of those sites alone. */
export async function leftForLate(
  d1: D1Database,
  sites: readonly Sized[],
  now: Ms,
): Promise<Map<string, number>> {
  if (!sites.length) return new Map()
  const from = sites.map(({ id, rawDays }) => [id, hourOf(now) - rawDays * 24 - BEYOND])
  const spent = await countedAgain(d1, Object.fromEntries(from), now)
  return new Map(sites.map(({ id, rowsPerDay }) => [id, rowsPerDay / LATE_SHARE - (spent.get(id) ?? 0)]))
}

/** Notes what a late roll-up has cost, and answers it. */
export async function countLate(
  d1: D1Database,
  period: Pick<Stale, 'site' | 'start'> & { tier: 'hour' | 'day' },
  receipts: readonly D1Result[],
): Promise<number> {
  const cost = Math.ceil(
    receipts.reduce((sum, { meta }) => sum + meta.rows_written + meta.rows_read / READ_AS_WRITTEN, 0),
  )
  await countAgain(d1, period, cost).run()
  return cost
}
