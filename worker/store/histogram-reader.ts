/**
 * Reads the histograms of roll-ups as they come from D1 (histogram-text.ts), letter by letter, and adds them up: in a fifth of the time
 * of `JSON.parse`, which makes an object with a key for each bucket.
 */

import { newSums, type Sums, ZERO } from '../../schema/domain/buckets.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'
import type { FAILURES } from '../../schema/wire/pageview.ts'

/** A histogram of API calls carries the weights of those that failed, too, by how they did. */
export interface StoredHistogram extends Histogram, Record<(typeof FAILURES)[number], number> {
  /** Calls that its page views left out: at most so many of them are missing here. */
  omitted: number
  /** Of each page view its failed calls times its failed calls, and times all of them; both weigh w^2. 0 in roll-ups of before. */
  ff: number
  mf: number
}

/** What stands between two histograms of a row. */
export const BETWEEN = '|'
/** What stands between histograms that are to be added up. */
export const AND = '+'

/** The names of numbers in a histogram, each known by its first letter and its length; those of other names are left. */
const NAMES = ['n', 's', 'q', 'good', 'poor', 'http', 'network', 'timeout', 'omitted', 'hidden', 'ff', 'mf']
const LONGEST = 8
const PLACES: (number | undefined)[] = []
for (const [place, name] of NAMES.entries()) PLACES[codeOf(letter(name), name.length)] = place
const BUCKETS = codeOf(letter('h'), 1)
const SQUARES = codeOf(letter('v'), 1)
const PAIRS = codeOf(letter('c'), 1)
const [COLON, COMMA, OPEN, CLOSE, END, DOT] = [
  letter(':'),
  letter(','),
  letter('{'),
  letter('}'),
  letter(']'),
  letter('.'),
]
const [ZERO_DIGIT, NINE, BAR, PLUS] = [letter('0'), letter('9'), letter(BETWEEN), letter(AND)]
/** Digits that a number may have to be read without loss. */
const SAFE_DIGITS = 15
/** No value of 64 bits lies in a bucket beyond. */
const MOST_BUCKETS = 32_768

/** Those that every histogram has, by their places. */
const NEEDED = 0b111

/** A histogram that nobody has read yet: where it begins in a text. It ends at the next bar. */
export interface Unread {
  readonly text: string
  readonly from: number
}

/** Where the text that is being read is at. */
let at = 0
/** What was read and added up: the buckets, the pairs, and the numbers in the order of `NAMES`. */
const sums = newSums()
/** Squares, from the first histogram on whose weights differ, in itself or from those before. */
const squares = newSums()
let isMixed = false
/** What the histogram that is being read tells of its squares by bucket; else each sample has the mean weight. */
let hasSquares = false
let pairs: Histogram['c']
const numbers: number[] = NAMES.map(() => 0)
/** The numbers of one histogram that were found so far, a bit for each place, and the sums of `n` and `q` before it. */
let seen = 0
let before = { n: 0, q: 0 }

/**
 * The sum of some histograms, which are added up as they are read: to make an object of each takes longer than to read it. Those that
 * are broken count nowhere and are logged; null where there is no other.
 */
export function sumOf(unread: readonly Unread[]): StoredHistogram | null {
  startAnew()
  if (unread.every(one => read(one))) return unread.length ? readSoFar() : null
  const whole = unread.filter(isSound)
  return whole.length ? sumOf(whole) : null
}

/** A number of a histogram that comes in one part, without a look at its buckets, which stand last; NaN where it has none. */
export function numberIn({ text, from }: Unread, name: 'n' | 'hidden'): number {
  const wanted = NAMES.indexOf(name)
  at = from + 1
  for (;;) {
    const code = readName(text)
    const value = readNumber(text)
    if (PLACES[code] === wanted || Number.isNaN(value)) return value
    if (text.charCodeAt(at++) !== COMMA) return Number.NaN
  }
}

function isSound(unread: Unread): boolean {
  startAnew()
  if (read(unread)) return true
  broken(unread.text.slice(unread.from, endOf(unread.text, unread.from)))
  return false
}

export function endOf(text: string, from: number): number {
  const end = text.indexOf(BETWEEN, from)
  return end < 0 ? text.length : end
}

export function broken(text: string): void {
  console.error('a roll-up has a broken histogram, which counts nowhere', text.slice(0, 80))
}

function startAnew(): void {
  sums.take()
  squares.take()
  isMixed = false
  pairs = undefined
  for (let place = 0; place < NAMES.length; place++) numbers[place] = 0
}

/** Adds what stands there, in one part or several; false where it is broken. */
function read({ text, from }: Unread): boolean {
  at = from - 1
  let isWhole = true
  do {
    isWhole = text.charCodeAt(++at) === OPEN
    at++
    isWhole &&= readFields(text)
  } while (isWhole && text.charCodeAt(at) === PLUS)
  return isWhole && (at >= text.length || text.charCodeAt(at) === BAR)
}

/** Reads behind a `{` to behind its `}`. */
function readFields(text: string): boolean {
  seen = 0
  hasSquares = false
  before = { n: numbers[0] ?? 0, q: numbers[2] ?? 0 }
  let isWhole = true
  while (isWhole && text.charCodeAt(at) !== CLOSE) {
    isWhole = readField(text, readName(text))
    if (text.charCodeAt(at) === COMMA) at++
  }
  at++
  return isWhole && (seen & NEEDED) === NEEDED
}

/** What was read. By places, since to take the list apart takes longer than to read the text. */
function readSoFar(): StoredHistogram {
  return {
    n: numbers[0] ?? 0,
    s: numbers[1] ?? 0,
    q: numbers[2] ?? 0,
    good: numbers[3] ?? 0,
    poor: numbers[4] ?? 0,
    http: numbers[5] ?? 0,
    network: numbers[6] ?? 0,
    timeout: numbers[7] ?? 0,
    omitted: numbers[8] ?? 0,
    ff: numbers[10] ?? 0,
    mf: numbers[11] ?? 0,
    h: sums.take(),
    ...(isMixed && { v: squares.take() }),
    c: pairs,
  }
}

function letter(text: string): number {
  return text.charCodeAt(0)
}

function codeOf(first: number, length: number): number {
  return first * LONGEST + length
}

/** The code of a name, `good:`. */
function readName(text: string): number {
  const start = at
  while (at - start < LONGEST && text.charCodeAt(at) !== COLON) at++
  return codeOf(text.charCodeAt(start), at++ - start)
}

function readField(text: string, code: number): boolean {
  if (code === BUCKETS) return readBuckets(text, sums, hasSquares ? 0 : weightOfSamples())
  if (code === SQUARES) return readSquares(text)
  if (code === PAIRS) return readPairs(text)
  const [place, value] = [PLACES[code], readNumber(text)]
  if (place !== undefined) {
    numbers[place] = (numbers[place] ?? 0) + value
    seen |= 1 << place
  }
  return !Number.isNaN(value)
}

/** The mean weight of the samples of the histogram that is being read, whose numbers come first; 0 where all so far have that weight. */
function weightOfSamples(): number {
  const [n, q] = [(numbers[0] ?? 0) - before.n, (numbers[2] ?? 0) - before.q]
  if (!isMixed && before.n && q * before.n !== before.q * n) mix()
  return isMixed && n ? q / n : 0
}

function readSquares(text: string): boolean {
  if (!isMixed) mix()
  hasSquares = true
  return readBuckets(text, squares, 0)
}

/** Goes on with squares: all before had one weight. */
function mix(): void {
  isMixed = true
  const { at, weights } = sums.take()
  for (const [i, bucket] of at.entries()) {
    const weight = weights[i] ?? 0
    sums.add(bucket, weight)
    squares.add(bucket, (weight * before.q) / before.n)
  }
}

/**
 * `{91:4,245:8}`. Nearly all are digits, a colon and digits: what else there may be, `readBucket` and `readNumber` know. Where samples
 * have the weight `each`, their squares are added, too.
 */
function readBuckets(text: string, into: Sums, each: number): boolean {
  if (text.charCodeAt(at++) !== OPEN) return false
  while (text.charCodeAt(at) !== CLOSE) {
    const start = at
    let bucket = readDigits(text)
    const colon = at++
    let weight = readDigits(text)
    if (bucket >= MOST_BUCKETS || !isPlain(text, start, colon)) {
      at = start
      bucket = readBucket(text)
      weight = readNumber(text)
      if (Number.isNaN(bucket + weight)) return false
    }
    into.add(bucket, weight)
    if (each) squares.add(bucket, weight * each)
    if (text.charCodeAt(at) === COMMA) at++
  }
  at++
  return true
}

/** True where digits stand before and behind the colon, up to here, and no more than are safe. */
function isPlain(text: string, start: number, colon: number): boolean {
  const code = text.charCodeAt(at)
  return (
    colon > start &&
    at > colon + 1 &&
    at - colon <= SAFE_DIGITS &&
    text.charCodeAt(colon) === COLON &&
    (code === COMMA || code === CLOSE)
  )
}

/** The digits that stand there; 0 where there are none. */
function readDigits(text: string): number {
  let value = 0
  let place = at
  for (let code = text.charCodeAt(place); code >= ZERO_DIGIT && code <= NINE; code = text.charCodeAt(place)) {
    value = value * 10 + (code - ZERO_DIGIT)
    place++
  }
  at = place
  return value
}

/** The index of a bucket, `91:`; NaN where there is none. */
function readBucket(text: string): number {
  const bucket = readNumber(text)
  const isBucket = bucket >= ZERO && bucket < MOST_BUCKETS && Number.isInteger(bucket)
  return isBucket && text.charCodeAt(at++) === COLON ? bucket : Number.NaN
}

/** `{91:[2,4],245:[8,8]}` */
function readPairs(text: string): boolean {
  if (text.charCodeAt(at++) !== OPEN) return false
  while (text.charCodeAt(at) !== CLOSE) {
    const bucket = readBucket(text)
    at++
    const both = readNumber(text)
    at++
    const partners = readNumber(text)
    if (Number.isNaN(bucket + both + partners) || text.charCodeAt(at++) !== END) return false
    pairs ??= {}
    const [more, others] = pairs[bucket] ?? [0, 0]
    pairs[bucket] = [both + more, partners + others]
    if (text.charCodeAt(at) === COMMA) at++
  }
  at++
  return true
}

/** A number; NaN where there is none. */
function readNumber(text: string): number {
  const start = at
  const value = readDigits(text)
  const digits = at - start
  // `12.0`: sums of squares are real numbers.
  if (text.charCodeAt(at) === DOT && text.charCodeAt(at + 1) === ZERO_DIGIT) at += 2
  const code = text.charCodeAt(at)
  const isDone = code === COMMA || code === COLON || code === CLOSE || code === END
  return isDone && digits > 0 && digits <= SAFE_DIGITS ? value : readRest(text, start)
}

/** `-1`, `1.5e+20`, or more digits than are safe. */
function readRest(text: string, start: number): number {
  NUMBER.lastIndex = start
  const found = NUMBER.exec(text)?.[0]
  if (!found) return Number.NaN
  at = start + found.length
  return Number(found)
}
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
