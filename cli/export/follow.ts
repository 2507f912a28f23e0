/** The lines of an export of any length, from answers that follow each other. An answer that is cut off is asked for again, from its last whole line on. */

import { setTimeout as wait } from 'node:timers/promises'
import type { Open } from '../api.ts'
import { refused, statusOf } from '../failure.ts'
import { cursorOf, isEnd } from './part.ts'

/** The most page views of one answer: the free plan's 50 statements are 25,000. */
const PER_ANSWER = 20_000
/** Attempts that bring nothing, until the export is cut off. */
const ATTEMPTS = 4
/** Before the second of them, in ms; then twice as long each time. */
const FIRST_WAIT = 1_000

export interface Followed {
  query: Record<string, string | readonly string[] | undefined>
  cursor: string | undefined
  /** Page views that are still wanted. */
  limit: number
}

/** Whole lines, some at a time; the last of all has only a cursor, null at the end of what there is. */
export async function* follow(open: Open, { query, cursor, limit }: Followed): AsyncGenerator<string[]> {
  let [after, left, failures] = [cursor, limit, 0]
  for (;;) {
    try {
      const size = Math.min(PER_ANSWER, left)
      const answer = await open('/v1/export', { ...query, format: 'ndjson', cursor: after, limit: `${size}` })
      for await (const lines of wholeLines(answer)) {
        const last = lines.at(-1) ?? ''
        const next = cursorOf(last)
        failures = 0
        left -= lines.length - (isEnd(last) ? 1 : 0)
        if (isEnd(last) && (next === null || left <= 0)) return yield lines
        if (next !== null) after = next
        const views = isEnd(last) ? lines.slice(0, -1) : lines
        if (views.length) yield views
        if (isEnd(last)) break
      }
    } catch (error) {
      const status = statusOf(error) ?? 503
      if (++failures >= ATTEMPTS || (status < 500 && status !== 429)) throw error
      if (failures > 1) await wait(FIRST_WAIT * 2 ** (failures - 2))
    }
  }
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
