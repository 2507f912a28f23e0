/**
 * The wire form of a page view, version 1, and what writes it: `encode` in the browser. At the edge `decode`, of decode.ts,
 * reads it.
 *
 * A beacon is one JSON object, sent as `text/plain`, at most `MAX_BYTES` long: the page view as its type has it, in which
 * phases, causes, calls, their timings and marks are lists of their values, in the order of their types:
 *
 *     { v: 1, id, sequence, weight, age, navigation, route, release, connection, touch,
 *       vitals: { lcp, inp, cls, fcp, ttfb }, phases: [7 times],
 *       why: [[target, url, requested, loaded],
 *             [target, event, [script url, invoker, duration], start, processingStart, processingEnd, paint],
 *             [target, value, time]],
 *       errors: [count, [[kind, message, script, line, column, count], ...]],
 *       dropped, marks: [[name, value], ...], tags: [[name, value], ...],
 *       calls: [[endpoint, start, duration, outcome, status, ttfb, bytes, [[server timing, duration], ...], trace], ...],
 *       server: [[server timing, duration], ...], trace, blocking: [load, after, [[load, after, host], ...]],
 *       bfcache: [reason, ...] }
 *
 * Older scripts send the parts of an LCP and an INP in place of times, as rows keep them (attribution-lists.ts). `dropped` is below 0
 * as long as calls have places left. Null means no data. Numbers are whole grains (ms; CLS in thousandths). Vitals, phases, causes, blocking, tags and errors are the
 * full current state of the page view, calls and marks are those since the beacon before. `sequence` counts from 0 and so says how many
 * came before: a lost beacon is healed by the next one, shows as a gap, and a repeated one changes nothing.
 *
 * A browser sends what it sees. It knows the limits below; all others are the reader's, and so is the validator, so that
 * no page holds code for them.
 */

import type { Beacon } from './pageview.ts'

export const WIRE_VERSION = 1
/** The longest body that is sent or read, in bytes. */
export const MAX_BYTES = 16_384
/** The most calls that are sent of one page view, and in one beacon. */
export const MAX_CALLS = 64
export const MAX_MARKS = 32
/** The most different errors that are sent of one page view. */
export const MAX_ERRORS = 8
/** Most named durations of one response. */
export const MAX_SERVER = 4
/** The most hosts of one page view whose blocking time is sent. */
export const MAX_HOSTS = 3
/** The most reasons that are kept of a page that was not restored. A browser tells few. */
export const MAX_REASONS = 8
/** Longest selector, address of an image or script, and name of what called a script. */
export const MAX_SELECTOR = 128
/** The longest text that is sent, in characters: more than is kept of any. A page may have made it longer than a beacon. */
const MAX_TEXT = 299
/** The most page views that one may stand for by the browser's own sampling. */
export const MAX_WEIGHT = 1_000

/** Writes a page view for the wire, in whole numbers. */
export function encode(view: Beacon): string {
  return write({ v: WIRE_VERSION, ...view }, true)
}

/**
 * Writes JSON of whole numbers, records without their names unless `named`. Old libraries put a `toJSON` on arrays and
 * objects, which JSON.stringify asks; of texts and numbers it asks none.
 */
export function write(value: unknown, named?: boolean): string {
  if (Object(value) !== value)
    return (
      JSON.stringify(
        value === +(value as number)
          ? Math.round(value)
          : typeof value === 'string'
            ? value.slice(0, MAX_TEXT)
            : value,
      ) ?? 'null'
    )
  const items = Object.entries(value as object).map(
    ([name, item]) => (named ? `"${name}":` : '') + write(item, name === 'vitals'),
  )
  return named ? `{${items}}` : `[${items}]`
}
