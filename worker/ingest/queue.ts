/**
 * The way round a busy database: rows go into a Cloudflare Queue, and come out of it in batches into the same store.
 *
 * With `INGEST=queue` every row goes this way; with a queue bound but `INGEST=direct` only those that D1 refuses or
 * keeps waiting. Storing a row twice changes nothing, so redelivery is harmless.
 */

import type { PageViewRow } from '../../schema/tables.ts'
import type { Env } from '../env.ts'
import { store } from './store.ts'

/** The first wait before a failed batch comes again, in seconds; doubled for each attempt, to `MAX_DELAY`. */
const FIRST_DELAY = 5
const MAX_DELAY = 600

/** Stores a batch of up to 100 rows in one statement. What D1 refuses comes again, and at last to the dead-letter queue. */
export async function consume(batch: MessageBatch<PageViewRow>, env: Env, now: number): Promise<void> {
  try {
    await store(
      env.DB,
      batch.messages.map(({ body }) => body),
      now,
    )
    batch.ackAll()
  } catch (error) {
    console.error(`D1 refused ${batch.messages.length} queued beacons`, error)
    for (const message of batch.messages) {
      message.retry({ delaySeconds: Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (message.attempts - 1)) })
    }
  }
}
