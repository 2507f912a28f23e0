/**
 * How much one address may send to a site. Addresses are counted in memory for a
 * minute and kept nowhere. Whoever has no address has no limit by address.
 *
 * Cloudflare's rate limit counts over all isolates of a place, but asking it is a call for each beacon. A person's
 * browser sends a handful a minute, so an isolate asks only from the eleventh beacon of a minute on. Where the limit is
 * not bound, or does not answer, beacons are taken: what is measured matters more than who might send too much.
 */

import { hourOf, MINUTE } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { logError } from '../log.ts'
import { remember } from '../memory.ts'

/** Beacons a minute of one address that an isolate takes without asking. */
const UNASKED = 10
/**
 * Names of sites that are not remembered, and turn out not to be there, that an isolate looks up for one address in a
 * minute. An absent name is remembered for five seconds, so a single wrong one takes 12.
 */
export const GUESSES = 20
/** Addresses remembered at once; beyond that the oldest are forgotten. */
const MAX_ADDRESSES = 20_000

/** One address may use one part in so many of an hour's budget of bytes for rows beyond the ordinary size. */
const FAT_SHARE = 4
/** And one part in so many of its rows for later beacons, or a few. Three in ten page views tell of themselves again. */
const LATER_SHARE = 2
const LATER_LEAST = 60

const seen = new Map<string, number>()
const guesses = new Map<string, number>()
let minute = 0
/** Of this hour, by site and address: bytes beyond the ordinary, and later beacons. */
const fat = new Map<string, number>()
const later = new Map<string, number>()
let hour = 0
/** Unix ms of the last line of the log. */
let logged = Number.NEGATIVE_INFINITY

/** True while the address is within its limit at this site. */
export async function isWithinLimit(
  limiter: RateLimit | undefined,
  site: string,
  address: string | null,
  now: Ms,
): Promise<boolean> {
  if (address === null) return true
  const key = `${site} ${address}`
  if (count(seen, key, now) <= UNASKED) return true
  try {
    if (!limiter) throw new Error('BEACON_LIMIT is not bound: see [[ratelimits]] in wrangler.toml')
    return (await limiter.limit({ key })).success
  } catch (error) {
    if (now - logged >= MINUTE) {
      logged = now
      logError('beacons are taken without a limit', error)
    }
    return true
  }
}

/** True while the address may have D1 asked for one more site that this isolate does not know. */
export function mayGuess(address: string | null, now: Ms): boolean {
  return address === null || count(guesses, address, now) <= GUESSES
}

/** The site that was looked up is there: that was no guess. */
export function guessedRight(address: string | null): void {
  if (address !== null) guesses.set(address, (guesses.get(address) ?? 1) - 1)
}

/**
 * True while the address may store `excess` bytes more than ordinary rows take. A quarter of an hour's budget of bytes
 * is one address's: what is fat beyond that would be paid by the site's other visitors, in a higher sampling rate.
 */
export function mayBeFat(
  site: { id: string; bytesPerDay: number },
  address: string | null,
  excess: number,
  now: Ms,
): boolean {
  return isLeft(fat, site.id, address, excess, site.bytesPerDay / 24 / FAT_SHARE, now)
}

/**
 * True while the address may store one more later beacon. No sampling rate thins out those of a page view that has a row, and each is
 * a row written.
 */
export function mayComeAgain(
  site: { id: string; rowsPerDay: number },
  address: string | null,
  now: Ms,
): boolean {
  const most = Math.max(LATER_LEAST, site.rowsPerDay / 24 / LATER_SHARE)
  return isLeft(later, site.id, address, 1, most, now)
}

/** Takes `amount` from what an address has of `most` within this hour; false where that is not left. */
function isLeft(
  spent: Map<string, number>,
  site: string,
  address: string | null,
  amount: number,
  most: number,
  now: Ms,
): boolean {
  if (address === null) return true
  if (hourOf(now) !== hour) {
    hour = hourOf(now)
    fat.clear()
    later.clear()
  }
  const key = `${site} ${address}`
  const sum = (spent.get(key) ?? 0) + amount
  if (sum > most) return false
  if (spent.has(key)) spent.set(key, sum)
  else remember(spent, key, sum, MAX_ADDRESSES)
  return true
}

/** One more of `key` within this minute. */
function count(counts: Map<string, number>, key: string, now: Ms): number {
  const current = Math.floor(now / MINUTE)
  if (current !== minute) {
    minute = current
    seen.clear()
    guesses.clear()
  }
  const known = counts.get(key)
  if (known === undefined) remember(counts, key, 1, MAX_ADDRESSES)
  else counts.set(key, known + 1)
  return (known ?? 0) + 1
}
