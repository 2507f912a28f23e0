/** What is due: the sites of a run of the cron, what each has to do, and in which order they take turns. */

import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { Ms } from '../schema/domain/units.ts'
import { rates, type SiteRow, sites, type Tier } from '../schema/storage/tables.ts'
import { isWatched } from './budgets/watch.ts'
import { isPushed } from './formats/push.ts'
import { leftForLate } from './histogram/late.ts'
import { isUnderway } from './site/move.ts'
import { named } from './store/names.ts'
import { type Look, type Stale, staleDays, staleHours } from './store/periods.ts'
import { prepare } from './store/statement.ts'

/** Periods that a run looks at, of each tier. */
const MAX_DUE = 1_000
/** A step by which turns never fall into a rhythm, whatever the number of sites: each is soon among the first. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

const r = named(rates, 'r')

/** A site, and what it has to do beside roll-ups. */
export interface CronSite extends Omit<SiteRow, 'origins' | 'key' | 'maxWeight'> {
  /** The sampling rate announced last; null where none ever was. */
  announced: number | null
  /** A budget is due, or a message waits. */
  watched: 0 | 1
  /** A collector is due. */
  pushed: 0 | 1
}

export interface Turn {
  site: CronSite
  /** Hours and then days to roll up, the oldest first. */
  due: readonly Due[]
  /** Hours that page views came to late, and what may be spent on them, in rows. They come after all else that is due of all sites. */
  late: readonly Due[]
  leftForLate: number
  retains: boolean
}

export interface Due extends Stale {
  tier: Tier
}

/** All sites by name, those that are being deleted, too, and what each has to do. */
export function cronSites(d1: D1Database, now: Ms): Promise<CronSite[]> {
  const { origins, key, maxWeight, ...columns } = getTableColumns(sites)
  return drizzle(d1)
    .select({ ...columns, ...factsOf(named(sites, 'sites').id, now) })
    .from(sites)
    .orderBy(sites.id)
}

/** What the database in which its rows lie says of a site. */
function factsOf(site: SQL, now: Ms) {
  return {
    announced: sql<
      number | null
    >`(SELECT ${r.rate} FROM ${r.table} WHERE ${r.site} = ${site} ORDER BY ${r.since} DESC LIMIT 1)`,
    watched: isWatched(site, now),
    pushed: isPushed(site, now),
  }
}

/** The same sites, with what `d1` says of them. Keys: those of `factsOf`. */
export async function withFacts(d1: D1Database, all: readonly CronSite[], now: Ms): Promise<CronSite[]> {
  const { announced, watched, pushed } = factsOf(sql`j.value`, now)
  const { results } = await prepare(
    d1,
    sql`SELECT ${announced} AS announced, ${watched} AS watched, ${pushed} AS pushed
      FROM json_each(${JSON.stringify(all.map(({ id }) => id))}) AS j ORDER BY j.key`,
  ).all<Pick<CronSite, 'announced' | 'watched' | 'pushed'>>()
  return all.map((site, i) => ({ ...site, ...results[i] }))
}

/**
 * The sites that have something to do, in the order of this run. One run in `every` looks for what is old of a site; those that do
 * come first, since it is much.
 */
export async function turnsOf(
  d1: D1Database,
  all: readonly CronSite[],
  now: Ms,
  run: number,
  every: number,
): Promise<Turn[]> {
  const living = all.filter(site => site.deleted === null && !isUnderway(site))
  const retaining = new Set(living.filter((_, i) => (run - i) % every === 0).map(({ id }) => id))
  const looks = Object.fromEntries(
    living.map(({ id }): [string, Look] => [id, retaining.has(id) ? 'all' : 'new']),
  )
  const stale = [
    ...(await staleHours(d1, looks, now, MAX_DUE)).map(hour => ({ ...hour, tier: 'hour' as const })),
    ...(await staleDays(d1, looks, now, MAX_DUE)).map(day => ({ ...day, tier: 'day' as const })),
  ]
  // A day is not kept waiting: it comes once after its hours, and the hours behind it go only then.
  const waits = ({ tier, late }: Due) => tier === 'hour' && late === 1
  const bySite = (those: readonly Due[]) => Map.groupBy(those, ({ site }) => site)
  const [due, waiting] = [bySite(stale.filter(one => !waits(one))), bySite(stale.filter(waits))]
  const left = await leftForLate(
    d1,
    living.filter(({ id }) => waiting.has(id)),
    now,
  )
  const first = Math.floor(((run * GOLDEN) % 1) * all.length)
  const turns = [...all.slice(first), ...all.slice(0, first)].map(site => {
    const leftForLate = left.get(site.id) ?? 0
    const late = leftForLate > 0 ? (waiting.get(site.id) ?? []) : []
    return { site, due: due.get(site.id) ?? [], late, leftForLate, retains: retaining.has(site.id) }
  })
  return turns
    .filter(({ site, due, late, retains }) => due.length || late.length || retains || hasMore(site))
    .sort((a, b) => Number(b.retains) - Number(a.retains))
}

/** True where there is something to do beside roll-ups. */
function hasMore(site: CronSite): boolean {
  return (
    site.deleted !== null ||
    site.moving !== null ||
    site.watched === 1 ||
    site.pushed === 1 ||
    isSampledTooMuch(site)
  )
}

/** True where the sampling rate may fall. */
export function isSampledTooMuch({ announced, rate }: CronSite): boolean {
  return announced !== null && announced > rate
}
