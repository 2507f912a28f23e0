/**
 * One distribution of an answer: the sum of the histograms of roll-up rows, or what is left of a whole without some of its
 * parts.
 */

import { byBucket, reweighted } from '../../schema/domain/buckets.ts'
import { type Collected, merge, nothing, squaresOf } from '../../schema/domain/histogram.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { FAILURES } from '../../schema/wire/pageview.ts'
import { numberIn, type StoredHistogram, sumOf, type Unread } from '../store/histogram-reader.ts'
import { histogramsIn, unreadIn } from '../store/histogram-text.ts'

export type Distribution = StoredHistogram
type Failure = (typeof FAILURES)[number]
type Sums = Pick<Distribution, Failure | 'omitted' | 'ff' | 'mf'>

const NO_FAILURES: Sums = { http: 0, network: 0, timeout: 0, omitted: 0, ff: 0, mf: 0 }

/** Of no samples. */
export const NONE: Distribution = { ...merge([]), ...NO_FAILURES }

/** One that samples are added to. */
export type Counted = Collected & Sums

/** Of no samples yet. */
export function none(): Counted {
  return { ...nothing(), ...NO_FAILURES }
}

/** A row with a histogram in some of its columns, which may be unread. */
export interface Row {
  [column: string]: string | number | null | Distribution | Unread
}

/** A row as D1 brings it: the histograms of its columns in one text (`asText`). */
export interface TextRow extends Row {
  histograms: string
}

/** Gives the row a histogram in each of `columns`, null where it has none. */
export function withHistograms<R extends TextRow>(row: R, columns: readonly string[]): R {
  return filled(row, columns, histogramsIn(row.histograms, columns))
}

/** The same, unread: rows that are added up need not become histograms first. They come in one part each. */
export function withUnread<R extends TextRow>(row: R, columns: readonly string[]): R {
  return filled(row, columns, unreadIn(row.histograms, columns.length))
}

/** A row whose histograms were counted in the worker. */
export function countedRow(
  start: Hour,
  value: string,
  columns: readonly string[],
  sums: ReadonlyMap<string, Distribution>,
): Row & { start: Hour; value: string } {
  return filled<Row & { start: Hour; value: string }>(
    { start, value },
    columns,
    columns.map(column => sums.get(column) ?? null),
  )
}

/** The row with these in its columns. */
export function filled<R extends Row>(row: R, columns: readonly string[], cells: readonly Row[string][]): R {
  const all: Row = row
  for (const [i, column] of columns.entries()) all[column] = cells[i] ?? null
  return row
}

/** What a column of a row weighs; 0 where it has nothing. */
export function weightIn(row: Row, column: string): number {
  const cell = cellIn(row, column)
  if (!cell) return 0
  return isUnread(cell) ? numberIn(cell, 'n') || 0 : cell.n
}

/** How much lay in `(other)` while a day's value had no name (worker/histogram/days); NaN where that was not noted. */
export function hiddenIn(row: Row, column: string): number {
  const cell = cellIn(row, column)
  return cell && isUnread(cell) ? numberIn(cell, 'hidden') : Number.NaN
}

/** The sum of a column's histograms; undefined where no row has one. */
export function total(rows: readonly Row[], column: string): Distribution | undefined {
  const unread: Unread[] = []
  const parts: Distribution[] = []
  for (const row of rows) {
    const cell = cellIn(row, column)
    if (!cell) continue
    if (isUnread(cell)) unread.push(cell)
    else parts.push(cell)
  }
  const sum = sumOf(unread)
  if (sum) parts.push(sum)
  return parts.length ? added(parts) : undefined
}

function cellIn(row: Row, column: string): Distribution | Unread | null {
  const cell = row[column]
  return cell && typeof cell === 'object' ? cell : null
}

function isUnread(cell: Distribution | Unread): cell is Unread {
  return 'text' in cell
}

export function added(parts: readonly Distribution[]): Distribution {
  const [only] = parts
  if (only && parts.length === 1) return only
  const sums = { ...NO_FAILURES }
  for (const part of parts) {
    sums.http += part.http
    sums.network += part.network
    sums.timeout += part.timeout
    sums.omitted += part.omitted
    sums.ff += part.ff
    sums.mf += part.mf
  }
  return { ...merge(parts), ...sums }
}

/**
 * A whole without one of its parts: 100 page views less 70 are 30, bucket by bucket. Nothing falls below 0 where the two do
 * not quite agree. Pairs of one page view may lie between the part and the rest, so they are left out, and `omitted` stays
 * that of the whole, since any of its page views may be one of the rest.
 */
export function less(whole: Distribution, part: Distribution): Distribution {
  const rest = (field: 'n' | 's' | 'q' | 'good' | 'poor' | 'ff' | 'mf' | Failure) =>
    Math.max(0, (whole[field] ?? 0) - (part[field] ?? 0))
  const [n, s] = [rest('n'), rest('s')]
  const weights = byBucket(part.h)
  const squares = byBucket(squaresOf(part))
  return {
    n,
    s,
    // Rounded sums of squares may leave too little; no weights of s samples have a smaller one.
    q: Math.max(rest('q'), (n * n) / Math.max(1, s)),
    good: rest('good'),
    poor: rest('poor'),
    h: reweighted(whole.h, (weight, bucket) => weight - (weights.get(bucket) ?? 0)),
    ...(whole.v && { v: reweighted(whole.v, (square, bucket) => square - (squares.get(bucket) ?? 0)) }),
    http: rest('http'),
    network: rest('network'),
    timeout: rest('timeout'),
    omitted: whole.omitted,
    ff: rest('ff'),
    mf: rest('mf'),
  }
}

/** The share of calls that failed, 0 where there are none. */
export function errorRate(distribution: Distribution): number {
  return distribution.n ? failedCalls(distribution) / distribution.n : 0
}

export function failedCalls(distribution: Distribution): number {
  return FAILURES.reduce((sum, failure) => sum + distribution[failure], 0)
}
