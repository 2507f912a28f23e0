/**
 * Which page views tell of the loss: of one address only a few an hour.
 *
 * A page view tells if it has later beacons: its first one arrived, or is missing (histogram/deliveries). That are few of a site's page
 * views, so that those of one address would soon be most of them. Which ones of an address tell does not depend on what
 * was lost, so the share that is missing of the others stays what it is.
 */

import { hourOf } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { remember } from '../memory.ts'

/** Page views of one address that tell, within an hour. */
const LEAST = 4
/** More may where an isolate hears of many: one in so many of the site's. */
const SHARE = 100
/** Addresses, and sites, that are remembered at once. */
const MAX_REMEMBERED = 20_000

/** Of this hour: the page views that tell, by site and address, and how many of a site. */
const telling = new Map<string, Set<string>>()
const heard = new Map<string, number>()
let hour = 0

/** True for a page view that tells; `id` is what its row is called. Whoever has no address has no limit. */
export function mayTell(site: string, address: string | null, id: string, now: Ms): boolean {
  if (address === null) return true
  if (hourOf(now) !== hour) {
    hour = hourOf(now)
    telling.clear()
    heard.clear()
  }
  const key = `${site} ${address}`
  const ids = telling.get(key) ?? new Set()
  if (ids.has(id)) return true
  const all = heard.get(site) ?? 0
  if (ids.size >= Math.max(LEAST, all / SHARE)) return false
  if (ids.size === 0) remember(telling, key, ids, MAX_REMEMBERED)
  ids.add(id)
  if (all > 0) heard.set(site, all + 1)
  else remember(heard, site, 1, MAX_REMEMBERED)
  return true
}
