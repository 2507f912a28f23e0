/**
 * The rest: what the groups come to that an answer leaves out, by metric and bucket of time.
 *
 * Open hours hold every group, and so does what is read whole: there the others are added up. Of stored roll-ups the rows
 * of a few groups are read alone; there the rest is all (one row a period, from the dimension `all` or of the device that
 * is asked for) without those few. Endpoints of one device have no such row, and so no rest.
 *
 * Example: 3 of 200 routes over a day and an open hour. The day has 1,000 page views in `all` and 700 in the rows of the
 * three: 300 are left. The open hour has 12 in rows of the other routes. The rest is 312.
 */

import { REST } from '../../schema/domain/names.ts'
import type { Hour } from '../../schema/domain/units.ts'
import type { Preparer } from '../store/statement.ts'
import { missingIn } from './capped.ts'
import type { Periods } from './covered.ts'
import { added, type Distribution, less, total } from './distribution.ts'
import { type Chosen, type Group, startsIn } from './groups.ts'
import type { GroupsQuery } from './groups-query.ts'
import type { Found } from './largest.ts'
import { readingOf } from './reading.ts'
import { type RollupRow, storedRows } from './rollup-rows.ts'
import type { Source } from './source.ts'

/** Rows of which a rest can be told. */
export interface Known {
  /** Rows of all groups, of the periods that `whole` does not tell of. */
  every: readonly RollupRow[]
  /** Rows of all groups together, one a period. */
  whole: readonly RollupRow[]
  /** Rows of the groups that may be answered. */
  rows: readonly RollupRow[]
}

/** D1 counts a period three times: unpacked, put into a list, sought; and some for the tiers. */
export function wholeCost({ days, hours }: Periods): number {
  return 3 * (days.length + hours.length) + 10
}

/** The rows of all groups together, one a period; null where no dimension has them. */
export async function wholeRows(
  d1: Preparer,
  query: GroupsQuery,
  source: Source,
  periods: Periods,
): Promise<RollupRow[] | null> {
  const whole = readingOf({ ...query, groupBy: [] }, source)
  return whole && storedRows(d1, whole, periods, whole.slice.values)
}

/** The rest of every metric of a source; `found` where roll-ups tell it. */
export function restGroups(
  known: Known,
  chosen: readonly Chosen[],
  query: GroupsQuery,
  source: Source,
  found: Found | null,
): Group[] {
  const startOf = startsIn(query)
  const answered = new Set(chosen.map(({ value }) => value))
  const others = (found?.reading.slice.values ?? []).filter(value => !answered.has(value))
  const values = Object.fromEntries(query.groupBy.map(key => [key, REST]))
  const missingOf = found && missingIn(found, startOf)
  return source.metrics.flatMap((metric, i) => {
    const column = source.columns[i] ?? ''
    const missed = missingOf ? others.map(value => missingOf(value, column)) : []
    return [...restOf(known, answered, column, startOf)].map(([start, sum]): Group => {
      const missing = missed.reduce((n, periods) => n + (periods.get(start) ?? 0), 0)
      const distribution = query.groupBy.includes('endpoint') ? unpaired(sum) : sum
      return { values, metric, start, distribution, missing, rest: true }
    })
  })
}

/** No more calls were left out of a rest than of all: page views count in each group that they called. */
export function atMost(group: Group, leftOut: number | null): Group {
  const { rest, distribution } = group
  if (!rest || leftOut === null) return group
  return { ...group, distribution: { ...distribution, omitted: Math.min(distribution.omitted, leftOut) } }
}

/** The rest of one column, by the bucket of each period's start. */
function restOf(
  { every, whole, rows }: Known,
  answered: ReadonlySet<string>,
  column: string,
  startOf: (hour: Hour) => Hour,
): Map<number, Distribution> {
  const told = new Set(whole.filter(row => row[column]).map(({ start }) => start))
  const byBucket = (rows: readonly RollupRow[]) => Map.groupBy(rows, ({ start }) => startOf(start))
  const alls = byBucket(whole)
  const somes = byBucket(rows.filter(row => told.has(row.start) && answered.has(row.value)))
  const others = byBucket(every.filter(row => !answered.has(row.value)))
  const rests = [...new Set([...alls.keys(), ...others.keys()])].flatMap(start => {
    const of = (rows: Map<number, RollupRow[]>) => total(rows.get(start) ?? [], column)
    const [all, some, other] = [of(alls), of(somes), of(others)]
    const rest = added([...(all ? [some ? less(all, some) : all] : []), ...(other ? [other] : [])])
    return rest.n > 0 ? [[start, rest] as const] : []
  })
  return new Map(rests)
}

/**
 * The calls of several endpoints, of which nobody knows which are of one page view: no size of sample is sure, so the
 * percentiles have no interval.
 */
function unpaired({ c: _, ...sum }: Distribution): Distribution {
  return { ...sum, q: Number.POSITIVE_INFINITY }
}
