/**
 * Rolls up closed periods: hours from their raw rows, days from their hours.
 *
 * A roll-up replaces what was there, in one transaction with the mark that it is clean. So it may run twice, late or
 * never: a query reads a period's roll-up only where the mark is clean, and computes the rest live.
 *
 * D1 bills a row that is deleted as it bills one that is written, and one whose key changes once. So an hour takes over the rows of
 * the hour that is past its days, where both have the same name: of two rows written, for the new one and for the old one's end,
 * one is left.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { TagKey } from '../../schema/domain/tag.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { apiRollups, measureRollups, periods, rollups, type Tier } from '../../schema/storage/tables.ts'
import { listed, named } from '../store/names.ts'
import { isDayBehind, markRolledUp } from '../store/periods.ts'
import { prepare } from '../store/statement.ts'
import { dayOf } from './days.ts'
import { deliveryOf } from './deliveries.ts'
import {
  CALL_DIMENSIONS,
  type HISTOGRAMS,
  MARK_DIMENSIONS,
  ROLLUPS,
  type RollupColumn,
  VIEW_COLUMNS,
  viewDimensions,
} from './dimensions.ts'
import { errorsOfDay, errorsOfHour } from './errors.ts'
import { pivoted } from './histogram-sql.ts'
import { allOf, callHours, markHours, viewHours } from './hours.ts'

const sealed = named(periods, 'd')

type HistogramTable = (typeof HISTOGRAMS)[number]['table']
type PeriodKey = 'site' | 'tier' | 'dimension' | 'start' | 'value'

function keyed({ site, tier, dimension, start, value }: Record<PeriodKey, SQL>): SQL {
  return listed(site, tier, dimension, start, value)
}

/** A table with the columns that are filled: those of the key, and of the histograms. */
function into(table: HistogramTable, columns: readonly RollupColumn[]): SQL {
  const r = named<HistogramTable>(table)
  return sql`${r.table} (${keyed(r)}, ${sql.raw(columns.join(', '))})`
}

const VIEWS = into(rollups, VIEW_COLUMNS)
const CALLS = into(apiRollups, ['api'])
const MARKS = into(measureRollups, ['measure'])

/** Rolls up one closed hour (hours since 1970) of a site, which declares `tags` and keeps hours for `hourDays`. */
export function rollUpHour(
  d1: D1Database,
  site: string,
  hour: Hour,
  now: Ms,
  tags: readonly TagKey[] = [],
  hourDays?: number,
): Promise<D1Result[]> {
  const all = allOf(site, [hour])
  const lender = hourDays === undefined ? null : lenderOf(hour, hourDays)
  return d1.batch([
    ...deletePeriod(d1, site, 'hour', hour, tags),
    prepare(d1, hourOver(rollups, VIEW_COLUMNS, viewHours(all, viewDimensions(tags)), site, hour, lender)),
    prepare(d1, hourOver(apiRollups, ['api'], callHours(all), site, hour, lender)),
    prepare(d1, hourOver(measureRollups, ['measure'], markHours(all), site, hour, lender)),
    prepare(d1, errorsOfHour(site, hour)),
    prepare(d1, deliveryOf(site, hour)),
    markRolledUp(d1, site, 'hour', hour, now),
  ])
}

/**
 * Rolls up one closed day, given by its first hour, from the roll-ups of its hours. Where one of them is behind its
 * raw rows by now, so is the day, and is marked dirty.
 */
export function rollUpDay(
  d1: D1Database,
  site: string,
  day: Hour,
  now: Ms,
  tags: readonly TagKey[] = [],
): Promise<D1Result[]> {
  return d1.batch([
    ...deletePeriod(d1, site, 'day', day, tags),
    ...viewDimensions(tags).map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO ${VIEWS} SELECT ${site}, 'day', ${dimension.name}, ${day}, value, ${pivoted(VIEW_COLUMNS)}
          FROM (${dayOf(rollups, VIEW_COLUMNS, site, day, dimension)}) GROUP BY value`,
      ),
    ),
    ...CALL_DIMENSIONS.map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO ${CALLS} SELECT ${site}, 'day', ${dimension.name}, ${day}, value, histogram
          FROM (${dayOf(apiRollups, ['api'], site, day, dimension)})`,
      ),
    ),
    ...MARK_DIMENSIONS.map(dimension =>
      prepare(
        d1,
        sql`INSERT INTO ${MARKS} SELECT ${site}, 'day', ${dimension.name}, ${day}, value, histogram
          FROM (${dayOf(measureRollups, ['measure'], site, day, dimension)})`,
      ),
    ),
    prepare(d1, errorsOfDay(site, day)),
    markRolledUp(d1, site, 'day', day, now, isDayBehind(site, day)),
  ])
}

/** The hour whose rows an hour takes over: the same of the day before the first that is kept. */
export function lenderOf(hour: Hour, hourDays: number): Hour {
  return hour - (hourDays + 1) * 24
}

/**
 * Writes an hour over the rows of `lender`, whose day is sealed, so that nothing reads them any more: a row that is inserted with
 * the lender's key meets the old one, and moves it. What has no row there is inserted as the hour's own.
 *
 *     hour 480000, lender 479136    ["/a"] is there: inserted at 479136, moved to 480000
 *                                   ["/b"] is not: inserted at 480000
 *
 * Key: (site, tier, dimension, start, value).
 */
function hourOver(
  table: HistogramTable,
  columns: readonly RollupColumn[],
  fresh: SQL,
  site: string,
  hour: Hour,
  lender: Hour | null,
): SQL {
  const r = named<HistogramTable>(table)
  const l = named<HistogramTable>(table, 'l')
  const lent = sql`(SELECT ${l.start} FROM ${l.table} WHERE ${l.site} = ${site} AND ${l.tier} = 'hour'
    AND ${l.dimension} = f.dimension AND ${l.start} = ${lender} AND ${l.value} = f.value AND EXISTS (
      SELECT 1 FROM ${sealed.table} WHERE ${sealed.site} = ${site} AND ${sealed.tier} = 'day'
        AND ${sealed.start} = ${Math.floor((lender ?? 0) / 24) * 24} AND ${sealed.state} = 'sealed'))`
  return sql`INSERT INTO ${into(table, columns)}
    SELECT ${site}, 'hour', f.dimension, ${lender === null ? hour : sql`coalesce(${lent}, ${hour})`}, f.value,
      ${listed(...columns.map(column => sql.raw(`f.${column}`)))} FROM (${fresh}) AS f WHERE true
    ON CONFLICT (${keyed(r)}) DO UPDATE SET ${r.start} = ${hour},
      ${listed(...columns.map(column => sql.raw(`${column} = excluded.${column}`)))}`
}

/** Removes a period's roll-up rows. Key: (site, tier, dimension, start). */
function deletePeriod(
  d1: D1Database,
  site: string,
  tier: Tier,
  start: Hour,
  tags: readonly TagKey[],
): D1PreparedStatement[] {
  return ROLLUPS.map(({ table, dimensions }) => {
    const r = named<typeof table>(table)
    const names = JSON.stringify([...dimensions.map(({ name }) => name), ...tags])
    return prepare(
      d1,
      sql`DELETE FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.tier} = ${tier} AND ${r.start} = ${start}
        AND ${r.dimension} IN (SELECT value FROM json_each(${names}))`,
    )
  })
}
