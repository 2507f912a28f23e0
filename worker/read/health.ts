/**
 * `GET /healthz`: 200 when every database has the tables of this version and answers within two seconds, 503 when one does not, or
 * is not bound though sites lie there.
 */

import { and, isNull, notInArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { Context } from 'hono'
import type { HealthAnswer } from '../../schema/api/health.ts'
import { sites } from '../../schema/storage/tables.ts'
import { HEALTH_DEADLINE, within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { logError } from '../log.ts'
import { problem } from '../problem.ts'
import { askForAll, bindingsOf, boundAs, type Databases, isUnmigrated } from '../site/database.ts'

export async function health(c: Context<Hono>): Promise<Response> {
  const started = Date.now()
  await Promise.all(bindingsOf(c.env).map(name => ask(c, name)))
  await requireAllBound(c.env)
  const headers = { 'Cache-Control': 'private, max-age=0' }
  const answer: HealthAnswer = { status: 'ok', database_ms: Date.now() - started }
  return c.json(answer, 200, headers)
}

/** Throws a 503 where sites lie in a database that is not bound. Reads the sites. */
async function requireAllBound(env: Databases): Promise<void> {
  const isLost = and(isNull(sites.deleted), notInArray(sites.database, bindingsOf(env)))
  const found = drizzle(env.DB).select({ name: sites.database }).from(sites).where(isLost).limit(1)
  const [lost] = await within(HEALTH_DEADLINE, found.execute())
  if (!lost) return
  const detail = `Sites lie in the database ${lost.name}, which is not bound: see [[d1_databases]] in wrangler.toml.`
  throw problem(503, detail, { headers: { 'Retry-After': '10' } })
}

async function ask({ env }: Context<Hono>, name: string): Promise<void> {
  const d1 = boundAs(env, name)
  if (!d1) return
  try {
    await within(HEALTH_DEADLINE, askForAll(d1))
  } catch (error) {
    logError(`healthz: ${name}`, error)
    const which = name === 'DB' ? 'The database' : `The database ${name}`
    const what = isUnmigrated(error) ? 'is not migrated: npm run deploy does it' : 'does not answer'
    throw problem(503, `${which} ${what}.`, { headers: { 'Retry-After': '10' } })
  }
}
