/**
 * What all queries of the read API share: a site, a range of whole hours, filters. Parsing answers a checked query, or the
 * first parameter that does not fit. Each endpoint adds its own parameters in a file of its name.
 */

import * as v from 'valibot'
import { DAY, HOUR, hourOf } from '../domain/hour.ts'
import { isReserved } from '../domain/names.ts'
import { fail, type Parsed } from '../domain/problem.ts'
import { isTagKey, TAG_NAME, type TagKey } from '../domain/tag.ts'
import type { Ms } from '../domain/units.ts'
import { oneOf, SITE, SITE_DETAIL, shortText } from './fields.ts'
import { givenOf, parseParameters } from './parameters.ts'

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
/** API calls are told apart by their endpoint, too, and page views by the tags that a site declares. */
export type GroupKey = NamedKey | TagKey
export type NamedKey = Dimension | 'endpoint'

/** Several values, or all but some. */
export interface Several {
  any?: readonly string[]
  not?: readonly string[]
}
/** Values that the answer is limited to: mostly one. */
export type Filter = string | Several
export type Filters = { [K in GroupKey]?: Filter | undefined }

export const MAX_LIMIT = 200
/** The longest name that a filter takes, in characters. */
export const MAX_FILTER = 300
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

export const GROUP_KEYS: readonly NamedKey[] = [...DIMENSIONS, 'endpoint']
/** What groups may be told apart by, in words and as a regular expression. */
export const GROUP_KEY_DETAIL = `one of ${GROUP_KEYS.join(', ')} or tag:<name>`
export const GROUP_KEY_PATTERN = `^(${GROUP_KEYS.join('|')}|tag:${TAG_NAME.source.slice(1, -1)})$`

export function groupKeyOf(name: string): GroupKey | undefined {
  return isTagKey(name) ? name : GROUP_KEYS.find(key => key === name)
}

/** The most values of one filter. */
export const MAX_VALUES = 20

const several = <T extends v.GenericSchema<string>>(value: T, meaning: string) =>
  v.optional(
    v.pipe(
      v.array(value),
      v.maxLength(MAX_VALUES, `must be given at most ${MAX_VALUES} times`),
      v.description(meaning),
    ),
  )

/** A filter, given once for each value, and the same with `!`, for values to be left out. */
function filter<const K extends NamedKey>(key: K, meaning: string) {
  const text = shortText(MAX_FILTER)
  return entriesOf(
    key,
    key === 'route' || key === 'release' || key === 'endpoint' ? named(text) : text,
    meaning,
  )
}

/** What pages name themselves. */
export const named = <T extends v.GenericSchema<string>>(text: T) =>
  v.pipe(
    text,
    v.check(name => !isReserved(name), 'names what has no name of its own: ask for group_by'),
  )

/** The value of a tag, as a parameter: `plan:pro`. */
export const TAG_VALUE = v.pipe(
  shortText(MAX_FILTER),
  v.check(text => tagAnd(text) !== null, 'must be a declared name, a colon and a value: plan:pro'),
)

/** The key and the value of `plan:pro`; null where it is not so written. */
export function tagAnd(text: string): [key: TagKey, value: string] | null {
  const colon = text.indexOf(':')
  const key = `tag:${text.slice(0, colon)}`
  const value = text.slice(colon + 1)
  return colon > 0 && isTagKey(key) && value && !isReserved(value) ? [key, value] : null
}

/** The filter that `plan:pro` is; none without it. */
export function tagFilter(text: string | null): Filters {
  const [key, value] = (text && tagAnd(text)) || []
  return key ? { [key]: value } : {}
}

function entriesOf<const K extends NamedKey | 'tag', T extends v.GenericSchema<string>>(
  key: K,
  value: T,
  meaning: string,
) {
  return {
    [key]: several(value, `answers only for ${meaning}; again for another one`),
    [`${key}!`]: several(value, `leaves out ${meaning.replace(/^this/, 'that')}`),
  } as { [N in K | `${K}!`]: ReturnType<typeof several<T>> }
}

/** What a saved segment is called by: made of what a site's name is made of. */
export const SEGMENT_ID = v.pipe(
  v.string('must be a string'),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, SITE_DETAIL),
)

/** The parameters of every question. */
export const SHARED = {
  site: SITE,
  from: v.optional(v.pipe(v.string(), v.description('begin of the range: RFC 3339, -24h, -7d')), '-24h'),
  to: v.optional(
    v.pipe(v.string(), v.description('end of the range, not included: RFC 3339, -1h or now')),
    'now',
  ),
  ...filter('route', 'this route: /p/[id]'),
  ...filter('device', 'phone, tablet or desktop'),
  ...filter('country', 'this country, by its ISO 3166-1 code'),
  ...filter('browser', 'this browser: Chrome, Safari'),
  ...filter('connection', 'this effective connection type: 4g'),
  ...filter('navigation', 'this way in which page views began: navigate, soft-navigation'),
  ...filter('release', 'this release'),
  ...filter('endpoint', 'API calls to this endpoint; single page views: those that called it'),
  ...entriesOf('tag', TAG_VALUE, 'this value of a declared tag: plan:pro'),
  segment: v.optional(
    v.pipe(
      SEGMENT_ID,
      v.description('answers only for this saved segment; other filters beside it narrow it further'),
    ),
  ),
}

/** What answers as rows comes as JSON or as CSV; without `format` the Accept header decides. */
export const FORMATS = ['json', 'csv'] as const
export const FORMAT_QUERY = {
  format: v.optional(v.pipe(oneOf(FORMATS), v.description('without it the Accept header decides'))),
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
  const { site, from, to, segment, ...given } = v.parse(v.object(SHARED), givenOf(SHARED, params))
  // Its filters must be known before what follows is checked: schema/api/segments has put them in its place.
  if (segment !== undefined) return fail('segment', 'cannot be used here')
  const filters = filtersOf(given)
  const added = v.parse(v.object(own), givenOf(own, params))

  const range = parseRange(from, to, now)
  return 'error' in range ? range : { ok: { ...added, site, filters, ...range.ok } }
}

const { site, from, to } = SHARED
/** The parameters of a question that has no filters. */
export const RANGE = { site, from, to }
export type RangeQuery = Pick<Query, 'site' | 'from' | 'to'>

/** Checks the parameters of an endpoint that takes a site and a range alone. */
export function parseRangeQuery(params: URLSearchParams, now: Ms): Parsed<RangeQuery> {
  const parsed = parseParameters(RANGE, params)
  if ('error' in parsed) return parsed
  const range = parseRange(parsed.ok.from, parsed.ok.to, now)
  return 'error' in range ? range : { ok: { site: parsed.ok.site, ...range.ok } }
}

/** A range as it is written, on whole hours; `prefix` is what the names of its two parameters begin with. */
export function parseRange(
  from: string,
  to: string,
  now: Ms,
  prefix = '',
): Parsed<Pick<Query, 'from' | 'to'>> {
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

/** The filters of what was given for each: a single value stays one, since roll-ups know it. */
export function filtersOf(given: { readonly [name: string]: string[] | undefined }): Filters {
  const [any, not] = [tagsOf(given.tag), tagsOf(given['tag!'])]
  const tags = new Set([...any.keys(), ...not.keys()].sort())
  return Object.fromEntries([
    ...GROUP_KEYS.map(key => [key, filterOf(given[key], given[`${key}!`])]),
    ...[...tags].map(key => [key, filterOf(any.get(key), not.get(key))]),
  ])
}

function filterOf(one: readonly string[] = [], none: readonly string[] = []): Filter | undefined {
  const [any = [], not = []] = [one, none].map(values => [...new Set(values)].sort())
  if (!any.length && !not.length) return undefined
  if (any.length === 1 && !not.length) return any[0]
  return { ...(any.length && { any }), ...(not.length && { not }) }
}

/** The values of each tag: several of one tag are alternatives, several tags are conditions. */
function tagsOf(given: readonly string[] = []): Map<TagKey, string[]> {
  const values = new Map<TagKey, string[]>()
  for (const [key, value] of given.map(tagAnd).filter(pair => pair !== null))
    values.set(key, [...(values.get(key) ?? []), value])
  return values
}

/** True for the parameters that every filter has. */
export function isFilter(name: string): boolean {
  return ['tag', ...GROUP_KEYS].includes(name.replace(/!$/, ''))
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
