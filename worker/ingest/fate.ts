/** The fates of a beacon, in the words of the table `intake`. */

import { HTTPException } from 'hono/http-exception'
import type { intake } from '../../schema/storage/tables.ts'
import { extraOf } from '../problem.ts'

type Column = keyof typeof intake.$inferInsert
/** A beacon that passed every check. */
export type Accepted = Extract<Column, 'stored' | 'sampled' | 'queued' | 'late'>
/** Each beacon has one. */
export type Fate = Accepted | Extract<Column, 'bots' | 'ignored' | 'failed' | `refused${string}`>

/** The check that a beacon did not pass, told by the answer's status and field. What nobody foresaw stored nothing. */
export function fateOf(error: unknown): Fate {
  if (!(error instanceof HTTPException)) return 'failed'
  const { field } = extraOf(error)
  if (error.status >= 500) return 'failed'
  if (error.status === 403) return 'refusedOrigin'
  if (error.status === 413) return 'refusedSize'
  if (error.status === 429) return 'refusedRate'
  if (field === 'site') return 'refusedSite'
  return field === 'weight' ? 'refusedWeight' : 'refusedField'
}
