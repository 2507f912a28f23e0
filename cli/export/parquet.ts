/** Page views into a Parquet file and out of one, some rows at a time. This is code of its own: no other command loads it. */

import zlib from 'node:zlib'
import { asyncBufferFromFile, type Compressors, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { fileWriter, parquetWriteRows } from 'hyparquet-writer'
import type { PageViewLine } from '../../schema/api/ndjson.ts'
import { misuse } from '../failure.ts'
import { NAMES, SCHEMA, toLine, toRecord } from './columns.ts'

/** Rows that are in memory at once. */
const ROW_GROUP = 10_000

/** Rows that are read at once. */
const READ_AT_ONCE = 2_000

/** What other tools compress by; Node has zstd since 22.15. */
const COMPRESSORS: Compressors = {
  GZIP: bytes => zlib.gunzipSync(bytes),
  BROTLI: bytes => zlib.brotliDecompressSync(bytes),
  ...(typeof zlib.zstdDecompressSync === 'function' && { ZSTD: bytes => zlib.zstdDecompressSync(bytes) }),
}

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
    const view: PageViewLine = JSON.parse(line)
    yield toRecord(view)
  }
}

/** The rows of such a file as lines of NDJSON. */
export async function* parquetLines(path: string): AsyncGenerator<{ place: number; text: string }> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file).catch(error => {
    throw misuse(`${path} cannot be read: it is cut off, or no Parquet (${error.message}).`)
  })
  const rows = Number(metadata.num_rows)
  for (let rowStart = 0; rowStart < rows; rowStart += READ_AT_ONCE) {
    const rowEnd = Math.min(rows, rowStart + READ_AT_ONCE)
    const records = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors: COMPRESSORS })
    yield* records.map((record, i) => ({
      place: rowStart + i + 1,
      text: JSON.stringify(toLine(record), asNumber),
    }))
  }
}

/** Sums of DuckDB are BIGINT, which JSON does not know. */
function asNumber(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
