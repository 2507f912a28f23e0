/**
 * API calls that page views made beyond those that they send: their weighted number, each page view counted once however
 * many endpoints it called.
 */

import { sql } from 'drizzle-orm'
import type { Selection } from '../histogram/histogram-sql.ts'
import { sound } from '../histogram/safe-json.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import type { Periods } from './covered.ts'
import { matchesPageView, type SampleFilters } from './filters.ts'

/** Of the page views that are read one by one, and fit. Key: (site, hour, id). */
export async function leftOutOfRows(
  d1: Preparer,
  { where, oneIn }: Selection,
  filters: SampleFilters,
): Promise<number> {
  const weight = sql.raw(`coalesce(sum(p.weight * (p.dropped + p.calls_cut)), 0) * ${oneIn}`)
  const found = await prepare(
    d1,
    sql`SELECT ${weight} AS n FROM pageviews AS p WHERE ${where} AND p.dropped + p.calls_cut > 0 AND ${matchesPageView(filters)}`,
  ).first<{ n: number }>()
  return found?.n ?? 0
}

/** Of all page views in periods, of those without a roll-up the page views that `openHours` selects. Key: (site, tier, dimension, start). */
export async function leftOutOfPeriods(
  d1: Preparer,
  site: string,
  periods: Periods,
  openHours: Selection,
): Promise<number> {
  const kept = prepare(
    d1,
    sql`SELECT coalesce(sum(${sql.raw(sound('r.api'))} ->> 'omitted'), 0) AS n
      FROM json_each(${JSON.stringify({ day: periods.days, hour: periods.hours })}) AS t
      CROSS JOIN json_each(t.value) AS s
      CROSS JOIN api_rollups AS r
      WHERE r.site = ${site} AND r.tier = t.key AND r.dimension = 'all' AND r.start = s.value`,
  ).first<{ n: number }>()
  const fresh = periods.open.length ? leftOutOfRows(d1, openHours, {}) : 0
  const [stored, open] = await Promise.all([kept, fresh])
  return (stored?.n ?? 0) + open
}
