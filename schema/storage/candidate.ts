/** A row on its way into `pageviews`: whether it is kept is decided in the statement that stores it. */

import type { OneIn } from '../domain/units.ts'
import type { PageViewRow } from './tables.ts'

/** A row to be judged by its lot; its weight is the browser's own. One without a lot is stored as it is. */
export interface Candidate extends PageViewRow {
  /** The 32 bits of its lot (ingest/sample). */
  draw?: number
  /** The least rate that may judge it. */
  oneIn?: OneIn
  /** It came with the admin token: no traffic, so no budget is judged by it. */
  imported?: boolean
  /** A later beacon of its page view, or the first one once more. */
  again?: boolean
}
