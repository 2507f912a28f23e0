/**
 * Raw rows as a stream of JSON lines, as fast as they are taken. A page of rows is asked of D1 only when the one before it has been read, so memory holds one page, and nobody reads for a client that left.
 *
 * The first page is there before the answer begins, so that D1's trouble is a 503. Later it can only cut the answer off,
 * which the missing last line shows.
 */

import { sql } from 'drizzle-orm'
import { toCursor } from '../../schema/api/cursor.ts'
import { type NdjsonLine, type NdjsonQuery, parseNdjsonQuery } from '../../schema/api/ndjson.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { ANSWER_DEADLINE, within } from '../deadline.ts'
import { logError } from '../log.ts'
import { byParameters, handler } from '../query/endpoint.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptRows } from '../query/kept.ts'
import { EXPORTED, type ExportedRow, toPageView } from '../read/pageview.ts'
import { listed, named } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'

/** Page views of one statement. The free plan allows a request 50 statements, and 20,000 page views are 40. */
const PAGE = 500

const p = named(pageviews, 'p')
/** The order of the lines. */
const PLACE = listed(p.hour, p.id)

/** Hour and id, after which to go on. */
type Position = readonly [hour: Hour, id: string]

/** `GET /v1/export?format=ndjson` */
export const ndjsonRoute = handler({
  ...byParameters(parseNdjsonQuery),
  async answer({ query, site, now, d1 }) {
    const headers = {
      'Content-Type': 'application/x-ndjson; charset=utf-8',
      'Content-Disposition': `attachment; filename="${query.site}.ndjson"`,
    }
    return { body: await ndjson(d1, keptRows(query, site, now), site.traceLink), headers }
  },
})

/** The lines, in UTF-8. Key: (site, hour, id), sought for each page. */
async function ndjson(
  d1: Preparer,
  query: NdjsonQuery,
  traceLink: string | null = null,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const { from, cursor } = query
  // A cursor from before the range, or before what is kept, goes on at its begin.
  let after: Position = cursor && cursor[1] >= from / HOUR ? [cursor[1], cursor[2]] : [from / HOUR, '']
  let left = query.limit
  const read = () => within(ANSWER_DEADLINE, page(d1, query, after, Math.min(PAGE, left)))
  let first: ExportedRow[] | null = await read()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const size = Math.min(PAGE, left)
        const rows = first ?? (await read().catch(cutOff))
        first = null
        const lines: NdjsonLine[] = rows.map(row => ({
          ...toPageView(row, traceLink),
          beacons: { newest: row.sequence, received: row.received },
          ...(row.callsCut && { calls_cut: row.callsCut }),
          cursor: cursorAt(positionOf(row)),
        }))
        const last = rows.at(-1)
        if (last) after = positionOf(last)
        left -= rows.length
        const isEnd = rows.length < size
        if (isEnd || left === 0) lines.push({ cursor: isEnd ? null : cursorAt(after) })
        controller.enqueue(encoder.encode(lines.map(line => `${JSON.stringify(line)}\n`).join('')))
        if (isEnd || left === 0) controller.close()
      },
    },
    // Nothing is fetched ahead of the reader.
    { highWaterMark: 0 },
  )
}

/** The stream ends here, without its last line. */
function cutOff(error: unknown): never {
  logError('an export was cut off', error)
  throw error
}

async function page(
  d1: Preparer,
  { site, to, filters }: NdjsonQuery,
  [hour, id]: Position,
  size: number,
): Promise<ExportedRow[]> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${EXPORTED} FROM ${p.table}
      WHERE ${p.site} = ${site} AND (${PLACE}) > (${hour}, ${id})
        AND ${p.hour} < ${to / HOUR} AND ${matchesPageView(filters)}
      ORDER BY ${PLACE} LIMIT ${size}`,
  ).all<ExportedRow>()
  return results
}

function positionOf({ hour, id }: ExportedRow): Position {
  return [hour, id]
}

function cursorAt([hour, id]: Position): string {
  return toCursor(['export', hour, id])
}
