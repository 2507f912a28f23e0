/**
 * Which page views are kept, and under which id: by a lot that is drawn from the browser's id and the site's key.
 *
 * A keyed hash draws the lot, so that every beacon of a page view meets the same answer and nobody without the key can
 * choose ids that are kept. Rates are powers of two, so samples nest: what 1 of 8 keeps, 1 of 4 keeps too.
 *
 * The stored id comes from bits of the same hash that decide nothing. A question reads the ids below a bound as a fair
 * sample (query/subsample.ts), and a stranger chooses what his beacons say: `0`, `1`, `2` would be in every such sample.
 * With the bits that decide, the ids kept at rate 8 would all lie in one eighth.
 */

import type { OneIn } from '../../schema/domain/units.ts'
import { hmac, hmacKey } from '../bytes.ts'
import { remember } from '../memory.ts'

/** Sites whose imported key an isolate remembers. */
const MAX_KEYS = 1_000

const keys = new Map<string, Promise<CryptoKey>>()

export interface Lot {
  /** 32 bits that decide whether the page view is kept. */
  draw: number
  /** What its row is called: 16 hex digits. */
  id: string
}

/** Draws the lot of the page view that a browser calls `id`; `key` is 32 hex digits. */
export async function drawLot(key: string, id: string): Promise<Lot> {
  const signature = await hmac(await importedKey(key), id)
  const bits = new DataView(signature)
  return { draw: bits.getUint32(0), id: bits.getBigUint64(8).toString(16).padStart(16, '0') }
}

/** True for 1 of `rate` lots; `rate` is a power of two. */
export function isKept({ draw }: Pick<Lot, 'draw'>, rate: OneIn): boolean {
  return (draw & (rate - 1)) === 0
}

function importedKey(text: string): Promise<CryptoKey> {
  const known = keys.get(text)
  if (known) return known
  const imported = hmacKey(text)
  remember(keys, text, imported, MAX_KEYS)
  return imported
}
