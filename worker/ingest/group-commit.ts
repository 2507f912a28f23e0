/**
 * Group commit: page views that come while one of their site is being written wait for it, and are written together. D1 runs one
 * statement after the other, so a burst of 1,000 takes a dozen of them. What comes alone waits for nothing.
 *
 * Requests share a promise here, and nothing else: the one that opens a group writes it.
 */

import type { Ms } from '../../schema/domain/units.ts'
import type { Candidate } from '../../schema/storage/candidate.ts'
import { store } from '../store/upsert.ts'
import { isOfRow } from '../unavailable.ts'
import { D1_TIMEOUT } from './admit.ts'
import { bytesOf } from './size.ts'

/** Page views of one statement, and their bytes: D1 binds 2 MB. */
const MOST = { rows: 100, bytes: 1_000_000 }

/** Page views of one site that are written together. */
interface Group {
  rows: Candidate[]
  bytes: number
  /** When the last of them came. */
  last: Ms
  isOpen: boolean
  /** The ids of those that the database has kept. */
  kept: Promise<ReadonlySet<string>>
}

/** Groups of one site that are written one after the other. */
interface Line {
  /** When the one that is being written began to be. */
  since: Ms
  newest: Group | null
}

/** What a group has kept before it is written. */
const NONE = Promise.resolve<ReadonlySet<string>>(new Set())

/** The line of each site that is being written, by database: a site may move. */
const lines = new WeakMap<D1Database, Map<string, Line>>()

/** True if the database has kept the page view. */
export async function storeInGroup(d1: D1Database, row: Candidate, now: Ms): Promise<boolean> {
  const group = join(d1, row, now)
  try {
    return (await group.kept).has(row.id)
  } catch (error) {
    // A row that D1 can never take costs the others nothing.
    if (group.rows.length === 1 || !isOfRow(error)) throw error
    return (await store(d1, [row], now)).results.length > 0
  }
}

/** The site's group that is still open, or else a new one behind the newest. */
function join(d1: D1Database, row: Candidate, now: Ms): Group {
  const ofSites = lines.get(d1) ?? new Map<string, Line>()
  lines.set(d1, ofSites)
  const line = lineOf(ofSites, row.site, now)
  const { newest } = line
  const bytes = bytesOf(row)
  if (newest?.isOpen && newest.rows.length < MOST.rows && newest.bytes + bytes <= MOST.bytes) {
    newest.rows.push(row)
    newest.bytes += bytes
    newest.last = Math.max(newest.last, now)
    return newest
  }
  const group: Group = { rows: [row], bytes, last: now, isOpen: true, kept: NONE }
  line.newest = group
  group.kept = write(d1, line, group, newest).finally(() => {
    if (line.newest === group && ofSites.get(row.site) === line) ofSites.delete(row.site)
  })
  return group
}

/** The line that moves on, or a new one: a request that was cut off, or a D1 that is silent, holds up no other for longer. */
function lineOf(ofSites: Map<string, Line>, site: string, now: Ms): Line {
  const known = ofSites.get(site)
  if (known && now < known.since + D1_TIMEOUT) return known
  const line = { since: now, newest: null }
  ofSites.set(site, line)
  return line
}

async function write(
  d1: D1Database,
  line: Line,
  group: Group,
  before: Group | null,
): Promise<ReadonlySet<string>> {
  await before?.kept.catch(() => {})
  group.isOpen = false
  line.since = Math.max(line.since, group.last)
  const { results } = await store(d1, group.rows, group.last)
  return new Set(results.map(({ id }) => id))
}
