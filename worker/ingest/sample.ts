/**
 * Which page views are kept, and under which id: by a lot that is drawn from the browser's id, the hour of its begin and the
 * site's key.
 *
 * A keyed hash draws the lot, so that every beacon of a page view meets the same answer and nobody without the key can
 * choose ids that are kept. Rates are powers of two, so samples nest: what 1 of 8 keeps, 1 of 4 keeps too.
 *
 * Whoever watches the clock learns which of his ids are kept: storing takes longer than leaving out. So a lot holds for one hour. Else
 * the same id would be kept in each hour of `raw_days`, as often as it is sent.
 *
 * The stored id comes from another hash. A question reads the ids below a bound as a fair sample (query/subsample.ts), and a
 * stranger chooses what his beacons say: `0`, `1`, `2` would be in every such sample. With the bits that decide, the ids
 * kept at rate 8 would all lie in one eighth.
 */

import type { Hour, OneIn } from '../../schema/domain/units.ts'
import { hmac, hmacKey } from '../bytes.ts'
import { remember } from '../memory.ts'

/** Sites whose imported key an isolate remembers. */
const MAX_KEYS = 1_000

const keys = new Map<string, Promise<CryptoKey>>()

export interface Lot {
  /** What its row is called: 16 hex digits. */
  id: string
  /** 32 bits that decide whether the page view is kept. */
  draw: number
  /** The same of other hours in which its row may lie. */
  near: readonly number[]
}

/**
 * Draws the lot of the page view that a browser calls `id`, and that began in `hour`; `near` are other hours in which a row of it may
 * lie. `key` is 32 hex digits.
 */
export async function drawLot(key: string, id: string, hour: Hour, near: readonly Hour[] = []): Promise<Lot> {
  const secret = await importedKey(key)
  const bits = async (text: string) => new DataView(await hmac(secret, text))
  const draws = [hour, ...near].map(async hour => (await bits(`${id} ${hour}`)).getUint32(0))
  const [named, draw = 0, ...others] = await Promise.all([bits(id), ...draws])
  return { id: named.getBigUint64(8).toString(16).padStart(16, '0'), draw, near: others }
}

/** True for 1 of `rate` lots, or where a row may lie near; `rate` is a power of two. */
export function isKept({ draw, near = [] }: Pick<Lot, 'draw'> & Partial<Lot>, rate: OneIn): boolean {
  return [draw, ...near].some(draw => (draw & (rate - 1)) === 0)
}

function importedKey(text: string): Promise<CryptoKey> {
  const known = keys.get(text)
  if (known) return known
  const imported = hmacKey(text)
  remember(keys, text, imported, MAX_KEYS)
  return imported
}
