/**
 * The sites that may send beacons: `PUT /v1/sites/shop` makes one or replaces its settings, `PATCH` changes some of
 * them, `DELETE` removes it and all that is stored of it, `GET` shows it; `GET /v1/sites` lists those of the caller.
 */

import { and, type Column, eq, gte, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { SITE_NAME } from '../../schema/api/fields.ts'
import {
  SITE_CHANGE,
  SITE_SETTINGS,
  type SiteAnswer,
  type SiteSaved,
  type SiteSettings,
  type SitesAnswer,
} from '../../schema/api/site.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { intake, type SiteRow, sites } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { logError } from '../log.ts'
import { checkPath, pathAlone } from '../parameters.ts'
import { badField, noSite, problem } from '../problem.ts'
import { bindingsOf, boundAs, type Databases, readBindingOf, requireBound } from '../site/database.ts'
import { forgetSite } from '../site/sites.ts'
import { requireAdmin, requireSite } from './access.ts'
import { readJson } from './body.ts'
import { deployRoutes } from './deploy-routes.ts'
import { moveRoutes } from './move-routes.ts'
import { randomHex } from './secret.ts'
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
    return c.json(answer, 200, PRIVATE)
  })
  // Whatever is added below is the admin's.
  .use('/*', requireAdmin, pathAlone)
  .put('/:site', async c => {
    const name = v.safeParse(SITE_NAME, c.req.param('site'))
    if (!name.success) throw badField({ field: 'site', detail: name.issues[0].message })
    const { database, ...given } = await readJson(c, SITE_SETTINGS)
    const settings = toColumns(checkDays(given))
    requireBound(c.env, 'database', database)
    const row = { id: name.output, ...settings, database, key: randomHex(16), created: Date.now() }
    const insert = drizzle(c.env.DB).insert(sites).values(row)
    if (c.req.header('If-None-Match') === '*') {
      const [made] = await insert.onConflictDoNothing().returning()
      if (!made) throw await notMade(c, name.output)
      return showSaved(c, made, 201)
    }
    const isPlaced = database === undefined ? sql`true` : eq(sites.database, database)
    const [saved] = await insert
      .onConflictDoUpdate({
        target: sites.id,
        set: { ...settings, ...deletedBefore(settings, row.created) },
        setWhere: sql`${sites.deleted} IS NULL AND ${isPlaced}`,
      })
      .returning()
    if (!saved) throw await notReplaced(c, name.output)
    return showSaved(c, saved, saved.key === row.key ? 201 : 200)
  })
  .patch('/:site', async c => {
    const site = c.req.param('site')
    const change = await readJson(c, SITE_CHANGE)
    const db = drizzle(c.env.DB)
    const there = and(eq(sites.id, site), isNull(sites.deleted))
    const [before] = await db.select().from(sites).where(there)
    if (!before) throw noSite(site)
    const changes = changesOf(before, checkDays({ ...toSettings(before), ...change }))
    if (!Object.keys(changes).length) return showSaved(c, before, 200)
    // What stays as it is may be changed by another at the same time; the days that were checked together may not.
    const asChecked = and(there, ...DAYS.map(name => eq(sites[name], before[name])))
    const kept = deletedBefore({ ...before, ...changes }, Date.now())
    const [saved] = await db
      .update(sites)
      .set({ ...changes, ...kept })
      .where(asChecked)
      .returning()
    if (!saved) throw problem(409, `Site ${site} was changed at the same time. Try again.`)
    return showSaved(c, saved, 200)
  })
  .delete('/:site', async c => {
    const site = c.req.param('site')
    const [deleted] = await drizzle(c.env.DB)
      .update(sites)
      .set({ deleted: Date.now() })
      .where(and(eq(sites.id, site), isNull(sites.deleted)))
      .returning()
    if (!deleted) throw noSite(site)
    forgetSite(site)
    // Its rows go with the next runs of the cron, a bounded number each.
    return c.body(null, 202, PRIVATE)
  })
  .route('/:site/move', moveRoutes)
  .route('/:site/tokens', tokenRoutes)
  .route('/:site/deploys', deployRoutes)

/** Why no site was made. */
async function notMade(c: Context<Types>, name: string) {
  return (await siteRow(c, name))
    ? problem(412, `Site ${name} exists already.`, { field: 'site' })
    : beingDeleted(name)
}

/** Why the settings of a site that is there were not replaced. */
async function notReplaced(c: Context<Types>, name: string) {
  const there = await siteRow(c, name)
  return there
    ? problem(409, `Site ${name} lies in ${there.database}: move it by POST /v1/sites/${name}/move.`, {
        field: 'database',
      })
    : beingDeleted(name)
}

async function siteRow(c: Context<Types>, name: string): Promise<SiteRow | undefined> {
  const there = and(eq(sites.id, name), isNull(sites.deleted))
  return (await drizzle(c.env.DB).select().from(sites).where(there))[0]
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
function showSaved(c: Context<Types>, saved: SiteRow, status: 200 | 201): Response {
  forgetSite(saved.id)
  return c.json(show(saved), status, PRIVATE)
}

type Settings = Omit<SiteSettings, 'database'>
const DAYS = ['rawDays', 'hourDays', 'dayDays'] as const

/**
 * Since when each kind is there, once `settings` hold: what its days have had deleted does not come back when they are raised. Of
 * columns, as they were before.
 */
function deletedBefore(settings: Pick<SiteRow, (typeof DAYS)[number]>, now: Ms) {
  const since = (from: Column, name: (typeof DAYS)[number]) =>
    sql`max(${from}, iif(${settings[name]} > ${sites[name]}, CAST(${hourOf(now) * HOUR} AS INTEGER) - ${sites[name]} * ${sql.raw(String(DAY))}, 0))`
  return {
    rawFrom: since(sites.rawFrom, 'rawDays'),
    hourFrom: since(sites.hourFrom, 'hourDays'),
    dayFrom: since(sites.dayFrom, 'dayDays'),
  }
}

function checkDays(settings: Settings): Settings {
  const { raw_days, hour_days, day_days } = settings
  if (hour_days <= raw_days) throw badField({ field: 'hour_days', detail: 'must be more than raw_days' })
  if (day_days < hour_days) throw badField({ field: 'day_days', detail: 'must be at least hour_days' })
  return settings
}

/** A site without its secret. */
function show(row: SiteRow): SiteSaved {
  return {
    site: row.id,
    ...toSettings(row),
    database: row.database,
    ...(row.moving && row.other && { moving: { phase: row.moving, other: row.other } }),
    created: new Date(row.created).toISOString(),
  }
}

function toSettings(row: SiteRow): Settings {
  return {
    origins: row.origins,
    rate: row.rate,
    rows_per_day: row.rowsPerDay,
    bytes_per_day: row.bytesPerDay,
    max_weight: row.maxWeight,
    raw_days: row.rawDays,
    hour_days: row.hourDays,
    day_days: row.dayDays,
    trace_link: row.traceLink,
  }
}

function toColumns(settings: Settings) {
  const {
    origins,
    rate,
    rows_per_day,
    bytes_per_day,
    max_weight,
    raw_days,
    hour_days,
    day_days,
    trace_link,
  } = settings
  return {
    origins,
    rate,
    rowsPerDay: rows_per_day,
    bytesPerDay: bytes_per_day,
    maxWeight: max_weight,
    rawDays: raw_days,
    hourDays: hour_days,
    dayDays: day_days,
    traceLink: trace_link,
  }
}

/** Those columns that are to be other than they are. */
function changesOf(before: SiteRow, settings: Settings) {
  const entries = Object.entries(toColumns(settings))
  return Object.fromEntries(
    entries.filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof SiteRow]),
    ),
  )
}
