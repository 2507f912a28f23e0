/**
 * The contract of the read API: what may be asked (`parseSummaryQuery`) and the shape of what is answered.
 * Query parameters go in, a checked query or the first parameter that does not fit comes out.
 */

import * as v from 'valibot'
import type { FieldError } from './beacon.ts'
import { HOUR, hourOf } from './hour.ts'
import { METRICS, type Metric, type Rating, VITALS } from './metrics.ts'

/** What page views are told apart by. */
export const DIMENSIONS = [
  'route',
  'device',
  'country',
  'browser',
  'connection',
  'navigation',
  'release',
] as const
export type Dimension = (typeof DIMENSIONS)[number]
/** API calls are told apart by their endpoint, too. */
export type GroupKey = Dimension | 'endpoint'

export const DEFAULT_PERCENTILES = [50, 75, 90, 95, 99]
export const DEFAULT_LIMIT = 20
export const MAX_LIMIT = 200
const DAY = 24 * HOUR
/** The longest range: what day roll-ups are kept for. */
const MAX_RANGE = 25 * 31 * DAY

/** A checked question. Times are Unix ms on whole hours, `to` excluded. */
export interface SummaryQuery {
  site: string
  from: number
  to: number
  metrics: Metric[]
  percentiles: number[]
  groupBy: GroupKey[]
  filters: { [K in GroupKey]?: string | undefined }
  /** The most groups answered, the largest first. */
  limit: number
}

/** A percentile in the metric's unit; `low` and `high` are the 95 % confidence interval, null where unbounded. */
export interface PercentileAnswer {
  value: number
  low: number | null
  high: number | null
}

export interface SummaryRow {
  group: Partial<Record<GroupKey, string | null>>
  metric: Metric
  unit: 'ms' | 'score'
  /** Estimated page views (or calls) that have the metric: the sum of the samples' weights. */
  count: number
  /** Samples really stored. */
  samples: number
  percentiles: Record<string, PercentileAnswer>
  /** Rating of p75. */
  rating: Rating
  shares: { good: number; needs_improvement: number; poor: number }
  /** API calls only: share of calls that ended in an HTTP or a network error. */
  error_rate?: number
  /** API calls only: estimated calls a minute over the part of the range that is past. */
  per_minute?: number
}

export interface SummaryAnswer {
  site: string
  /** RFC 3339, on the whole hour. */
  from: string
  to: string
  /**
   * `rollup`: from hour and day roll-ups, and from raw rows in the same form for hours that are still open or not
   * rolled up yet. `samples`: from raw rows, for combinations that no roll-up holds.
   */
  source: 'samples' | 'rollup'
  /** Largest relative distance of a percentile from the exact one of the same samples. */
  relative_error: number
  data: SummaryRow[]
}

const METRIC_NAMES = Object.keys(METRICS) as Metric[]
const GROUP_KEYS: readonly GroupKey[] = [...DIMENSIONS, 'endpoint']

/** The name of a site: what a URL and a CSS selector can carry unquoted. */
export const SITE_NAME = v.pipe(
  v.string('is missing'),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -, and not begin with -'),
)

const list = <T>(name: string, item: (value: string) => T | undefined, max: number) =>
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const items: T[] = []
      for (const part of dataset.value.split(',')) {
        const value = item(part.trim())
        if (value === undefined) {
          addIssue({ message: `has ${JSON.stringify(part.slice(0, 40))}, which is not ${name}` })
          return NEVER
        }
        if (!items.includes(value)) items.push(value)
      }
      if (items.length > max) addIssue({ message: `must list at most ${max}` })
      return items
    }),
  )

const among =
  <T extends string>(names: readonly T[]) =>
  (value: string): T | undefined =>
    names.find(name => name === value)

/** A number of 1 to 99.9 with at most one decimal, so that its name (`p99.9`) is its value. */
const percentile = (value: string) =>
  /^\d{1,2}(\.\d)?$/.test(value) && Number(value) >= 1 && Number(value) <= 99.9 ? Number(value) : undefined

const filter = v.optional(v.pipe(v.string(), v.maxLength(300, 'must be at most 300 characters')))

const SUMMARY = v.strictObject(
  {
    site: SITE_NAME,
    from: v.optional(v.string(), '-24h'),
    to: v.optional(v.string(), 'now'),
    metrics: v.optional(
      list(`one of ${METRIC_NAMES.join(', ')}`, among(METRIC_NAMES), METRIC_NAMES.length),
      VITALS.join(','),
    ),
    percentiles: v.optional(list('a number from 1 to 99.9', percentile, 20), DEFAULT_PERCENTILES.join(',')),
    group_by: v.optional(list(`one of ${GROUP_KEYS.join(', ')}`, among(GROUP_KEYS), 2)),
    limit: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^\d{1,3}$/, 'must be a whole number'),
        v.transform(Number),
        v.minValue(1, 'must be at least 1'),
        v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
      ),
      String(DEFAULT_LIMIT),
    ),
    route: filter,
    device: filter,
    country: filter,
    browser: filter,
    connection: filter,
    navigation: filter,
    release: filter,
    endpoint: filter,
  },
  issue => (issue.expected === 'never' ? 'is not a parameter of this endpoint' : 'is missing'),
)

/** Checks the parameters of `/v1/summary` against the clock `now` (Unix ms). */
export function parseSummaryQuery(
  params: URLSearchParams,
  now: number,
): { ok: SummaryQuery } | { error: FieldError } {
  const given = new Map<string, string>()
  for (const [name, value] of params) {
    if (given.has(name)) return fail(name, 'is given twice')
    given.set(name, value)
  }
  const result = v.safeParse(SUMMARY, Object.fromEntries(given), { abortEarly: true })
  if (!result.success) {
    return fail(v.getDotPath(result.issues[0]) ?? 'query', result.issues[0].message)
  }
  const { site, metrics, percentiles, limit, group_by: groupBy = [], from, to, ...filters } = result.output

  const start = parseTime(from, now)
  if (start === null) return fail('from', TIME_DETAIL)
  const end = parseTime(to, now)
  if (end === null) return fail('to', TIME_DETAIL)
  if (start >= end) return fail('from', 'must be before to')
  if (start > now) return fail('from', 'must not lie in the future')
  if (end - start > MAX_RANGE) return fail('from', 'must be at most 25 months before to')

  const vital = metrics.find(metric => metric !== 'api')
  if (vital && (groupBy.includes('endpoint') || filters.endpoint !== undefined)) {
    return fail(
      groupBy.includes('endpoint') ? 'group_by' : 'endpoint',
      `endpoint belongs to API calls: ask for metrics=api, not for ${vital}`,
    )
  }
  return {
    ok: {
      site,
      metrics,
      percentiles,
      limit,
      groupBy,
      from: hourOf(start) * HOUR,
      to: Math.ceil(end / HOUR) * HOUR,
      filters,
    },
  }
}

const TIME_DETAIL = 'must be RFC 3339 (2026-11-14T00:00:00Z), relative (-24h, -7d) or now'

/** Unix ms of an RFC 3339 time, of `-7d` or `-24h` before `now`, or of `now`. */
function parseTime(value: string, now: number): number | null {
  if (value === 'now') return now
  const relative = /^-(\d{1,4})([hd])$/.exec(value)
  if (relative) return now - Number(relative[1]) * (relative[2] === 'h' ? HOUR : DAY)
  // A `+` in a query string means a space: 12:00:00+01:00 arrives as 12:00:00 01:00.
  const time = value.replace(' ', '+')
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(time)) return null
  const parsed = Date.parse(time)
  // V8 takes 30 February for 2 March.
  const day = new Date(Date.parse(time.slice(0, 10)))
  return Number.isNaN(parsed) || !day.toISOString().startsWith(time.slice(0, 10)) ? null : parsed
}

function fail(field: string, detail: string): { error: FieldError } {
  return { error: { field, detail } }
}
