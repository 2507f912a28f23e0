/**
 * Subsampling: how much of a range's raw rows is read, so that no query reads more than `MAX_READ` rows.
 *
 * Ids are random, so the page views whose id lies below a bound are a uniform sample, and smaller bounds give samples
 * of it. Within an hour they lie together under the key (site, hour, id) and are sought. One page view in `oneIn` is
 * read and stands for `oneIn` times its weight, so counts and percentiles stay unbiased, and the interval, which
 * goes by the samples really read, widens by itself.
 *
 * Example: a day of 60,000 page views, of which each costs 2 rows. Roll-ups say that there are some 60,000, so the probe begins
 * with the ids below 0200000000000000, one in 128, and finds 480. So there are about 480 * 128 = 61,440, give or take
 * 4 / sqrt(480) = 18 %, and reading them costs at most 145,000 rows. Of 20,000 the probe has taken 500, and 24 hours are sought:
 * 19,476 are left, so one page view in 8 is read. The bound is 2000000000000000. Of an hour that has no roll-up the probe reads
 * 1,000 of all page views and gives up, then one in 16, and so on.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Query } from '../../schema/api/query.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms, OneIn } from '../../schema/domain/units.ts'
import { pageviews, rollups } from '../../schema/storage/tables.ts'
import { allOf, eachOf, isRange } from '../histogram/hours.ts'
import { sound } from '../histogram/safe-json.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { badField } from '../problem.ts'
import { NO_SQL, named, texts } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'

const p = named(pageviews, 'p')
const r = named(rollups, 'r')
const VIEWS = sql.raw(sound(texts(rollups, 'r').views))

/** Rows that a query may read, as D1 counts them. */
export const MAX_READ = 20_000
/** Rows that single page views may read however much was read before, lest a handful of them answers. */
export const LEAST = 2_000

/** Page views that a probe looks at, at most. */
const PROBE = 1_000
/** Page views that it hopes for where roll-ups say about how many there are: their number within 6 % (one sigma). */
const HOPED = 300
/** So few say little: what roll-ups count may have been deleted since. */
const FEW = 40
const STEP = 16
/** The smallest part that is looked at is one in so many. */
const MAX_ONE_IN = STEP ** 6
/** By how many standard deviations a guess of the rows is raised, so that a read stays within them. */
const SIGMAS = 4
/** Where fewer rows are left for page views, to seek their hours is not worth it. */
const WORTHWHILE = 500

export interface Range extends Pick<Query, 'site' | 'from' | 'to'> {
  /** Those of its hours that are meant, since 1970; without them all are. */
  hours?: readonly Hour[]
}

/** What the query does with each row `p`. */
interface Need {
  /** Rows that D1 counts for one page view, as SQL. */
  cost: SQL
  /** 1 for those page views that reach the worker, else 0. */
  matches?: SQL
  /** How many times the hours are sought in what is read; default 1. */
  lists?: number
}

/** What may be read. */
export interface Limits {
  /** Rows. */
  reads: number
  /** About how many page views that match the worker can take. */
  most?: number
  /** The smallest `oneIn` that will do. */
  atLeast?: number
}

/** What is known of a range's page views before they are read. */
export interface Estimate {
  range: Range
  /** Hours of the range in which there can be page views. */
  hours: readonly Hour[]
  /** Rows that finding out has read. */
  read: number
  /** Rows that reading all page views takes, at most. */
  rows: number
  /** About how many of them match. */
  matching: number
  /** Rows that it takes to seek the hours. */
  sought: number
}

/** What `npm run explain` is told of a query that reads raw rows alone. */
export interface Subsampled {
  estimate: Estimate
  oneIn: OneIn
}

/** Selects as many of a range's page views as `reads` rows allow, finding out included. */
export async function subsample(
  d1: Preparer,
  range: Range,
  { reads = MAX_READ, most = Number.POSITIVE_INFINITY, atLeast = 1, ...need }: Need & Partial<Limits>,
  now: Ms,
): Promise<Selection> {
  const estimate = await estimateOf(d1, range, need, now)
  const oneIn = oneInOf(estimate, { reads: reads - estimate.read, most, atLeast })
  d1.explain?.({ estimate, oneIn } satisfies Subsampled)
  return selectionOf(estimate, oneIn)
}

/** Looks at a few of a range's page views. One statement. */
export async function estimateOf(
  d1: Preparer,
  range: Range,
  { cost, matches = sql`0`, lists = 1 }: Need,
  now: Ms,
): Promise<Estimate> {
  const hours = hoursOf(range, now)
  const { results, meta } = await prepare(d1, probe(range, hours, cost, matches)).all<Probed>()
  const { oneIn = 1, found = '[0]' } = results[0] ?? {}
  const [looked = 0, costs = 0, matching = 0]: number[] = JSON.parse(found)
  // All were looked at: nothing is guessed.
  const isExact = oneIn === 1 && looked < PROBE
  const deviation = isExact ? 0 : 1 / Math.sqrt(looked || 1)
  return {
    range,
    hours,
    read: meta.rows_read,
    rows: costs * (1 + SIGMAS * deviation) * oneIn,
    matching: matching * oneIn,
    sought: hours.length * lists,
  }
}

/** Of how many page views one can be read. Throws a 400 where there are so many hours that next to none could. */
export function oneInOf(
  { hours, rows, matching, sought }: Estimate,
  { reads, most = Number.POSITIVE_INFINITY, atLeast = 1 }: Limits,
): OneIn {
  // Hours that follow each other are read whole as one range.
  const all = rows + (isRange(hours) ? 0 : sought)
  if (atLeast <= 1 && all <= reads && matching <= most) return 1
  const left = reads - sought
  if (left < WORTHWHILE) throw badField({ field: 'from', detail: TOO_FAR })
  return Math.max(2, atLeast, Math.ceil(rows / left), Math.ceil(matching / most))
}

const TOO_FAR =
  'is too far back for single page views to answer: ask for a shorter range, or for fewer metrics'

/** One page view in `oneIn` of what was estimated. Key: (site, hour, id), sought for each hour. */
export function selectionOf({ range, hours }: Estimate, oneIn: OneIn): Selection {
  if (oneIn === 1) return allWithin(range, hours)
  const { from, where } = eachOf(range.site, hours)
  return { oneIn, from, where: sql`${where} AND ${p.id} < ${boundOf(oneIn)}` }
}

function allWithin(range: Range, hours: readonly Hour[]): Selection {
  return range.hours ? allOf(range.site, hours) : { oneIn: 1, from: p.table, where: within(range) }
}

/** Every page view of a range without its `hours`. Key: (site, hour). */
export function within({ site, from, to }: Range): SQL {
  return sql`${p.site} = ${site} AND ${p.hour} >= ${from / HOUR} AND ${p.hour} < ${to / HOUR}`
}

/** The id below which one in `oneIn` of all ids lies: of 16 that is 1000000000000000. */
export function boundOf(oneIn: OneIn): string {
  return (2n ** 64n / BigInt(oneIn)).toString(16).padStart(16, '0')
}

interface Probed {
  oneIn: OneIn
  /** JSON: how many were looked at, what reading them costs, how many match. */
  found: string
}

/**
 * Looks at one page view in so many, and then at fewer or more, until they are fewer than `PROBE` and not too `FEW`: (oneIn,
 * found), found being a JSON list of how many there were, what reading them costs, and how many match. Each look ends at `PROBE`.
 */
function probe(range: Range, hours: readonly Hour[], cost: SQL, matches: SQL): SQL {
  const all = allWithin(range, hours)
  const [limit, step, few, most] = [PROBE, STEP, FEW, MAX_ONE_IN].map(number => sql.raw(String(number)))
  const next = sql`CASE WHEN found IS NULL THEN oneIn WHEN found ->> 0 >= ${limit} THEN oneIn * ${step}
    WHEN oneIn > ${step} * ${step} THEN oneIn / ${step} ELSE 1 END`
  // `boundOf` of the next look; SQLite's integers do not hold 2^64.
  const bound = sql`printf('%016x', ${sql.raw(String(2n ** 64n / BigInt(STEP)))} / (${next} / ${step}))`
  const look = ({ from, where }: Pick<Selection, 'from' | 'where'>, some = NO_SQL) =>
    sql`(SELECT json_array(count(*), total(cost), total(matches)) FROM (
      SELECT ${cost} AS cost, ${matches} AS matches FROM ${from} WHERE ${where} ${some} LIMIT ${limit}))`
  return sql`WITH RECURSIVE probe(turn, way, oneIn, found) AS (
      SELECT 0, 0, ${firstOf(range)}, NULL
      UNION ALL
      SELECT turn + 1, CASE WHEN found IS NULL THEN 0 WHEN found ->> 0 >= ${limit} THEN 1 ELSE -1 END, ${next},
        CASE ${next} WHEN 1 THEN ${look(all)}
        ELSE ${look(eachOf(range.site, hours), sql`AND ${p.id} < ${bound}`)} END
      FROM probe WHERE found IS NULL OR (way >= 0 AND found ->> 0 >= ${limit} AND oneIn < ${most})
        OR (way <= 0 AND found ->> 0 < ${few} AND oneIn > 1))
    SELECT oneIn, found FROM probe ORDER BY turn DESC LIMIT 1`
}

/** One in how many a probe looks at first, by what the roll-ups of whole days count. Key: (site, tier, dimension, start). */
function firstOf({ site, from, to, hours }: Range): SQL {
  if (hours) return sql`1`
  const [hoped, most] = [HOPED, MAX_ONE_IN].map(number => sql.raw(String(number)))
  return sql`(SELECT CASE WHEN views < ${hoped} * ${sql.raw(String(STEP))} THEN 1
      ELSE min(${most}, 1 << CAST(log2(views / ${hoped}) AS INTEGER)) END
    FROM (SELECT total(${VIEWS} ->> 's') AS views FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.tier} = 'day'
      AND ${r.dimension} = 'all' AND ${r.start} >= ${from / HOUR} AND ${r.start} < ${to / HOUR}))`
}

/** The hours of a range in which there can be page views. */
function hoursOf({ from, to, hours }: Range, now: Ms): readonly Hour[] {
  if (hours) return hours
  const [first, end] = [from / HOUR, Math.min(to / HOUR, hourOf(now) + 1)]
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
}
