/**
 * The lines of an export of any length, from one answer after the other. Where an answer is cut off, the next one begins after its
 * last whole line.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { Open } from '../api.ts'
import { exitCodeOf, MISUSED, refused, statusOf } from '../failure.ts'
import { cursorOf, isEnd } from './part.ts'

/** The most page views of one answer: the free plan's 50 statements are 25,000. */
const PER_ANSWER = 20_000
/** Attempts that bring nothing, until the export is cut off. */
const ATTEMPTS = 4
/** Before the second of them, in ms; then twice as long each time. */
const FIRST_WAIT = 1_000

interface Followed {
  query: Record<string, string | readonly string[] | undefined>
  cursor: string | undefined
  /** Page views that are still wanted. */
  limit: number
}

/** How far the export has come: the next answer goes on here. */
interface Progress {
  cursor: string | undefined
  left: number
  done: boolean
}

/** Whole lines, some at a time; the last of all has only a cursor, null at the end of what there is. */
export async function* follow(open: Open, { query, cursor, limit }: Followed): AsyncGenerator<string[]> {
  const progress: Progress = { cursor, left: limit, done: false }
  let failures = 0
  while (!progress.done) {
    try {
      for await (const lines of nextAnswer(open, query, progress)) {
        failures = 0
        if (lines.length) yield lines
      }
    } catch (error) {
      failures++
      await beforeRetry(failures, error)
    }
  }
}

/** The lines of one answer, without its last unless the export ends there; `progress` moves on with them. */
async function* nextAnswer(
  open: Open,
  query: Followed['query'],
  progress: Progress,
): AsyncGenerator<string[]> {
  const { cursor, left } = progress
  const limit = `${Math.min(PER_ANSWER, left)}`
  const answer = await open('/v1/export', { ...query, format: 'ndjson', cursor, limit })
  for await (const lines of wholeLines(answer)) {
    const last = lines.at(-1) ?? ''
    const next = cursorOf(last)
    const views = isEnd(last) ? lines.slice(0, -1) : lines
    progress.left -= views.length
    progress.done = isEnd(last) && (next === null || progress.left <= 0)
    progress.cursor = next ?? progress.cursor
    yield progress.done ? lines : views
    if (isEnd(last)) return
  }
}

/** Waits until the next attempt; throws what went wrong where there is none. */
async function beforeRetry(failures: number, error: unknown): Promise<void> {
  if (failures >= ATTEMPTS || !isPassing(error)) throw error
  if (failures > 1) await wait(FIRST_WAIT * 2 ** (failures - 2))
}

/** True where the same question may be answered later. */
export function isPassing(error: unknown): boolean {
  if (exitCodeOf(error) === MISUSED) return false
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 429
}

/** Throws where the answer ends without its last line. */
async function* wholeLines({ body }: Response): AsyncGenerator<string[]> {
  let [rest, ended] = ['', false]
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (!lines.length) continue
    ended = isEnd(lines.at(-1) ?? '')
    yield lines
  }
  if (!ended) throw refused('the answer ended early')
}
