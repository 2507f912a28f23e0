/**
 * What runs in a simulated isolate (tests/kit/scale): the worker's way of a beacon from the look-up of its site to its count, without HTTP.
 */

import type { Ms } from '../../../schema/domain/units.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { within } from '../../../worker/deadline.ts'
import { D1_TIMEOUT } from '../../../worker/ingest/admit.ts'
import { report } from '../../../worker/ingest/control.ts'
import type { Fate } from '../../../worker/ingest/fate.ts'
import { meter } from '../../../worker/ingest/meter.ts'
import { isKept } from '../../../worker/ingest/sample.ts'
import { bytesOf } from '../../../worker/ingest/size.ts'
import { tally } from '../../../worker/ingest/tally.ts'
import { rateAt } from '../../../worker/site/rates.ts'
import { findSite } from '../../../worker/site/sites.ts'
import { store } from '../../../worker/store/upsert.ts'
import type { Arrival } from '../scale/isolates.ts'

export { cron } from '../../../worker/cron.ts'

/** Takes a beacon as ingest.ts does; `now` is the isolate's clock. */
export async function beacon(d1: D1Database, { row, draw, address }: Arrival, now: Ms): Promise<Fate> {
  const fate = await take(d1, row, draw, now).catch((): Fate => 'failed')
  await tally(d1, { site: row.site, address, imported: false }, fate, now)
  return fate
}

async function take(d1: D1Database, row: PageViewRow, draw: number, now: Ms): Promise<Fate> {
  const site = await within(D1_TIMEOUT, findSite(d1, row.site, now))
  if (!site) return 'refusedSite'
  const rate = await within(D1_TIMEOUT, rateAt(d1, site, row.began, now))
  const kept = isKept({ draw, id: row.id }, rate)
  const counts = meter(site, kept ? bytesOf(row) : 0, rate, now)
  const reported = counts && report(d1, site, counts, now).catch(() => {})
  if (!kept) return 'sampled'
  const { results } = await within(D1_TIMEOUT, store(d1, [{ ...row, weight: row.weight * rate }], now))
  await reported
  return results.length ? 'stored' : 'late'
}

/** Takes `times` beacons that no rate would keep: the short way of most beacons of a busy site. */
export async function leaveOut(d1: D1Database, site: string, times: number, now: Ms): Promise<void> {
  const found = await within(D1_TIMEOUT, findSite(d1, site, now)).catch(() => null)
  if (!found) return
  const rate = await within(D1_TIMEOUT, rateAt(d1, found, now, now))
  for (let i = 0; i < times; i++) {
    const counts = meter(found, 0, rate, now)
    if (counts) void report(d1, found, counts, now).catch(() => {})
    void tally(d1, { site, address: String(i), imported: false }, 'sampled', now)
  }
}
