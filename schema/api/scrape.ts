/**
 * `GET /v1/metrics`: what a scrape may ask.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import { isTagKey, TAG_NAME } from '../domain/tag.ts'
import { list, SITE, whole } from './fields.ts'
import { DIMENSIONS, type GroupKey } from './filters.ts'
import { parseParameters } from './parameters.ts'

/** Dimensions beside the route: each reads its rows of a week, and all are read for one scrape. */
const MAX_BY = 3
const KEYS = DIMENSIONS.filter(key => key !== 'route')
const KEYS_DETAIL = `one of ${KEYS.join(', ')} or tag:<name>`
const KEYS_PATTERN = `^(${KEYS.join('|')}|tag:${TAG_NAME.source.slice(1, -1)})$`

const keyOf = (name: string): GroupKey | undefined => (isTagKey(name) ? name : KEYS.find(key => key === name))

export const SCRAPE_QUERY = v.strictObject({
  site: SITE,
  by: v.optional(
    v.pipe(
      list(KEYS_DETAIL, keyOf, MAX_BY, { type: 'string', pattern: KEYS_PATTERN }),
      v.description('page views told apart by each of these, too: device,tag:plan'),
    ),
  ),
  limit: v.optional(
    whole(0, 50, 'the most routes, endpoints and other values that get series of their own'),
    '10',
  ),
})

/** `limit`: the most routes, endpoints and values of each of `by` that get series of their own. */
export type ScrapeQuery = v.InferOutput<typeof SCRAPE_QUERY>

/** Checks the parameters of `/v1/metrics`. */
export function parseScrapeQuery(params: URLSearchParams): Parsed<ScrapeQuery> {
  return parseParameters(SCRAPE_QUERY.entries, params)
}
