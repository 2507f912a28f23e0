/**
 * Rolls up closed periods: hours from their raw rows, days from their hours.
 *
 * A roll-up replaces what was there, in one transaction with the mark that it is clean. So it may run twice, late or
 * never: a query reads a period's roll-up only where the mark is clean, and computes the rest live.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { TagKey } from '../../schema/domain/tag.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { apiRollups, errorRollups, measureRollups, rollups } from '../../schema/storage/tables.ts'
import { isDayBehind, markRolledUp } from '../store/periods.ts'
import { prepare } from '../store/statement.ts'
import { dayOf } from './days.ts'
import { deliveryOf } from './deliveries.ts'
import {
  CALL_DIMENSIONS,
  ERROR_DIMENSIONS,
  MARK_DIMENSIONS,
  type RollupDimension,
  VIEW_COLUMNS,
  viewDimensions,
} from './dimensions.ts'
import { errorsOfDay, errorsOfHour } from './errors.ts'
import { pivoted } from './histogram-sql.ts'
import { allOf, callHours, markHours, viewHours } from './hours.ts'
import { deleteEmpty, lenderOf, type Period, writeChanged } from './period-rows.ts'

/** The tables, with the columns that are filled. */
const VIEWS = { table: rollups, columns: VIEW_COLUMNS } as const
const CALLS = { table: apiRollups, columns: ['api'], dimensions: namesOf(CALL_DIMENSIONS) } as const
const MARKS = { table: measureRollups, columns: ['measure'], dimensions: namesOf(MARK_DIMENSIONS) } as const
const ERRORS = { table: errorRollups, columns: ['errors'], dimensions: namesOf(ERROR_DIMENSIONS) } as const

/** Rolls up one closed hour (hours since 1970) of a site, which declares `tags` and keeps hours for `hourDays`. */
export function rollUpHour(
  d1: D1Database,
  site: string,
  hour: Hour,
  now: Ms,
  tags: readonly TagKey[] = [],
  hourDays?: number,
): Promise<D1Result[]> {
  const lender = hourDays === undefined ? null : lenderOf(hour, hourDays)
  const period: Period = { site, tier: 'hour', start: hour, lender }
  const all = allOf(site, [hour])
  const dimensions = viewDimensions(tags)
  const views = { ...VIEWS, dimensions: namesOf(dimensions) }
  return d1.batch([
    ...[
      writeChanged(views, period, viewHours(all, dimensions)),
      writeChanged(CALLS, period, callHours(all)),
      writeChanged(MARKS, period, markHours(all)),
      writeChanged(ERRORS, period, errorsOfHour(site, hour)),
      ...[views, CALLS, MARKS, ERRORS].map(rows => deleteEmpty(rows, period)),
      deliveryOf(site, hour),
    ].map(one => prepare(d1, one)),
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
  const period: Period = { site, tier: 'day', start: day, lender: null }
  const dimensions = viewDimensions(tags)
  const views = { ...VIEWS, dimensions: namesOf(dimensions) }
  return d1.batch([
    ...[
      ...dimensions.map(one => ofDay(VIEWS, period, one, pivoted(VIEW_COLUMNS))),
      ...CALL_DIMENSIONS.map(one => ofDay(CALLS, period, one, pivoted(CALLS.columns))),
      ...MARK_DIMENSIONS.map(one => ofDay(MARKS, period, one, pivoted(MARKS.columns))),
      writeChanged(ERRORS, period, errorsOfDay(site, day)),
      ...[views, CALLS, MARKS, ERRORS].map(rows => deleteEmpty(rows, period)),
    ].map(one => prepare(d1, one)),
    markRolledUp(d1, site, 'day', day, now, isDayBehind(site, day)),
  ])
}

/** One dimension of a day, from its hours. */
function ofDay(
  { table, columns }: Pick<typeof VIEWS | typeof CALLS | typeof MARKS, 'table' | 'columns'>,
  period: Period,
  dimension: RollupDimension,
  filled: SQL,
): SQL {
  const hours = dayOf(table, columns, period.site, period.start, dimension)
  return writeChanged(
    { table, columns, dimensions: [dimension.name] },
    period,
    sql`SELECT ${dimension.name} AS dimension, value, ${filled} FROM (${hours}) GROUP BY value`,
  )
}

function namesOf(dimensions: readonly { readonly name: string }[]): string[] {
  return dimensions.map(({ name }) => name)
}
