/**
 * `GET /v1/pageview`: the page view of an id, sought in each hour of which rows are kept, the newest first.
 */

import { sql } from 'drizzle-orm'
import { PAGEVIEW_QUERY, type PageViewAnswer } from '../../schema/api/pageview.ts'
import { parseParameters } from '../../schema/api/parameters.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { pageviews, type SiteRow } from '../../schema/storage/tables.ts'
import { problem } from '../problem.ts'
import { byParameters, handler } from '../query/endpoint.ts'
import { oldestRaw, type Retention } from '../query/kept.ts'
import { named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { COLUMNS, type StoredRow, toPageView } from './pageview.ts'

const p = named(pageviews, 'p')

/**
 * The page view, or null where there is none. Key: (site, hour, id). An id says nothing of its hour, so each hour is sought:
 * of 90 days these are 2,160 seeks.
 */
export async function onePageView(
  d1: Preparer,
  { site, id }: { site: string; id: string },
  kept: Pick<Retention, 'rawDays' | 'rawFrom'> & Partial<Pick<SiteRow, 'traceLink'>>,
  now: Ms,
): Promise<PageViewAnswer | null> {
  const oldest = oldestRaw(kept, now) / HOUR
  const { results } = await prepare(
    d1,
    sql`WITH RECURSIVE h(hour) AS (VALUES (${hourOf(now)}) UNION ALL SELECT hour - 1 FROM h WHERE hour > ${oldest})
      SELECT ${COLUMNS} FROM h CROSS JOIN ${p.table} ON ${p.site} = ${site} AND ${p.hour} = h.hour AND ${p.id} = ${id} LIMIT 1`,
  ).all<StoredRow>()
  return results[0] ? toPageView(results[0], kept.traceLink ?? null) : null
}

export const onePageViewHandler = handler({
  ...byParameters(params => parseParameters(PAGEVIEW_QUERY, params)),
  async answer({ query, site, now, d1 }) {
    const found = await onePageView(d1, query, site, now)
    if (found) return { body: JSON.stringify(found), headers: { 'Content-Type': 'application/json' } }
    const kept = `They are kept for ${site.rawDays} days.`
    throw problem(404, `Site ${site.id} has no page view ${query.id}. ${kept}`, { field: 'id' })
  },
})
