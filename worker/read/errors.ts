/**
 * `GET /v1/errors`: errors by their fingerprint. Roll-ups answer for all page views, raw rows for open hours and for those
 * that filters choose: a subsample, since the worker has little CPU.
 */

import { sql } from 'drizzle-orm'
import type { ErrorRow, ErrorsAnswer, ErrorsQuery } from '../../schema/api/errors.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { decodeError, type RowError } from '../../schema/storage/row.ts'
import { errorRollups, pageviews } from '../../schema/storage/tables.ts'
import { BELIEVED, believedErrors } from '../histogram/believed.ts'
import { ERROR_DIMENSIONS } from '../histogram/dimensions.ts'
import { type ErrorSum, OTHER_ERRORS } from '../histogram/errors.ts'
import { weight } from '../histogram/samples-sql.ts'
import { coveredBy, type Periods } from '../query/covered.ts'
import { groupsOf } from '../query/distributions.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptDays, keptRows, type Retention } from '../query/kept.ts'
import { subsample } from '../query/subsample.ts'
import { named } from '../store/names.ts'
import { errorsOf, parsed } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { errorCount, errorFree } from './error-free.ts'
import { rangeOf } from './summary.ts'

/** Page views with errors that are looked at, and rows of roll-ups. */
const MAX_PAGE_VIEWS = 4_000
const MAX_ROWS = 10_000
/** Rows that page views may read beside the count, which may read as many: there are roll-ups besides, or there are none. */
const READS = { rolledUp: 5_000, raw: 10_000 }
const MAX_NAMES = 8
/** What sums of shares may lack by rounding. The rows of whole errors come to no more than the count. */
const ROUNDED = 1e-6

const p = named(pageviews, 'p')
const r = named(errorRollups, 'r')

/** One error, added up. */
type Sum = Pick<ErrorSum, 'n' | 's' | 'times' | 'first' | 'last' | 'names'>
type Sums = Map<string, Sum>

/** Reads three to six statements. Keys: (site, tier, dimension, start), (site, hour, id). */
export async function readErrors(
  d1: Preparer,
  asked: ErrorsQuery,
  retention: Retention,
  now: number,
): Promise<ErrorsAnswer> {
  const isFiltered = Object.values(asked.filters).some(filter => filter !== undefined)
  const query = isFiltered ? keptRows(asked, retention, now) : keptDays(asked, retention, now)
  const reads = isFiltered ? READS.raw : READS.rolledUp
  const sums: Sums = new Map()
  const [{ oneIn, beyond }, all] = await Promise.all([
    isFiltered ? addRows(d1, sums, query, { reads }, now) : addPeriods(d1, sums, query, reads, now),
    groupsOf(d1, { ...query, sort: 'busiest', metrics: ['errors'], groupBy: [] }, now, { reads }),
  ])
  const counts = all.groups[0]?.distribution
  const count = counts ? errorCount(counts) : 0
  const told = [...sums.values()].reduce((sum, { times }) => sum + times, 0)
  sums.delete(OTHER_ERRORS)
  const data = [...sums]
    .map(([value, sum]) => toRow(JSON.parse(value), sum, counts?.n ?? 0))
    .sort(
      (a, b) =>
        (query.sort === 'newest' ? (a.first_seen < b.first_seen ? 1 : -1) : b.pageviews - a.pageviews) ||
        b.count - a.count,
    )
    .slice(0, query.limit)
  const listed = data.reduce((sum, { count }) => sum + count, 0)
  const sampled = Math.max(oneIn, all.oneIn)
  return {
    ...rangeOf(query),
    source: isFiltered ? 'samples' : 'rollup',
    ...(sampled > 1 && { sampled }),
    relative_error: RELATIVE_ERROR,
    count,
    pageviews: counts?.n ?? 0,
    samples: counts?.s ?? 0,
    error_free: counts ? errorFree(counts) : null,
    // Rows of a sample add up to more or less than the count, which may be exact: what is in none is told by the same sample.
    unlisted: Math.max(0, (isFiltered || oneIn > 1 ? Math.round(told + beyond) : count) - listed),
    data,
  }
}

/** What was read of single page views: one in how many, and how many errors of them are in no list. */
interface Added {
  oneIn: number
  beyond: number
}

/** Adds what roll-ups hold, and the page views of open hours. */
async function addPeriods(
  d1: Preparer,
  sums: Sums,
  query: ErrorsQuery,
  reads: number,
  now: number,
): Promise<Added> {
  const periods = await coveredBy(d1, query, now)
  const none: Added = { oneIn: 1, beyond: 0 }
  const [added] = await Promise.all([
    periods.open.length ? addRows(d1, sums, query, { hours: periods.open, reads }, now) : none,
    addRollups(d1, sums, query.site, periods),
  ])
  return added
}

/** The newest first, so that the oldest is missing where there are too many. */
async function addRollups(d1: Preparer, sums: Sums, site: string, { days, hours }: Periods): Promise<void> {
  const starts = [...days.map(day => ['day', day]), ...hours.map(hour => ['hour', hour])]
  if (!starts.length) return
  const newest = starts.sort(([, a], [, b]) => Number(b) - Number(a))
  const { results } = await prepare(
    d1,
    sql`SELECT ${r.value} AS value, ${r.errors} AS errors FROM json_each(${JSON.stringify(newest)}) AS t
      CROSS JOIN ${r.table} ON ${r.site} = ${site} AND ${r.tier} = t.value ->> 0 AND ${r.start} = t.value ->> 1
        AND ${r.dimension} = ${ERROR_DIMENSIONS[0]?.name ?? ''}
      LIMIT ${MAX_ROWS}`,
  ).all<{ value: string; errors: string }>()
  for (const { value, errors } of results) {
    const sum = parsed(errors) as ErrorSum | undefined
    if (sum) add(sums, value, sum)
  }
}

/** Adds the errors of single page views: of the hours given, or of the whole range. */
async function addRows(
  d1: Preparer,
  sums: Sums,
  { site, from, to, filters }: ErrorsQuery,
  { hours, reads }: { hours?: readonly number[]; reads: number },
  now: number,
): Promise<Added> {
  const wanted = sql`${p.errors} > 0 AND ${matchesPageView(filters)}`
  const range = hours
    ? { site, from: Math.min(...hours) * HOUR, to: (Math.max(...hours) + 1) * HOUR, hours }
    : { site, from, to }
  const selection = await subsample(
    d1,
    range,
    { cost: sql`1`, matches: wanted, most: MAX_PAGE_VIEWS, reads },
    now,
  )
  const { results } = await prepare(
    d1,
    sql`SELECT ${weight(selection.oneIn)} AS w, ${p.began} AS began, ${p.release} AS release,
        ${p.browser} AS browser, ${p.errors} AS total, ${p.errorList} AS errors
      FROM ${selection.from} WHERE ${selection.where} AND ${wanted}`,
  ).all<{
    w: number
    began: number
    release: string | null
    browser: string | null
    total: number
    errors: string | null
  }>()
  let beyond = 0
  for (const { w, began, release, browser, total, errors } of results) {
    let rest = Math.min(total, BELIEVED.errors)
    const names = {
      release: release === null ? {} : { [release]: w },
      browser: browser === null ? {} : { [browser]: w },
    }
    const list = errorsOf(errors) ?? []
    const believed = believedErrors(list.map(({ count }) => count))
    for (const [i, { kind, message, script, line, column }] of list.entries()) {
      const count = believed[i] ?? 0
      rest -= count
      const sum = { n: w, s: 1, times: w * count, first: began, last: began, names }
      add(sums, JSON.stringify([kind, message, script, line, column]), sum)
    }
    beyond += w * Math.max(0, rest)
  }
  return { oneIn: selection.oneIn, beyond: Math.max(0, beyond) }
}

function add(sums: Sums, value: string, part: Sum): void {
  const sum = sums.get(value)
  if (!sum) {
    sums.set(value, {
      ...part,
      names: { release: { ...part.names.release }, browser: { ...part.names.browser } },
    })
    return
  }
  sum.n += part.n
  sum.s += part.s
  sum.times += part.times
  sum.first = Math.min(sum.first, part.first)
  sum.last = Math.max(sum.last, part.last)
  for (const kind of ['release', 'browser'] as const) {
    const counts = sum.names[kind] ?? {}
    sum.names[kind] = counts
    for (const [name, n] of Object.entries(part.names[kind] ?? {})) counts[name] = (counts[name] ?? 0) + n
  }
}

function toRow(fingerprint: unknown[], { n, s, times, first, last, names }: Sum, all: number): ErrorRow {
  const { count: _, ...error } = decodeError([...fingerprint, 0] as RowError)
  return {
    ...error,
    count: Math.floor(times + ROUNDED),
    pageviews: n,
    samples: s,
    share: all ? Math.min(1, n / all) : 0,
    first_seen: new Date(first).toISOString(),
    last_seen: new Date(last).toISOString(),
    releases: largest(names.release, n),
    browsers: largest(names.browser, n),
  }
}

function largest(counts: Record<string, number> = {}, all: number): ErrorRow['releases'] {
  return Object.entries(counts)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAX_NAMES)
    .map(([name, n]) => ({ name, share: Math.min(1, n / all) }))
}
