/**
 * Secrets: made, hashed for the database, and compared in constant time.
 */

import { toHex } from '../bytes.ts'

/** `bytes` random bytes in hex. */
export function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)))
}

/** SHA-256 in hex. A slow hash is for what people make up; nobody guesses 160 random bits. */
export async function sha256(text: string): Promise<string> {
  return toHex(new Uint8Array(await digest(text)))
}

/** Compares in constant time. Digests have one length, and timingSafeEqual throws on two. */
export async function equal(a: string, b: string): Promise<boolean> {
  const [digestA, digestB] = await Promise.all([digest(a), digest(b)])
  return crypto.subtle.timingSafeEqual(digestA, digestB)
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
