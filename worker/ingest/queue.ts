/**
 * The way round a busy database: a Cloudflare Queue takes rows, and delivers them in batches to the same store.
 *
 * With `INGEST=queue` every row goes this way; with a queue bound but `INGEST=direct` only those that D1 refuses or
 * keeps waiting. Storing a row twice changes nothing, so redelivery is harmless.
 */

import { and, inArray, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { type SiteRow, sites } from '../../schema/storage/tables.ts'
import type { Env } from '../env.ts'
import { logError } from '../log.ts'
import { databaseOf } from '../site/database.ts'
import { isMoved, isOfRow } from '../unavailable.ts'
import { keepAll } from './keep.ts'
import type { RateLimits } from './meter.ts'

/** The first wait before a failed batch comes again, in seconds; doubled for each attempt, to `MAX_DELAY`. */
const FIRST_DELAY = 5
const MAX_DELAY = 600

/**
 * Stores a batch of up to 100 rows in one statement. What D1 refuses for its load comes again, later each time, and
 * at last goes to the dead-letter queue. A row that D1 can never take is tried alone, so that it holds up no other.
 */
export async function consume(batch: MessageBatch<Candidate>, env: Env, now: Ms): Promise<void> {
  const { messages } = batch
  try {
    const live = await liveSites(env.DB, messages)
    // A database that is in trouble holds up its own sites' rows, and no others.
    const placed = [...Map.groupBy(messages, ({ body }) => live.get(body.site)?.database).values()]
    const stored = await Promise.all(placed.map(those => storeMessages(those, live, env, now)))
    if (stored.every(Boolean)) return batch.ackAll()
    placed.forEach((those, i) => {
      if (stored[i]) for (const message of those) message.ack()
    })
  } catch (error) {
    logError(`D1 refused ${messages.length} queued beacons`, error)
    messages.forEach(retryLater)
  }
}

type Live = RateLimits & Pick<SiteRow, 'id' | 'database'>

/** A row may wait for hours, and its site be gone by then: it is dropped, since nothing would ever remove it again. */
async function liveSites(
  directory: D1Database,
  messages: readonly Message<Candidate>[],
): Promise<Map<string, Live>> {
  const names = JSON.stringify([...new Set(messages.map(({ body }) => body.site))])
  const { id, rate, rowsPerDay, bytesPerDay, database } = sites
  const found = await drizzle(directory)
    .select({ id, rate, rowsPerDay, bytesPerDay, database })
    .from(sites)
    .where(and(inArray(sites.id, sql`(SELECT value FROM json_each(${names}))`), isNull(sites.deleted)))
  return new Map(found.map(site => [site.id, site]))
}

/**
 * Stores rows of one database, or of no site: true where all of them are done with. A site that has moved meanwhile is looked up anew
 * when its rows come again.
 */
async function storeMessages(
  messages: readonly Message<Candidate>[],
  live: ReadonlyMap<string, Live>,
  env: Env,
  now: Ms,
): Promise<boolean> {
  const [site] = messages.flatMap(({ body }) => live.get(body.site) ?? [])
  if (!site) return true
  try {
    const rows = messages.map(({ body }) => body)
    await keepAll(databaseOf(env, site), live, rows, now)
    return true
  } catch (error) {
    const what = messages.length > 1 ? `${messages.length} queued beacons` : 'a queued beacon'
    logError(`D1 refused ${what}`, error)
    const mayBeOne = isMoved(error) || isOfRow(error)
    if (messages.length > 1 && mayBeOne) await storeOneByOne(messages, live, env, now)
    else messages.forEach(retryLater)
    return false
  }
}

/** Stores rows one by one: what is wrong with one holds up no other. */
async function storeOneByOne(
  messages: readonly Message<Candidate>[],
  live: ReadonlyMap<string, Live>,
  env: Env,
  now: Ms,
): Promise<void> {
  for (const message of messages) if (await storeMessages([message], live, env, now)) message.ack()
}

function retryLater(message: Message<Candidate>): void {
  message.retry({ delaySeconds: retryDelay(message.attempts) })
}

/** Seconds until a message that was tried `attempts` times comes again. */
export function retryDelay(attempts: number): number {
  return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (attempts - 1))
}
