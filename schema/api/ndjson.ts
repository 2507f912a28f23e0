/**
 * `GET /v1/export?format=ndjson`: what may be asked, and what a line is. Every stored page view of a range, one JSON object
 * a line, in the order of their hours.
 */

import * as v from 'valibot'
import type { Parsed } from '../domain/problem.ts'
import { cursorOf, KEY, toCursor } from './cursor.ts'
import { whole } from './fields.ts'
import { PAGEVIEW, PAGEVIEW_EXAMPLE } from './pageview.ts'
import { parseQuery, type QueryOf } from './query.ts'

/** Hour and id of the last page view that was sent. */
const POSITION = v.tuple([v.literal('export'), KEY.whole, KEY.id])

/** The parameters beside those of every question. */
export const NDJSON_QUERY = {
  format: v.literal('ndjson', 'must be ndjson'),
  cursor: v.optional(cursorOf(POSITION)),
  limit: v.optional(whole(1, 500_000, 'the most page views'), '20000'),
}

/** A checked question; `limit` is the most page views of one answer. */
export type NdjsonQuery = QueryOf<typeof NDJSON_QUERY>

/** Checks the parameters against the clock `now` (Unix ms). */
export function parseNdjsonQuery(params: URLSearchParams, now: number): Parsed<NdjsonQuery> {
  return parseQuery(NDJSON_QUERY, params, now)
}

const cursor = v.pipe(
  v.string(),
  v.description(
    'goes on after this page view: where an answer was cut off, the cursor of the last whole line',
  ),
)

/** A page view, or the last line: where to go on, null where this was all. An answer without a last line was cut off. */
export const NDJSON_LINE = v.union([
  v.object({
    ...PAGEVIEW.entries,
    beacons: v.pipe(
      v.object({ newest: v.number(), received: v.number() }),
      v.description(
        'the number of the newest beacon, and a bit for each that came, the lowest for number 0; bit 51: the page view does not ' +
          'count for the loss',
      ),
    ),
    calls_cut: v.optional(
      v.pipe(
        v.number(),
        v.description('of calls_dropped, those too many or too large to keep; absent: none'),
      ),
    ),
    cursor,
  }),
  v.strictObject({ cursor: v.nullable(cursor) }),
])
export type NdjsonLine = v.InferOutput<typeof NDJSON_LINE>
/** A line of a page view. */
export type PageViewLine = Extract<NdjsonLine, { id: string }>

/** Two lines: a page view, and the end. */
export const NDJSON_EXAMPLE: NdjsonLine[] = [
  {
    ...PAGEVIEW_EXAMPLE,
    beacons: { newest: 1, received: 3 },
    cursor: toCursor(['export', 495_881, PAGEVIEW_EXAMPLE.id]),
  },
  { cursor: null },
]
