/**
 * Request coalescing: one read of D1 for all who want the same answer at the moment. Nothing is remembered once it is
 * answered, or has failed.
 */

import type { Ms } from '../../schema/domain/units.ts'
import { joined } from '../joined.ts'

/** How long others join a read, in ms. One whose request was cut off is never answered, and must not hold them up. */
const JOINED = 10_000

const running = new Map<string, { answer: Promise<unknown>; since: number }>()

/**
 * What `read` answers, or what another request that runs under the same key does: then it is `shared`. `key` must tell
 * queries apart by all that the answer depends on, the site among it.
 */
export async function coalesce<A>(
  key: string,
  read: () => Promise<A>,
  now: Ms,
): Promise<{ answer: A; shared: boolean }> {
  const other = running.get(key)
  if (other && now < other.since + JOINED) return { answer: (await joined(other.answer)) as A, shared: true }
  const answer = read()
  const entry = { answer, since: now }
  running.set(key, entry)
  try {
    return { answer: await answer, shared: false }
  } finally {
    if (running.get(key) === entry) running.delete(key)
  }
}
