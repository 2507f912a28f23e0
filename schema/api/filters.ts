/**
 * What answers are limited to and told apart by: the dimensions of page views, calls' endpoints, and declared tags. A filter is
 * given once for each value, `device=phone&device=tablet`, or with `!` for values to be left out: `country!=DE`.
 */

import * as v from 'valibot'
import { isReserved } from '../domain/names.ts'
import { isTagKey, TAG_NAME, type TagKey } from '../domain/tag.ts'
import { CONNECTIONS, NAVIGATIONS } from '../wire/pageview.ts'
import { oneOf, SITE_DETAIL, shortText } from './fields.ts'

/** The dimensions of page views. */
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
/** What groups are made by: a dimension, for API calls also their endpoint, or a tag that the site declares. */
export type GroupKey = NamedKey | TagKey
type NamedKey = Dimension | 'endpoint'

/** Several values, or all but some. */
interface Several {
  any?: readonly string[]
  not?: readonly string[]
}
/** Values that the answer is limited to: mostly one. */
export type Filter = string | Several
export type Filters = { [K in GroupKey]?: Filter | undefined }

export const GROUP_KEYS: readonly NamedKey[] = [...DIMENSIONS, 'endpoint']
/** What groups may be told apart by, in words and as a regular expression. */
export const GROUP_KEY_DETAIL = `one of ${GROUP_KEYS.join(', ')} or tag:<name>`
export const GROUP_KEY_PATTERN = `^(${GROUP_KEYS.join('|')}|tag:${TAG_NAME.source.slice(1, -1)})$`

export function groupKeyOf(name: string): GroupKey | undefined {
  return isTagKey(name) ? name : GROUP_KEYS.find(key => key === name)
}

export const DEVICES = ['phone', 'tablet', 'desktop'] as const
/** What a filter may be where that is known: a slip would be answered as a time without visitors. */
const VALUES: { [K in NamedKey]?: v.GenericSchema<string> } = {
  device: oneOf(DEVICES),
  connection: oneOf(CONNECTIONS),
  navigation: oneOf(NAVIGATIONS),
  country: v.pipe(
    v.string('must be a string'),
    v.regex(/^[A-Z][A-Z\d]$/, 'must be a code of ISO 3166-1: DE'),
  ),
}

/** What the value of a filter is checked by; `text`: any name that is short enough. */
export function filterValue(
  key: Dimension | 'endpoint',
  text: v.GenericSchema<string>,
): v.GenericSchema<string> {
  if (key === 'route' || key === 'release' || key === 'endpoint') return unreserved(text)
  return VALUES[key] ?? text
}

/** The longest name that a filter takes, in characters. */
export const MAX_FILTER = 300
/** The most values of one filter. */
export const MAX_VALUES = 20

/** Any name, as a parameter. An empty one is what a shell makes of a variable that is not set. */
export const FILTER_TEXT = v.pipe(shortText(MAX_FILTER), v.minLength(1, 'must not be empty'))

/** A name that pages give: not one of the reserved ones, such as `(other)`. */
const unreserved = <T extends v.GenericSchema<string>>(text: T) =>
  v.pipe(
    text,
    v.check(name => !isReserved(name), 'names what has no name of its own: ask for group_by'),
  )

/** The value of a tag, as a parameter: `plan:pro`. */
export const TAG_VALUE = v.pipe(
  shortText(MAX_FILTER),
  v.check(text => tagPair(text) !== null, 'must be a declared name, a colon and a value: plan:pro'),
)

/** The key and the value of `plan:pro`; null where it is not so written. */
export function tagPair(text: string): [key: TagKey, value: string] | null {
  const colon = text.indexOf(':')
  const key = `tag:${text.slice(0, colon)}`
  const value = text.slice(colon + 1)
  return colon > 0 && isTagKey(key) && value && !isReserved(value) ? [key, value] : null
}

/** The filter that `plan:pro` is; none without it. */
export function tagFilter(text: string | null): Filters {
  const [key, value] = (text && tagPair(text)) || []
  return key ? { [key]: value } : {}
}

/** What a saved segment is called by: made of what a site's name is made of. */
export const SEGMENT_ID = v.pipe(
  v.string('must be a string'),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, SITE_DETAIL),
)

/** The filters as parameters. */
export const FILTER_QUERY = {
  ...filter('route', 'this route: /p/[id]'),
  ...filter('device', 'this device'),
  ...filter('country', 'this country, by its ISO 3166-1 code'),
  ...filter('browser', 'this browser: Chrome, Safari'),
  ...filter('connection', 'this effective connection type'),
  ...filter('navigation', 'this way in which page views began'),
  ...filter('release', 'this release'),
  ...filter('endpoint', 'API calls to this endpoint; single page views: those that called it'),
  ...parametersFor('tag', TAG_VALUE, 'this value of a declared tag: plan:pro'),
} satisfies Record<NamedKey, unknown>

function filter<const K extends NamedKey>(key: K, meaning: string) {
  return parametersFor(key, filterValue(key, FILTER_TEXT), meaning)
}

/** A parameter for values to answer for, and one for values to leave out. */
function parametersFor<const K extends NamedKey | 'tag', T extends v.GenericSchema<string>>(
  key: K,
  value: T,
  meaning: string,
) {
  return {
    [key]: several(value, `answers only for ${meaning}; again for another one`),
    [`${key}!`]: several(value, `leaves out ${meaning.replace(/^this/, 'that')}`),
  } as { [N in K | `${K}!`]: ReturnType<typeof several<T>> }
}

function several<T extends v.GenericSchema<string>>(value: T, meaning: string) {
  return v.optional(
    v.pipe(
      v.array(value),
      v.maxLength(MAX_VALUES, `must be given at most ${MAX_VALUES} times`),
      v.description(meaning),
    ),
  )
}

/** The filters of parameters as they were given. A single value is no list: roll-ups have a row for it. */
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
  for (const [key, value] of given.map(tagPair).filter(pair => pair !== null))
    values.set(key, [...(values.get(key) ?? []), value])
  return values
}

/** True for the parameters that every filter has. */
export function isFilter(name: string): boolean {
  return ['tag', ...GROUP_KEYS].includes(name.replace(/!$/, ''))
}
