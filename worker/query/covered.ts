/**
 * How a range is covered: by day roll-ups, hour roll-ups, and open hours, which have none and are computed from raw rows.
 */

import { sql } from 'drizzle-orm'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { pageviews, periods, type Tier } from '../../schema/storage/tables.ts'
import { named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'

const p = named(pageviews)
const period = named(periods)
const s = named(periods, 's')

/** The periods of a range, each given by its first hour since 1970. */
export interface Periods {
  /** Whole days with a clean roll-up. */
  days: Hour[]
  /** Other hours with a clean roll-up. */
  hours: Hour[]
  /** Hours without one. */
  open: number[]
}

/**
 * Covers a range with as few periods as can be; without `wholeDays` with hours alone. At most two statements; key: (site,
 * tier, start).
 *
 * Example: now is Wednesday 10:20, and the range is Sunday 22:00 to now. The edges are hours: 22:00 and 23:00 of Sunday,
 * 00:00 to 10:00 of Wednesday. Monday and Tuesday are whole days; Monday has a day roll-up, Tuesday was made dirty by a late
 * beacon, so its 24 hours are read. The hour of 10:00 goes on, and 08:00 and 09:00 have not settled: these three are open.
 */
export async function coveredBy(
  d1: Preparer,
  { site, from, to }: { site: string; from: Ms; to: Ms },
  now: Ms,
  wholeDays = true,
): Promise<Periods> {
  const current = hourOf(now)
  const [start, end] = [from / HOUR, Math.min(to / HOUR, current + 1)]
  // Where no whole day lies within the range, `firstDay` and `lastDay` are one hour, and the edges meet there.
  const firstDay = wholeDays ? Math.ceil(start / 24) * 24 : end
  const lastDay = Math.max(firstDay, Math.floor(Math.min(end, current) / 24) * 24)
  const edges = [...span(start, Math.min(firstDay, end), 1), ...span(Math.max(lastDay, start), end, 1)]
  const whole = span(firstDay, lastDay, 24)

  const { clean, oldest } = await cleanOf(d1, site, [firstDay, lastDay], edges)
  const days = whole.filter(day => clean.has(`day ${day}`))
  const split = whole.filter(day => !clean.has(`day ${day}`))
  const more = await cleanHoursOf(d1, site, split)

  const all = [...edges, ...split.flatMap(day => span(day, day + 24, 1))]
  const isClean = (hour: Hour) => clean.has(`hour ${hour}`) || more.has(hour)
  return {
    days,
    hours: all.filter(isClean),
    // Before the first raw row there is nothing to compute: long ranges of a young site cost no more than its age.
    open: all.filter(hour => !isClean(hour) && oldest !== null && hour >= oldest),
  }
}

/**
 * Which days of a range and which of the given hours have a roll-up that holds all of their raw rows, and the hour of
 * the oldest raw row.
 */
async function cleanOf(
  d1: Preparer,
  site: string,
  [firstDay, lastDay]: readonly [number, number],
  hours: readonly Hour[],
): Promise<{ clean: Set<string>; oldest: number | null }> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${period.tier} AS tier, ${period.start} AS start FROM ${period.table}
        WHERE ${period.site} = ${site} AND ${period.tier} = 'day'
          AND ${period.start} >= ${firstDay} AND ${period.start} < ${lastDay} AND ${period.state} <> 'dirty'
      UNION ALL
      SELECT ${s.tier}, ${s.start} FROM json_each(${JSON.stringify(hours)}) AS a CROSS JOIN ${s.table}
        ON ${s.site} = ${site} AND ${s.tier} = 'hour' AND ${s.start} = a.value AND ${s.state} <> 'dirty'
      UNION ALL
      SELECT 'raw', min(${p.hour}) FROM ${p.table} WHERE ${p.site} = ${site}`,
  ).all<{ tier: Tier | 'raw'; start: Hour | null }>()
  return {
    clean: new Set(results.map(({ tier, start }) => `${tier} ${start}`)),
    oldest: results.find(({ tier }) => tier === 'raw')?.start ?? null,
  }
}

/** The hours of the given days that have such a roll-up. */
async function cleanHoursOf(d1: Preparer, site: string, days: readonly number[]): Promise<Set<number>> {
  if (!days.length) return new Set()
  const { results } = await prepare(
    d1,
    sql`SELECT ${s.start} AS start FROM json_each(${JSON.stringify(days)}) AS a CROSS JOIN ${s.table}
      ON ${s.site} = ${site} AND ${s.tier} = 'hour' AND ${s.start} >= a.value AND ${s.start} < a.value + 24
      AND ${s.state} <> 'dirty'`,
  ).all<{ start: Hour }>()
  return new Set(results.map(({ start }) => start))
}

function span(from: Hour, to: Hour, step: number): Hour[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
}
