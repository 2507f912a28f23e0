/**
 * `GET /v1/metrics`: what a scrape may ask.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import { SITE, whole } from './fields.ts'
import { parseParameters } from './parameters.ts'

export const SCRAPE_QUERY = v.strictObject({
  site: SITE,
  limit: v.optional(whole(0, 50, 'the most routes and endpoints that get series of their own'), '10'),
})

/** `limit`: the most routes and endpoints that get series of their own. */
export type ScrapeQuery = v.InferOutput<typeof SCRAPE_QUERY>

/** Checks the parameters of `/v1/metrics`. */
export function parseScrapeQuery(params: URLSearchParams): Parsed<ScrapeQuery> {
  return parseParameters(SCRAPE_QUERY.entries, params)
}
