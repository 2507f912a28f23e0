/**
 * Single page views as the groups of an answer, for any combination of keys: a histogram for each group and bucket of time.
 *
 * D1 counts a row that is unpacked, sorted or grouped once more each time: three rows a sample, and eleven for each group and
 * metric (measured). So each page view comes to the worker as one row, and the worker tells them apart.
 */

import { type SQL, sql } from 'drizzle-orm'
import { collected } from '../../schema/domain/histogram.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { keySql, type Selection, weight } from '../histogram/samples-sql.ts'
import { listed, named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { added, countedRow, type Distribution, type Counted as Sum } from './distribution.ts'
import { matchesPageView, pagesOf } from './filters.ts'
import { startsIn } from './groups.ts'
import { type GroupsQuery, type GroupValues, isItem } from './groups-query.ts'
import { type Read, samplesOf } from './raw-samples.ts'
import type { RollupRow } from './rollup-rows.ts'
import type { Source } from './source.ts'

const p = named(pageviews, 'p')

/** The groups with the most weight, those first, and all beyond them as one row for each bucket. */
interface RawGroups {
  rows: RollupRow[]
  beyond: RollupRow[]
  /** API calls beyond those that the page views sent, each page view counted once; 0 of other metrics. */
  leftOut: number
}

/** One group in one bucket of time. */
interface Counted {
  value: string
  start: Hour
  /** By column. */
  sums: Map<string, Sum>
}

/** Reads the `limit` groups with the most weight, or those that are wanted; those beyond are added up where a rest is asked for. Key: (site, hour, id). */
export async function rawGroups(
  d1: Preparer,
  query: GroupsQuery,
  source: Source,
  limit: number,
  { oneIn, from, where }: Selection,
): Promise<RawGroups> {
  const filters = { ...query.filters, ...source.filters }
  const keys = query.groupBy.map(key => (isItem(key) ? sql`NULL` : keySql(key)))
  const hour = query.buckets ? [sql`${p.hour} AS hour`] : []
  const { results } = await prepare(
    d1,
    sql`SELECT ${listed(sql`${weight(oneIn)} AS w`, ...hour, ...numbered('k', keys), ...numbered('v', source.told))}
      FROM ${from} WHERE ${where} AND ${source.kind === 'views' ? matchesPageView(filters) : pagesOf(filters)}`,
  ).all<Read>()
  const { counted, leftOut } = count(results, query, samplesOf(source, filters))
  const places = placesOf(counted)
  const wanted = query.among && new Set(query.among.map(group => nameOf(query, group)))
  const isNamed = ({ value }: Counted) => wanted?.has(value) ?? (places.get(value) ?? limit) < limit
  const byPlace = (a: Counted, b: Counted) => (places.get(a.value) ?? 0) - (places.get(b.value) ?? 0)
  const beyond = query.rest ? counted.filter(group => !isNamed(group)) : []
  return {
    rows: counted
      .filter(isNamed)
      .sort((a, b) => byPlace(a, b) || a.start - b.start)
      .map(({ value, start, sums }) => countedRow(start, value, source.columns, distributions(sums))),
    beyond: [...Map.groupBy(beyond, ({ start }) => start)].map(([start, groups]) => {
      const sums = source.columns.flatMap(column => {
        const parts = groups.flatMap(({ sums }) => {
          const sum = sums.get(column)
          return sum ? [collected(sum)] : []
        })
        return parts.length ? [[column, added(parts)] as const] : []
      })
      return countedRow(start, '', source.columns, new Map(sums))
    }),
    leftOut,
  }
}

function distributions(sums: ReadonlyMap<string, Sum>): Map<string, Distribution> {
  return new Map([...sums].map(([column, sum]) => [column, collected(sum)]))
}

function nameOf({ groupBy }: GroupsQuery, group: GroupValues): string {
  return JSON.stringify(groupBy.map(key => group[key] ?? null))
}

/** `a AS k0, b AS k1` */
function numbered(name: string, columns: readonly SQL[]): SQL[] {
  return columns.map((column, i) => sql`${column} AS ${sql.raw(`${name}${i}`)}`)
}

/** What begins with the same values: the group of just these, and what follows them by the next value. */
interface Branch {
  group?: Counted
  next: Map<Read[string] | undefined, Branch>
}

/**
 * Counts the samples of each page view in the groups that they belong to. There are thousands, and the free plan has 10 ms of CPU: so a
 * group is found value by value, and its text is made once.
 */
function count(rows: readonly Read[], query: GroupsQuery, add: ReturnType<typeof samplesOf>) {
  const startOf = startsIn(query)
  const columns = query.groupBy.map((key, i) => (isItem(key) ? null : `k${i}`))
  const found: Counted[] = []
  let leftOut = 0
  const root: Branch = { next: new Map() }
  let row: Read
  let start: Hour
  const sumsOf = (name: string | null) => {
    let branch = branchOf(root, start)
    for (const column of columns) branch = branchOf(branch, column === null ? name : row[column])
    if (!branch.group) {
      const values = columns.map(column => (column === null ? name : (row[column] ?? null)))
      branch.group = { value: JSON.stringify(values), start, sums: new Map() }
      found.push(branch.group)
    }
    return branch.group.sums
  }
  for (row of rows) {
    start = startOf(row.hour ?? 0)
    leftOut += add(row, sumsOf)
  }
  return { counted: found, leftOut }
}

function branchOf({ next }: Branch, value: Read[string] | undefined): Branch {
  const known = next.get(value)
  if (known) return known
  const branch = { next: new Map() }
  next.set(value, branch)
  return branch
}

/** The place of each value by the weight of its largest metric, from 0. */
function placesOf(groups: readonly Counted[]): Map<string, number> {
  const volumes = new Map<string, Map<string, number>>()
  for (const { value, sums } of groups) {
    const volume = volumes.get(value) ?? new Map<string, number>()
    volumes.set(value, volume)
    for (const [column, { n }] of sums) volume.set(column, (volume.get(column) ?? 0) + n)
  }
  const totals = [...volumes].map(([value, volume]) => ({ value, total: Math.max(...volume.values()) }))
  totals.sort((a, b) => b.total - a.total || (a.value < b.value ? -1 : 1))
  return new Map(totals.map(({ value }, place) => [value, place]))
}
