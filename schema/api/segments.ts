/**
 * Segments: filters that a team has given a name. `PUT /v1/sites/shop/segments/phones-de` saves one, from then on
 * `segment=phones-de` stands for its filters wherever filters are.
 */

import * as v from 'valibot'
import { fail, type Parsed } from '../domain/problem.ts'
import { isTagKey, type TagKey, tagOf } from '../domain/tag.ts'
import { plainText, unknownOrMissing } from './fields.ts'
import {
  DIMENSIONS,
  type Dimension,
  type Filter,
  type Filters,
  filtersOf,
  filterValue,
  MAX_FILTER,
  MAX_VALUES,
  SEGMENT_ID,
  tagFilter,
  tagPair,
} from './filters.ts'

/** Segments of one site. */
export const MAX_SEGMENTS = 50
/** Values that an error names. */
const MAX_TOLD = 5

/** What segments filter by: page views. An endpoint tells calls apart, which most figures are not about. */
const KEYS = [...DIMENSIONS, 'tag'] as const
const PARAMETERS = KEYS.flatMap(key => [key, `${key}!`] as const)
type Parameter = (typeof PARAMETERS)[number]

const text = plainText(MAX_FILTER)
const tag = v.pipe(
  text,
  v.check(text => tagPair(text) !== null, 'must be a declared name, a colon and a value: plan:pro'),
)

const valuesOf = (key: (typeof KEYS)[number]) => {
  const value = key === 'tag' ? tag : filterValue(key, text)
  return v.exactOptional(
    v.pipe(
      v.array(value, 'must be a list'),
      v.minLength(1, 'must have at least one value'),
      v.maxLength(MAX_VALUES, `must have at most ${MAX_VALUES} values`),
    ),
  )
}

const FILTERS = v.pipe(
  v.strictObject(
    Object.fromEntries(KEYS.flatMap(key => [key, `${key}!`].map(name => [name, valuesOf(key)]))) as Record<
      Parameter,
      ReturnType<typeof valuesOf>
    >,
    issue => (issue.expected === 'never' ? `is none of ${PARAMETERS.join(', ')}` : 'is missing'),
  ),
  v.check(filters => Object.keys(filters).length > 0, 'must have at least one filter'),
  v.check(
    filters => Object.values(filtersOf(filters)).every(filter => !filter || meet(filter, filter) !== null),
    'contradict each other: no page view matches',
  ),
  v.description('parameters of a question, each with the list of its values; `country!` leaves out'),
)
type SegmentFilters = v.InferOutput<typeof FILTERS>

/** The body of `PUT /v1/sites/:site/segments/:id`. */
export const SEGMENT = v.strictObject(
  {
    name: v.pipe(plainText(80), v.description('what people read: Phones in Germany')),
    filters: FILTERS,
  },
  unknownOrMissing,
)

export const SEGMENT_ANSWER = v.object({
  id: v.pipe(SEGMENT_ID, v.description('what the parameter `segment` takes')),
  ...SEGMENT.entries,
  budgets: v.pipe(
    v.array(v.string()),
    v.description('ids of the budgets that use it; a change of its filters has them judged anew'),
  ),
})
export type SegmentAnswer = v.InferOutput<typeof SEGMENT_ANSWER>

export const SEGMENTS_ANSWER = v.object({
  site: v.string(),
  data: v.pipe(v.array(SEGMENT_ANSWER), v.description('by id')),
})
export type SegmentsAnswer = v.InferOutput<typeof SEGMENTS_ANSWER>

/** A segment as it is used. */
export interface Within {
  id: string
  filters: Filters
}

/**
 * Page views that match filters and lie in a segment; of both, one value alone stays one, since roll-ups know it. An error
 * names the filter that leaves nothing.
 *
 * @example
 * narrowed({ country: { any: ['DE', 'FR'] } }, { id: 'eu', filters: { country: { not: ['FR'] } } }) // { country: 'DE' }
 */
function narrowed(own: Filters, { id, filters }: Within): Parsed<Filters> {
  const both: Filters = { ...own }
  for (const [key, within] of entriesOf(filters)) {
    const given = own[key]
    const met = given === undefined ? within : meet(given, within)
    if (met === null) {
      const { any, not } = listsOf(within)
      const few = (values: readonly string[]) => values.slice(0, MAX_TOLD).join(' or ')
      const limits = any.length ? `is ${few(any)}` : `is not ${few(not)}`
      return fail(isTagKey(key) ? 'tag' : key, `contradicts segment ${id}, whose ${nameOf(key)} ${limits}`)
    }
    both[key] = met
  }
  return { ok: both }
}

/** The same for the parameters of a question: the segment's filters take its place. */
export function expanded(params: URLSearchParams, segment: Within): Parsed<URLSearchParams> {
  const given = Object.fromEntries(PARAMETERS.map(name => [name, params.getAll(name)]))
  const both = narrowed(filtersOf(given), segment)
  if ('error' in both) return both
  const rest = [...params].filter(
    ([name, value]) =>
      name !== 'segment' && (!isParameter(name) || (name.startsWith('tag') && tagPair(value) === null)),
  )
  const filters = entriesOf(both.ok).flatMap(([key, filter]) => {
    const { any, not } = listsOf(filter)
    const name = isTagKey(key) ? 'tag' : key
    const written = (value: string) => (isTagKey(key) ? `${tagOf(key)}:${value}` : value)
    return [...any.map(value => [name, written(value)]), ...not.map(value => [`${name}!`, written(value)])]
  })
  return { ok: new URLSearchParams([...rest, ...filters]) }
}

/** What a budget is about: its own filters, within its segment where it names one. */
export function budgetFilters(
  { endpoint, route, device, tag }: Record<'endpoint' | 'route' | 'device' | 'tag', string | null>,
  within: Within | null,
): Parsed<Filters> {
  const own: Filters = {
    ...(endpoint !== null && { endpoint }),
    ...(route !== null && { route }),
    ...(device !== null && { device }),
    ...tagFilter(tag),
  }
  return within ? narrowed(own, within) : { ok: own }
}

/** The filters of a segment as a question has them. */
export function withinOf(id: string, filters: SegmentFilters): Within {
  return { id, filters: filtersOf(filters) }
}

function isParameter(name: string): name is Parameter {
  return PARAMETERS.some(known => known === name)
}

/** Both filters at once; null where no value is left. */
function meet(one: Filter, other: Filter): Filter | null {
  const [a, b] = [listsOf(one), listsOf(other)]
  const not = [...new Set([...a.not, ...b.not])].sort()
  if (!a.any.length && !b.any.length) return { not }
  const any = a.any.length ? a.any : b.any
  const left = any.filter(value => !not.includes(value) && (!b.any.length || b.any.includes(value)))
  const [first] = left
  return first === undefined ? null : left.length === 1 ? first : { any: left }
}

function listsOf(filter: Filter): { any: readonly string[]; not: readonly string[] } {
  return typeof filter === 'string' ? { any: [filter], not: [] } : { any: [], not: [], ...filter }
}

function nameOf(key: Dimension | TagKey): string {
  return isTagKey(key) ? `tag ${tagOf(key)}` : key
}

function entriesOf(filters: Filters): [Dimension | TagKey, Filter][] {
  return (Object.entries(filters) as [Dimension | TagKey, Filter | undefined][]).flatMap(([key, filter]) =>
    filter === undefined ? [] : [[key, filter]],
  )
}
