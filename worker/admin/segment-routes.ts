/** The segments of a site: `PUT /v1/sites/shop/segments/phones-de` saves one, `DELETE` removes it, `GET` lists them. */

import { and, asc, eq, isNotNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import {
  budgetFilters,
  MAX_SEGMENTS,
  SEGMENT,
  type SegmentAnswer,
  type SegmentsAnswer,
  withinOf,
} from '../../schema/api/segments.ts'
import { unjudged } from '../../schema/domain/budget-state.ts'
import { isTagKey } from '../../schema/domain/tag.ts'
import { type BudgetRow, budgets, type SegmentRow, segments } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { checkPath, pathAlone, siteOf } from '../parameters.ts'
import { noSite, problem } from '../problem.ts'
import { databaseOf } from '../site/database.ts'
import { existingSite, findSite } from '../site/sites.ts'
import { requireTag } from '../site/tags.ts'
import { limited } from '../store/limited.ts'
import { requireAdmin, requireSite } from './access.ts'
import { readJson } from './body.ts'
import { isItem, noItem, oneTooMany } from './item.ts'

/** A budget that names a segment. */
type Using = Pick<BudgetRow, 'id' | 'segment' | 'endpoint' | 'route' | 'device' | 'tag'>

export const segmentRoutes = new Hono<Types>()
  .get('/', async c => {
    requireSite(c, siteOf(c))
    checkPath(c)
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const [rows, using] = await Promise.all([list(d1, site), usingIn(d1, site)])
    const answer: SegmentsAnswer = { site, data: rows.map(row => show(row, using)) }
    return c.json(answer, 200, PRIVATE)
  })
  .use('/*', requireAdmin, pathAlone)
  .put('/:id', async c => {
    const site = await findSite(c.env, siteOf(c), Date.now())
    if (!site) throw noSite(siteOf(c))
    const d1 = databaseOf(c.env, site)
    const id = c.req.param('id')
    const given = await readJson(c, SEGMENT)
    const within = withinOf(id, given.filters)
    for (const key of Object.keys(within.filters)) if (isTagKey(key)) requireTag(site, key, 'filters.tag')
    const db = drizzle(d1)
    const [[before], all] = await Promise.all([
      db.select().from(segments).where(isItem(segments, c)),
      usingIn(d1, site.id),
    ])
    const using = all.filter(({ segment }) => segment === id)
    for (const budget of using) {
      const both = budgetFilters(budget, within)
      if ('error' in both) {
        const { field, detail } = both.error
        throw problem(409, `Budget ${budget.id} would never match: its ${field} ${detail}.`, {
          field: 'filters',
        })
      }
    }
    const row = { site: site.id, id, name: given.name, filters: given.filters as SegmentRow['filters'] }
    const most = before ? Number.MAX_SAFE_INTEGER : MAX_SEGMENTS
    const save = db
      .insert(segments)
      .select(limited(segments, row, most))
      .onConflictDoUpdate({
        target: [segments.site, segments.id],
        set: { name: row.name, filters: row.filters },
      })
      .returning()
    const isSame = JSON.stringify(before?.filters) === JSON.stringify(row.filters)
    const [saved] =
      using.length && !isSame ? (await db.batch([save, judgeAnew(d1, site.id, id)]))[0] : await save
    if (!saved) throw oneTooMany(c, 'segment', MAX_SEGMENTS)
    return c.json(show(row, all), before ? 200 : 201, PRIVATE)
  })
  .delete('/:id', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const id = c.req.param('id')
    const isUsed = sql`EXISTS (SELECT 1 FROM ${budgets}
      WHERE ${eq(budgets.site, site)} AND ${eq(budgets.segment, id)})`
    const [deleted] = await drizzle(d1)
      .delete(segments)
      .where(and(isItem(segments, c), sql`NOT ${isUsed}`))
      .returning()
    if (deleted) return c.body(null, 204, PRIVATE)
    const using = (await usingIn(d1, site)).filter(({ segment }) => segment === id)
    if (!using.length) throw noItem(c, 'segment')
    const names = using.map(budget => budget.id).join(', ')
    throw problem(409, `Segment ${id} is used by budget ${names}: change or delete that first.`, {
      field: 'id',
    })
  })

/** By id. Key: (site, id). */
function list(d1: D1Database, site: string): Promise<SegmentRow[]> {
  return drizzle(d1).select().from(segments).where(eq(segments.site, site)).orderBy(asc(segments.id))
}

/** The budgets that name segments. Key: (site). */
function usingIn(d1: D1Database, site: string): Promise<Using[]> {
  const { id, segment, endpoint, route, device, tag } = budgets
  return drizzle(d1)
    .select({ id, segment, endpoint, route, device, tag })
    .from(budgets)
    .where(and(eq(budgets.site, site), isNotNull(segment)))
}

/** Another promise: how a budget stood before says nothing of it. */
function judgeAnew(d1: D1Database, site: string, segment: string) {
  return drizzle(d1)
    .update(budgets)
    .set(unjudged(Date.now()))
    .where(and(eq(budgets.site, site), eq(budgets.segment, segment)))
}

function show({ id, name, filters }: SegmentRow, using: readonly Using[]): SegmentAnswer {
  const of = using.filter(({ segment }) => segment === id).map(budget => budget.id)
  return { id, name, filters: filters as SegmentAnswer['filters'], budgets: of }
}
