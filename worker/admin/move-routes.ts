/** `POST /v1/sites/shop/move` moves a site to another database: a part of it, until it answers that it is done. */

import { Hono } from 'hono'
import { MOVE, type MoveAnswer } from '../../schema/api/move.ts'
import { SECOND } from '../../schema/domain/hour.ts'
import { statementsOf, type Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { noSite, problem } from '../problem.ts'
import { databaseOf, requireBound, requireMigrated } from '../site/database.ts'
import { advance, beginMove, OLD_ROWS_DELAY, type Place, placeOf, stepsOf } from '../site/move.ts'
import { readJson } from './body.ts'

/** How long a request goes on, in ms: half of what an answer may take. */
const MAX_TIME = 5 * SECOND
/** Statements that a request takes beside those of the move. */
const OWN_STATEMENTS = 8

export const moveRoutes = new Hono<Types>().post('/', async c => {
  const { to } = await readJson(c, MOVE)
  requireBound(c.env, 'to', to)
  const name = siteOf(c)
  const { DB } = c.env
  let place = await placeOf(DB, name)
  if (!place) throw noSite(name)
  if (place.moving === null && place.database !== to) {
    databaseOf(c.env, place)
    await requireMigrated(c.env, 'to', to)
    await beginMove(c.env, place, to)
    place = await placeOf(DB, name)
    if (!place) throw noSite(name)
  }
  requireSame(place, to)
  const now = Date.now()
  const most = statementsOf(c.env) - OWN_STATEMENTS
  const { rows } = await advance(c.env, name, now, most, now + MAX_TIME)
  const after = await placeOf(DB, name)
  if (!after) throw noSite(name)
  const phase = after.moving ?? 'done'
  const answer: MoveAnswer = { site: name, to, phase, ...(await stepsOf(c.env, after)), rows }
  return c.json(answer, 200, PRIVATE)
})

/** Throws a 409 where the site is on its way to another database, or has rows left where it came from. */
function requireSame({ id, database, moving, other, moved }: Place, to: string): void {
  const goesTo = moving === 'copy' ? other : database
  if (goesTo === to) return
  if (moving !== 'purge') {
    throw problem(409, `Site ${id} moves to ${goesTo}: that has to end first.`, { field: 'to' })
  }
  const until = new Date((moved ?? 0) + OLD_ROWS_DELAY).toISOString()
  const detail = `Site ${id} has moved to ${database}. Its rows in ${other} go from ${until} on: move it again when they are gone.`
  throw problem(409, detail, { field: 'to' })
}
