/**
 * What all queries of the read API share: a site, a range of whole hours, filters. Parsing answers a checked query, or the
 * first parameter that does not fit. Each endpoint adds its own parameters in a file of its name.
 */

import * as v from 'valibot'
import { fail, type Parsed } from '../domain/problem.ts'
import type { Ms } from '../domain/units.ts'
import { oneOf } from './fields.ts'
import { FILTER_QUERY, type Filters, filtersOf, type GroupKey, SEGMENT_ID } from './filters.ts'
import { givenOf, parseParameters } from './parameters.ts'
import { offsetOf, parseRange, RANGE, type RangeQuery } from './range.ts'

/** The most groups of an answer. */
export const MAX_LIMIT = 200

/** The part of a checked question that every endpoint has. */
export interface Query extends RangeQuery {
  filters: Filters
}

/** A question whose answer comes in groups: the `limit` largest ones. */
export interface GroupedQuery extends Query {
  groupBy: GroupKey[]
  limit: number
}

/** The parameters of every question. */
export const SHARED = {
  ...RANGE,
  ...FILTER_QUERY,
  segment: v.optional(
    v.pipe(
      SEGMENT_ID,
      v.description('answers only for this saved segment; other filters beside it narrow it further'),
    ),
  ),
}

/** What answers as rows comes as JSON or as CSV; without `format` the Accept header decides. */
const FORMATS = ['json', 'csv'] as const
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

  // Where days begin in a time zone of their own, dates do, too.
  const timezone = 'timezone' in added && typeof added.timezone === 'string' ? added.timezone : '+00:00'
  const range = parseRange(from, to, now, { offset: offsetOf(timezone) })
  return 'error' in range ? range : { ok: { ...added, site, filters, ...range.ok } }
}
