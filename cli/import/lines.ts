/** The page views of a file, each as its line and its place in the file: of NDJSON the number of the line, of Parquet that of the row. */

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { isEnd } from '../export/part.ts'
import { misuse, refused } from '../failure.ts'
import { linesOf } from '../lines.ts'

/** How such a file begins, in latin1. */
const GZIP = '\x1f\x8b'
/** The last line of an export that is whole. */
const WHOLE = '{"cursor":null'

export interface FileLine {
  /** From 1. */
  place: number
  text: string
}

/** Reads as it goes, whatever the file's size, also by gzip. `note` is told where its export had more. */
export async function* fileLines(path: string, note: (text: string) => void): AsyncGenerator<FileLine> {
  const begin = await beginOf(path)
  if (begin === 'PAR1') {
    const { parquetLines } = await import('../export/parquet.ts')
    yield* parquetLines(path)
    return
  }
  yield* viewLines(path, begin.startsWith(GZIP) ? unzipped(path) : createReadStream(path), note)
}

async function* viewLines(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  note: (text: string) => void,
): AsyncGenerator<FileLine> {
  let [place, last] = [0, '']
  for await (const text of linesOf(chunks)) {
    place++
    if (!text.trim()) continue
    if (!last && !text.trimStart().startsWith('{'))
      throw misuse(`${path} is neither NDJSON nor Parquet: write it by fieldline export --format ndjson.`)
    last = text
    if (!isEnd(text)) yield { place, text }
  }
  if (isEnd(last) && !last.startsWith(WHOLE))
    note('The file ends before its export does: fieldline export writes all page views.')
}

async function* unzipped(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path).pipe(createGunzip())
  } catch (error) {
    throw refused(`${path} is cut off, or no gzip: ${error instanceof Error ? error.message : error}`)
  }
}

/** Its first four bytes. */
async function beginOf(path: string): Promise<string> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
      return buffer.toString('latin1', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw misuse(`${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}
