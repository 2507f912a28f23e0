/**
 * Group commit: page views that come while one of their site is being written wait for it, and are written together. D1 runs one
 * statement after the other, so a burst of 1,000 takes a dozen of them. What comes alone waits for nothing.
 *
 * Requests share a promise here, and nothing else: the one that opens a group writes it.
 */

import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { within } from '../deadline.ts'
import { joined } from '../joined.ts'
import { store } from '../store/upsert.ts'
import { isOfRow } from '../unavailable.ts'
import { bytesOf } from './size.ts'

/** Page views of one statement, and their bytes: D1 binds 2 MB. */
const MOST = { rows: 100, bytes: 1_000_000 }

/**
 * How long a group waits for the one before it, in ms. Then both are written side by side: a request that was cut off, or an answer
 * that is lost, holds up no other for longer.
 */
const HELD_UP = 250

/** Page views of one site that are written together. */
interface Group {
  rows: Candidate[]
  bytes: number
  /** When the first of them came, and the last. */
  first: Ms
  last: Ms
  isOpen: boolean
  /** The ids of those that the database has kept. */
  kept: Promise<ReadonlySet<string>>
}

/** What a group has kept before it is written. */
const NONE = Promise.resolve<ReadonlySet<string>>(new Set())

/** The newest group of each site that is not written yet, by database: a site may move. */
const newest = new WeakMap<D1Database, Map<string, Group>>()

/** True if the database has kept the page view. */
export async function storeInGroup(d1: D1Database, row: Candidate, now: Ms): Promise<boolean> {
  const group = join(d1, row, now)
  try {
    return (await joined(group.kept)).has(row.id)
  } catch (error) {
    // A row that D1 can never take costs the others nothing.
    if (group.rows.length === 1 || !isOfRow(error)) throw error
    return (await store(d1, [row], now)).results.length > 0
  }
}

/** The site's group that is still open, or else a new one behind the newest. */
function join(d1: D1Database, row: Candidate, now: Ms): Group {
  const groups = newest.get(d1) ?? new Map<string, Group>()
  newest.set(d1, groups)
  const before = groups.get(row.site)
  const bytes = bytesOf(row)
  if (before && isOpen(before, now) && before.bytes + bytes <= MOST.bytes) {
    before.rows.push(row)
    before.bytes += bytes
    before.last = Math.max(before.last, now)
    return before
  }
  const group: Group = { rows: [row], bytes, first: now, last: now, isOpen: true, kept: NONE }
  groups.set(row.site, group)
  group.kept = write(d1, group, before).finally(() => {
    if (groups.get(row.site) === group) groups.delete(row.site)
  })
  return group
}

/** False, too, for a group that should have been written by now: its request was cut off. */
function isOpen({ isOpen, rows, first }: Group, now: Ms): boolean {
  return isOpen && rows.length < MOST.rows && now < first + HELD_UP
}

async function write(d1: D1Database, group: Group, before: Group | undefined): Promise<ReadonlySet<string>> {
  if (before) await within(HELD_UP, joined(before.kept)).catch(() => {})
  group.isOpen = false
  const { results } = await store(d1, group.rows, group.last)
  return new Set(results.map(({ id }) => id))
}
