/**
 * Page views that were stored before come back as they were: from an export, into this database or another.
 *
 * A page view that is here stays as it is, unless what comes has heard a later beacon: then that replaces it. So importing
 * twice changes nothing.
 */

import { getTableColumns, sql } from 'drizzle-orm'
import { hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { type PageViewRow, pageviews, periods } from '../../schema/storage/tables.ts'
import { keyOf, listed, named } from './names.ts'
import { markUndone } from './periods.ts'
import { prepare } from './statement.ts'

const t = named(pageviews)
const p = named(pageviews, 'p')
const sent = named(pageviews, 'excluded')
const s = named(periods, 's')
const NAMES = Object.keys(getTableColumns(pageviews)) as (keyof typeof pageviews.$inferSelect)[]
const REPLACED = NAMES.filter(name => !['site', 'hour', 'id'].includes(name))

/** Those of the hours whose raw rows are deleted for good. Key: (site, tier, start). */
export async function sealedHours(d1: D1Database, site: string, hours: readonly Hour[]): Promise<Set<Hour>> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${s.start} AS start FROM ${s.table} WHERE ${s.site} = ${site} AND ${s.tier} = 'hour' AND ${s.state} = 'sealed'
      AND ${s.start} IN (SELECT value FROM json_each(${JSON.stringify([...new Set(hours)])}))`,
  ).all<{ start: Hour }>()
  return new Set(results.map(({ start }) => start))
}

/**
 * Stores the rows of a site, and answers how many were new or newer. Their hours and days are rolled up anew, noted in the same
 * transaction. Key: (site, hour, id); a row in a neighbouring hour is the same page view (store/upsert).
 */
export async function restore(
  d1: D1Database,
  site: string,
  rows: readonly PageViewRow[],
  now: Ms,
): Promise<number> {
  if (!rows.length) return 0
  const hours = rows.flatMap(({ hour }) => [hour - 1, hour, hour + 1])
  const [stored] = await d1.batch([
    prepare(
      d1,
      sql`INSERT INTO ${t.table} (${listed(...NAMES.map(name => t[name]))})
        SELECT ${listed(...NAMES.map(brought))} FROM json_each(${JSON.stringify(rows)}) AS j WHERE true
        ON CONFLICT (${keyOf(pageviews)}) DO UPDATE SET ${listed(
          ...REPLACED.map(name => sql`${t[name]} = ${sent[name]}`),
        )} WHERE ${sent.sequence} > ${sql.raw('pageviews.sequence')}
        RETURNING ${t.id}`,
    ),
    markUndone(
      d1,
      site,
      [...new Set(hours)].filter(hour => hour < hourOf(now)),
    ),
  ])
  return stored?.results.length ?? 0
}

function brought(name: (typeof NAMES)[number]) {
  const value = sql.raw(`j.value ->> '${name}'`)
  if (name !== 'hour') return value
  return sql`coalesce((SELECT ${p.hour} FROM ${p.table} WHERE ${p.site} = ${sql.raw("j.value ->> 'site'")}
    AND ${p.hour} IN ((${value}) - 1, (${value}) + 1) AND ${p.id} = ${sql.raw("j.value ->> 'id'")}), ${value})`
}
