/** Page views as CSV (RFC 4180): one line each, what has parts as JSON. */

import type { PageViewLine } from '../../schema/api/ndjson.ts'
import { csvCell } from '../../schema/domain/csv.ts'
import { NAMES, toRecord } from './columns.ts'

/** The lines, the names first, each with its end. */
export async function* csv(lines: AsyncIterable<string>): AsyncGenerator<string> {
  yield `${NAMES.join(',')}\r\n`
  for await (const line of lines) {
    const view: PageViewLine = JSON.parse(line)
    yield `${Object.values(toRecord(view))
      .map(value => csvCell(value instanceof Date ? value.toISOString() : value))
      .join(',')}\r\n`
  }
}
