/**
 * Rolls up closed periods: hours from their raw rows, days from their hours.
 *
 * A roll-up replaces what was there, in one transaction with the mark that it is clean. So it may run twice, late or
 * never: a query reads a period's roll-up only where the mark is clean, and computes the rest live.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { TagKey } from '../../schema/domain/tag.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { apiRollups, measureRollups, rollups, type Tier } from '../../schema/storage/tables.ts'
import { listed, named } from '../store/names.ts'
import { isDayBehind, markRolledUp } from '../store/periods.ts'
import { prepare } from '../store/statement.ts'
import { dayOf } from './days.ts'
import { deliveryOf } from './deliveries.ts'
import { CALL_DIMENSIONS, MARK_DIMENSIONS, ROLLUPS, VIEW_COLUMNS, viewDimensions } from './dimensions.ts'
import { errorsOfDay, errorsOfHour } from './errors.ts'
import { pivoted } from './histogram-sql.ts'
import { allOf, callHours, markHours, viewHours } from './hours.ts'

const views = named(rollups)
const calls = named(apiRollups)
const marks = named(measureRollups)

/** The tables with the columns that are filled: those of the key, and of the histograms. */
const VIEWS = sql`${views.table} (${keyed(views)}, ${listed(...VIEW_COLUMNS.map(column => views[column]))})`
const CALLS = sql`${calls.table} (${keyed(calls)}, ${calls.api})`
const MARKS = sql`${marks.table} (${keyed(marks)}, ${marks.measure})`
/** The same histograms in what `viewHours` answers. */
const VIEWED = sql.raw(VIEW_COLUMNS.join(', '))

type PeriodKey = 'site' | 'tier' | 'dimension' | 'start' | 'value'

function keyed({ site, tier, dimension, start, value }: Record<PeriodKey, SQL>): SQL {
  return listed(site, tier, dimension, start, value)
}

/** Rolls up one closed hour (hours since 1970) of a site, which declares `tags`. */
export function rollUpHour(
  d1: D1Database,
  site: string,
  hour: Hour,
  now: Ms,
  tags: readonly TagKey[] = [],
): Promise<D1Result[]> {
  const all = allOf(site, [hour])
  return d1.batch([
    ...deletePeriod(d1, site, 'hour', hour, tags),
    prepare(
      d1,
      sql`INSERT INTO ${VIEWS}
        SELECT ${site}, 'hour', dimension, start, value, ${VIEWED} FROM (${viewHours(all, viewDimensions(tags))})`,
    ),
    prepare(
      d1,
      sql`INSERT INTO ${CALLS} SELECT ${site}, 'hour', dimension, start, value, api FROM (${callHours(all)})`,
    ),
    prepare(
      d1,
      sql`INSERT INTO ${MARKS} SELECT ${site}, 'hour', dimension, start, value, measure FROM (${markHours(all)})`,
    ),
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
