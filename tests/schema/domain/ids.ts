/** Random ids as real systems make them, of ten kinds, and the list of words and slugs that are none. */

import { readFileSync } from 'node:fs'
import { random } from '../../../demo/traffic/random.ts'

const SMALL = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const BASE36 = SMALL + DIGITS
const BASE62 = BASE36 + SMALL.toUpperCase()
const URL_SAFE = `${BASE62}-_`

const { next } = random(13)
const text = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('')
const base64 = (text: string) => btoa(text).replaceAll('=', '')

/** Each makes one id; none of them tells an id by anything but its letters. */
export const KINDS: Readonly<Record<string, () => string>> = {
  'customer ids of a payment service': () => `cus_${text(BASE62, 14)}`,
  'video ids': () => text(URL_SAFE, 11),
  'hashids of 8': () => text(BASE62, 8),
  'nanoid(10)': () => text(URL_SAFE, 10),
  'nanoid(21)': () => text(URL_SAFE, 21),
  'push keys': () => `-${text(URL_SAFE, 19)}`,
  'base36 of 6': () => text(BASE36, 6),
  'base62 of 7': () => text(BASE62, 7),
  'addresses in base64': () => base64(`${text(SMALL, 6)}@example.com`),
  'global ids': () => base64(`User:${text(DIGITS, 4)}`),
}

/** Ids of small letters alone cannot be told from words that one does not know. */
export function canBeTold(id: string): boolean {
  return /[\d_A-Z]/.test(id)
}

/** Real words of twelve languages, slugs, names in code, versions, locales, files and products: one a line. */
export const WORDS = readFileSync(new URL('segments.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
