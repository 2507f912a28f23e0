/**
 * Open hours: those that have no roll-up yet. Their roll-up rows are computed from raw rows, as the cron will, and all
 * sources of a query read the same page views of them.
 */

import { sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { NO_VIEWS } from '../histogram/hours.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import type { Preparer } from '../store/statement.ts'
import { matchesPageView } from './filters.ts'
import type { Reading } from './reading.ts'
import { isRanked } from './source.ts'
import { type Estimate, estimateOf, LEAST, oneInOf, selectionOf } from './subsample.ts'

/** Looks at the page views of open hours; null where there are none, or nothing is read of them. */
export async function estimateOpen(
  d1: Preparer,
  hours: readonly Hour[],
  readings: readonly Reading[],
  now: Ms,
): Promise<Estimate | null> {
  const [first] = readings
  if (!first || !hours.length) return null
  const range = {
    site: first.site,
    from: Math.min(...hours) * HOUR,
    to: (Math.max(...hours) + 1) * HOUR,
    hours,
  }
  // What calls were left out is one more look.
  const lists = readings.reduce(
    (sum, { slice, source }) => sum + (isRanked(slice.dimension) ? 2 : 1) + (source.kind === 'calls' ? 1 : 0),
    0,
  )
  const cost = sql.join(readings.map(costOf), sql` + `)
  return estimateOf(d1, range, { cost, lists }, now)
}

/** As many of their page views as `reads` rows allow. */
export function selectOpen(estimate: Estimate | null, reads: number): Selection {
  if (!estimate) return NO_VIEWS
  return selectionOf(estimate, oneInOf(estimate, { reads: Math.max(LEAST, reads) }))
}

/** Rows that D1 counts for a page view `p`; where values are asked for by name, the others are but looked at. */
function costOf({ source, slice, filters }: Reading) {
  const cost = source.openCost(slice.dimension)
  const looks = sql.raw(isRanked(slice.dimension) ? '2' : '1')
  return slice.values ? sql`CASE WHEN ${matchesPageView(filters)} THEN ${cost} ELSE ${looks} END` : cost
}
