/**
 * Which page views are kept: the id of a page view and the site's key go in, yes or no comes out.
 *
 * A keyed hash decides, so that every beacon of a page view meets the same answer and nobody without the key can
 * choose ids that are kept. Rates are powers of two, so samples nest: what 1 of 8 keeps, 1 of 4 keeps too.
 */

const keys = new Map<string, Promise<CryptoKey>>()

/** True for 1 of `rate` ids; `rate` is a power of two, `key` is 32 hex digits. */
export async function isKept(key: string, id: string, rate: number): Promise<boolean> {
  if (rate === 1) return true
  const signature = await crypto.subtle.sign('HMAC', await importKey(key), new TextEncoder().encode(id))
  return (new DataView(signature).getUint32(0) & (rate - 1)) === 0
}

function importKey(key: string): Promise<CryptoKey> {
  const known = keys.get(key)
  if (known) return known
  const bytes = new TextEncoder().encode(key)
  const imported = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  if (keys.size >= 1_000) keys.clear()
  keys.set(key, imported)
  return imported
}
