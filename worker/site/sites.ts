/**
 * What a beacon or a question needs to know of a site: its settings and sampling rates, from the isolate's memory where
 * that is fresh.
 */

import { and, eq, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { MINUTE, SECOND } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { rules, type SiteRow, sites } from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import { remember } from '../memory.ts'
import { spared } from '../overload.ts'
import { noSite } from '../problem.ts'
import { named, selected } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { boundAs, type Databases, databaseOf, readDatabaseOf } from './database.ts'
import { type RateChange, recentRates } from './rates.ts'

/** A site with the sampling rates of the last hours, oldest first. */
export interface Site extends SiteRow {
  rates: RateChange[]
  /** The JSON of its naming rules; null where it never had any. */
  naming: string | null
}

/** How long an isolate believes what it knows, in ms. Rates are announced longer before they begin. */
export const SITE_CACHE = 20 * SECOND
/** How long it believes that there is no such site, in ms: soon after its creation it is found. */
const ABSENT_CACHE = 5 * SECOND
/** How long it goes on with what it knew where D1 refuses or is silent, in ms, until it asks again. */
const STALE_CACHE = 5 * SECOND
/** How long it waits for D1 where it knows the site from before, in ms. */
const LOOK_UP_TIMEOUT = SECOND
/**
 * How long an isolate leaves out beacons by a rate that it remembers, in ms, without asking again: at 1 of 65,536, D1 would have
 * nothing to do but answer that.
 */
const LEAVING_OUT_CACHE = 4 * MINUTE
/** Sites, and names that are none, that it remembers. */
const MAX_REMEMBERED = 1_000

const s = named(sites)
const r = named(rules, 'r')
/** The site, and the naming rules that were set last. Key of the second: (site, since). */
const COLUMNS = sql`${selected(sites)}, (SELECT ${r.naming} FROM ${r.table} WHERE ${r.site} = id
  ORDER BY ${r.since} DESC LIMIT 1) AS naming`

/** A row as D1 answers it: its lists are still texts. */
type StoredSite = Omit<SiteRow, 'origins' | 'tags'> & {
  origins: string
  tags: string
  naming: string | null
  rates: string
}

const known = new Map<string, { site: Site; until: number }>()
/** Names that are no site's, and until when that is believed. Apart from the sites, which a flood of names must not push out. */
const absent = new Map<string, number>()

/**
 * The site of that name; null where there is none, or it was deleted. While D1 is in trouble, a site is what it was:
 * beacons must not be lost because nobody can say whose they are.
 */
export async function findSite(databases: Databases, name: string, now: Ms): Promise<Site | null> {
  const before = known.get(name)
  if (before && before.until > now) return before.site
  if (isAbsent(name, now)) return null
  const asked = lookUp(databases, name, now)
  if (!before) return asked

  const silence = Promise.withResolvers<never>()
  const timer = setTimeout(() => silence.reject(new Error('D1 is silent')), LOOK_UP_TIMEOUT)
  try {
    return await Promise.race([asked, silence.promise])
  } catch (error) {
    logError(`site ${name} is taken for what it was`, error)
    before.until = now + STALE_CACHE * spared(databases.DB, now)
    return before.site
  } finally {
    clearTimeout(timer)
  }
}

/** The site as this isolate remembers it, to leave beacons out by; null where that is too old. Asks nobody. */
export function rememberedSite(name: string, now: Ms): Site | null {
  const before = known.get(name)
  return before && now < before.until - SITE_CACHE + LEAVING_OUT_CACHE ? before.site : null
}

/** What this isolate knows of the site is out of date: D1 is asked at the next beacon. */
export function staleSite(name: string): void {
  const before = known.get(name)
  if (before) before.until = 0
}

/** True where this isolate has seen the site; asks nobody. */
export function isKnownSite(name: string): boolean {
  return known.has(name)
}

/** True where this isolate need not ask whether there is such a site. */
export function isRemembered(name: string, now: Ms): boolean {
  return known.has(name) || isAbsent(name, now)
}

function isAbsent(name: string, now: Ms): boolean {
  return (absent.get(name) ?? 0) > now
}

async function lookUp(databases: Databases, name: string, now: Ms): Promise<Site | null> {
  const { DB } = databases
  // Each beacon of a quiet site comes here, in a cold isolate. By Drizzle's builder the first took 5 to 9 ms of CPU there, of the
  // 10 that the free plan allows; by names it took 1 to 3 (measured in Node 24).
  const row = await prepare(
    DB,
    sql`SELECT ${COLUMNS}, (SELECT json_group_array(json_object('since', since, 'rate', rate)) FROM (${recentRates(name, now)})) AS rates
      FROM ${s.table} WHERE ${s.id} = ${name} AND ${s.deleted} IS NULL`,
  ).first<StoredSite>()
  if (!row) {
    known.delete(name)
    remember(absent, name, now + ABSENT_CACHE, MAX_REMEMBERED)
    return null
  }
  // Rates lie with the rows, where the statement that stores a beacon reads them.
  const d1 = databaseOf(databases, row)
  const rates: RateChange[] =
    d1 === DB ? JSON.parse(row.rates) : (await prepare(d1, recentRates(name, now)).all<RateChange>()).results
  const site = {
    ...row,
    origins: JSON.parse(row.origins),
    tags: JSON.parse(row.tags),
    rates: rates.sort((one, other) => one.since - other.since),
  }
  remember(known, name, { site, until: now + SITE_CACHE }, MAX_REMEMBERED)
  return site
}

/** A site's name, and its databases. */
export interface Existing {
  site: string
  /** Where its settings lie, and what comes is written. */
  d1: D1Database
  /** Where its figures are read. */
  reads: D1Database
}

/** A site that is there by what the directory says now. Throws a 404 where there is none. */
export async function existingSite(databases: Databases, name: string): Promise<Existing> {
  const { id, database, moving, other } = sites
  const [found] = await drizzle(databases.DB)
    .select({ id, database, moving, other })
    .from(sites)
    .where(and(eq(sites.id, name), isNull(sites.deleted)))
  if (!found) throw noSite(name)
  return { site: name, d1: databaseOf(databases, found), reads: readDatabaseOf(databases, found) }
}

/** Where a site's rows lie as this isolate remembers it: `DB` where it knows nothing. Undefined where that is not bound. */
export function rememberedDatabase(databases: Databases, name: string): D1Database | undefined {
  return boundAs(databases, known.get(name)?.site.database ?? 'DB')
}

/** Forgets a site that has just been changed here; other isolates learn of it within `SITE_CACHE`. */
export function forgetSite(name: string): void {
  known.delete(name)
  absent.delete(name)
}
