/**
 * The open hours of a question, which have no roll-up yet: one in how many of their page views is read, the same for all
 * sources.
 */

import { type SQL, sql } from 'drizzle-orm'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Selection } from '../histogram/histogram-sql.ts'
import type { Preparer } from '../store/statement.ts'
import { matchesPageView } from './filters.ts'
import type { Reading } from './rollup-rows.ts'
import { isRanked } from './source.ts'
import { LEAST, probed } from './subsample.ts'

const NOTHING: Selection = { oneIn: 1, where: sql`false` }

/** Looks at the page views of `hours`; answers what chooses one in how many is read, by the rows that may still be read. */
export async function liveShare(
  d1: Preparer,
  hours: readonly number[],
  readings: readonly Reading[],
  now: number,
): Promise<(reads: number) => Selection> {
  const [first] = readings
  if (!first || !hours.length) return () => NOTHING
  const range = {
    site: first.site,
    from: Math.min(...hours) * HOUR,
    to: (Math.max(...hours) + 1) * HOUR,
    hours,
  }
  const lists = readings.reduce((sum, { slice }) => sum + (isRanked(slice.dimension) ? 2 : 1), 0)
  const cost = sql.join(readings.map(costOf), sql` + `)
  const { choose } = await probed(d1, range, { cost, lists }, now)
  return reads => choose(Math.max(LEAST, reads))
}

/** Rows that D1 counts for a page view `p`; where values are asked for by name, the others are but looked at. */
function costOf({ source, slice, filters }: Reading): SQL {
  const cost = source.live(slice.dimension)
  const looks = sql.raw(isRanked(slice.dimension) ? '2' : '1')
  return slice.values ? sql`CASE WHEN ${matchesPageView(filters)} THEN ${cost} ELSE ${looks} END` : cost
}
