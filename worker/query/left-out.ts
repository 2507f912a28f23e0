/**
 * API calls that page views made beyond those that are kept of them: their weighted number, each page view counted once however
 * many endpoints it called. Only page views with an answered call count, as in the histograms of calls.
 */

import { sql } from 'drizzle-orm'
import { apiRollups, pageviews } from '../../schema/storage/tables.ts'
import { sound } from '../histogram/safe-json.ts'
import { hasAnswered, LEFT_OUT, type Selection } from '../histogram/samples-sql.ts'
import { named, texts } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import type { Periods } from './covered.ts'

const p = named(pageviews, 'p')
const r = named(apiRollups, 'r')
const HISTOGRAM = sql.raw(sound(texts(apiRollups, 'r').api))

/** Of all page views in periods, of those without a roll-up the page views that `openHours` selects. Key: (site, tier, dimension, start). */
export async function leftOutOfPeriods(
  d1: Preparer,
  site: string,
  periods: Periods,
  openHours: Selection,
): Promise<number> {
  const kept = prepare(
    d1,
    sql`SELECT coalesce(sum(${HISTOGRAM} ->> 'omitted'), 0) AS n
      FROM json_each(${JSON.stringify({ day: periods.days, hour: periods.hours })}) AS t
      CROSS JOIN json_each(t.value) AS s
      CROSS JOIN ${r.table}
      WHERE ${r.site} = ${site} AND ${r.tier} = t.key AND ${r.dimension} = 'all' AND ${r.start} = s.value`,
  ).first<{ n: number }>()
  const fresh = periods.open.length ? leftOutOfOpen(d1, openHours) : 0
  const [stored, open] = await Promise.all([kept, fresh])
  return (stored?.n ?? 0) + open
}

/** Of page views that are read one by one. Key: (site, hour, id). */
async function leftOutOfOpen(d1: Preparer, { from, where, oneIn }: Selection): Promise<number> {
  const found = await prepare(
    d1,
    sql`SELECT coalesce(sum(${p.weight} * ${LEFT_OUT}), 0) * ${sql.raw(String(oneIn))} AS n
      FROM ${from} WHERE ${where} AND ${LEFT_OUT} > 0 AND ${hasAnswered()}`,
  ).first<{ n: number }>()
  return found?.n ?? 0
}
