/**
 * The sites that may send beacons: `PUT /v1/sites/shop` makes or changes one, `GET /v1/sites` lists them, and
 * `findSite` is what a beacon asks.
 */

import { eq, gte, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import * as v from 'valibot'
import { SITE_NAME } from '../../schema/query.ts'
import { bots, type SiteRow, sites } from '../../schema/tables.ts'
import type { Env, Hono as Types } from '../env.ts'
import { badField } from '../problem.ts'

/** How long an isolate believes what it knows of a site, in ms. */
const CACHE_MS = 60_000
/** How long it believes that there is no such site, in ms: soon after its creation it is found. */
const ABSENT_CACHE_MS = 5_000
const CACHE_SIZE = 1_000

const MAX_RATE = 2 ** 20

const cache = new Map<string, { site: SiteRow | null; until: number }>()

const ORIGIN = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^(\*|https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?)$/,
    'must be * or an origin: https://shop.example, https://*.shop.example, http://localhost:*',
  ),
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
  },
  issue => (issue.expected === 'never' ? 'is not known' : 'is missing'),
)

export const siteRoutes = new Hono<Types>()
  .get('/', async c => {
    const db = drizzle(c.env.DB)
    const dayAgo = Math.floor(Date.now() / 3_600_000) - 24
    const [rows, counts] = await Promise.all([
      db.select().from(sites).orderBy(sites.id),
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
    const row = { id: name.output, ...change.output, key: randomKey(), created: Date.now() }
    const [saved] = await drizzle(c.env.DB)
      .insert(sites)
      .values(row)
      .onConflictDoUpdate({ target: sites.id, set: change.output })
      .returning()
    cache.delete(name.output)
    if (!saved) throw new Error('D1 returned no site')
    return c.json(show(saved), saved.key === row.key ? 201 : 200, { 'Cache-Control': 'private, no-cache' })
  })

/** The site of that name, from this isolate's memory where it is fresh; null where there is none. */
export async function findSite(env: Env, name: string, now: number): Promise<SiteRow | null> {
  const known = cache.get(name)
  if (known && known.until > now) return known.site
  const [site = null] = await drizzle(env.DB).select().from(sites).where(eq(sites.id, name)).limit(1)
  if (cache.size >= CACHE_SIZE) cache.clear()
  cache.set(name, { site, until: now + (site ? CACHE_MS : ABSENT_CACHE_MS) })
  return site
}

/** A site without its secret. */
function show({ id, origins, rate, created }: SiteRow) {
  return { site: id, origins, rate, created: new Date(created).toISOString() }
}

function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')
}
