/**
 * The sites that may send beacons: `PUT /v1/sites/shop` makes one or replaces its settings, `PATCH` changes some of
 * them, `DELETE` removes it and all that is stored of it, `GET` shows it; `GET /v1/sites` lists those of the caller.
 */

import { and, eq, gte, isNull, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { SITE_NAME } from '../../schema/api/fields.ts'
import {
  SITE_CHANGE,
  SITE_SETTINGS,
  type SiteAnswer,
  type SiteSaved,
  type SitesAnswer,
} from '../../schema/api/site.ts'
import { hourOf } from '../../schema/domain/hour.ts'
import { intake, type SiteRow, sites } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { entityTag, isAny, namesTag, PRIVATE } from '../headers.ts'
import { logError } from '../log.ts'
import { checkPath, pathAlone } from '../parameters.ts'
import { badField, noSite, problem } from '../problem.ts'
import {
  bindingsOf,
  boundAs,
  type Databases,
  databaseOf,
  readBindingOf,
  requireBound,
  requireMigrated,
} from '../site/database.ts'
import { forgetSite } from '../site/sites.ts'
import { hasLeft } from '../store/delete.ts'
import { says } from '../store/limited.ts'
import { requireAdmin, requireSite } from './access.ts'
import { readJson } from './body.ts'
import { deployRoutes } from './deploy-routes.ts'
import { moveRoutes } from './move-routes.ts'
import { randomHex } from './secret.ts'
import { changesOf, checkDays, DAYS, deletedBefore, show, toColumns, toSettings } from './site-settings.ts'
import { tokenRoutes } from './token-routes.ts'

export const siteRoutes = new Hono<Types>()
  .get('/', async c => {
    const caller = c.get('caller')
    if (caller.role === 'reader') requireSite(c, caller.site)
    checkPath(c)
    const answer: SitesAnswer = {
      data: await listSites(c.env, caller.role === 'reader' ? caller.site : null),
    }
    return c.json(answer, 200, PRIVATE)
  })
  .get('/:site', async c => {
    const site = c.req.param('site')
    requireSite(c, site)
    checkPath(c)
    const [answer] = await listSites(c.env, site)
    if (!answer) throw noSite(site)
    const { bot_beacons_24h: _, ...saved } = answer
    return c.json(answer, 200, { ...PRIVATE, ETag: await tagOf(saved) })
  })
  // Whatever is added below is the admin's.
  .use('/*', requireAdmin, pathAlone)
  .put('/:site', async c => {
    const name = v.safeParse(SITE_NAME, c.req.param('site'))
    if (!name.success) throw badField({ field: 'site', detail: name.issues[0].message })
    const { database, ...given } = await readJson(c, SITE_SETTINGS)
    const settings = toColumns(checkDays(given))
    requireBound(c.env, 'database', database)
    if (database !== undefined) await requireRoom(c.env, name.output, database)
    const row = { id: name.output, ...settings, database, key: randomHex(16), created: Date.now() }
    const insert = drizzle(c.env.DB).insert(sites).values(row)
    if (isAny(c.req.header('If-None-Match'))) {
      const [made] = await insert.onConflictDoNothing().returning()
      if (!made) throw await notMade(c, name.output)
      return showSaved(c, made, 201)
    }
    const asRead = await checkMatch(c, name.output)
    const isPlaced = database === undefined ? undefined : eq(sites.database, database)
    const [saved] = await insert
      .onConflictDoUpdate({
        target: sites.id,
        set: { ...settings, ...deletedBefore(settings, row.created) },
        setWhere: sql`${and(isNull(sites.deleted), isPlaced, asRead)}`,
      })
      .returning()
    if (!saved) throw await notReplaced(c, name.output)
    return showSaved(c, saved, saved.key === row.key ? 201 : 200)
  })
  .patch('/:site', async c => {
    const site = c.req.param('site')
    const change = await readJson(c, SITE_CHANGE)
    const asRead = await checkMatch(c, site)
    const before = await siteRow(c, site)
    if (!before) throw noSite(site)
    const changes = changesOf(before, checkDays({ ...toSettings(before), ...change }))
    if (!Object.keys(changes).length) return showSaved(c, before, 200)
    // What stays as it is may be changed by another at the same time; the days that were checked together may not.
    const asChecked = and(isThere(site), asRead, ...DAYS.map(name => eq(sites[name], before[name])))
    const kept = deletedBefore({ ...before, ...changes }, Date.now())
    const [saved] = await drizzle(c.env.DB)
      .update(sites)
      .set({ ...changes, ...kept })
      .where(asChecked)
      .returning()
    if (!saved) throw problem(409, `Site ${site} was changed at the same time. Try again.`)
    return showSaved(c, saved, 200)
  })
  .delete('/:site', async c => {
    const site = c.req.param('site')
    const asRead = await checkMatch(c, site)
    const [deleted] = await drizzle(c.env.DB)
      .update(sites)
      .set({ deleted: Date.now() })
      .where(and(isThere(site), asRead))
      .returning()
    if (!deleted) {
      await checkMatch(c, site)
      throw noSite(site)
    }
    forgetSite(site)
    // Its rows go with the next runs of the cron, a bounded number each.
    return c.body(null, 202, PRIVATE)
  })
  .route('/:site/move', moveRoutes)
  .route('/:site/tokens', tokenRoutes)
  .route('/:site/deploys', deployRoutes)

/** Throws where a site that is not there yet cannot lie in the database: it is not migrated, or holds rows of one of that name. */
async function requireRoom(databases: Databases, name: string, database: string): Promise<void> {
  const [known] = await drizzle(databases.DB).select({ id: sites.id }).from(sites).where(eq(sites.id, name))
  if (known) return
  await requireMigrated(databases, 'database', database)
  if (!(await hasLeft(databaseOf(databases, { id: name, database }), name))) return
  const detail = `${database} holds rows of an earlier site ${name}. Add the site without database, and move it to ${database}: that deletes them.`
  throw problem(409, detail, { field: 'database' })
}

/** Why no site was made. */
async function notMade(c: Context<Types>, name: string) {
  return (await siteRow(c, name)) ? exists(name) : beingDeleted(name)
}

/** Why the settings of a site that is there were not replaced. */
async function notReplaced(c: Context<Types>, name: string) {
  await checkMatch(c, name)
  const there = await siteRow(c, name)
  return there
    ? problem(409, `Site ${name} lies in ${there.database}: move it by POST /v1/sites/${name}/move.`, {
        field: 'database',
      })
    : beingDeleted(name)
}

async function siteRow(c: Context<Types>, name: string): Promise<SiteRow | undefined> {
  return (await drizzle(c.env.DB).select().from(sites).where(isThere(name)))[0]
}

function isThere(name: string) {
  return and(eq(sites.id, name), isNull(sites.deleted))
}

/**
 * Checks `If-Match` and `If-None-Match`: throws a 412 where they do not hold. Answers the condition that the settings are still those
 * that `If-Match` named.
 */
async function checkMatch(c: Context<Types>, name: string): Promise<SQL | undefined> {
  const [wanted, unwanted] = [c.req.header('If-Match'), c.req.header('If-None-Match')]
  if (wanted === undefined && unwanted === undefined) return undefined
  const row = await siteRow(c, name)
  if (!row && wanted !== undefined) throw problem(412, `There is no site ${name}.`, { field: 'site' })
  if (!row) return undefined
  const tag = await tagOf(show(row))
  if (wanted !== undefined && !namesTag(wanted, tag))
    throw problem(412, `Site ${name} has changed. Read it again: If-Match names the settings of before.`)
  if (namesTag(unwanted, tag)) throw exists(name)
  return wanted === undefined || isAny(wanted) ? undefined : says(sites, toColumns(toSettings(row)))
}

function exists(name: string) {
  return problem(412, `Site ${name} exists already.`, { field: 'site' })
}

function tagOf(saved: SiteSaved): Promise<string> {
  return entityTag(JSON.stringify(saved))
}

function beingDeleted(name: string) {
  return problem(409, `Site ${name} is being deleted; try again when its rows are gone.`, { field: 'site' })
}

/** All sites by name, or the one of that name, with the bots of the last day. */
async function listSites(databases: Databases, only: string | null): Promise<SiteAnswer[]> {
  const [rows, ...counts] = await Promise.all([
    drizzle(databases.DB)
      .select()
      .from(sites)
      .where(and(isNull(sites.deleted), only === null ? undefined : eq(sites.id, only)))
      .orderBy(sites.id),
    ...bindingsOf(databases).map(name => botsIn(databases, name, only)),
  ])
  return rows.map(row => ({
    ...show(row),
    bot_beacons_24h: counts.find(({ name }) => name === readBindingOf(row))?.bots.get(row.id) ?? 0,
  }))
}

/** Beacons of bots in the last day, by site, as one database counts them. Where another than `DB` is in trouble, none are known. */
async function botsIn(databases: Databases, name: string, only: string | null) {
  const found = drizzle(boundAs(databases, name) ?? databases.DB)
    .select({ site: intake.site, beacons: sql<number>`sum(${intake.bots})` })
    .from(intake)
    .where(and(gte(intake.hour, hourOf(Date.now()) - 24), only === null ? undefined : eq(intake.site, only)))
    .groupBy(intake.site)
  const rows = await found.catch((error: unknown) => {
    if (name === 'DB') throw error
    logError(`database ${name} does not say how many bots came`, error)
    return []
  })
  return { name, bots: new Map(rows.map(({ site, beacons }) => [site, beacons])) }
}

/** Answers the site as it is now, and forgets what this isolate knew of it. */
async function showSaved(c: Context<Types>, saved: SiteRow, status: 200 | 201): Promise<Response> {
  forgetSite(saved.id)
  const answer = show(saved)
  return c.json(answer, status, { ...PRIVATE, ETag: await tagOf(answer) })
}
