/**
 * How much of the database a row takes, and how a page view that takes too much is cut to the ordinary.
 */

import { encodeCall, encodeError, encodeMark } from '../../schema/storage/row.ts'
import type { PageViewRow } from '../../schema/storage/tables.ts'
import { encodeAttribution } from '../../schema/wire/attribution-lists.ts'
import type { PageError, PageView } from '../../schema/wire/pageview.ts'

/**
 * Rows up to this size are ordinary, in bytes: the page view of tests/kit/beacons.ts, with five vitals, causes and three
 * calls, takes 600.
 */
export const ORDINARY_BYTES = 1_024
/** Numbers, the row's header and its place in the page. */
const FIXED_BYTES = 60
/** Pages of the table are not full: 25,000 rows of 421 bytes of text took 593 bytes each, of 303 took 435. */
const FILL_FACTOR = 1.25
/** What is left of calls, marks, tags, causes, errors and reasons where a row has to be ordinary, in characters each. */
const SLIM = { calls: 320, marks: 64, tags: 128, why: 200, errors: 200, bfcache: 100 }

const encoder = new TextEncoder()

/**
 * Bytes that SQLite needs for a row, within a tenth of what was measured. A later beacon is counted as if its row were
 * new, so a page view of several beacons counts for more than it takes.
 */
export function bytesOf(row: PageViewRow): number {
  const texts = Object.values(row).filter(value => typeof value === 'string')
  return Math.round((encoder.encode(texts.join('')).byteLength + FIXED_BYTES) * FILL_FACTOR)
}

/** The page view with the first calls and marks that fit an ordinary row, and how many were left out. */
export function slim(view: PageView): { view: PageView; callsCut: number; marksCut: number } {
  const calls = fitting(view.calls, call => JSON.stringify(encodeCall(call)).length, SLIM.calls)
  const marks = fitting(view.marks, mark => JSON.stringify(encodeMark(mark)).length, SLIM.marks)
  const tags = fitting(view.tags, tag => JSON.stringify(tag).length, SLIM.tags)
  const fits = JSON.stringify(encodeAttribution(view.why) ?? null).length <= SLIM.why
  const { blocking, bfcache, errors } = view
  const why = fits ? view.why : { lcp: null, inp: null, cls: null }
  const encoded = (error: PageError) => JSON.stringify(encodeError(error)).length
  return {
    view: {
      ...view,
      calls,
      marks,
      tags,
      why,
      server: undefined,
      ...(blocking && { blocking: { ...blocking, hosts: [] } }),
      ...(bfcache && { bfcache: fitting(bfcache, reason => reason.length + 3, SLIM.bfcache) }),
      errors: errors && { ...errors, list: fitting(errors.list, encoded, SLIM.errors) },
    },
    callsCut: view.calls.length - calls.length,
    marksCut: view.marks.length - marks.length,
  }
}

function fitting<T>(list: readonly T[], sizeOf: (item: T) => number, room: number): T[] {
  let used = 0
  const first = list.findIndex(item => {
    used += sizeOf(item)
    return used > room
  })
  return first === -1 ? [...list] : list.slice(0, first)
}
