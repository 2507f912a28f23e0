/**
 * Deletes hours and days past a site's settings, and counts of beacons, a bounded number at a time. Every step can be
 * interrupted and goes on where it was. Raw rows are `expire`'s.
 *
 * Nothing is lost before it is rolled up: hours go only where their day is clean, which is sealed first, so that no late
 * beacon makes it dirty.
 */

import { type SQL, sql } from 'drizzle-orm'
import { HOUR, hourOf, MINUTE } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import * as tables from '../../schema/storage/tables.ts'
import { logError } from '../log.ts'
import { deleteFirst, purgeRows } from '../store/delete.ts'
import { type Names, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { ARCHIVE_STATEMENTS, archiveDay, purgeArchive } from './archive.ts'
import { dimensionsIn, ROLLUPS } from './dimensions.ts'
import { lenderOf } from './period-rows.ts'

const { deliveries, intake, pageviews, periods, rates, rollups, sites, traffic } = tables

/** Hours that rows past their days wait to be taken over by a new hour (`lenderOf`), which is rolled up some hours late. */
const LENT_WITHIN = 12
/** Days that counts of beacons for sites that do not exist are kept: as long as hours are, where nothing is set. */
const UNKNOWN_DAYS = 35
/** Hours that the counts of the sampling controller are kept. */
const TRAFFIC_HOURS = 48
/** A deleted site's rows wait this long, in ms, until every isolate has forgotten the site. */
const PURGE_DELAY = MINUTE

const period = named(periods)
const s = named(sites)
const d = named(periods, 'd')
const r = named(rollups, 'r')
const p = named(pageviews, 'p')
const before = named(rates, 'r')

/** Deletes what is past its time; answers the statements it took, at most `maxStatements`. */
export async function retain(
  d1: D1Database,
  site: Pick<tables.SiteRow, 'id' | 'rawDays' | 'hourDays' | 'dayDays'>,
  now: Ms,
  maxStatements: number,
  archive?: R2Bucket,
): Promise<number> {
  const { id } = site
  const hour = hourOf(now)
  const rawEnd = hour - site.rawDays * 24
  const hourEnd = Math.floor((hour - site.hourDays * 24) / 24) * 24
  const lastEnd = Math.floor((hour - site.dayDays * 24) / 24) * 24
  const dayEnd = archive ? await archived(archive, d1, id, lastEnd, maxStatements) : lastEnd
  const archiving = archive ? ARCHIVE_STATEMENTS : 0
  const steps = [
    sealDays(id, hourEnd),
    ...ROLLUPS.flatMap(rollup => [
      deleteRollups(rollup, id, 'hour', lenderOf(hour, site.hourDays) - LENT_WITHIN),
      deleteRollups(rollup, id, 'day', dayEnd),
    ]),
    // An hour is forgotten once neither its roll-up nor a raw row of it is left.
    deleteFirst(
      periods,
      id,
      t => sql`${t.tier} = 'hour' AND ${t.start} < ${hourEnd}
        AND NOT EXISTS (SELECT 1 FROM ${r.table} WHERE ${r.site} = ${id} AND ${r.tier} = 'hour' AND ${r.dimension} = 'all'
          AND ${r.start} = ${t.start})
        AND NOT EXISTS (SELECT 1 FROM ${p.table} WHERE ${p.site} = ${id} AND ${p.hour} = ${t.start})`,
    ),
    deleteFirst(periods, id, t => sql`${t.tier} = 'day' AND ${t.start} < ${dayEnd}`),
    deleteFirst(intake, id, t => sql`${t.hour} < ${hourEnd}`),
    deleteFirst(deliveries, id, t => sql`${t.hour} < ${hourEnd}`),
    deleteFirst(traffic, id, t => sql`${t.minute} < ${(hour - TRAFFIC_HOURS) * 60}`),
    // The last change before what is kept stays: it is the rate that was in force then.
    deleteFirst(
      rates,
      id,
      t => sql`${t.since} < (SELECT max(${before.since}) FROM ${before.table}
        WHERE ${before.site} = ${id} AND ${before.since} < ${rawEnd * HOUR})`,
    ),
  ].slice(0, Math.max(0, maxStatements - archiving))
  for (const step of steps) await prepare(d1, step).run()
  return archiving + steps.length
}

/** Files one day; answers the hour before which days may go. Those that are not filed stay. */
async function archived(
  archive: R2Bucket,
  d1: D1Database,
  site: string,
  end: Hour,
  maxStatements: number,
): Promise<Hour> {
  if (maxStatements < ARCHIVE_STATEMENTS) return 0
  try {
    return await archiveDay(archive, d1, site, end)
  } catch (error) {
    logError(`a day of site ${site} cannot be archived`, error)
    return 0
  }
}

/** Deletes old counts of beacons for sites that do not exist. Key: (site, hour). */
export async function retainUnknown(d1: D1Database, now: Ms): Promise<number> {
  const end = hourOf(now) - UNKNOWN_DAYS * 24
  await prepare(
    d1,
    deleteFirst(intake, '', t => sql`${t.hour} < ${end}`),
  ).run()
  return 1
}

/** A site that was deleted, and every database that may have rows of it. */
interface Deleted {
  id: string
  deleted: Ms
  /** It was moving: a database may still refuse to delete its rows. */
  fenced: boolean
  places: readonly D1Database[]
}

/** Deletes everything of a site that was deleted, and at last the site; answers the statements it took. */
export async function purgeSite(
  directory: D1Database,
  { id, deleted, fenced, places }: Deleted,
  now: Ms,
  archive?: R2Bucket,
): Promise<number> {
  if (now < deleted + PURGE_DELAY) return 0
  let taken = 0
  for (const d1 of places) {
    const purged = await purgeRows(d1, id, fenced)
    taken += purged.taken
    if (purged.left) return taken
  }
  if (archive && !(await purgeArchive(archive, id))) return taken
  const one = sql`DELETE FROM ${s.table} WHERE ${s.id} = ${id} AND ${s.deleted} IS NOT NULL`
  await prepare(directory, one).run()
  return taken + 1
}

/** Days whose hours are about to go. Key: (site, tier, start). */
function sealDays(site: string, end: Hour): SQL {
  return sql`UPDATE ${period.table} SET ${period.state} = 'sealed'
    WHERE ${period.site} = ${site} AND ${period.tier} = 'day' AND ${period.start} < ${end} AND ${period.state} = 'clean'`
}

/** The rows of one tier in every dimension; hours only of days that are sealed. Key: (site, tier, dimension, start). */
function deleteRollups(rollup: (typeof ROLLUPS)[number], site: string, tier: tables.Tier, end: Hour): SQL {
  const { table } = rollup
  const isSealed = (t: Names<typeof table>) => sql` AND EXISTS (SELECT 1 FROM ${d.table}
    WHERE ${d.site} = ${site} AND ${d.tier} = 'day' AND ${d.start} = ${t.start} / 24 * 24 AND ${d.state} = 'sealed')`
  return deleteFirst(
    table,
    site,
    t => sql`${t.tier} = ${tier} AND ${t.dimension} = n.value AND ${t.start} < ${end}
      ${tier === 'hour' ? isSealed(t) : NOTHING_MORE}`,
    sql`${dimensionsIn(rollup, site, tier)} AS n CROSS JOIN`,
  )
}

const NOTHING_MORE = sql.raw('')
