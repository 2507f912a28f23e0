/** The range of a question: from one time to another, in whole hours. */

import * as v from 'valibot'
import { DAY, HOUR, hourOf } from '../domain/hour.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { isOnCalendar, NO_DATE, SITE } from './fields.ts'
import { parseParameters } from './parameters.ts'

/** The longest range: what day roll-ups are kept for. */
const MAX_RANGE = 25 * 31 * DAY
const TIME_DETAIL =
  'must be RFC 3339 (2026-11-14T00:00:00Z), a date (2026-11-14), relative (-24h, -7d) or now'

/** The parameters of a question that has no filters. */
export const RANGE = {
  site: SITE,
  from: v.optional(
    v.pipe(
      v.string(),
      v.description('begin of the range: RFC 3339, a date (2026-11-14: its midnight), -24h, -7d'),
    ),
    '-24h',
  ),
  to: v.optional(
    v.pipe(v.string(), v.description('end of the range, not included: RFC 3339, a date, -1h or now')),
    'now',
  ),
}

/** Where days begin, for answers by the day and for dates without a time. */
export const TIMEZONE = v.optional(
  v.pipe(
    v.string(),
    v.metadata({ pattern: '^(Z|[+-](0\\d|1[0-4]):00)$' }),
    v.description('where days begin at midnight: those of points by the day, and dates in `from` and `to`'),
    // A `+` in a query string means a space.
    v.transform(zone => zone.replace(' ', '+').replace(/^Z$/, '+00:00')),
    v.regex(/^[+-](0\d|1[0-4]):00$/, 'must be a whole number of hours: +02:00, -05:00, Z'),
  ),
  '+00:00',
)

/** `-05:00` in ms. */
export function offsetOf(timezone: string): Ms {
  return Number(timezone.slice(0, 3)) * HOUR
}

/** A checked question of a site and a range alone. Times are Unix ms on whole hours, `to` excluded. */
export interface RangeQuery {
  site: string
  from: Ms
  to: Ms
}

/** Checks the parameters of an endpoint that takes a site and a range alone. */
export function parseRangeQuery(params: URLSearchParams, now: Ms): Parsed<RangeQuery> {
  const parsed = parseParameters(RANGE, params)
  if ('error' in parsed) return parsed
  const range = parseRange(parsed.ok.from, parsed.ok.to, now)
  return 'error' in range ? range : { ok: { site: parsed.ok.site, ...range.ok } }
}

/**
 * A range as it is written, on whole hours. A date is its midnight, `offset` ms ahead of UTC, so that `to` is the day after the
 * last one. `prefix` is what the names of both parameters begin with.
 */
export function parseRange(
  from: string,
  to: string,
  now: Ms,
  { prefix = '', offset = 0 }: { prefix?: string; offset?: Ms } = {},
): Parsed<Omit<RangeQuery, 'site'>> {
  const [begins, ends] = [`${prefix}from`, `${prefix}to`]
  const start = parseTime(from, now, offset)
  if (typeof start === 'string') return fail(begins, start)
  const end = parseTime(to, now, offset)
  if (typeof end === 'string') return fail(ends, end)
  if (start >= end) return fail(begins, `must be before ${ends}`)
  if (start > now) return fail(begins, 'must not lie in the future')
  if (end - start > MAX_RANGE) return fail(begins, `must be at most 25 months before ${ends}`)
  return { ok: { from: hourOf(start) * HOUR, to: Math.ceil(end / HOUR) * HOUR } }
}

/** Unix ms of an RFC 3339 time, of a date, of `-7d` or `-24h` before `now`, or of `now`; else what is wrong with it. */
function parseTime(value: string, now: Ms, offset: Ms): Ms | string {
  if (value === 'now') return now
  const relative = /^-(\d{1,4})([hd])$/.exec(value)
  if (relative) return now - Number(relative[1]) * (relative[2] === 'h' ? HOUR : DAY)
  // A `+` in a query string means a space: 12:00:00+01:00 arrives as 12:00:00 01:00.
  const time = value.replace(' ', '+')
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.exec(time)
  if (!form) return TIME_DETAIL
  const parsed = Date.parse(time)
  if (Number.isNaN(parsed) || !isOnCalendar(time)) return NO_DATE
  return form[1] === undefined ? parsed - offset : parsed
}
