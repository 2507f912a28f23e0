/**
 * Moves a site from one database to another, while beacons come and questions are asked.
 *
 * 1. `copy`. The old database is in charge. What the cron and people write there is fenced off, so it stands still; beacons go on.
 *    All is copied.
 * 2. `merge`. Beacons go to the new database. The old one refuses those of isolates that do not know yet, and they follow. So it
 *    stands still, and what came there since it was copied is merged. Questions are still answered from it.
 * 3. `purge`. The new database is in charge of all. An hour later, when nobody remembers the old place, the rows there go.
 *
 * Where a move stands is stored: the phase in the site's record, the chunk in the new database (store/copy). So whoever comes next
 * goes on, the command or the cron.
 */

import { and, eq, isNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { HOUR } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { rates, type SiteRow, sites } from '../../schema/storage/tables.ts'
import { problem } from '../problem.ts'
import { beginCopy, CHUNK_STATEMENTS, copyChunk, endMove, type Progress, progressOf } from '../store/copy.ts'
import { clearRows, MOVED_TABLES, purgeRows } from '../store/delete.ts'
import { fence, unfence } from '../store/fence.ts'
import { STEPS, tablesOf } from '../store/move-steps.ts'
import { boundAs, type Databases, databaseOf } from './database.ts'
import { forgetSite } from './sites.ts'

/** How long the old rows stay, in ms: longer than any isolate, queue or run remembers where the site was. */
export const OLD_ROWS_DELAY = HOUR
/** What a turn of the loop takes at most, in statements: the first ones with fences or deletions, the others with a chunk. */
const FIRST_STATEMENTS = 25
const TURN_STATEMENTS = 13
const RATES = STEPS.findIndex(({ table }) => table === rates)
const FIRST_MERGE = STEPS.findIndex(({ phase }) => phase === 'merge')

/** A site's place, as its record has it. */
export type Place = Pick<SiteRow, 'id' | 'database' | 'moving' | 'other' | 'moved'>

/** What was done, in statements and rows. */
interface Advanced {
  taken: number
  rows: number
}

/** A move between two databases, and how far it is; null: the copy has not begun. */
interface Move {
  place: Place
  from: D1Database
  to: D1Database
  progress: Progress | null
}

/** The place of a site that is there; null where there is none. */
export async function placeOf(directory: D1Database, id: string): Promise<Place | null> {
  const { database, moving, other, moved } = sites
  const [found] = await drizzle(directory)
    .select({ id: sites.id, database, moving, other, moved })
    .from(sites)
    .where(and(eq(sites.id, id), isNull(sites.deleted)))
  return found ?? null
}

/** Begins a move. False where the site is not any more where it was. */
export async function beginMove(databases: Databases, place: Place, to: string): Promise<boolean> {
  const d1 = databaseOf(databases, { id: place.id, database: to })
  // Of a site of that name that was deleted on its way, while this database was not bound.
  if (await progressOf(d1, place.id)) await endMove(d1, place.id)
  return change(databases.DB, place, { moving: 'copy', other: to })
}

/** Goes on with a move, until the old rows alone are left, `maxStatements` are taken, or `end` (Unix ms) is past. */
export async function advance(
  databases: Databases,
  id: string,
  now: Ms,
  maxStatements: number,
  end: Ms,
): Promise<Advanced> {
  const done: Advanced = { taken: 0, rows: 0 }
  let move: Move | null = null
  while (Date.now() < end) {
    if (done.taken + (move ? TURN_STATEMENTS : FIRST_STATEMENTS) > maxStatements) break
    move ??= await moveOf(databases, id, done)
    if (!move) break
    const progress = await takeTurn(databases.DB, move, now, done)
    move = progress && { ...move, progress }
  }
  return done
}

/** The move that a site is on; null where it is on none, or the old rows alone are left. */
async function moveOf(databases: Databases, id: string, done: Advanced): Promise<Move | null> {
  const place = await placeOf(databases.DB, id)
  done.taken++
  if (!place?.other || !isUnderway(place)) return null
  const [from, to] = endsOf(databases, place)
  const progress = await progressOf(to, id)
  done.taken++
  return { place, from, to, progress }
}

/** Does one turn's work; answers how far the move is then, null where that must be looked up. */
async function takeTurn(
  directory: D1Database,
  { place, from, to, progress }: Move,
  now: Ms,
  done: Advanced,
): Promise<Progress | null> {
  if (!progress) {
    await prepareCopy(from, to, place.id, done)
    return null
  }
  if (STEPS[progress.step]?.phase !== place.moving) {
    await turnToNext(directory, place, now)
    done.taken++
    return null
  }
  const isStill = await isFenced(from, place.id, progress, done)
  return isStill ? copyOn(from, to, place.id, progress, done) : progress
}

/** True while a site moves; not any more where only its old rows are left to go. */
export function isUnderway({ moving }: Pick<Place, 'moving'>): boolean {
  return moving === 'copy' || moving === 'merge'
}

/** Deletes the rows that a site has left behind, once it is time; answers the statements it took. */
export async function purgeOldRows(
  databases: Databases,
  place: Place,
  now: Ms,
  maxStatements: number,
): Promise<number> {
  const { id, moving, other, moved } = place
  if (moving !== 'purge' || moved === null || now < moved + OLD_ROWS_DELAY) return 0
  if (maxStatements < FIRST_STATEMENTS) return 0
  const from = boundAs(databases, other ?? '')
  // A database that is not bound any more has gone with its rows.
  const { left, taken } = from ? await purgeRows(from, id, true, MOVED_TABLES) : { left: false, taken: 0 }
  if (left) return taken
  await endMove(databaseOf(databases, place), id)
  await change(databases.DB, place, { moving: null, other: null, moved: null })
  return taken + 2
}

/** How far a move is: the step that is next, of how many. */
export async function stepsOf(databases: Databases, place: Place): Promise<{ step: number; steps: number }> {
  if (!isUnderway(place)) return { step: STEPS.length, steps: STEPS.length }
  const progress = await progressOf(endsOf(databases, place)[1], place.id)
  return { step: progress?.step ?? 0, steps: STEPS.length }
}

/** The databases that it leaves and goes to. */
function endsOf(databases: Databases, place: Place): [D1Database, D1Database] {
  const { id, database, moving, other } = place
  const [from, to] = (moving === 'copy' ? [database, other] : [other, database]).map(name =>
    boundAs(databases, name ?? ''),
  )
  if (from && to) return [from, to]
  throw problem(503, `Site ${id} moves between ${database} and ${other}, of which one is not bound.`)
}

/** Fences off what must stand still, and sees that the new database is empty; then the copy may begin. */
async function prepareCopy(from: D1Database, to: D1Database, id: string, done: Advanced): Promise<void> {
  // Those of a move from there that ended while it was not bound.
  const old = await unfence(to, id)
  done.taken += old.taken
  if (old.dropped) return
  const fences = await fence(from, id, tablesOf('frozen'), ['INSERT', 'UPDATE', 'DELETE'])
  done.taken += fences.taken
  if (fences.left) return
  const cleared = await clearRows(to, id)
  done.taken += cleared.taken
  if (cleared.left) return
  await beginCopy(to, id)
  done.taken++
}

/** True once what this step reads stands still; fences it. */
async function isFenced(
  from: D1Database,
  id: string,
  { step, after }: Progress,
  done: Advanced,
): Promise<boolean> {
  if (after !== null || (step !== RATES && step !== FIRST_MERGE)) return true
  const still = step === RATES ? tablesOf('rates') : tablesOf('live', 'counts')
  const { left, taken } = await fence(from, id, still, ['INSERT', 'UPDATE'])
  done.taken += taken
  return !left
}

/** Copies a chunk; answers where the move stands, null where that must be looked up. */
async function copyOn(
  from: D1Database,
  to: D1Database,
  id: string,
  progress: Progress,
  done: Advanced,
): Promise<Progress | null> {
  const copied = await copyChunk(from, to, id, progress)
  done.taken += CHUNK_STATEMENTS
  done.rows += copied?.rows ?? 0
  return copied?.progress ?? null
}

/** The next phase, unless another has turned to it. */
async function turnToNext(directory: D1Database, place: Place, now: Ms): Promise<void> {
  const { database, moving, other } = place
  if (moving === 'copy' && other)
    await change(directory, place, { database: other, other: database, moving: 'merge' })
  else await change(directory, place, { moving: 'purge', moved: now })
}

/** Changes a site's record where it still says what `place` does. */
async function change(
  directory: D1Database,
  { id, database, moving, other }: Place,
  to: Partial<Omit<Place, 'id'>>,
): Promise<boolean> {
  const same = and(
    eq(sites.id, id),
    eq(sites.database, database),
    moving === null ? isNull(sites.moving) : eq(sites.moving, moving),
    other === null ? isNull(sites.other) : eq(sites.other, other),
    isNull(sites.deleted),
  )
  const changed = await drizzle(directory).update(sites).set(to).where(same).returning({ id: sites.id })
  forgetSite(id)
  return changed.length > 0
}
