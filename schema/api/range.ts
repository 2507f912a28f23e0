/** The range of a question: from one time to another, in whole hours. */

import * as v from 'valibot'
import { DAY, HOUR, hourOf } from '../domain/hour.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { isOnCalendar, SITE } from './fields.ts'
import { parseParameters } from './parameters.ts'

/** The longest range: what day roll-ups are kept for. */
const MAX_RANGE = 25 * 31 * DAY
const TIME_DETAIL = 'must be RFC 3339 (2026-11-14T00:00:00Z), relative (-24h, -7d) or now'

/** The parameters of a question that has no filters. */
export const RANGE = {
  site: SITE,
  from: v.optional(v.pipe(v.string(), v.description('begin of the range: RFC 3339, -24h, -7d')), '-24h'),
  to: v.optional(
    v.pipe(v.string(), v.description('end of the range, not included: RFC 3339, -1h or now')),
    'now',
  ),
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

/** A range as it is written, on whole hours; `prefix` is what the names of its two parameters begin with. */
export function parseRange(from: string, to: string, now: Ms, prefix = ''): Parsed<Omit<RangeQuery, 'site'>> {
  const [begins, ends] = [`${prefix}from`, `${prefix}to`]
  const start = parseTime(from, now)
  if (start === null) return fail(begins, TIME_DETAIL)
  const end = parseTime(to, now)
  if (end === null) return fail(ends, TIME_DETAIL)
  if (start >= end) return fail(begins, `must be before ${ends}`)
  if (start > now) return fail(begins, 'must not lie in the future')
  if (end - start > MAX_RANGE) return fail(begins, `must be at most 25 months before ${ends}`)
  return { ok: { from: hourOf(start) * HOUR, to: Math.ceil(end / HOUR) * HOUR } }
}

/** Unix ms of an RFC 3339 time, of `-7d` or `-24h` before `now`, or of `now`. */
function parseTime(value: string, now: Ms): Ms | null {
  if (value === 'now') return now
  const relative = /^-(\d{1,4})([hd])$/.exec(value)
  if (relative) return now - Number(relative[1]) * (relative[2] === 'h' ? HOUR : DAY)
  // A `+` in a query string means a space: 12:00:00+01:00 arrives as 12:00:00 01:00.
  const time = value.replace(' ', '+')
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(time)) return null
  const parsed = Date.parse(time)
  return Number.isNaN(parsed) || !isOnCalendar(time) ? null : parsed
}
