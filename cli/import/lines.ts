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
  if (await isParquet(path)) {
    const { parquetLines } = await import('../export/parquet.ts')
    yield* parquetLines(path)
    return
  }
  let place = 0
  for await (const text of linesOf(createReadStream(path))) {
    place++
    if (text.trim() && !isEnd(text)) yield { place, text }
  }
}

async function isParquet(path: string): Promise<boolean> {
  const file = await open(path).catch(error => {
    throw misuse(`${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  })
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1') === 'PAR1'
  } finally {
    await file.close()
  }
}
