/**
 * What a beacon or a question needs to know of a site: its name goes in, its settings and sampling rates come out,
 * from the isolate's memory where that is fresh.
 */

import type { SiteRow } from '../schema/tables.ts'
import { type RateChange, recentRates } from './ingest/rate.ts'
import { noSite } from './problem.ts'

/** A site with the sampling rates of the last hours, oldest first. */
export interface Site extends SiteRow {
  rates: RateChange[]
}

/** How long an isolate believes what it knows, in ms. Rates are announced longer before they begin. */
export const CACHE_MS = 20_000
/** How long it believes that there is no such site, in ms: soon after its creation it is found. */
const ABSENT_CACHE_MS = 5_000
/** How long it goes on with what it knew where D1 refuses or is silent, in ms, until it asks again. */
const STALE_MS = 5_000
/** How long it waits for D1 where it knows the site from before, in ms. */
const PATIENCE = 1_000
const CACHE_SIZE = 1_000

const cache = new Map<string, { site: Site | null; until: number }>()

/**
 * The site of that name; null where there is none, or it was deleted. While D1 is in trouble, a site is what it was:
 * beacons must not be lost because nobody can say whose they are.
 */
export async function findSite(d1: D1Database, name: string, now: number): Promise<Site | null> {
  const known = cache.get(name)
  if (known && known.until > now) return known.site
  const asked = lookUp(d1, name, now)
  if (!known?.site) return asked

  const silence = Promise.withResolvers<never>()
  const timer = setTimeout(() => silence.reject(new Error('D1 is silent')), PATIENCE)
  try {
    return await Promise.race([asked, silence.promise])
  } catch (error) {
    console.error(`site ${name} is taken for what it was`, error)
    known.until = now + STALE_MS
    return known.site
  } finally {
    clearTimeout(timer)
  }
}

/** True where this isolate has seen the site; asks nobody. */
export function isKnownSite(name: string): boolean {
  return cache.get(name)?.site != null
}

async function lookUp(d1: D1Database, name: string, now: number): Promise<Site | null> {
  const [found, rates] = await d1.batch<Record<string, unknown>>([
    d1.prepare('SELECT * FROM sites WHERE id = ?1 AND deleted IS NULL').bind(name),
    recentRates(d1, name, now),
  ])
  const row = found?.results[0]
  const site = row ? { ...toSite(row), rates: (rates?.results ?? []) as unknown as RateChange[] } : null
  if (cache.size >= CACHE_SIZE) cache.clear()
  cache.set(name, { site, until: now + (site ? CACHE_MS : ABSENT_CACHE_MS) })
  return site
}

/** The name, of a site that is there by what the database says now. Throws a 404 where there is none. */
export async function existingSite(d1: D1Database, name: string): Promise<string> {
  const found = await d1.prepare('SELECT id FROM sites WHERE id = ?1 AND deleted IS NULL').bind(name).first()
  if (!found) throw noSite(name)
  return name
}

/** Forgets a site that has just been changed here; other isolates learn of it within `CACHE_MS`. */
export function forgetSite(name: string): void {
  cache.delete(name)
}

/** Names of columns become those of the table; D1 answers a batch without Drizzle's mapping. */
function toSite(row: Record<string, unknown>): SiteRow {
  const { origins, rows_per_day, bytes_per_day, max_weight, raw_days, hour_days, day_days, ...same } = row
  return {
    ...same,
    origins: JSON.parse(String(origins)),
    rowsPerDay: rows_per_day,
    bytesPerDay: bytes_per_day,
    maxWeight: max_weight,
    rawDays: raw_days,
    hourDays: hour_days,
    dayDays: day_days,
  } as SiteRow
}
