/**
 * What all queries of the read API share: a site, a range of whole hours, filters. Parsing answers a checked query, or the
 * first parameter that does not fit. Each endpoint adds its own parameters in a file of its name.
 */

import * as v from 'valibot'
import { DAY, HOUR, hourOf } from '../domain/hour.ts'
import { isReserved } from '../domain/names.ts'
import type { FieldError, Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { parseParameters } from './parameters.ts'

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

/** Values that the answer is limited to. */
export type Filters = { [K in GroupKey]?: string | undefined }

export const MAX_LIMIT = 200
/** The longest range: what day roll-ups are kept for. */
const MAX_RANGE = 25 * 31 * DAY

/** The part of a checked question that every endpoint has. Times are Unix ms on whole hours, `to` excluded. */
export interface Query {
  site: string
  from: Ms
  to: Ms
  filters: Filters
}

/** A question whose answer comes in groups: the `limit` largest ones. */
export interface GroupedQuery extends Query {
  groupBy: GroupKey[]
  limit: number
}

export const GROUP_KEYS: readonly GroupKey[] = [...DIMENSIONS, 'endpoint']

export const SITE_DETAIL = 'must be 1 to 63 of a-z, 0-9 and -, and not begin with -'
/** The name of a site: what a URL and a CSS selector can carry unquoted. */
export const SITE_NAME = v.pipe(v.string('is missing'), v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, SITE_DETAIL))

/** What the OpenAPI document says of an item of a list. */
type ItemSchema = { enum: readonly string[] } | { type: 'string'; pattern: string } | typeof PERCENTILE

/** A list, comma-separated; `name` says what each item is to be, `items` the same as JSON Schema. */
export const list = <T>(
  name: string,
  item: (value: string) => T | undefined,
  max: number,
  items: ItemSchema,
) =>
  v.pipe(
    v.string(),
    v.metadata({ type: 'array', items, minItems: 1, maxItems: max, description: `each ${name}` }),
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

/** One of some names, or undefined. */
export const among =
  <T extends string>(names: readonly T[]) =>
  (value: string): T | undefined =>
    names.find(name => name === value)

/** What `percentile` takes, as JSON Schema. */
export const PERCENTILE = { type: 'number', minimum: 1, maximum: 99.9 } as const

/** A number of 1 to 99.9 with at most one decimal, so that its name (`p99.9`) is its value. */
export const percentile = (value: string): number | undefined =>
  /^\d{1,2}(\.\d)?$/.test(value) && Number(value) >= 1 && Number(value) <= 99.9 ? Number(value) : undefined

/** A whole number within bounds; `meaning` is for the OpenAPI document. */
export const whole = (min: number, max: number, meaning: string) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, 'must be a whole number'),
    v.metadata({ type: 'integer', minimum: min, maximum: max, pattern: undefined, description: meaning }),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )

const filter = (meaning: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.maxLength(300, 'must be at most 300 characters'),
      v.description(`answers only for ${meaning}`),
    ),
  )

/** A filter by what pages name themselves. */
const named = (meaning: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.maxLength(300, 'must be at most 300 characters'),
      v.check(name => !isReserved(name), 'names what has no name of its own: ask for group_by'),
      v.description(`answers only for ${meaning}`),
    ),
  )

/** The parameters of every question. */
export const SHARED = {
  site: v.pipe(SITE_NAME, v.description('the name of the site')),
  from: v.optional(v.pipe(v.string(), v.description('begin of the range: RFC 3339, -24h, -7d')), '-24h'),
  to: v.optional(
    v.pipe(v.string(), v.description('end of the range, not included: RFC 3339, -1h or now')),
    'now',
  ),
  route: named('this route: /p/[id]'),
  device: filter('phone, tablet or desktop'),
  country: filter('this country, by its ISO 3166-1 code'),
  browser: filter('this browser: Chrome, Safari'),
  connection: filter('this effective connection type: 4g'),
  navigation: filter('this way in which page views began: navigate, soft-navigation'),
  release: named('this release'),
  endpoint: named('API calls to this endpoint; single page views: those that called it'),
}

/** What answers as rows comes as JSON or as CSV; without `format` the Accept header decides. */
export const FORMATS = ['json', 'csv'] as const
export const FORMAT_QUERY = {
  format: v.optional(
    v.pipe(
      v.picklist(FORMATS, `must be ${FORMATS.join(' or ')}`),
      v.description('without it the Accept header decides'),
    ),
  ),
}

/** What comes of the parameters of an endpoint that adds `E` to those of every question. */
export type QueryOf<E extends v.ObjectEntries> = Query & v.InferOutput<v.ObjectSchema<E, undefined>>

/** Checks the parameters of an endpoint, `own` beside `SHARED`, against the clock `now` (Unix ms). */
export function parseQuery<const E extends v.ObjectEntries>(
  own: E,
  params: URLSearchParams,
  now: Ms,
): Parsed<QueryOf<E>> {
  const parsed = parseParameters({ ...SHARED, ...own }, params)
  if ('error' in parsed) return parsed
  const given = Object.fromEntries(params)
  const { site, from, to, ...filters } = v.parse(v.object(SHARED), given)
  const added = v.parse(v.object(own), given)

  const start = parseTime(from, now)
  if (start === null) return fail('from', TIME_DETAIL)
  const end = parseTime(to, now)
  if (end === null) return fail('to', TIME_DETAIL)
  if (start >= end) return fail('from', 'must be before to')
  if (start > now) return fail('from', 'must not lie in the future')
  if (end - start > MAX_RANGE) return fail('from', 'must be at most 25 months before to')
  const question = { site, filters, from: hourOf(start) * HOUR, to: Math.ceil(end / HOUR) * HOUR }
  return { ok: { ...added, ...question } }
}

const TIME_DETAIL = 'must be RFC 3339 (2026-11-14T00:00:00Z), relative (-24h, -7d) or now'

/** Unix ms of an RFC 3339 time, of `-7d` or `-24h` before `now`, or of `now`. */
function parseTime(value: string, now: Ms): Ms | null {
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

/** The answer to a parameter that does not fit. */
export function fail(field: string, detail: string): { error: FieldError } {
  return { error: { field, detail } }
}
