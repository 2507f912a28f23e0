/**
 * What a beacon must pass before it is read, cheapest check first.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { SITE_NAME } from '../../schema/api/fields.ts'
import { SECOND } from '../../schema/domain/hour.ts'
import { isAllowed } from '../../schema/domain/origins.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { MAX_BYTES } from '../../schema/wire/beacon.ts'
import { isAdmin } from '../admin/access.ts'
import { within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { noteRefusal, spared } from '../overload.ts'
import { badField, databaseRefused, noSite, notTaken, problem } from '../problem.ts'
import { findSite, isRemembered, rememberedSite, type Site } from '../site/sites.ts'
import { addressOf } from './address.ts'
import { leastToCome } from './control.ts'
import { guessedRight, isWithinLimit, mayGuess } from './limit.ts'

/** How long a beacon waits for D1, at each step, until it is answered with a 503, in ms. */
export const D1_TIMEOUT = 2 * SECOND

export interface Admitted {
  site: Site
  /** Sent with the admin token: by an importer or a load test, not by a stranger's browser. */
  trusted: boolean
  /** False for a site as it was some minutes ago: good enough to leave beacons out by, and no more. */
  fresh: boolean
}

/** Checks length, content type, rate limit, site and origin; throws the problem, with CORS headers where due. */
export async function admit(c: Context<Hono>, now: Ms): Promise<Admitted> {
  checkForm(c)
  const name = siteNameIn(c)
  const trusted = await isTrusted(c)
  const { site, fresh } = trusted
    ? { site: await freshSite(c, name, now), fresh: true }
    : await admitStranger(c, name, now)
  const origin = c.req.header('Origin')
  if (origin) c.header('Access-Control-Allow-Origin', origin)
  return { site, trusted, fresh }
}

/** Checks what the headers say of the body. */
function checkForm(c: Context<Hono>): void {
  if (Number(c.req.header('Content-Length') ?? 0) > MAX_BYTES)
    throw problem(413, `A beacon is at most ${MAX_BYTES} bytes long.`, { field: 'body' })
  const type = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  if (type && type !== 'text/plain' && type !== 'application/json') {
    throw problem(415, `A beacon is text/plain or application/json, not ${type}.`)
  }
}

function siteNameIn(c: Context<Hono>): string {
  const name = v.safeParse(SITE_NAME, c.req.query('site'))
  if (name.success) return name.output
  throw badField({ field: 'site', detail: name.issues[0].message })
}

/** True with the admin token; any other is refused. */
async function isTrusted(c: Context<Hono>): Promise<boolean> {
  if (c.req.header('Authorization') === undefined) return false
  if (await isAdmin(c)) return true
  throw problem(401, 'This is not the admin token; a browser sends none at all.')
}

/** The site that a browser sends for, within what its address may do and from a page of that site. */
async function admitStranger(c: Context<Hono>, name: string, now: Ms): Promise<Omit<Admitted, 'trusted'>> {
  const address = addressOf(c.req.header('CF-Connecting-IP'))
  const isGuess = !isRemembered(name, now)
  if (isGuess && !mayGuess(address, now))
    throw tooMany('Too many unknown sites were asked for by this address.')
  // Chance decides here: without the site's key, no lot can be drawn.
  if (isGuess && Math.random() * spared(c.env.DB, now) > 1) throw notTaken()
  const before = rememberedSite(name, now)
  const fresh = !before || leastToCome(before, now) === 1
  const site = fresh ? await freshSite(c, name, now) : before
  if (isGuess) guessedRight(address)
  if (!(await isWithinLimit(c.env.BEACON_LIMIT, site.id, address, now)))
    throw tooMany('Too many beacons from this address.')
  checkOrigin(c, site)
  return { site, fresh }
}

/** The site as it is now, or was a moment ago. */
export async function freshSite(c: Context<Hono>, name: string, now: Ms): Promise<Site> {
  const site = await within(D1_TIMEOUT, findSite(c.env, name, now)).catch(error => {
    noteRefusal(c.env.DB, error, Date.now())
    throw databaseRefused(error)
  })
  if (!site) throw noSite(name)
  return site
}

/** A browser's beacon comes from a page of the site. */
export function checkOrigin(c: Context<Hono>, { id, origins }: Site): void {
  const origin = c.req.header('Origin')
  if (isAllowed(origins, origin)) return
  throw problem(403, `Site ${id} takes no beacons from ${origin ?? 'a request without Origin'}.`)
}

/** The 429 of an address that has sent more than it may. */
export function tooMany(detail: string) {
  return problem(429, detail, { headers: { 'Retry-After': '60' } })
}
