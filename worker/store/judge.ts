/**
 * Whether a page view is kept: decided by the database, in the statement that stores it.
 *
 * It is judged by the highest rate in force from its begin until its beacon is stored, two hours later at most. That never
 * falls while beacons of the page view may come, and lots are nested: what was left out stays out. So a rate may rise at
 * once, and rows that were stored before it stand for themselves.
 *
 * Example: rate 1 from 9:00, 64 from 9:10:05. A page view began at 9:10:00. Its beacon of 9:10:04 is stored with weight 1. Had
 * it come at 9:10:06, it would be kept with a chance of 1 in 64, and weigh 64. A later beacon finds its row, or meets 64 again.
 *
 * The first beacon of a page view of last week meets the newest rate, too: it takes as much room as one of now. An importer's does not.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { pageviews, rates } from '../../schema/storage/tables.ts'
import { named } from './names.ts'
import { SETTLED } from './periods.ts'

const r = named(rates, 'r')
const b = named(rates, 'b')
const p = named(pageviews, 'p')
const { rate, since, site } = r
const SETTLED_MS = sql.raw(String(SETTLED))

/** A value of the beacon `q`. */
const of = (name: keyof Candidate) => sql.raw(`q.value ->> '${name}'`)

/** The newest rate, which judges what comes late. Key: (site, since). */
const NEWEST = sql`CASE WHEN ${of('imported')} THEN 1 ELSE coalesce((SELECT ${b.rate} FROM ${b.table}
  WHERE ${b.site} = ${of('site')} ORDER BY ${b.since} DESC LIMIT 1), 1) END`

/** The rate that judges the beacon `q`. Key: (site, since). */
const JUDGING = sql`max(coalesce(${of('oneIn')}, 1), ${NEWEST}, coalesce((SELECT max(${rate}) FROM ${r.table}
  WHERE ${site} = ${of('site')} AND ${since} <= (${of('began')}) + ${SETTLED_MS} AND ${since} >= coalesce(
    (SELECT max(${b.since}) FROM ${b.table} WHERE ${b.site} = ${of('site')} AND ${b.since} <= ${of('began')}), 0)), 1))`

/** The list of beacons that is bound, each with the rate that judges it: `value`, `one_in`. */
export const JUDGED = sql`j AS MATERIALIZED (SELECT q.value AS value,
  CASE WHEN ${of('draw')} IS NULL THEN 1 ELSE ${JUDGING} END AS one_in FROM json_each(${''}) AS q)`

/** Holds of a beacon `j` whose lot is kept. */
export const IS_DRAWN = sql`(coalesce(j.value ->> 'draw', 0) & (j.one_in - 1)) = 0`

/** Holds of a beacon `j` whose page view has a row. Key: (site, hour, id). */
export const HAS_ROW = sql`EXISTS (
  SELECT 1 FROM ${p.table} WHERE ${p.site} = j.value ->> 'site' AND ${p.id} = j.value ->> 'id'
    AND ${p.hour} IN ((j.value ->> 'hour') - 1, j.value ->> 'hour', (j.value ->> 'hour') + 1))`

/** Holds of a beacon `j` that is stored. */
export const IS_KEPT = sql`(${IS_DRAWN} OR ${HAS_ROW})`

/** The weight of its row. */
export const WEIGHT: SQL = sql.raw("(j.value ->> 'weight') * j.one_in")
