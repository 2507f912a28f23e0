/** The settings of a site: as the API has them, as columns of its row, and what of them changes. */

import { type Column, sql } from 'drizzle-orm'
import type { SiteSaved, SiteSettings } from '../../schema/api/site.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { type SiteRow, sites } from '../../schema/storage/tables.ts'
import { badField } from '../problem.ts'

export type Settings = Omit<SiteSettings, 'database'>
/** The columns whose days are checked together. */
export const DAYS = ['rawDays', 'hourDays', 'dayDays'] as const

/**
 * Since when each kind is there, once `settings` hold: what its days have had deleted does not come back when they are raised. Of
 * columns, as they were before.
 */
export function deletedBefore(settings: Pick<SiteRow, (typeof DAYS)[number]>, now: Ms) {
  const since = (from: Column, name: (typeof DAYS)[number]) =>
    sql`max(${from}, iif(${settings[name]} > ${sites[name]}, CAST(${hourOf(now) * HOUR} AS INTEGER) - ${sites[name]} * ${sql.raw(String(DAY))}, 0))`
  return {
    rawFrom: since(sites.rawFrom, 'rawDays'),
    hourFrom: since(sites.hourFrom, 'hourDays'),
    dayFrom: since(sites.dayFrom, 'dayDays'),
  }
}

export function checkDays(settings: Settings): Settings {
  const { raw_days, hour_days, day_days } = settings
  if (hour_days <= raw_days) throw badField({ field: 'hour_days', detail: 'must be more than raw_days' })
  if (day_days < hour_days) throw badField({ field: 'day_days', detail: 'must be at least hour_days' })
  return settings
}

/** A site without its secret. */
export function show(row: SiteRow): SiteSaved {
  return {
    site: row.id,
    ...toSettings(row),
    database: row.database,
    ...(row.moving && row.other && { moving: { phase: row.moving, other: row.other } }),
    created: new Date(row.created).toISOString(),
  }
}

export function toSettings(row: SiteRow): Settings {
  return {
    origins: row.origins,
    rate: row.rate,
    rows_per_day: row.rowsPerDay,
    bytes_per_day: row.bytesPerDay,
    max_weight: row.maxWeight,
    raw_days: row.rawDays,
    hour_days: row.hourDays,
    day_days: row.dayDays,
    trace_link: row.traceLink,
  }
}

export function toColumns(settings: Settings) {
  const {
    origins,
    rate,
    rows_per_day,
    bytes_per_day,
    max_weight,
    raw_days,
    hour_days,
    day_days,
    trace_link,
  } = settings
  return {
    origins,
    rate,
    rowsPerDay: rows_per_day,
    bytesPerDay: bytes_per_day,
    maxWeight: max_weight,
    rawDays: raw_days,
    hourDays: hour_days,
    dayDays: day_days,
    traceLink: trace_link,
  }
}

/** Those columns that are to be other than they are. */
export function changesOf(before: SiteRow, settings: Settings) {
  const entries = Object.entries(toColumns(settings))
  return Object.fromEntries(
    entries.filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof SiteRow]),
    ),
  )
}
