/**
 * Where an answer comes from, decided in one place: a question goes in, the periods and the roll-up dimension to
 * read come out. Day rows for whole days, hour rows for the edges, raw rows for what is open or not rolled up; raw
 * rows for everything where no dimension holds the combination that is asked for.
 */

import { sql } from 'drizzle-orm'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import { OTHER } from '../../schema/domain/names.ts'
import type { Tier } from '../../schema/storage/tables.ts'
import { isCapped, type Key, type RollupDimension } from '../histogram/dimensions.ts'
import { badField } from '../problem.ts'
import { type Preparer, prepare } from '../store/statement.ts'

/** The periods of a range, each given by its first hour since 1970. */
export interface Periods {
  /** Whole days with a clean roll-up. */
  days: number[]
  /** Other hours with a clean roll-up. */
  hours: number[]
  /** Hours to compute from raw rows. */
  live: number[]
}

/** Which values of a dimension are asked for. */
export interface Slice {
  dimension: RollupDimension
  /** Exact values; null for all, or for those of `prefix`. */
  values: string[] | null
  /** Values that begin so; null for no such bound. */
  prefix: string | null
  /** The values that hold what fell under a cap; none where nothing can have. */
  others: string[]
}

const DEVICES = ['phone', 'tablet', 'desktop']

/** The roll-up that holds exactly the keys that are grouped or filtered by; null where there is none. */
export function sliceOf(
  groupBy: readonly Key[],
  filters: { [K in Key]?: string | undefined },
  dimensions: readonly RollupDimension[],
): Slice | null {
  const filtered = (Object.keys(filters) as Key[]).filter(key => filters[key] !== undefined)
  const wanted = new Set([...groupBy, ...filtered])
  const dimension = dimensions.find(
    ({ keys }) => keys.length === wanted.size && keys.every(key => wanted.has(key)),
  )
  if (!dimension) return null
  const { keys } = dimension
  const others = keys.some(isCapped) ? product(keys, key => (isCapped(key) ? OTHER : filters[key])) : []
  const [first, second] = keys
  if (keys.length === 2 && first && second && filters[first] !== undefined && filters[second] === undefined) {
    return {
      dimension,
      values: null,
      prefix: `${JSON.stringify([filters[first]]).slice(0, -1)},`,
      others,
    }
  }
  if (!filtered.length) return { dimension, values: null, prefix: null, others }

  // Every key has a filter, or the coarse one (device) has none and is enumerated.
  const values = product(keys, key => filters[key])
  return { dimension, values, prefix: null, others: others.filter(other => !values.includes(other)) }
}

/** Every value of some keys of which one is fixed, or is a device: `["phone","/"]`, ... */
function product(keys: readonly Key[], fixed: (key: Key) => string | undefined): string[] {
  const lists = keys.reduce<string[][]>(
    (lists, key) => {
      const value = fixed(key)
      return lists.flatMap(list => (value === undefined ? DEVICES : [value]).map(choice => [...list, choice]))
    },
    [[]],
  )
  return lists.map(list => JSON.stringify(list))
}

/** Widens a range to whole days where it reaches back beyond the hours that are kept. */
export function onKeptHours<Q extends { from: number; to: number }>(
  question: Q,
  { hourDays }: { hourDays: number },
  now: number,
): Q {
  const day = 24 * HOUR
  const kept = now - hourDays * day
  const { from, to } = question
  return {
    ...question,
    from: from < kept ? Math.floor(from / day) * day : from,
    to: to < kept ? Math.ceil(to / day) * day : to,
  }
}

/**
 * Answers for the time of which everything that the answer needs is kept, and says so in `from` and `to`. Throws a 400
 * where single page views are needed of a time of which only roll-ups are left.
 */
export async function onKept<
  Q extends { from: number; to: number },
  A extends { from: string; source: 'samples' | 'rollup' },
>(
  question: Q,
  site: { hourDays: number; rawDays: number },
  now: number,
  ask: (question: Q) => Promise<A>,
): Promise<A> {
  const answer = await ask(onKeptHours(question, site, now))
  const oldest = oldestRaw(site, now)
  if (answer.source === 'rollup' || Date.parse(answer.from) >= oldest) return answer
  if (question.to <= oldest) {
    const detail = `must be after ${new Date(oldest).toISOString()}: only single page views answer this combination`
    throw badField({ field: 'to', detail })
  }
  return ask({ ...question, from: oldest })
}

/** What asks raw rows alone, of the part of the range of which they are kept; a 400 where there is none. */
export function onKeptRows<Q extends { from: number; to: number }, A>(
  ask: (d1: Preparer, question: Q, now: number) => Promise<A>,
) {
  return async (d1: Preparer, question: Q, site: { rawDays: number }, now: number): Promise<A> => {
    const oldest = oldestRaw(site, now)
    if (question.to > oldest) return ask(d1, { ...question, from: Math.max(question.from, oldest) }, now)
    const detail = `must be after ${new Date(oldest).toISOString()}: single page views are kept no longer`
    throw badField({ field: 'to', detail })
  }
}

/** From when on (Unix ms, a whole hour) single page views are sure to be there. */
export function oldestRaw({ rawDays }: { rawDays: number }, now: number): number {
  return (hourOf(now) - rawDays * 24) * HOUR
}

/**
 * Sorts a range's periods by what is known of them; without `wholeDays` by the hour alone. At most two queries; key:
 * (site, tier, start).
 */
export async function periodsOf(
  d1: Preparer,
  { site, from, to }: { site: string; from: number; to: number },
  now: number,
  wholeDays = true,
): Promise<Periods> {
  const open = hourOf(now)
  const [start, end] = [from / HOUR, Math.min(to / HOUR, open + 1)]
  const firstDay = wholeDays ? Math.ceil(start / 24) * 24 : end
  const lastDay = Math.max(firstDay, Math.floor(Math.min(end, open) / 24) * 24)
  const edges = [...span(start, Math.min(firstDay, end), 1), ...span(Math.max(lastDay, start), end, 1)]
  const whole = span(firstDay, lastDay, 24)

  const { clean, oldest } = await marksOf(d1, site, [firstDay, lastDay], edges)
  const days = whole.filter(day => clean.has(`day ${day}`))
  const split = whole.filter(day => !clean.has(`day ${day}`))
  const more = await hoursOf(d1, site, split)

  const all = [...edges, ...split.flatMap(day => span(day, day + 24, 1))]
  const isClean = (hour: number) => clean.has(`hour ${hour}`) || more.has(hour)
  return {
    days,
    hours: all.filter(isClean),
    // Before the first raw row there is nothing to compute: long ranges of a young site cost no more than its age.
    live: all.filter(hour => !isClean(hour) && oldest !== null && hour >= oldest),
  }
}

/**
 * Which days of a range and which of the given hours have a roll-up that holds all of their raw rows, and the hour of
 * the oldest raw row.
 */
async function marksOf(
  d1: Preparer,
  site: string,
  [firstDay, lastDay]: readonly [number, number],
  hours: readonly number[],
): Promise<{ clean: Set<string>; oldest: number | null }> {
  const { results } = await prepare(
    d1,
    sql`SELECT tier, start FROM periods
        WHERE site = ${site} AND tier = 'day' AND start >= ${firstDay} AND start < ${lastDay} AND state <> 'dirty'
      UNION ALL
      SELECT s.tier, s.start FROM json_each(${JSON.stringify(hours)}) AS a CROSS JOIN periods AS s
        ON s.site = ${site} AND s.tier = 'hour' AND s.start = a.value AND s.state <> 'dirty'
      UNION ALL
      SELECT 'raw', min(hour) FROM pageviews WHERE site = ${site}`,
  ).all<{ tier: Tier | 'raw'; start: number | null }>()
  return {
    clean: new Set(results.map(({ tier, start }) => `${tier} ${start}`)),
    oldest: results.find(({ tier }) => tier === 'raw')?.start ?? null,
  }
}

/** The hours of the given days that have such a roll-up. */
async function hoursOf(d1: Preparer, site: string, days: readonly number[]): Promise<Set<number>> {
  if (!days.length) return new Set()
  const { results } = await prepare(
    d1,
    sql`SELECT s.start FROM json_each(${JSON.stringify(days)}) AS a CROSS JOIN periods AS s
      ON s.site = ${site} AND s.tier = 'hour' AND s.start >= a.value AND s.start < a.value + 24
      AND s.state <> 'dirty'`,
  ).all<{ start: number }>()
  return new Set(results.map(({ start }) => start))
}

function span(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
}
