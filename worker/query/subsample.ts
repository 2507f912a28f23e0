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
 * 4 / sqrt(480) = 18 %, and reading them costs at most 145,000 rows. A seventh of that may be read: one in 8 costs 18,100, and the
 * bound is 2000000000000000. Of an hour that has no roll-up the probe reads 1,000 of all page views and gives up, then one in
 * 16, and so on.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Query } from '../../schema/api/query.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Hour, Ms, OneIn } from '../../schema/domain/units.ts'
import { pageviews, rollups } from '../../schema/storage/tables.ts'
import { allOf } from '../histogram/hours.ts'
import { sound } from '../histogram/safe-json.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { named, texts } from '../store/names.ts'
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
/** The smallest part that is read is one in so many. */
const MAX_ONE_IN = STEP ** 6
/** By how many standard deviations a guess of the rows is raised, so that a read stays within them. */
const SIGMAS = 4
/** D1 counts an hour of a list three times: unpacked, put into the list, looked up. */
const ROWS_AN_HOUR = 3

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
  /** How many times the condition on the hours stands in what is read; default 1. */
  lists?: number
}

/** What may be read. */
export interface Limits {
  /** Rows. */
  reads: number
  /** About how many page views that match the worker can take. */
  most?: number
  /** The smallest `oneIn` that will do, a power of two. */
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
  /** Rows that the list of the hours takes. */
  listed: number
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
    listed: hours.length * ROWS_AN_HOUR * lists,
  }
}

/** Of how many page views one can be read: 1, 2, 4, ... */
export function oneInOf(
  { range, rows, matching, listed }: Estimate,
  { reads, most = Number.POSITIVE_INFINITY, atLeast = 1 }: Limits,
): OneIn {
  let oneIn = 1
  // A whole range needs no list of its hours; a part of it, or some hours, are sought hour by hour.
  const isTooMuch = () => rows / oneIn + (oneIn > 1 || range.hours ? listed : 0) > reads
  while (oneIn < MAX_ONE_IN && (oneIn < atLeast || isTooMuch() || matching / oneIn > most)) oneIn *= 2
  return oneIn
}

/** One page view in `oneIn` of what was estimated. Key: (site, hour, id), sought for each hour. */
export function selectionOf({ range, hours }: Estimate, oneIn: OneIn): Selection {
  const where =
    oneIn === 1 ? within(range) : sql`${allOf(range.site, hours).where} AND ${p.id} < ${boundOf(oneIn)}`
  return { oneIn, where }
}

/** Every page view of a range. Key: (site, hour). */
export function within({ site, from, to, hours }: Range): SQL {
  return hours
    ? allOf(site, hours).where
    : sql`${p.site} = ${site} AND ${p.hour} >= ${from / HOUR} AND ${p.hour} < ${to / HOUR}`
}

/** The id below which one in `oneIn` of all ids lies, a power of two from 2 on: of 16 that is 1000000000000000. */
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
  const [limit, step, few, most] = [PROBE, STEP, FEW, MAX_ONE_IN].map(number => sql.raw(String(number)))
  const next = sql`CASE WHEN found IS NULL THEN oneIn WHEN found ->> 0 >= ${limit} THEN oneIn * ${step}
    WHEN oneIn > ${step} * ${step} THEN oneIn / ${step} ELSE 1 END`
  // `boundOf` of the next look; SQLite's integers do not hold 2^64.
  const bound = sql`printf('%016x', ${sql.raw(String(2n ** 64n / BigInt(STEP)))} / (${next} / ${step}))`
  const look = (rows: SQL) =>
    sql`(SELECT json_array(count(*), total(cost), total(matches)) FROM (
      SELECT ${cost} AS cost, ${matches} AS matches FROM ${rows} LIMIT ${limit}))`
  return sql`WITH RECURSIVE probe(turn, way, oneIn, found) AS (
      SELECT 0, 0, ${firstOf(range)}, NULL
      UNION ALL
      SELECT turn + 1, CASE WHEN found IS NULL THEN 0 WHEN found ->> 0 >= ${limit} THEN 1 ELSE -1 END, ${next},
        CASE ${next} WHEN 1 THEN ${look(sql`${p.table} WHERE ${within(range)}`)}
        ELSE ${look(sql`json_each(${JSON.stringify(hours)}) AS h CROSS JOIN ${p.table}
          WHERE ${p.site} = ${range.site} AND ${p.hour} = h.value AND ${p.id} < ${bound}`)} END
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
