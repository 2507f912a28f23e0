/**
 * One distribution of an answer: the sum of the histograms of roll-up rows, or what is left of a whole without some of its
 * parts.
 */

import { type Histogram, merge } from '../../schema/domain/histogram.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { FAILURES } from '../../schema/wire/pageview.ts'
import { histogramOf } from '../store/row-codec.ts'

/** A histogram of API calls carries the weights of those that failed, too, by how they did. */
export interface Distribution extends Histogram, Record<Failure, number> {
  /** Calls that its page views left out: at most so many of them are missing here. */
  omitted: number
}
type Failure = (typeof FAILURES)[number]

/** Of no samples. */
export const NONE: Distribution = { ...merge([]), http: 0, network: 0, timeout: 0, omitted: 0 }

/** The same, to be added to. */
export function none(): Distribution {
  return { ...NONE, h: {} }
}

/** As a column of a roll-up has it. */
interface Stored extends Distribution {
  /** How much lay in `(other)` while a day's value had no name (worker/histogram/days); missing where that was not noted. */
  hidden?: number
}

/** A row with a histogram in some of its columns. */
interface Row {
  [column: string]: string | number | null
}

/** What was read of a row's columns: the same rows choose groups, answer them and tell the rest. */
const read = new WeakMap<Row, Map<string, Stored | null>>()

/** A row whose histograms were counted in the worker: no column has them. */
export function countedRow(
  start: Hour,
  value: string,
  columns: readonly string[],
  sums: ReadonlyMap<string, Distribution>,
): { start: Hour; value: string } {
  const row = { start, value }
  read.set(row, new Map(columns.map(column => [column, sums.get(column) ?? null])))
  return row
}

/** The histogram in a column of a row, parsed once; null where there is none. */
export function histogramIn(row: Row, column: string): Stored | null {
  const columns = read.get(row) ?? new Map<string, Stored | null>()
  read.set(row, columns)
  const known = columns.get(column)
  if (known !== undefined) return known
  const found = histogramOf<Stored>(row[column])
  columns.set(column, found)
  return found
}

/** The sum of a column's histograms; undefined where no row has one. */
export function total(rows: readonly Row[], column: string): Distribution | undefined {
  const parts = rows.flatMap(row => histogramIn(row, column) ?? [])
  return parts.length ? added(parts) : undefined
}

export function added(parts: readonly Distribution[]): Distribution {
  // Roll-ups of before an outcome was told apart do not have its field.
  const sum = (field: Failure | 'omitted') => parts.reduce((n, part) => n + (part[field] ?? 0), 0)
  return {
    ...merge(parts),
    http: sum('http'),
    network: sum('network'),
    timeout: sum('timeout'),
    omitted: sum('omitted'),
  }
}

/**
 * A whole without one of its parts: 100 page views less 70 are 30, bucket by bucket. Nothing falls below 0 where the two do
 * not quite agree. Pairs of one page view may lie between the part and the rest, so they are left out, and `omitted` stays
 * that of the whole, since any of its page views may be one of the rest.
 */
export function less(whole: Distribution, part: Distribution): Distribution {
  const rest = (field: 'n' | 's' | 'q' | 'good' | 'poor' | Failure) =>
    Math.max(0, (whole[field] ?? 0) - (part[field] ?? 0))
  const [n, s] = [rest('n'), rest('s')]
  const buckets = Object.entries(whole.h).map(
    ([bucket, weight]) => [bucket, weight - (part.h[bucket] ?? 0)] as const,
  )
  return {
    n,
    s,
    // Rounded sums of squares may leave too little; no weights of s samples have a smaller one.
    q: Math.max(rest('q'), (n * n) / Math.max(1, s)),
    good: rest('good'),
    poor: rest('poor'),
    h: Object.fromEntries(buckets.filter(([, weight]) => weight > 0)),
    http: rest('http'),
    network: rest('network'),
    timeout: rest('timeout'),
    omitted: whole.omitted,
  }
}

/** The share of calls that failed, 0 where there are none. */
export function errorRate(distribution: Distribution): number {
  const failed = FAILURES.reduce((sum, failure) => sum + distribution[failure], 0)
  return distribution.n ? failed / distribution.n : 0
}
