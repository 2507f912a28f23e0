/**
 * What roll-ups keep no name of, and how much of a value may lie there.
 *
 * A route, release, endpoint or mark keeps its name in the hours in which it is among the largest. In the others it lies in
 * `(other)`. An hour shows that: it has a row of `(other)` and none of the value. A day is the sum of its hours; its row
 * says how much lay in `(other)` in the hours in which the value had no name (`hidden`), which is the most that is missing.
 *
 * Example: `/rare` is asked for. The hour of 10:00 has a row of it: nothing is missing. 11:00 has none, and 40 page views in
 * `(other)`: up to 40 are missing. Where raw rows of 11:00 are kept, that hour is computed from them instead.
 */

import { HOUR } from '../../schema/domain/hour.ts'
import { OTHER } from '../../schema/domain/names.ts'
import type { Hour, Ms, OneIn } from '../../schema/domain/units.ts'
import { isCapped, type Key } from '../histogram/dimensions.ts'
import type { Preparer } from '../store/statement.ts'
import { hiddenIn, weightIn } from './distribution.ts'
import type { Found } from './largest.ts'
import { estimateOpen, selectOpen } from './open-hours.ts'
import { openRows, type RollupRow, storedRows } from './rollup-rows.ts'

/** What may be read to find values in `(other)`. */
export interface Means {
  /** From when on (Unix ms) single page views are kept. */
  oldest: number
  /** Rows. */
  reads: number
  now: Ms
}

/** The value under which a dimension keeps what has no name of its own: `["phone","(other)"]`. */
function otherOf(value: string, keys: readonly Key[]): string {
  const list: unknown[] = JSON.parse(value)
  return JSON.stringify(list.map((part, i) => (isCapped(keys[i] ?? 'device') ? OTHER : part)))
}

/**
 * The rows of values that are asked for by name, and of those in `(other)` where raw rows are kept; one in `oneIn` page views
 * was read for it. `others` is left where nobody can tell any more.
 */
export async function unveiled(
  d1: Preparer,
  found: Found,
  { oldest, reads, now }: Means,
): Promise<Found & { oneIn: OneIn }> {
  const { reading } = found
  const { values, dimension } = reading.slice
  if (!values || !found.others.length) return { ...found, oneIn: 1 }
  const finer = await byHours(d1, found)
  const named = new Set(finer.rows.map(({ start, value }) => `${start} ${value}`))
  const hours = [...new Set(finer.others.map(({ start }) => start))].filter(
    start =>
      !finer.days.has(start) &&
      start * HOUR >= oldest &&
      values.some(
        value =>
          !named.has(`${start} ${value}`) &&
          finer.others.some(row => row.start === start && row.value === otherOf(value, dimension.keys)),
      ),
  )
  if (!hours.length) return { ...finer, oneIn: 1 }
  const selection = selectOpen(await estimateOpen(d1, hours, [reading], now), reads)
  const fresh = await openRows(d1, reading, hours, selection)
  const again = new Set(hours)
  const kept = (row: RollupRow) => !again.has(row.start)
  return {
    ...finer,
    rows: [...finer.rows.filter(kept), ...fresh.filter(({ value }) => values.includes(value))],
    others: finer.others.filter(kept),
    oneIn: selection.oneIn,
  }
}

/** Days in which a value may lie in `(other)` are read by their hours, for as long as these are kept. */
async function byHours(d1: Preparer, found: Found): Promise<Found> {
  const { reading } = found
  const values = reading.slice.values ?? []
  const { columns } = reading.source
  const missing = missingIn(found, start => start)
  const missed = values.flatMap(value => columns.map(column => missing(value, column)))
  const doubtful = [...found.days].filter(day => missed.some(periods => (periods.get(day) ?? 0) > 0))
  if (!doubtful.length) return found
  const hours = doubtful.flatMap(day => Array.from({ length: 24 }, (_, i) => day + i))
  const finer = await storedRows(d1, reading, { days: [], hours, open: [] }, null)
  const split = new Set(finer.map(row => Math.floor(row.start / 24) * 24))
  const coarse = new Set(doubtful.filter(day => split.has(day)))
  const kept = (row: RollupRow) => !coarse.has(row.start)
  const isOther = (row: RollupRow) => reading.slice.others.includes(row.value)
  return {
    ...found,
    rows: [...found.rows.filter(kept), ...finer.filter(row => !isOther(row))],
    others: [...found.others.filter(kept), ...finer.filter(isOther)],
    days: new Set([...found.days].filter(day => !coarse.has(day))),
  }
}

/**
 * The most page views (or calls) of a value that may lie in `(other)`, by what `startOf` makes of the start of each period. What
 * is looked up for every value of an answer is put in order once.
 */
export function missingIn(
  { reading, rows, others, days }: Found,
  startOf: (start: Hour) => Hour,
): (value: string, column: string) => ReadonlyMap<Hour, number> {
  if (!others.length) return () => new Map()
  const { keys } = reading.slice.dimension
  const named = Map.groupBy(rows, ({ value }) => value)
  const unnamed = Map.groupBy(others, ({ value }) => value)
  const missingOf = (other: RollupRow, own: RollupRow | undefined, column: string): number => {
    const most = weightIn(other, column)
    if (!own) return most
    if (!days.has(own.start)) return 0
    const hidden = hiddenIn(own, column)
    // A day's row of before it was noted may miss all that its `(other)` has.
    return Number.isNaN(hidden) ? most : hidden
  }
  return (value, column) => {
    const sums = new Map<Hour, number>()
    const name = otherOf(value, keys)
    if (name === value) return sums
    const own = new Map(named.get(value)?.map(row => [row.start, row]))
    for (const other of unnamed.get(name) ?? []) {
      const start = startOf(other.start)
      sums.set(start, (sums.get(start) ?? 0) + missingOf(other, own.get(other.start), column))
    }
    return sums
  }
}
