/**
 * `fieldline import`: page views of an export come back, into the same database or another. What is there already stays as it
 * is, so an import that was cut off is run again.
 */

import { type ImportAnswer, MAX_IMPORT_BYTES, MAX_LINES } from '../schema/api/import.ts'
import { type Call, type Command, needed } from './command.ts'
import { REQUEST_FAILED } from './failure.ts'
import { type FileLine, fileLines } from './import/lines.ts'
import { SITE, sitePath } from './range.ts'

/** Bytes of one request, at most; a line alone may have more. */
const BATCH_BYTES = 250_000
/** Lines of one request: what the free plan's CPU takes. */
const BATCH_LINES = Math.min(100, MAX_LINES)
/** Lines that are named one by one. */
const NAMED = 20

type Counts = Record<'imported' | 'unchanged' | 'refused', number>

export const importData: Command = {
  name: 'import',
  operands: ['file'],
  about: 'bring page views of an export back: NDJSON, also by gzip, or Parquet',
  options: { ...SITE },
  async run(call) {
    const { given, note, print } = call
    const path = sitePath(given, 'pageviews')
    const total: Counts = { imported: 0, unchanged: 0, refused: 0 }
    const failure = await bring(call, path, total).catch(error => error as unknown)
    // What was brought before it is there.
    if (failure && !Object.values(total).some(Boolean)) throw failure
    if (total.refused > NAMED) note(`and ${total.refused - NAMED} more lines`)
    if (given.json) print(JSON.stringify(total, null, 2))
    else {
      print(
        `Imported ${total.imported} page views. ${total.unchanged} were there already, ${total.refused} were refused.`,
      )
    }
    if (failure) throw failure
    if (total.refused) call.exit(REQUEST_FAILED)
  },
}

/** Sends all lines; `total` counts them. */
async function bring(call: Call, path: string, total: Counts): Promise<void> {
  const { given, note } = call
  const refuse = (place: number | undefined, reason: string) => {
    if (++total.refused <= NAMED) note(`line ${place}: ${reason}`)
  }
  const lines = fitting(fileLines(needed(given, 'file'), note), place =>
    refuse(place, `line must be at most ${MAX_IMPORT_BYTES} bytes`),
  )
  for await (const batch of batches(lines)) {
    const { imported, unchanged, refused } = await send(call, path, batch)
    for (const { line, field, detail } of refused) refuse(batch[line - 1]?.place, `${field} ${detail}`)
    total.imported += imported
    total.unchanged += unchanged
  }
}

function send({ ask }: Call, path: string, batch: readonly FileLine[]): Promise<ImportAnswer> {
  return ask('POST', path, {
    text: batch.map(({ text }) => text).join('\n'),
    headers: { 'Content-Type': 'application/x-ndjson' },
  })
}

/** The lines that a request can hold; `refuse` gets the place of each other. */
async function* fitting(
  lines: AsyncIterable<FileLine>,
  refuse: (place: number) => void,
): AsyncGenerator<FileLine> {
  for await (const line of lines) {
    if (Buffer.byteLength(line.text) <= MAX_IMPORT_BYTES) yield line
    else refuse(line.place)
  }
}

async function* batches(lines: AsyncIterable<FileLine>): AsyncGenerator<FileLine[]> {
  let [batch, bytes]: [FileLine[], number] = [[], 0]
  let failure: unknown = null
  try {
    for await (const line of lines) {
      const size = Buffer.byteLength(line.text) + 1
      if (batch.length && (batch.length >= BATCH_LINES || bytes + size > BATCH_BYTES)) {
        yield batch
        ;[batch, bytes] = [[], 0]
      }
      batch.push(line)
      bytes += size
    }
  } catch (error) {
    failure = error
  }
  if (batch.length) yield batch
  if (failure) throw failure
}
