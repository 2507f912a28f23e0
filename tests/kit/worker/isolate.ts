/**
 * What runs in a simulated isolate (tests/kit/scale): the worker's way of a beacon from the look-up of its site to its count, without HTTP.
 */

import type { Ms } from '../../../schema/domain/units.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { cron as cronOf } from '../../../worker/cron.ts'
import { within } from '../../../worker/deadline.ts'
import { D1_TIMEOUT } from '../../../worker/ingest/admit.ts'
import { leastToCome } from '../../../worker/ingest/control.ts'
import type { Fate } from '../../../worker/ingest/fate.ts'
import { keep } from '../../../worker/ingest/keep.ts'
import { isKept } from '../../../worker/ingest/sample.ts'
import { tally } from '../../../worker/ingest/tally.ts'
import { noteRefusal, spared } from '../../../worker/overload.ts'
import { leastRate } from '../../../worker/site/rates.ts'
import { findSite, isRemembered, rememberedSite } from '../../../worker/site/sites.ts'
import type { Arrival } from '../scale/isolates.ts'

export const cron = (d1: D1Database, now: Ms) => cronOf({ DB: d1 }, now)

/** Takes a beacon as ingest.ts does; `now` is the isolate's clock. */
export async function beacon(d1: D1Database, { row, draw, address }: Arrival, now: Ms): Promise<Fate> {
  const fate = await take(d1, row, draw, now).catch((): Fate => 'failed')
  await tally(d1, { site: row.site, address, imported: false }, fate, now)
  return fate
}

async function take(d1: D1Database, row: PageViewRow, draw: number, now: Ms): Promise<Fate> {
  if (!isRemembered(row.site, now) && Math.random() * spared(d1, now) > 1) return 'failed'
  const before = rememberedSite(row.site, now)
  if (before) {
    const least = Math.min(leastToCome(before, now), leastRate(before, row.began, row.sequence))
    if (!isKept({ draw }, least)) return 'sampled'
  }
  const heard = (error: unknown): never => {
    noteRefusal(d1, error, Date.now())
    throw error
  }
  const site = await within(D1_TIMEOUT, findSite({ DB: d1 }, row.site, now)).catch(heard)
  if (!site) return 'refusedSite'
  const rate = leastRate(site, row.began, row.sequence)
  if (!isKept({ draw }, Math.max(rate, spared(d1, now)))) return 'sampled'
  const oneIn = Math.max(rate, spared(d1, now, row.sequence > 0 ? row.began : now))
  return within(D1_TIMEOUT, keep({ DB: d1 }, site, { ...row, draw, oneIn }, now)).catch(heard)
}

/** Takes `times` beacons that no rate would keep: the short way of most beacons of a busy site. */
export async function leaveOut(d1: D1Database, site: string, times: number, now: Ms): Promise<void> {
  const known = rememberedSite(site, now) ?? (await findSite({ DB: d1 }, site, now).catch(() => null))
  if (known) await tally(d1, { site, address: '', imported: false, times }, 'sampled', now)
}
