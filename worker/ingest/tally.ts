/**
 * Counts the beacons of bots without a write for each: a count goes in, now and then a row of `intake` comes out.
 *
 * The counts wait in the isolate's memory. The first is written at once, so that a quiet site sees it, then at most
 * one write a minute. What waits when Cloudflare ends the isolate is lost: the table is a lower bound.
 */

import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { hourOf } from '../../schema/hour.ts'
import { intake } from '../../schema/tables.ts'

const FLUSH_MS = 60_000

const waiting = new Map<string, { beacons: number; flushed: number }>()

/** Counts a beacon of a bot; the promise ends when what had to be written is. */
export async function countBot(db: D1Database, site: string, now: number): Promise<void> {
  const count = waiting.get(site) ?? { beacons: 0, flushed: Number.NEGATIVE_INFINITY }
  waiting.set(site, count)
  count.beacons++
  if (now - count.flushed < FLUSH_MS) return
  const { beacons } = count
  count.beacons = 0
  count.flushed = now
  await drizzle(db)
    .insert(intake)
    .values({ site, hour: hourOf(now), bots: beacons })
    .onConflictDoUpdate({
      target: [intake.site, intake.hour],
      set: { bots: sql`${intake.bots} + excluded.bots` },
    })
}
