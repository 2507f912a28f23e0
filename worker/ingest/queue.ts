/**
 * The way round a busy database: rows go into a Cloudflare Queue, and come out of it in batches into the same store.
 *
 * With `INGEST=queue` every row goes this way; with a queue bound but `INGEST=direct` only those that D1 refuses or
 * keeps waiting. Storing a row twice changes nothing, so redelivery is harmless.
 */

import { and, inArray, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { Ms } from '../../schema/domain/units.ts'
import { type Candidate, sites } from '../../schema/storage/tables.ts'
import type { Env } from '../env.ts'
import { logError } from '../log.ts'
import { keepAll } from './keep.ts'

/** The first wait before a failed batch comes again, in seconds; doubled for each attempt, to `MAX_DELAY`. */
const FIRST_DELAY = 5
const MAX_DELAY = 600

/** What D1 says of a row that it will never take, however often it is tried. */
const HOPELESS = /SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|constraint failed/

/**
 * Stores a batch of up to 100 rows in one statement. What D1 refuses for its load comes again, later each time, and
 * at last goes to the dead-letter queue. A row that D1 can never take is tried alone, so that it holds up no other.
 */
export async function consume(batch: MessageBatch<Candidate>, env: Env, now: Ms): Promise<void> {
  const { messages } = batch
  try {
    await keepLive(
      env.DB,
      messages.map(({ body }) => body),
      now,
    )
    batch.ackAll()
  } catch (error) {
    logError(`D1 refused ${messages.length} queued beacons`, error)
    if (messages.length > 1 && HOPELESS.test(String(error))) {
      for (const message of messages) await consumeAlone(message, env, now)
    } else {
      for (const message of messages) retryLater(message)
    }
  }
}

/** A row may wait for hours, and its site be gone by then: it is dropped, since nothing would ever remove it again. */
async function keepLive(d1: D1Database, rows: readonly Candidate[], now: Ms): Promise<void> {
  const names = JSON.stringify([...new Set(rows.map(({ site }) => site))])
  const { id, rate, rowsPerDay, bytesPerDay } = sites
  const found = await drizzle(d1)
    .select({ id, rate, rowsPerDay, bytesPerDay })
    .from(sites)
    .where(and(inArray(sites.id, sql`(SELECT value FROM json_each(${names}))`), isNull(sites.deleted)))
  const live = new Map(found.map(site => [site.id, site]))
  await keepAll(
    d1,
    live,
    rows.filter(({ site }) => live.has(site)),
    now,
  )
}

async function consumeAlone(message: Message<Candidate>, env: Env, now: Ms): Promise<void> {
  try {
    await keepLive(env.DB, [message.body], now)
    message.ack()
  } catch (error) {
    logError('D1 refused a queued beacon', error)
    retryLater(message)
  }
}

function retryLater(message: Message<Candidate>): void {
  message.retry({ delaySeconds: retryDelay(message.attempts) })
}

/** Seconds until a message that was tried `attempts` times comes again. */
export function retryDelay(attempts: number): number {
  return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
}
