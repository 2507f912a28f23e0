/**
 * `GET /v1/metrics`: what was counted of a site since Monday, as Prometheus' text.
 *
 * A counter of Prometheus never falls, or the difference is taken for a restart and all of it counted anew. A page
 * view's INP and CLS grow while it lasts, so open hours would let buckets fall. Hence only hours that are rolled up
 * count: they have settled, and a later roll-up only adds page views whose first beacon was late. A day counts by its
 * own roll-up once it has one, even where that is behind its hours, for the same reason. Counting begins anew with the
 * first hour of a week, which is a restart indeed, and bounds the rows that are read.
 *
 * @see https://prometheus.io/docs/concepts/metric_types/#counter
 */

import { type SQL, sql } from 'drizzle-orm'
import type { GroupKey } from '../../schema/api/filters.ts'
import { parseScrapeQuery, type ScrapeQuery } from '../../schema/api/scrape.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { type Measure, VITALS } from '../../schema/domain/metrics.ts'
import { OTHER } from '../../schema/domain/names.ts'
import { periods, type Tier } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'
import type { Periods } from '../query/covered.ts'
import { groupsOf } from '../query/distributions.ts'
import { byParameters, handler } from '../query/endpoint.ts'
import type { Group } from '../query/groups.ts'
import { readDatabaseOf } from '../site/database.ts'
import { named, selected } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { exposition } from './exposition.ts'

const period = named(periods)

/** Hours of a week, and those since 1970 at which the first Monday began. */
const WEEK_HOURS = 7 * 24
const MONDAY = 4 * 24
const CACHE_SIZE = 100
/** One roll-up row holds all of a page view. */
const VIEWED: readonly Measure[] = ['pageviews', ...VITALS, 'errors']
/** A comment to Prometheus, an explanation to a person. */
const NOTHING_ROLLED_UP = '# Nothing is rolled up yet: the cron counts an hour two hours after its end.\n'

/** What this isolate answered last, by query; valid as long as `version` is that of the roll-ups. */
const cache = new Map<string, { version: string; text: string }>()

/** The roll-ups that count. */
interface Counted {
  periods: Periods
  /** Hours since 1970. */
  since: number
  until: number
  /** Differs whenever a roll-up of the week was made or remade. */
  version: string
}

export const metricsRoute = handler({
  ...byParameters(parseScrapeQuery),
  async answer({ c, query, site }) {
    const body = await scrape(readDatabaseOf(c.env, site), query)
    return { body, headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' } }
  },
})

/** Reads from the primary database: a replica may be behind another one, and then counters would fall. */
async function scrape(d1: D1Database, query: ScrapeQuery): Promise<string> {
  const counted = await countedOf(d1, query.site)
  if (!counted) return NOTHING_ROLLED_UP
  const key = JSON.stringify(query)
  const known = cache.get(key)
  if (known?.version === counted.version) return known.text
  const text = await write(d1, query, counted)
  remember(cache, key, { version: counted.version, text }, CACHE_SIZE)
  return text
}

async function write(
  d1: D1Database,
  { site, limit, by = [] }: ScrapeQuery,
  counted: Counted,
): Promise<string> {
  const { periods, since, until } = counted
  const range = { site, from: since * HOUR, to: until * HOUR, filters: {}, limit: limit + 1 }
  const groups = async (metrics: readonly Measure[], groupBy: GroupKey[]) => {
    if (groupBy.length && limit === 0) return []
    return (await groupsOf(d1, { ...range, groupBy, metrics }, until * HOUR, { periods })).groups
  }
  const keys: GroupKey[] = ['route', ...by]
  const [views, calls, endpoints, ...told] = await Promise.all([
    groups(VIEWED, []),
    groups(['api'], []),
    groups(['api'], ['endpoint']),
    ...keys.map(key => groups(VIEWED, [key])),
  ])
  return exposition(site, {
    since: (since * HOUR) / 1_000,
    until: (until * HOUR) / 1_000,
    views,
    calls,
    endpoints: byName(endpoints, 'endpoint', limit),
    breakdowns: keys.map((key, i) => ({ key, groups: byName(told[i] ?? [], key, limit) })),
  })
}

/** The first `limit` values that have a name: what is in `(other)` changes, so its counters could fall. */
function byName(groups: readonly Group[], key: GroupKey, limit: number): Group[] {
  const values = [...new Set(groups.map(group => group.values[key]))].filter(value => value !== OTHER)
  const first = new Set(values.slice(0, limit))
  return groups.filter(group => first.has(group.values[key]))
}

/** SQL of the first hour of the week of an hour. Bound numbers would be REAL, and the division would not round. */
const weekOf = (hour: SQL) => {
  const [week, monday] = [sql.raw(String(WEEK_HOURS)), sql.raw(String(MONDAY))]
  return sql`(${hour} - ${monday}) / ${week} * ${week} + ${monday}`
}

/** The roll-ups of the week of the newest rolled-up hour; null where there is none. Key: (site, tier, start). */
async function countedOf(d1: D1Database, site: string): Promise<Counted | null> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${selected(periods, undefined, ['tier', 'start', 'state', 'rolled'])} FROM ${period.table}
      WHERE ${period.site} = ${site} AND ${period.tier} IN ('day', 'hour') AND ${period.start} >= (
        SELECT ${weekOf(sql`max(${period.start})`)} FROM ${period.table}
        WHERE ${period.site} = ${site} AND ${period.tier} = 'hour')
      ORDER BY ${period.tier}, ${period.start}`,
  ).all<Omit<typeof periods.$inferSelect, 'site'>>()
  const startsOf = (tier: Tier) => results.filter(row => row.tier === tier).map(({ start }) => start)
  const [days, hours] = [startsOf('day'), startsOf('hour')]
  const last = results.findLast(row => row.tier === 'hour' && isRolledUp(row))?.start
  if (last === undefined) return null
  const whole = new Set(days)
  const rest = hours.filter(hour => !whole.has(hour - (hour % 24)))
  return {
    periods: { days, hours: rest, open: [] },
    since: Math.floor((last - MONDAY) / WEEK_HOURS) * WEEK_HOURS + MONDAY,
    until: last + 1,
    version: JSON.stringify(results.map(row => Object.values(row))),
  }
}

/** False for an hour that an import has marked (store/periods), as if it had been rolled up as it began: it may never have been. */
function isRolledUp({ state, rolled, start }: Omit<typeof periods.$inferSelect, 'site'>): boolean {
  return state !== 'dirty' || rolled > start
}
