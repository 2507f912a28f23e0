/**
 * The sites that may send beacons: `PUT /v1/sites/shop` makes or changes one, `DELETE` removes it and all that is
 * stored of it, `GET /v1/sites` lists them.
 */

import { and, eq, gte, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import * as v from 'valibot'
import { hourOf } from '../../schema/hour.ts'
import { SITE_NAME } from '../../schema/query.ts'
import { bots, type SiteRow, sites } from '../../schema/tables.ts'
import type { Hono as Types } from '../env.ts'
import { MAX_RATE } from '../ingest/control.ts'
import { badField, problem } from '../problem.ts'
import { forgetSite } from '../sites.ts'

const ORIGIN = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^(\*|https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?)$/,
    'must be * or an origin: https://shop.example, https://*.shop.example, http://localhost:*',
  ),
)
const whole = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )
const CHANGE = v.strictObject(
  {
    origins: v.pipe(
      v.array(ORIGIN, 'must be a list'),
      v.minLength(1, 'must hold at least one origin'),
      v.maxLength(50, 'must hold at most 50 origins'),
    ),
    rate: v.optional(
      v.pipe(
        v.number('must be a number'),
        v.check(
          rate => Number.isInteger(Math.log2(rate)) && rate >= 1 && rate <= MAX_RATE,
          `must be a power of two from 1 to ${MAX_RATE}`,
        ),
      ),
      1,
    ),
    rows_per_day: v.optional(whole(240, 100_000_000), 25_000),
    raw_days: v.optional(whole(1, 90), 14),
    hour_days: v.optional(whole(2, 400), 35),
    day_days: v.optional(whole(7, 3_700), 760),
  },
  issue => (issue.expected === 'never' ? 'is not known' : 'is missing'),
)

export const siteRoutes = new Hono<Types>()
  .get('/', async c => {
    const db = drizzle(c.env.DB)
    const dayAgo = hourOf(Date.now()) - 24
    const [rows, counts] = await Promise.all([
      db.select().from(sites).where(isNull(sites.deleted)).orderBy(sites.id),
      db
        .select({ site: bots.site, beacons: sql<number>`sum(${bots.beacons})` })
        .from(bots)
        .where(gte(bots.hour, dayAgo))
        .groupBy(bots.site),
    ])
    const data = rows.map(row => ({
      ...show(row),
      bot_beacons_24h: counts.find(({ site }) => site === row.id)?.beacons ?? 0,
    }))
    return c.json({ data }, 200, { 'Cache-Control': 'private, no-cache' })
  })
  .put('/:site', async c => {
    const name = v.safeParse(SITE_NAME, c.req.param('site'))
    if (!name.success) throw badField({ field: 'site', detail: name.issues[0].message })
    const body = await c.req.json().catch(() => {
      throw badField({ field: 'body', detail: 'is not JSON' })
    })
    const change = v.safeParse(CHANGE, body, { abortEarly: true })
    if (!change.success) {
      const [issue] = change.issues
      throw badField({ field: v.getDotPath(issue) ?? 'body', detail: issue.message })
    }
    const { origins, rate, rows_per_day, raw_days, hour_days, day_days } = change.output
    if (hour_days <= raw_days) throw badField({ field: 'hour_days', detail: 'must be more than raw_days' })
    if (day_days < hour_days) throw badField({ field: 'day_days', detail: 'must be at least hour_days' })
    const settings = {
      origins,
      rate,
      rowsPerDay: rows_per_day,
      rawDays: raw_days,
      hourDays: hour_days,
      dayDays: day_days,
    }
    const row = { id: name.output, ...settings, key: randomKey(), created: Date.now() }
    const [saved] = await drizzle(c.env.DB)
      .insert(sites)
      .values(row)
      .onConflictDoUpdate({ target: sites.id, set: settings, setWhere: isNull(sites.deleted) })
      .returning()
    if (!saved) throw problem(409, `Site ${name.output} is being deleted; try again when its rows are gone.`)
    forgetSite(name.output)
    return c.json(show(saved), saved.key === row.key ? 201 : 200, { 'Cache-Control': 'private, no-cache' })
  })
  .delete('/:site', async c => {
    const site = c.req.param('site')
    const [deleted] = await drizzle(c.env.DB)
      .update(sites)
      .set({ deleted: Date.now() })
      .where(and(eq(sites.id, site), isNull(sites.deleted)))
      .returning()
    if (!deleted) throw problem(404, `There is no site ${site} here.`, { field: 'site' })
    forgetSite(site)
    // Its rows go with the next runs of the cron, a bounded number each.
    return c.body(null, 202, { 'Cache-Control': 'private, no-cache' })
  })

/** A site without its secret. */
function show(site: SiteRow) {
  return {
    site: site.id,
    origins: site.origins,
    rate: site.rate,
    rows_per_day: site.rowsPerDay,
    raw_days: site.rawDays,
    hour_days: site.hourDays,
    day_days: site.dayDays,
    created: new Date(site.created).toISOString(),
  }
}

function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')
}
