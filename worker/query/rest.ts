/**
 * What the groups come to that an answer leaves out: the rows of a question and the values that are answered go in, one
 * distribution for each bucket of time comes out.
 *
 * Live hours hold every group, and so does what is read whole: there the others are added up. Of stored roll-ups the rows
 * of a few groups are read alone; there the rest is all (one row a period, from the dimension `all` or of the device that
 * is asked for) without those few. Endpoints of one device have no such row, and so no rest.
 */

import type { Preparer } from '../store/statement.ts'
import { added, type Distribution, less, total } from './distribution.ts'
import type { Periods } from './plan.ts'
import { type Reading, type RollupRow, storedRows } from './rollup-rows.ts'

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

/** The rows of all groups together in the periods of which only some groups' rows were read. */
export function wholeRows(d1: Preparer, whole: Reading, periods: Periods): Promise<RollupRow[]> {
  return storedRows(d1, whole, periods, whole.slice.values)
}

/** The rest of one column, by the bucket of each period's start. */
export function restOf(
  { every, whole, rows }: Known,
  answered: ReadonlySet<string>,
  column: string,
  startOf: (hour: number) => number,
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
export function unpaired({ c: _, ...sum }: Distribution): Distribution {
  return { ...sum, q: Number.POSITIVE_INFINITY }
}
