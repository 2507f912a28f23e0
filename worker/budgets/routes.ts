/**
 * Budgets over HTTP: `POST /v1/sites/shop/budgets`, `PUT` and `DELETE /v1/sites/shop/budgets/<id>` change them,
 * `GET /v1/budgets?site=shop` and `/v1/budget-events` read.
 */

import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import { BUDGET, type Budget } from '../../schema/api/budget-terms.ts'
import {
  BUDGET_EVENTS_QUERY,
  BUDGETS_QUERY,
  type BudgetAnswer,
  type BudgetEventsAnswer,
  type BudgetsAnswer,
  MAX_BUDGETS,
} from '../../schema/api/budgets.ts'
import type { DeployAnswer } from '../../schema/api/deploys.ts'
import { type Filters, tagFilter } from '../../schema/api/filters.ts'
import { OVERVIEW_QUERY } from '../../schema/api/overview.ts'
import { parseParameters } from '../../schema/api/parameters.ts'
import { budgetFilters } from '../../schema/api/segments.ts'
import { unjudged } from '../../schema/domain/budget-state.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { isTagKey } from '../../schema/domain/tag.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { type BudgetRow, budgetEvents, budgets, segments } from '../../schema/storage/tables.ts'
import { requireAdmin, requireSite } from '../admin/access.ts'
import { readJson } from '../admin/body.ts'
import { isItem, noItem, oneTooMany } from '../admin/item.ts'
import { randomHex } from '../admin/secret.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField, noSite } from '../problem.ts'
import { deploysOf } from '../read/deploys.ts'
import { databaseOf, readDatabaseOf } from '../site/database.ts'
import { segmentOf } from '../site/segments.ts'
import { existingSite, findSite } from '../site/sites.ts'
import { requireTag } from '../site/tags.ts'
import { isNew, isSame, limited } from '../store/limited.ts'
import { overview } from './overview.ts'
import { preview } from './preview.ts'
import { webhookRoutes } from './webhook-routes.ts'

/** Events that are answered, the newest. */
const MAX_EVENTS = 200

/** What belongs to a site's address: `/v1/sites/:site/...`. */
export const budgetRoutes = new Hono<Types>()
  .use(requireAdmin)
  .post('/budgets', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const budget = await readJson(c, BUDGET)
    const now = Date.now()
    await checkFilters(c, budget, now)
    const terms = toRow(budget)
    const row = { site, id: randomHex(6), created: now, since: now, ...terms }
    const may = sql`${hasSegment(c, budget)} AND ${isNew(budgets, site, terms)}`
    const [made] = await drizzle(d1)
      .insert(budgets)
      .select(limited(budgets, row, MAX_BUDGETS, may))
      .returning()
    if (made) return c.json(show(made), 201, PRIVATE)
    const [same] = await drizzle(d1)
      .select()
      .from(budgets)
      .where(isSame(budgets, site, terms))
    if (same) return c.json(show(same), 200, PRIVATE)
    await checkFilters(c, budget, now)
    throw oneTooMany(c, 'budget', MAX_BUDGETS)
  })
  .post('/budgets/preview', async c => {
    const now = Date.now()
    const site = await findSite(c.env, siteOf(c), now)
    if (!site) throw noSite(siteOf(c))
    const budget = await readJson(c, BUDGET)
    if (budget.relative_to) {
      throw badField({ field: 'relative_to', detail: 'must be left out: only limits can be previewed' })
    }
    const filters = await checkFilters(c, budget, now)
    return c.json(await preview(readDatabaseOf(c.env, site), site, toRow(budget), filters, now), 200, PRIVATE)
  })
  .put('/budgets/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const budget = await readJson(c, BUDGET)
    await checkFilters(c, budget, Date.now())
    const [changed] = await drizzle(d1)
      .update(budgets)
      .set({ ...toRow(budget), ...unjudged(Date.now()) })
      .where(and(isItem(budgets, c), hasSegment(c, budget)))
      .returning()
    if (changed) return c.json(show(changed), 200, PRIVATE)
    await checkFilters(c, budget, Date.now())
    throw noItem(c, 'budget')
  })
  .delete('/budgets/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [deleted] = await drizzle(d1).delete(budgets).where(isItem(budgets, c)).returning()
    if (!deleted) throw noItem(c, 'budget')
    return c.body(null, 204, PRIVATE)
  })
  .route('/webhooks', webhookRoutes)

/** What asks by a query: `/v1/overview`, `/v1/budgets`, `/v1/budget-events`. */
export const budgetReads = new Hono<Types>()
  .get('/overview', async c => {
    const caller = c.get('caller')
    if (caller.role === 'reader') requireSite(c, caller.site)
    const parsed = parseParameters(OVERVIEW_QUERY, new URL(c.req.url).searchParams)
    if ('error' in parsed) throw badField(parsed.error)
    const only = caller.role === 'reader' ? caller.site : null
    return c.json(await overview(c.env, only, parsed.ok, Date.now()), 200, PRIVATE)
  })
  .get('/budgets', async c => {
    const parsed = parseParameters(BUDGETS_QUERY.entries, new URL(c.req.url).searchParams)
    if ('error' in parsed) throw badField(parsed.error)
    const { site, d1 } = await existingSite(c.env, parsed.ok.site)
    const rows = await drizzle(d1)
      .select()
      .from(budgets)
      .where(eq(budgets.site, site))
      .orderBy(budgets.created)
    const marked = await deploysBefore(d1, site, rows)
    const data = rows.map(row => ({ ...show(row), ...lastBefore(row, marked) }))
    return c.json({ site, data } satisfies BudgetsAnswer, 200, PRIVATE)
  })
  .get('/budget-events', async c => {
    const parsed = parseParameters(BUDGET_EVENTS_QUERY.entries, new URL(c.req.url).searchParams)
    if ('error' in parsed) throw badField(parsed.error)
    const { budget } = parsed.ok
    const { site, d1 } = await existingSite(c.env, parsed.ok.site)
    const rows = await drizzle(d1)
      .select()
      .from(budgetEvents)
      .where(and(eq(budgetEvents.site, site), budget ? eq(budgetEvents.budget, budget) : undefined))
      .orderBy(desc(budgetEvents.at))
      .limit(MAX_EVENTS)
    const data = rows.map(({ site: _, at, ...event }) => ({ at: iso(at), ...event }))
    return c.json({ site, data } satisfies BudgetEventsAnswer, 200, PRIVATE)
  })

/** True where the segment of a budget is there as the budget is written: another request may delete it after it was looked for. */
function hasSegment(c: Context<Types>, { segment }: Budget): SQL {
  if (segment === null) return sql`true`
  const named = and(eq(segments.site, siteOf(c)), eq(segments.id, segment))
  return sql`EXISTS (SELECT 1 FROM ${segments} WHERE ${named})`
}

/**
 * The filters of a budget. Throws a 400 for a tag that its site does not declare, for a segment that it does not have, and for
 * a filter that leaves nothing of the segment.
 */
async function checkFilters(c: Context<Types>, budget: Budget, now: Ms): Promise<Filters> {
  const site = await findSite(c.env, siteOf(c), now)
  if (!site) throw noSite(siteOf(c))
  for (const key of Object.keys(tagFilter(budget.tag))) if (isTagKey(key)) requireTag(site, key, 'tag')
  const within =
    budget.segment === null ? null : await segmentOf(databaseOf(c.env, site), site, budget.segment)
  const filters = budgetFilters(budget, within)
  if ('error' in filters) throw badField(filters.error)
  return filters.ok
}

function toRow({ limit, window_hours: windowHours, relative_to: relativeTo, ...same }: Budget) {
  return { ...same, max: limit, windowHours, relativeTo }
}

function show(stored: BudgetRow): BudgetAnswer {
  const { site: _, created, told, max, windowHours, relativeTo, since, checked, tried, ...row } = stored
  return {
    ...row,
    limit: max,
    window_hours: windowHours,
    relative_to: relativeTo,
    since: iso(since),
    checked: checked ? iso(checked) : null,
  }
}

/** The deploys within the windows before budgets were breached, the newest first. */
async function deploysBefore(d1: D1Database, site: string, rows: readonly BudgetRow[]) {
  const breached = rows.filter(({ state }) => state === 'breached')
  if (!breached.length) return []
  const from = Math.min(...breached.map(({ since, windowHours }) => since - windowHours * HOUR))
  return deploysOf(d1, { site, from, to: Math.max(...breached.map(({ since }) => since)) + 1 })
}

/** The last of them before this budget was. */
function lastBefore({ state, since, windowHours }: BudgetRow, marked: readonly DeployAnswer[]) {
  if (state !== 'breached') return {}
  const deploy = marked.find(({ at }) => Date.parse(at) <= since)
  return deploy && Date.parse(deploy.at) >= since - windowHours * HOUR ? { deploy } : {}
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
