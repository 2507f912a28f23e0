/** Which tags of its page views a site keeps: `PUT /v1/sites/shop/tags` declares them, `GET` shows them. */

import { and, eq, gte, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import { TAGS, type TagsAnswer } from '../../schema/api/tags.ts'
import { hourOf } from '../../schema/domain/hour.ts'
import { intake, sites } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { checkPath, pathAlone, siteOf } from '../parameters.ts'
import { existingSite, forgetSite } from '../site/sites.ts'
import { requireAdmin, requireSite } from './access.ts'
import { readJson } from './body.ts'

export const tagRoutes = new Hono<Types>()
  .get('/', async c => {
    requireSite(c, siteOf(c))
    checkPath(c)
    const site = await existingSite(c.env.DB, siteOf(c))
    return c.json(await answerOf(c.env.DB, site), 200, PRIVATE)
  })
  .use('/*', requireAdmin, pathAlone)
  .put('/', async c => {
    const site = await existingSite(c.env.DB, siteOf(c))
    const { tags: names } = await readJson(c, TAGS)
    const since = new Map(Object.entries(await tagsOf(c.env.DB, site)))
    const tags = Object.fromEntries(names.map(name => [name, since.get(name) ?? Date.now()]))
    await drizzle(c.env.DB).update(sites).set({ tags }).where(eq(sites.id, site))
    forgetSite(site)
    return c.json(await answerOf(c.env.DB, site), 200, PRIVATE)
  })

/** What is declared, and what was left out of late. Key: (site, hour). */
async function answerOf(d1: D1Database, site: string): Promise<TagsAnswer> {
  const db = drizzle(d1)
  const [tags, [dropped]] = await Promise.all([
    tagsOf(d1, site),
    db
      .select({
        undeclared: sql<number>`coalesce(sum(${intake.tagsUndeclared}), 0)`,
        unfit: sql<number>`coalesce(sum(${intake.tagsUnfit}), 0)`,
      })
      .from(intake)
      .where(and(eq(intake.site, site), gte(intake.hour, hourOf(Date.now()) - 24))),
  ])
  return {
    site,
    tags: Object.entries(tags).map(([name, since]) => ({
      name,
      since: new Date(since).toISOString(),
    })),
    undeclared_24h: dropped?.undeclared ?? 0,
    unfit_24h: dropped?.unfit ?? 0,
  }
}

/** When each was declared. Key: (id). */
async function tagsOf(d1: D1Database, site: string): Promise<Record<string, number>> {
  const [row] = await drizzle(d1).select({ tags: sites.tags }).from(sites).where(eq(sites.id, site))
  return row?.tags ?? {}
}
