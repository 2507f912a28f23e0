/**
 * Which groups of a slice are the largest, and their roll-up rows.
 *
 * Where few of many groups are answered, weights are read first, in the order of the key, and added up here: sorting would
 * read every row twice. Then the histograms of those groups are sought.
 *
 * Example: 5 of 200 routes over 30 days. Weights of all are 6,000 rows. The 5 largest are sought in each day, at two rows a
 * seek: 300 rows. With their histograms all 6,000 rows would be sent to the worker and parsed.
 */

import type { Preparer } from '../store/statement.ts'
import type { Periods } from './covered.ts'
import type { Plan } from './plan.ts'
import type { Reading } from './reading.ts'
import { type RollupRow, storedRows, storedWeights, type Weights, weighing } from './rollup-rows.ts'

/**
 * What is read of stored roll-ups to tell the largest groups. `rows`: all rows, where those are few, or as many as must be
 * read. `coarse`: all rows of coarser periods, where finer ones are answered. Else the weights alone.
 */
export type Stored = { kind: 'rows' | 'coarse'; rows: RollupRow[] } | { kind: 'weights'; weights: Weights[] }

/** The rows of some values, and of `(other)`, in which they may lie where they have none. */
export interface Found {
  reading: Reading
  rows: RollupRow[]
  others: RollupRow[]
  /** The rows of all groups, in the periods in which all were read. */
  every: RollupRow[]
  /** True where all periods are such. */
  isAll: boolean
  /** How many groups there are. */
  groups: number
  /** The days among the periods: what starts there and is none is an hour. */
  days: ReadonlySet<number>
}

/** The largest groups, those first. */
interface Ranking {
  values: string[]
  /** How many groups there are. */
  groups: number
}

/** From so many groups on, the rows of all are read at once: to seek one costs two rows, and caps are at 200. */
const OUTRIGHT = 100
const ROWS_A_SEEK = 2

/** Reads what tells the largest groups. */
export async function storedOf(
  d1: Preparer,
  reading: Reading,
  { pool, periods, ranking }: Plan,
): Promise<Stored> {
  const { dimension, values } = reading.slice
  const isFew = !dimension.keys.length || values !== null
  if (isFew) return { kind: 'rows', rows: await storedRows(d1, reading, periods, null) }
  if (pool < OUTRIGHT) return { kind: 'weights', weights: await storedWeights(d1, reading, ranking) }
  const kind = ranking === periods ? 'rows' : 'coarse'
  return { kind, rows: await storedRows(d1, reading, ranking, null) }
}

/** The rows that `foundOf` will read of what is stored, at most. */
export function yetToRead(
  stored: Stored,
  limit: number,
  { days, hours }: Periods,
  { slice }: Reading,
): number {
  if (stored.kind === 'rows') return 0
  const values = new Set((stored.kind === 'weights' ? stored.weights : stored.rows).map(({ value }) => value))
  const [seeks, periods] = [Math.min(limit, values.size) + slice.others.length, days.length + hours.length]
  // And what is sought by, unpacked.
  return ROWS_A_SEEK * (seeks * periods + seeks + periods)
}

/** Ranks groups by the weight of their largest metric, stored and `fresh` from open hours. */
export function rankingOf(
  { source, slice }: Reading,
  stored: Stored,
  fresh: readonly RollupRow[],
  pool: number,
): Ranking {
  if (!slice.dimension.keys.length) return { values: ['[]'], groups: 1 }
  const weigh = weighing(source)
  const known = stored.kind === 'weights' ? stored.weights : stored.rows.map(weigh)
  const sums = new Map<string, number[]>()
  for (const { value, weights } of [...known, ...fresh.map(weigh)]) {
    const sum = sums.get(value)
    if (sum) for (const [i, n] of weights.entries()) sum[i] = (sum[i] ?? 0) + n
    else sums.set(value, [...weights])
  }
  const values = [...sums]
    // Values asked for by name are few and all taken.
    .filter(([value]) => !slice.values || slice.values.includes(value))
    .map(([value, weights]) => ({ value, weight: Math.max(...weights) }))
    .sort((a, b) => b.weight - a.weight || (a.value < b.value ? -1 : 1))
    .slice(0, slice.values ? undefined : pool)
    .map(({ value }) => value)
  return { values, groups: sums.size }
}

/** The rows of some values, in the order of these. */
export function inOrder(rows: readonly RollupRow[], values: readonly string[]): RollupRow[] {
  const found = new Map(values.map(value => [value, [] as RollupRow[]]))
  for (const row of rows) found.get(row.value)?.push(row)
  return [...found.values()].flat()
}

/** The rows of the ranked groups; those of which only `wanted` are answered are sought, where not all have been read. */
export async function foundOf(
  d1: Preparer,
  reading: Reading,
  periods: Periods,
  stored: Stored,
  fresh: readonly RollupRow[],
  { values, groups }: Ranking,
  wanted: readonly string[],
): Promise<Found> {
  const { others } = reading.slice
  const isAll = stored.kind === 'rows'
  const known = isAll
    ? stored.rows
    : await storedRows(d1, reading, periods, [...new Set([...wanted, ...others])])
  const all = [...known, ...fresh]
  return {
    reading,
    rows: inOrder(all, isAll ? values : values.filter(value => wanted.includes(value))),
    others: all.filter(({ value }) => others.includes(value)),
    every: isAll ? all : [...fresh],
    isAll,
    groups,
    days: new Set(periods.days),
  }
}
