/**
 * The part of an export that has come so far: a file of lines beside the one that is asked for. An export that was cut off goes on
 * there, whatever its format: Parquet can only be written to its end, lines can be read up to anywhere.
 *
 * The first line says what was asked. Each other line is one of `/v1/export?format=ndjson`, whole.
 */

import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { HOUR } from '../../schema/domain/hour.ts'
import { misuse } from '../failure.ts'
import { linesOf } from '../lines.ts'

/** The `--last 1d` of a job that runs every night is another day: what was cut off goes on within this time, in ms. */
const MAX_AGE = 12 * HOUR

/** What an export is of. Times are absolute, so that what goes on an hour later is the same. */
export interface Asked {
  url: string
  /** As it was given. */
  options: Record<string, unknown>
  from: string
  to: string
}

export interface Part {
  asked: Asked
  /** Page views that are there. */
  count: number
  /** After which to go on; undefined: from the begin; null: all are there. */
  cursor: string | null | undefined
  /** The end of an older export, of which what came was dropped; null: none was. */
  dropped: string | null
  append(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Opens what is there of the same export, or begins. A last line that is cut is taken away. */
export async function openPart(path: string, asked: Asked): Promise<Part> {
  const left = await readPart(path)
  // Where nothing came, nothing is lost.
  const some = left?.cursor === undefined ? null : left
  if (some && !isSame(some.asked, asked))
    throw misuse(`${path} is left of another export: remove it, or ask for the same again.`)
  const dropped = some && Date.parse(asked.to) - Date.parse(some.asked.to) > MAX_AGE ? some.asked.to : null
  const found = dropped ? null : some
  const file = await open(path, found ? 'r+' : 'w')
  if (found) await file.truncate(found.bytes)
  let at = found?.bytes ?? 0
  const write = async (lines: readonly string[]) => {
    at += await writeAll(file, `${lines.join('\n')}\n`, at)
  }
  if (!found) await write([JSON.stringify(asked)])
  return {
    asked: found?.asked ?? asked,
    count: found?.count ?? 0,
    cursor: found?.cursor,
    dropped,
    append: write,
    close: () => file.close(),
  }
}

/** The lines of page views. */
export async function* pageViewLines(path: string): AsyncGenerator<string> {
  let first = true
  for await (const line of linesOf(createReadStream(path))) {
    if (!first && !isEnd(line)) yield line
    first = false
  }
}

/** True for the last line of an answer, which holds no page view. */
export function isEnd(line: string): boolean {
  return line.startsWith('{"cursor":')
}

/** Where a line says that it goes on after it. */
export function cursorOf(line: string): string | null {
  const { cursor }: { cursor: string | null } = JSON.parse(line)
  return cursor
}

/** What a file holds, up to its last whole line; null where there is none. */
async function readPart(path: string) {
  if (!(await stat(path).catch(() => null))?.size) return null
  let [bytes, count] = [0, 0]
  let [first, last] = ['', '']
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(path)) {
    rest = Buffer.concat([rest, chunk])
    const end = rest.lastIndexOf(0x0a) + 1
    if (!end) continue
    const lines = rest.toString('utf8', 0, end - 1).split('\n')
    first ||= lines[0] ?? ''
    last = lines.at(-1) ?? ''
    count += lines.filter(line => !isEnd(line)).length
    bytes += end
    rest = rest.subarray(end)
  }
  const asked = askedIn(first)
  if (!asked) throw misuse(`${path} is in the way: it is no export that was cut off.`)
  return { asked, bytes, count: count - 1, cursor: count > 1 || isEnd(last) ? cursorOf(last) : undefined }
}

function askedIn(line: string): Asked | null {
  try {
    const asked: Asked = JSON.parse(line)
    return asked.options ? asked : null
  } catch {
    return null
  }
}

function isSame(before: Asked, now: Asked): boolean {
  return before.url === now.url && JSON.stringify(before.options) === JSON.stringify(now.options)
}

async function writeAll(file: FileHandle, text: string, position: number): Promise<number> {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  return bytes.length
}
