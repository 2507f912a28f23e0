/**
 * How long raw rows stay: the clock goes in, page views past their time are deleted, a bounded batch at a time.
 */

import { RAW_RETENTION } from '../ingest/ingest.ts'

/** Rows of one delete, far below what takes D1 its 30 seconds. */
const BATCH = 2_000
/** Deletes of one run; the next run goes on. */
const MAX_BATCHES = 20

/** Deletes raw rows older than the retention. Key: (site, hour), sought for each site. */
export async function retain(db: D1Database, now: number): Promise<number> {
  const before = Math.floor((now - RAW_RETENTION) / 3_600_000)
  const batch = db
    .prepare(
      `DELETE FROM pageviews WHERE (site, hour, id) IN (
         SELECT p.site, p.hour, p.id FROM sites AS s JOIN pageviews AS p ON p.site = s.id AND p.hour < ?1
         LIMIT ?2)`,
    )
    .bind(before, BATCH)
  let deleted = 0
  for (let i = 0; i < MAX_BATCHES; i++) {
    const { meta } = await batch.run()
    deleted += meta.changes
    if (meta.changes < BATCH) break
  }
  return deleted
}
