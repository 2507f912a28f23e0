/** Page views as a Parquet file, some rows at a time. This is code of its own: no other command loads it. */

import { fileWriter, parquetWriteRows } from 'hyparquet-writer'
import type { PageViewAnswer } from '../../schema/api/pageviews.ts'
import { NAMES, SCHEMA, toRecord } from './columns.ts'

/** Rows that are in memory at once. */
const ROW_GROUP = 10_000

/** Writes the page views of the lines to a file. */
export async function writeParquet(path: string, lines: AsyncIterable<string>, note: string): Promise<void> {
  await parquetWriteRows({
    writer: fileWriter(path),
    rows: records(lines),
    columns: NAMES.map(name => ({ name })),
    schema: SCHEMA,
    rowGroupSize: ROW_GROUP,
    kvMetadata: [{ key: 'fieldline', value: note }],
    createdBy: 'fieldline',
  })
}

async function* records(lines: AsyncIterable<string>) {
  for await (const line of lines) {
    const view: PageViewAnswer = JSON.parse(line)
    yield toRecord(view)
  }
}
