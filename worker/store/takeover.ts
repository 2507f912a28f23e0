/**
 * New page views in the place of old ones. D1 bills a row that is deleted as it bills one that is written, and one whose key
 * changes once. So the first beacon of a page view is written over a row that is past its site's `raw_days`, where there is one:
 * the insertion of the one and the deletion of the other are one row written, not two.
 *
 * Only rows of a sealed hour go this way, so all of them are rolled up and no question reads them. What finds none is inserted.
 */

import { sql } from 'drizzle-orm'
import { MINUTE } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { pageviews, periods } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'
import { brought, COLUMN_NAMES, columns, newValue, OPEN, type Stored } from './brought.ts'
import { HAS_ROW, IS_DRAWN, JUDGED } from './judge.ts'
import { listed, named } from './names.ts'
import { textOf } from './statement.ts'

/** How long a site without old rows is left alone, in ms. */
const PAUSE = 5 * MINUTE
/** Sites that an isolate remembers as such. */
const MAX_SITES = 1_000

/** Until when a site has no old rows, as far as this isolate knows. */
const barren = new Map<string, Ms>()

const p = named(pageviews, 'p')
const s = named(periods, 's')
/** Stands for what is bound: the rows, then the site, twice. */
const BOUND = sql`${''}`

/**
 * - `fresh` are the beacons that are kept and whose page view has no row.
 * - `past` is the oldest hour, if it is sealed: so its days are over, and its rows are about to be deleted.
 * - `old` are as many rows of it. Key: (site, hour, id).
 */
const TEXT = textOf(sql`WITH ${JUDGED},
    fresh AS MATERIALIZED (SELECT j.value, j.one_in, row_number() OVER () AS place FROM j
      WHERE ${IS_DRAWN} AND NOT ${HAS_ROW} AND ${OPEN}),
    past AS MATERIALIZED (SELECT ${s.site} AS site, ${s.start} AS hour FROM ${s.table}
      WHERE ${s.site} = ${BOUND} AND ${s.tier} = 'hour' AND ${s.state} = 'sealed'
        AND ${s.start} = (SELECT min(${p.hour}) FROM ${p.table} WHERE ${p.site} = ${BOUND})),
    old AS MATERIALIZED (SELECT site, hour, id, row_number() OVER () AS place FROM (
      SELECT ${p.site} AS site, ${p.hour} AS hour, ${p.id} AS id FROM past CROSS JOIN ${p.table}
        ON ${p.site} = past.site AND ${p.hour} = past.hour LIMIT (SELECT count(*) FROM fresh)))
  UPDATE ${pageviews} SET ${listed(
    ...COLUMN_NAMES.map(
      name => sql`${sql.raw(columns[name].name)} = ${name === 'hour' ? brought('hour') : newValue(name)}`,
    ),
  )}
  FROM fresh AS j JOIN old ON old.place = j.place
  WHERE ${pageviews.site} = old.site AND ${pageviews.hour} = old.hour AND ${pageviews.id} = old.id
  RETURNING ${listed(...(['site', 'id', 'hour', 'weight'] as const).map(name => sql.raw(name)))}`)

/**
 * Stores what it can of `rows` in the place of old ones, with `also` in one transaction, and answers where; null: nowhere. Rows of
 * one site are tried, that of which most have come, since each takes a statement more.
 */
export async function takeOver(
  d1: D1Database,
  rows: readonly Candidate[],
  now: Ms,
  also: readonly D1PreparedStatement[],
): Promise<D1Result<Stored> | null> {
  const first = rows.filter(({ sequence, site }) => sequence === 0 && (barren.get(site) ?? 0) <= now)
  const [[name, tried] = ['', []]] = [...Map.groupBy(first, ({ site }) => site)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  )
  // Two beacons of one page view would become two rows.
  const ids = Map.groupBy(tried, ({ id }) => id)
  const once = tried.filter(({ id }) => ids.get(id)?.length === 1)
  if (!once.length) return null
  const [receipt] = await d1.batch<Stored>([d1.prepare(TEXT).bind(JSON.stringify(once), name, name), ...also])
  if (receipt?.results.length) return receipt
  remember(barren, name, now + PAUSE, MAX_SITES)
  return null
}
