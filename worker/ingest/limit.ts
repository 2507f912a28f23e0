/**
 * How many beacons one address may send: site and address go in, yes or no comes out. The address is counted in
 * memory for a minute and kept nowhere.
 *
 * Cloudflare's rate limit counts over all isolates of a place, but asking it is a call for each beacon. A person's
 * browser sends a handful a minute, so an isolate asks only from the eleventh beacon of a minute on.
 */

/** Beacons a minute of one address that an isolate takes without asking. */
const UNASKED = 10
const MINUTE = 60_000
/** Addresses remembered at once; beyond that the minute begins anew. */
const MAX_ADDRESSES = 20_000

const seen = new Map<string, number>()
let minute = 0

/** True while the address is within its limit. */
export async function isWithinLimit(
  limiter: RateLimit,
  site: string,
  address: string,
  now: number,
): Promise<boolean> {
  const current = Math.floor(now / MINUTE)
  if (current !== minute || seen.size >= MAX_ADDRESSES) {
    seen.clear()
    minute = current
  }
  const key = `${site} ${address}`
  const count = (seen.get(key) ?? 0) + 1
  seen.set(key, count)
  return count <= UNASKED || (await limiter.limit({ key })).success
}
