/**
 * Subsampling: how much of a question's raw rows to read, so that no question reads more than `MAX_READ` rows. A range
 * goes in; one in how many of its page views to read comes out, as a condition on the key.
 *
 * Ids are random, so the page views whose id lies below a bound are a uniform sample, and smaller bounds give samples
 * of it. Within an hour they lie together under the key (site, hour, id) and are sought. One page view in `share` is
 * read and stands for `share` times its weight, so counts and percentiles stay unbiased, and the interval, which
 * goes by the samples really read, widens by itself.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Query } from '../../schema/api/query.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Selection } from '../histogram/histogram-sql.ts'
import { allOf } from '../histogram/hours.ts'
import { type Preparer, prepare } from '../store/statement.ts'

/** Rows that a question may read, as D1 counts them. */
export const MAX_READ = 20_000
/** Rows that single page views may read however much was read before, lest a handful of them answers. */
export const LEAST = 2_000

/** Page views that a probe looks at, at most: 62 or more, which tells their number within 13 % (one sigma). */
const PROBE = 1_000
const STEP = 16
/** The sparsest sample that is read: one in so many. */
const MAX_SHARE = STEP ** 6
/** By how many standard deviations a guess of the rows is raised, so that a read stays within them. */
const SIGMAS = 4
/** D1 counts an hour of a list three times: unpacked, put into the list, looked up. */
const ROWS_AN_HOUR = 3

export interface Range extends Pick<Query, 'site' | 'from' | 'to'> {
  /** Those of its hours that are meant, since 1970; without them all are. */
  hours?: readonly number[]
}

/** What the question does with each row `p`. */
export interface Need {
  /** Rows that D1 counts for one page view, as SQL. */
  cost: SQL
  /** 1 for those page views that reach the worker, else 0; with `most`, about how many of them it can take. */
  fits?: SQL
  most?: number
  /** Rows that may be read, finding out included. */
  reads?: number
  /** The smallest N of one in N that will do, a power of two. */
  atLeast?: number
  /** How many times the condition on the hours stands in what is read; default 1. */
  lists?: number
}

/** Chooses the largest sample of a range's page views that stays within what may be read. */
export async function subsample(d1: Preparer, range: Range, need: Need, now: number): Promise<Selection> {
  const { read, choose } = await probed(d1, range, need, now)
  return choose((need.reads ?? MAX_READ) - read)
}

/** Looks at a range's page views; answers the rows that it read, and what chooses the sample by what may be read yet. */
export async function probed(
  d1: Preparer,
  range: Range,
  { cost, fits = sql`0`, most = Number.POSITIVE_INFINITY, lists = 1, atLeast = 1 }: Need,
  now: number,
): Promise<{ read: number; choose: (reads: number) => Selection }> {
  const hours = hoursOf(range, now)
  const asked = prepare(d1, probe(range, hours, cost, fits))
  const { results, meta } = await asked.all<{ oneIn: number; found: string }>()
  const { oneIn: probed = 1, found = '[0]' } = results[0] ?? {}
  const [looked = 0, costs = 0, fitting = 0]: number[] = JSON.parse(found)
  const exact = probed === 1 && looked < PROBE
  const guess = (sum: number, sigmas: number) =>
    exact ? sum : (sum + (sigmas * sum) / Math.sqrt(looked || 1)) * probed
  const listed = hours.length * ROWS_AN_HOUR * lists
  const choose = (reads: number) => {
    let oneIn = 1
    while (
      oneIn < MAX_SHARE &&
      (oneIn < atLeast ||
        guess(costs, SIGMAS) / oneIn + (oneIn > 1 || range.hours ? listed : 0) > reads ||
        guess(fitting, 0) / oneIn > most)
    ) {
      oneIn *= 2
    }
    return { oneIn, where: sharing(range, hours, oneIn) }
  }
  return { read: meta.rows_read, choose }
}

/** Every page view of a range. Key: (site, hour). */
export function within({ site, from, to, hours }: Range): SQL {
  return hours
    ? allOf(site, hours).where
    : sql`p.site = ${site} AND p.hour >= ${from / HOUR} AND p.hour < ${to / HOUR}`
}

/** The condition for one page view in `share` of a range. Key: (site, hour, id), sought for each hour. */
function sharing(range: Range, hours: readonly number[], oneIn: number): SQL {
  return oneIn === 1 ? within(range) : sql`${allOf(range.site, hours).where} AND p.id < ${boundOf(oneIn)}`
}

/** The id below which one in `share` of all ids lies; `share` is a power of two from 2 on. */
export function boundOf(oneIn: number): string {
  return (2n ** 64n / BigInt(oneIn)).toString(16).padStart(16, '0')
}

/**
 * Looks at one page view in 1, 16, 256, ..., until they are fewer than `PROBE`: (oneIn, found), found being a JSON list
 * of how many there were, what reading them costs, and how many fit. It stops at `PROBE` rows each time.
 */
function probe(range: Range, hours: readonly number[], cost: SQL, fits: SQL): SQL {
  const limit = sql.raw(String(PROBE))
  const count = (rows: SQL) =>
    sql`(SELECT json_array(count(*), total(cost), total(fits)) FROM (
      SELECT ${cost} AS cost, ${fits} AS fits FROM ${rows} LIMIT ${limit}))`
  // `boundOf` of the next share; SQLite's integers do not hold 2^64.
  const bound = sql.raw(`printf('%016x', ${2n ** 64n / BigInt(STEP)} / probe.oneIn)`)
  return sql`WITH RECURSIVE probe(oneIn, found) AS (
      SELECT 1, ${count(sql`pageviews AS p WHERE ${within(range)}`)}
      UNION ALL
      SELECT probe.oneIn * ${sql.raw(String(STEP))},
        ${count(sql`json_each(${JSON.stringify(hours)}) AS h CROSS JOIN pageviews AS p
          WHERE p.site = ${range.site} AND p.hour = h.value AND p.id < ${bound}`)}
      FROM probe WHERE found ->> 0 >= ${limit} AND probe.oneIn < ${sql.raw(String(MAX_SHARE))})
    SELECT oneIn, found FROM probe ORDER BY oneIn DESC LIMIT 1`
}

/** The hours of a range in which there can be page views. */
function hoursOf({ from, to, hours }: Range, now: number): readonly number[] {
  if (hours) return hours
  const [first, end] = [from / HOUR, Math.min(to / HOUR, hourOf(now) + 1)]
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
}
