/** The page views of a file, each as its line and its place in the file: of NDJSON the number of the line, of Parquet that of the row. */

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { isEnd } from '../export/part.ts'
import { misuse } from '../failure.ts'
import { linesOf } from '../lines.ts'

export interface FileLine {
  /** From 1. */
  place: number
  text: string
}

/** Reads as it goes, whatever the file's size. */
export async function* fileLines(path: string): AsyncGenerator<FileLine> {
  const begin = await beginOf(path)
  if (begin === 'PAR1') {
    const { parquetLines } = await import('../export/parquet.ts')
    yield* parquetLines(path)
    return
  }
  if (/^\s*[^\s{]/.test(begin))
    throw misuse(`${path} is neither NDJSON nor Parquet: write it by fieldline export --format ndjson.`)
  let place = 0
  for await (const text of linesOf(createReadStream(path))) {
    place++
    if (text.trim() && !isEnd(text)) yield { place, text }
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
