/**
 * The contract of a move: `POST /v1/sites/:site/move` does a part of it, and is asked again until it is done.
 */

import * as v from 'valibot'
import { SITE_NAME, unknownOrMissing } from './fields.ts'
import { DATABASE } from './site.ts'

/** The body: where the site goes. */
export const MOVE = v.strictObject({ to: DATABASE }, unknownOrMissing)

/** How far a move is. */
export const MOVE_ANSWER = v.object({
  site: SITE_NAME,
  to: DATABASE,
  phase: v.pipe(
    v.picklist(['copy', 'merge', 'purge', 'done']),
    v.description(
      '`copy`: all is copied. `merge`: beacons go to the new database, and what came to the old one meanwhile follows. `purge`: the site is in the new database, and its old rows go after an hour. `done`: it is there, and nowhere else.',
    ),
  ),
  step: v.pipe(v.number(), v.integer(), v.description('the steps that are done')),
  steps: v.pipe(v.number(), v.integer(), v.description('of so many')),
  rows: v.pipe(v.number(), v.integer(), v.description('the rows that this request has copied')),
})
export type MoveAnswer = v.InferOutput<typeof MOVE_ANSWER>

export const MOVE_EXAMPLE: MoveAnswer = {
  site: 'shop',
  to: 'DB_2',
  phase: 'copy',
  step: 13,
  steps: 20,
  rows: 6_000,
}
