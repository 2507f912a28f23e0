/**
 * What one value of a beacon may be, and what is made of it: numbers are cut to what is believed, texts to what is kept.
 */

import * as v from 'valibot'
import { pageName } from '../domain/names.ts'
import { UNSEEN } from '../domain/unseen.ts'
import { MAX_SELECTOR } from './beacon.ts'

/** The longest duration that is believed, in ms: 10 minutes. */
export const MAX_MS = 600_000
/** The largest CLS that is believed, in thousandths. */
export const MAX_CLS = 100_000
/** The most bytes of one call that are believed: 1 GB. */
export const MAX_TRANSFER = 1_000_000_000
/** The longest age of a page view that is believed, in ms; the worker may allow less. */
export const MAX_AGE = 25 * 30 * 86_400_000
/** The largest value of a mark. */
export const MAX_MARK = 600_000
/** The most beacons of one page view. */
export const MAX_SEQUENCE = 999
/** The most errors that are believed where a page view says how many, or how many of one. All that it lists count. */
export const MAX_COUNT = 100_000
/** The largest line or column that is believed. */
export const MAX_PLACE = 100_000_000
/** The most calls beyond `MAX_CALLS` that are counted. */
export const MAX_DROPPED = 100_000
export const MAX_ROUTE = 200
export const MAX_ENDPOINT = 256
export const MAX_RELEASE = 64

export const ABORT = { abortEarly: true }

export const integer = (max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(0, 'must not be negative'),
    v.maxValue(max, `must be at most ${max}`),
  )
/** Cut to what is believed: clocks that are set, and pages that sleep, tell less than nothing and too much. */
export const amount = (max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.transform(value => Math.round(Math.max(0, Math.min(max, value)))),
  )
export const ms = amount(MAX_MS)
/** Null where there is none, or what is there is odd. */
export const maybe = <T extends v.GenericSchema>(schema: T) =>
  v.fallback(v.optional(v.nullable(schema), null), null)
/** As `cutText` leaves it. */
export const cut = (max: number) =>
  v.pipe(
    v.string('must be a string'),
    v.transform(value => cutText(value, max)),
  )
/** Most are: nothing is to be done. */
const PLAIN = /^[!-~]*$/
/**
 * A text as it is kept: without what nobody sees and halves of letters, which D1 cannot keep; each letter written in one way (`é` may
 * be two characters), one space between words; cut to `max`.
 *
 * @see https://www.unicode.org/reports/tr15/ NFC
 */
export function cutText(value: string, max: number): string {
  if (PLAIN.test(value)) return value.slice(0, max)
  // The Kelvin sign becomes K, behind which no joiner means anything; what stood apart may come together.
  const text = value
    .normalize()
    .replace(UNSEEN, '')
    .replace(/\p{Z}+/gu, ' ')
    .normalize()
    .trim()
  let end = Math.min(max, text.length)
  // Between letters: a picture of a person may be eleven characters.
  while (end > max - LONGEST_LETTER && isInside(text, end)) end--
  return text
    .slice(0, end)
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim()
}
/** Longer heaps of accents may be cut. */
const LONGEST_LETTER = 20
/** True before the second half of a character, an accent, and on either side of a joiner. */
const isInside = (text: string, place: number) =>
  /^[\p{M}\p{Surrogate}\u200d]/u.test(text.slice(place)) || text[place - 1] === '\u200d'
/** A query string or fragment is never kept. */
const withoutQuery = v.pipe(
  v.string('must be a string'),
  v.transform(name => name.replace(/[?#].*/s, '')),
)
export const name = (max: number) =>
  v.pipe(withoutQuery, cut(max), v.minLength(1, 'must not be empty'), v.transform(pageName))
export const oneOf = <const T extends readonly string[]>(list: T) =>
  v.picklist(list, `must be one of ${list.join(', ')}`)

/** Empty where the page gives no more: inline code, an element without a name. */
export const label = cut(MAX_SELECTOR)
export const address = v.pipe(withoutQuery, label)
/** `BUTTON#buy.onclick`, or an address. */
export const invoker = v.pipe(
  v.string('must be a string'),
  v.transform(text => text.replace(/\?.*/s, '')),
  label,
)

/** The first `most` items that fit; what does not takes no other's place. */
export function firstFitting<T extends v.GenericSchema>(
  item: T,
  list: readonly unknown[],
  most: number,
): v.InferOutput<T>[] {
  const found: v.InferOutput<T>[] = []
  for (const one of list) {
    if (found.length === most) break
    found.push(...fitting(item, [one], 1))
  }
  return found
}

/** The first items, those that fit. */
export function fitting<T extends v.GenericSchema>(
  item: T,
  list: readonly unknown[],
  max: number,
): v.InferOutput<T>[] {
  return list.slice(0, max).flatMap(one => {
    const { success, output } = v.safeParse(item, one, ABORT)
    return success ? [output] : []
  })
}
