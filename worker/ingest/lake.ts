/**
 * Every accepted beacon, before sampling, to a stream of Cloudflare's (Basin) Pipelines, if one is bound: docs/lake.md.
 *
 * This is the only place that sends. The queue's consumer does not: what it gets has been sampled, and comes again where D1 is
 * in trouble. No answer waits for the stream, and what it refuses is counted and gone.
 *
 * Rows gather in the isolate for a second, in the time of the request that brought the first. A longer wait would save nothing,
 * since ingress costs nothing, and would lose more where Cloudflare ends the isolate.
 */

import type { Context } from 'hono'
import { SECOND } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { LakeRow } from '../../schema/storage/lake.ts'
import { within } from '../deadline.ts'
import type { Env, Hono } from '../env.ts'
import { logError } from '../log.ts'
import { rememberedDatabase } from '../site/sites.ts'
import { tallyLakeFailed } from './tally.ts'

/** How long rows gather, in ms. */
const GATHERED = SECOND
/** How long the stream may take, in ms. With the above it lies within the 30 s that Cloudflare allows after an answer. */
const LAKE_TIMEOUT = 5 * SECOND
/**
 * Characters of the beacons of one send. A row is up to five times as long, by the names of its parts, and a character up to three
 * bytes: the stream takes 5 MB.
 */
const MAX_CHARS = 256 * 1024

interface Batch {
  rows: LakeRow[]
  chars: number
  /** Unix time in ms of the first row. */
  since: Ms
}

/** What gathers; null where nothing does. */
let open: Batch | null = null
/** The last send failed: the next one that does is not logged again. */
let failing = false

/** Sends the row with those that come within a second; `chars` is the length of its beacon. Nothing here throws. */
export function toLake(c: Context<Hono>, row: LakeRow, chars: number, now: Ms): void {
  if (!open) {
    const batch: Batch = { rows: [], chars: 0, since: now }
    open = batch
    c.executionCtx.waitUntil(scheduler.wait(GATHERED).then(() => close(c.env, batch)))
  }
  open.rows.push(row)
  open.chars += chars
  // The request that was to send it may have been ended.
  const isStale = now - open.since > 2 * GATHERED
  if (open.chars >= MAX_CHARS || isStale) c.executionCtx.waitUntil(close(c.env, open))
}

/** Sends a batch, unless that is done already. */
async function close(env: Env, batch: Batch): Promise<void> {
  if (open !== batch) return
  open = null
  const { rows } = batch
  try {
    await within(LAKE_TIMEOUT, Promise.resolve(env.LAKE?.send(rows)), 'The stream is silent.')
    failing = false
  } catch (error) {
    if (!failing) logError('the lake took no page views; until it does, that is only counted', error)
    failing = true
    const sites = Map.groupBy(rows, ({ site }) => site)
    for (const [site, { length }] of sites) {
      const d1 = rememberedDatabase(env, site)
      if (d1) await tallyLakeFailed(d1, site, length, Date.now())
    }
  }
}
