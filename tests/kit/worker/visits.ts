/**
 * The demo's traffic, stored as ingest stores it: page views with causes, load phases and API calls.
 */

import { pageViews } from '../../../demo/traffic/traffic.ts'
import { toRow } from '../../../worker/ingest/beacon-row.ts'
import { describe } from '../../../worker/ingest/enrich.ts'
import { drawLot } from '../../../worker/ingest/sample.ts'
import { store } from '../../../worker/store/upsert.ts'
import type { Traffic } from '../explained.ts'

/** Any key, but always the same: it decides which page views a subsample reads. */
export const KEY = '0123456789abcdef0123456789abcdef'
/** Rows of one statement. */
const BATCH = 100

export async function storeVisits(d1: D1Database, { site, now, views, days }: Traffic): Promise<void> {
  const rows = []
  for (const { view, userAgent, country } of pageViews({ seed: 42, views, days, now })) {
    const { id } = await drawLot(KEY, view.id, 0)
    rows.push(toRow({ ...view, id }, describe(userAgent, view.touch, country), { site, now }))
  }
  for (let i = 0; i < rows.length; i += BATCH) await store(d1, rows.slice(i, i + BATCH), now)
}
