/**
 * Tells D1's troubles from our own mistakes: what to say of such an error, and when to ask again.
 *
 * D1's errors are texts. These are those of its list that no change of our SQL would mend.
 *
 * @see https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
 */

import { DAY, MINUTE, SECOND } from '../schema/domain/hour.ts'

/** Why the database does not answer. */
export interface Trouble {
  /** A sentence. */
  detail: string
  /** Seconds. */
  retryAfter: number
}

/** What a database says of a write to a site that leaves it (store/fence). */
export const MOVED = 'fieldline: the site moves to another database'

/** SQLite's codes for what is wrong with a statement or its values; those left out are of the machine. */
const MISTAKE = /SQLITE_(?!BUSY|LOCKED|IOERR|INTERRUPT|NOMEM|FULL|PROTOCOL)[A-Z]+/
/** What a database says of a row that it will never take, however often it is tried. */
const OF_ROW = /SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|constraint failed/
const OVERLOADED = /overloaded|queued for too long|too many requests queued/i
const SILENT = /is silent/
const LOST =
  /connection lost|disconnected|caused object to be reset|(and|memory limit and) was reset|reset because its code|transient issue|internal error|failed to parse body|SQLITE_(BUSY|LOCKED|IOERR|INTERRUPT|NOMEM|PROTOCOL)/i
const SPENT = /free tier daily row (read|write) limit/i
const FULL = /maximum (DB size|account storage limit)|SQLITE_FULL/i

/** True where a database refused a write because the site leaves it, or has left it. */
export function isMoved(error: unknown): boolean {
  return messagesOf(error).includes(MOVED)
}

/** True where a database refused a statement for one of its rows; others that came with it may be stored. */
export function isOfRow(error: unknown): boolean {
  return OF_ROW.test(messagesOf(error))
}

/** True where a database has more to do than it can, or seems to: it refused, or did not answer in time. */
export function isOverload(error: unknown): boolean {
  const text = messagesOf(error)
  return !MISTAKE.test(text) && (OVERLOADED.test(text) || SILENT.test(text))
}

/** What an error, or what caused it, says of the database at `now` (Unix ms); null where it says nothing. */
export function troubleOf(error: unknown, now: number): Trouble | null {
  const text = messagesOf(error)
  if (MISTAKE.test(text)) return null
  if (SPENT.test(text)) {
    const detail = 'The free plan of Cloudflare allows the database no more until midnight UTC.'
    return { detail, retryAfter: Math.ceil((DAY - (now % DAY)) / SECOND) }
  }
  if (FULL.test(text)) return { detail: 'The database is full.', retryAfter: (10 * MINUTE) / SECOND }
  if (OVERLOADED.test(text)) return { detail: 'The database is overloaded at the moment.', retryAfter: 10 }
  return LOST.test(text) ? { detail: 'The database was lost for a moment.', retryAfter: 5 } : null
}

/** Drizzle wraps what D1 says, and D1 what its connection says. */
function messagesOf(error: unknown): string {
  const texts: string[] = []
  for (let cause = error; cause instanceof Error && texts.length < 5; cause = cause.cause)
    texts.push(cause.message)
  return texts.join('\n')
}
