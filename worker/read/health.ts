/**
 * `GET /healthz`: 200 when every database has the tables of this version and answers within two seconds, 503 when one does not.
 */

import type { Context } from 'hono'
import type { HealthAnswer } from '../../schema/api/health.ts'
import { HEALTH_DEADLINE, within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { logError } from '../log.ts'
import { problem } from '../problem.ts'
import { askForAll, bindingsOf, boundAs, isUnmigrated } from '../site/database.ts'

export async function health(c: Context<Hono>): Promise<Response> {
  const started = Date.now()
  await Promise.all(bindingsOf(c.env).map(name => ask(c, name)))
  const headers = { 'Cache-Control': 'private, max-age=0' }
  const answer: HealthAnswer = { status: 'ok', database_ms: Date.now() - started }
  return c.json(answer, 200, headers)
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
