/**
 * What a beacon or a question needs to know of a site: its name goes in, its settings and sampling rates come out,
 * from the isolate's memory where that is fresh.
 */

import type { SiteRow } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'
import { noSite } from '../problem.ts'
import { type RateChange, recentRates } from './rates.ts'

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

const sites = new Map<string, { site: Site; until: number }>()
/** Names that are no site's, and until when that is believed. Apart from the sites, which a flood of names must not push out. */
const absent = new Map<string, number>()

/**
 * The site of that name; null where there is none, or it was deleted. While D1 is in trouble, a site is what it was:
 * beacons must not be lost because nobody can say whose they are.
 */
export async function findSite(d1: D1Database, name: string, now: number): Promise<Site | null> {
  const known = sites.get(name)
  if (known && known.until > now) return known.site
  if (isAbsent(name, now)) return null
  const asked = lookUp(d1, name, now)
  if (!known) return asked

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
  return sites.has(name)
}

/** True where this isolate need not ask whether there is such a site. */
export function isRemembered(name: string, now: number): boolean {
  return sites.has(name) || isAbsent(name, now)
}

function isAbsent(name: string, now: number): boolean {
  return (absent.get(name) ?? 0) > now
}

async function lookUp(d1: D1Database, name: string, now: number): Promise<Site | null> {
  const [found, rates] = await d1.batch<Record<string, unknown>>([
    d1.prepare('SELECT * FROM sites WHERE id = ?1 AND deleted IS NULL').bind(name),
    recentRates(d1, name, now),
  ])
  const row = found?.results[0]
  if (!row) {
    sites.delete(name)
    remember(absent, name, now + ABSENT_CACHE_MS, CACHE_SIZE)
    return null
  }
  const site = { ...toSite(row), rates: (rates?.results ?? []) as unknown as RateChange[] }
  remember(sites, name, { site, until: now + CACHE_MS }, CACHE_SIZE)
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
  sites.delete(name)
  absent.delete(name)
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
