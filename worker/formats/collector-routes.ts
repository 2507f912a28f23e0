/**
 * Collectors over HTTP: `GET` and `POST /v1/sites/shop/collectors`, `PUT` and `DELETE .../<id>`, `POST .../<id>/test`.
 */

import { asc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import {
  COLLECTOR,
  type Collector,
  type CollectorAnswer,
  type CollectorsAnswer,
  type CollectorTestAnswer,
  MAX_COLLECTORS,
} from '../../schema/api/collectors.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { type CollectorRow, collectors } from '../../schema/storage/tables.ts'
import { checkAddress, readJson } from '../admin/body.ts'
import { isItem, noItem, oneTooMany } from '../admin/item.ts'
import { randomHex } from '../admin/secret.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField } from '../problem.ts'
import { existingSite } from '../site/sites.ts'
import { isNew, isSame, limited } from '../store/limited.ts'
import { firstOpenHour } from '../store/periods.ts'
import { queryOf, send } from './push.ts'

/** What belongs to `/v1/sites/:site/collectors`; the admin's, as all that the sites before it guard. */
export const collectorRoutes = new Hono<Types>()
  .get('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    return c.json({ data: (await list(d1, site)).map(show) } satisfies CollectorsAnswer, 200, PRIVATE)
  })
  .post('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const given = await checked(c, site)
    const now = Date.now()
    // The hour that settled last is the first to be sent.
    const next = firstOpenHour(now) - 1
    const terms = toRow(given)
    const row = { site, id: randomHex(6), created: now, next, due: now, ...terms }
    const [made] = await drizzle(d1)
      .insert(collectors)
      .select(limited(collectors, row, MAX_COLLECTORS, isNew(collectors, site, terms)))
      .returning()
    if (made) return c.json(show(made), 201, PRIVATE)
    const [same] = await drizzle(d1)
      .select()
      .from(collectors)
      .where(isSame(collectors, site, terms))
    if (!same) throw oneTooMany(c, 'collector', MAX_COLLECTORS)
    return c.json(show(same), 200, PRIVATE)
  })
  .put('/:id', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const given = await checked(c, site)
    const [changed] = await drizzle(d1)
      .update(collectors)
      .set({ ...toRow(given), attempts: 0, due: Date.now() })
      .where(isItem(collectors, c))
      .returning()
    if (!changed) throw noItem(c, 'collector')
    return c.json(show(changed), 200, PRIVATE)
  })
  .delete('/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [deleted] = await drizzle(d1).delete(collectors).where(isItem(collectors, c)).returning()
    if (!deleted) throw noItem(c, 'collector')
    return c.body(null, 204, PRIVATE)
  })
  .post('/:id/test', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [collector] = await drizzle(d1).select().from(collectors).where(isItem(collectors, c))
    if (!collector) throw noItem(c, 'collector')
    // A request without metrics shows that address and headers are right, and counts nothing twice.
    const { taken, status } = await send(collector, { resourceMetrics: [] })
    return c.json({ delivered: taken, status } satisfies CollectorTestAnswer, 200, PRIVATE)
  })

/** The body, whose address this worker may be sent to, and whose metrics and groups go together. */
async function checked(c: Context<Types>, site: string): Promise<Collector> {
  const given = await readJson(c, COLLECTOR)
  checkAddress(c, given.url)
  const now = Date.now()
  const parsed = queryOf({ site, ...toRow(given) }, firstOpenHour(now) - 1, now)
  if ('error' in parsed) throw badField(parsed.error)
  return given
}

function toRow({ group_by: groupBy, ...same }: Collector) {
  return { ...same, groupBy }
}

function show(row: CollectorRow): CollectorAnswer {
  const { id, url, headers, metrics, groupBy, limit, next, attempts, status } = row
  return {
    id,
    url,
    headers: Object.keys(headers),
    metrics,
    group_by: groupBy,
    limit,
    next: new Date(next * HOUR).toISOString(),
    attempts,
    status,
  }
}

/** The oldest first. Key: (site). */
function list(d1: D1Database, site: string): Promise<CollectorRow[]> {
  return drizzle(d1)
    .select()
    .from(collectors)
    .where(eq(collectors.site, site))
    .orderBy(asc(collectors.created), asc(collectors.id))
}
