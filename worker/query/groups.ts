/** The groups of an answer: which are chosen, in which order, and the distribution of each metric and bucket of time. */

import { limitsOf, type Measure } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import type { Hour } from '../../schema/domain/units.ts'
import type { Key } from '../histogram/dimensions.ts'
import { missingIn } from './capped.ts'
import { type Distribution, errorRate, NONE, total } from './distribution.ts'
import type { GroupsQuery, GroupValues } from './groups-query.ts'
import type { Found } from './largest.ts'
import type { RollupRow } from './rollup-rows.ts'
import type { Source } from './source.ts'
import { timeBucketOf } from './time-buckets.ts'

export interface Group {
  values: GroupValues
  metric: Measure
  /** First hour of its bucket, since 1970; 0 without buckets. */
  start: Hour
  distribution: Distribution
  /** The most page views (or calls) of the group that may lie in `(other)`, where nobody can tell them any more. */
  missing: number
  /** True for the groups that are not answered, together. */
  rest?: true
}

/** A value that is answered, with its rows. */
export interface Chosen {
  value: string
  rows: RollupRow[]
}

/** The values that are answered, in order, each with its rows. */
export function chosenOf(
  rows: readonly RollupRow[],
  query: GroupsQuery,
  { columns, metrics: [metric] }: Source,
): Chosen[] {
  const measured = columns.filter(column => column !== 'views')
  const isBusiest = query.sort === 'busiest' && query.minimum <= 1
  const candidates = [...Map.groupBy(rows, row => row.value)].map(([value, rows]) => {
    if (isBusiest) return { value, rows, score: 0, samples: 0 }
    const totals = new Map(columns.map(column => [column, total(rows, column)]))
    const [first] = measured.flatMap(column => totals.get(column) ?? [])
    const samples = Math.max(0, ...[...totals.values()].map(sum => sum?.s ?? 0))
    return { value, rows, score: first && metric ? scoreOf(metric, first, query) : 0, samples }
  })
  const enough = candidates.filter(({ samples }) => query.minimum <= 1 || samples >= query.minimum)
  // Stable: equal scores stay in the order of their traffic.
  return enough.toSorted((a, b) => b.score - a.score).slice(0, query.limit)
}

function scoreOf(metric: Measure, distribution: Distribution, { sort, percentile }: GroupsQuery): number {
  const { n, good } = distribution
  switch (sort) {
    case 'slowest':
      return percentiles(distribution, [percentile], limitsOf(metric))[0]?.value ?? 0
    case 'failing':
      return errorRate(distribution)
    case 'impact':
      return n - good
    case 'busiest':
      return 0
  }
}

/** The first hour of the bucket of an hour; 0 where there is but one. */
export function startsIn({ buckets }: GroupsQuery): (hour: Hour) => Hour {
  return hour => (buckets ? timeBucketOf(hour, buckets) : 0)
}

/**
 * The chosen groups: the periods of each added up, by bucket. Of roll-ups, `found` tells what may be missing of a group:
 * one that is asked for by name is answered even where all of it may.
 */
export function groupsFrom(
  chosen: readonly Chosen[],
  query: GroupsQuery,
  source: Source,
  keys: readonly Key[],
  found: Found | null,
): Group[] {
  const startOf = startsIn(query)
  const named = query.groupBy.length ? [] : (found?.reading.slice.values ?? [])
  const absent = named.filter(value => !chosen.some(other => other.value === value))
  const isExpected = query.buckets !== null || named.length > 0
  const missingOf = found && missingIn(found, startOf)
  return [...chosen, ...absent.map(value => ({ value, rows: [] }))].flatMap(({ value, rows }) => {
    const list: (string | null)[] = JSON.parse(value)
    const values = Object.fromEntries(query.groupBy.map(key => [key, list[keys.indexOf(key)] ?? null]))
    const starts = Map.groupBy(rows, row => startOf(row.start))
    // A bucket of which nothing is known but that there may be something.
    if (isExpected) {
      for (const { start } of found?.others ?? [])
        if (!starts.has(startOf(start))) starts.set(startOf(start), [])
    }
    return source.metrics.flatMap((metric, i) => {
      const column = source.columns[i] ?? ''
      const unnamed = missingOf?.(value, column)
      return [...starts].flatMap(([start, rows]) => {
        const distribution = total(rows, column)
        const missing = unnamed?.get(start) ?? 0
        if (!distribution && !(missing && isExpected)) return []
        return [{ values, metric, start, distribution: distribution ?? NONE, missing }]
      })
    })
  })
}
