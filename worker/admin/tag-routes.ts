/**
 * Which tags of its page views a site keeps: `PUT /v1/sites/shop/tags/plan` declares one, `DELETE` takes it back, `GET /v1/sites/shop/tags`
 * shows all and `PUT` replaces them.
 */

import { and, eq, gte, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import { tagPair } from '../../schema/api/filters.ts'
import { TAGS, type TagsAnswer } from '../../schema/api/tags.ts'
import { hourOf } from '../../schema/domain/hour.ts'
import { MAX_TAGS } from '../../schema/domain/tag.ts'
import { budgets, intake, segments, sites } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { checkPath, pathAlone, siteOf } from '../parameters.ts'
import { problem } from '../problem.ts'
import { type Existing, existingSite, forgetSite } from '../site/sites.ts'
import { named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { requireAdmin, requireSite } from './access.ts'
import { readJson } from './body.ts'

const s = named(sites)
/** In whole ms: a bound number would be REAL. */
const now = () => sql`CAST(${Date.now()} AS INTEGER)`

export const tagRoutes = new Hono<Types>()
  .get('/', async c => {
    requireSite(c, siteOf(c))
    checkPath(c)
    const existing = await existingSite(c.env, siteOf(c))
    return c.json(await answerOf(c.env.DB, existing), 200, PRIVATE)
  })
  .use('/*', requireAdmin, pathAlone)
  .put('/', async c => {
    const existing = await existingSite(c.env, siteOf(c))
    const { tags } = await readJson(c, TAGS)
    const before = Object.keys(await tagsOf(c.env.DB, existing.site))
    await checkUnused(
      existing,
      'tags',
      before.filter(name => !tags.includes(name)),
    )
    await declare(
      c.env.DB,
      existing.site,
      sql`(SELECT json_group_object(value, coalesce(json_extract(${s.tags}, '$.' || value), ${now()})) FROM json_each(${JSON.stringify(tags)}))`,
    )
    return c.json(await answerOf(c.env.DB, existing), 200, PRIVATE)
  })
  // One statement a tag, so that of two requests at once neither takes the other's tag back.
  .put('/:name', async c => {
    const existing = await existingSite(c.env, siteOf(c))
    const path = `$.${c.req.param('name')}`
    const isKept = sql`json_type(${s.tags}, ${path}) IS NOT NULL`
    const declared = await declare(
      c.env.DB,
      existing.site,
      sql`json_set(${s.tags}, ${path}, coalesce(json_extract(${s.tags}, ${path}), ${now()}))`,
      sql`${isKept} OR (SELECT count(*) FROM json_each(${s.tags})) < ${MAX_TAGS}`,
    )
    if (!declared)
      throw problem(409, `Site ${existing.site} has ${MAX_TAGS} tags, which is the most: remove one first.`, {
        field: 'name',
      })
    return c.json(await answerOf(c.env.DB, existing), 200, PRIVATE)
  })
  .delete('/:name', async c => {
    const existing = await existingSite(c.env, siteOf(c))
    const name = c.req.param('name')
    const path = `$.${name}`
    await checkUnused(existing, 'name', [name])
    const removed = await declare(
      c.env.DB,
      existing.site,
      sql`json_remove(${s.tags}, ${path})`,
      sql`json_type(${s.tags}, ${path}) IS NOT NULL`,
    )
    if (!removed) throw problem(404, `Site ${existing.site} declares no tag ${name}.`, { field: 'name' })
    return c.body(null, 204, PRIVATE)
  })

/**
 * Throws a 409 where a budget names a tag that is to be taken back, itself or by its segment: it would have no data from then on, and
 * nobody would be told. Key: (site).
 */
async function checkUnused(
  { site, d1 }: Existing,
  field: 'name' | 'tags',
  names: readonly string[],
): Promise<void> {
  const db = drizzle(d1)
  const { id, tag } = budgets
  const using = await db
    .select({ id, tag, filters: segments.filters })
    .from(budgets)
    .leftJoin(segments, and(eq(segments.site, site), eq(segments.id, budgets.segment)))
    .where(eq(budgets.site, site))
  for (const name of names) {
    const ids = using.flatMap(({ id, tag, filters }) => {
      const pairs = [tag ?? '', ...(filters?.tag ?? []), ...(filters?.['tag!'] ?? [])]
      return pairs.some(pair => tagPair(pair)?.[0] === `tag:${name}`) ? [id] : []
    })
    if (!ids.length) continue
    const detail = `Tag ${name} is used by budget ${ids.join(', ')}: change or delete that first.`
    throw problem(409, detail, { field })
  }
}

/** Sets the tags of a site; false where `condition` did not hold. Key: (id). */
async function declare(d1: D1Database, site: string, tags: SQL, condition = sql`true`): Promise<boolean> {
  const { meta } = await prepare(
    d1,
    sql`UPDATE ${s.table} SET ${s.tags} = ${tags} WHERE ${s.id} = ${site} AND (${condition})`,
  ).run()
  forgetSite(site)
  return meta.changes > 0
}

/** What is declared, and what was left out of late. Key: (site, hour). */
async function answerOf(directory: D1Database, { site, reads }: Existing): Promise<TagsAnswer> {
  const [tags, [dropped]] = await Promise.all([
    tagsOf(directory, site),
    drizzle(reads)
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
