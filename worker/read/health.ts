/**
 * `GET /healthz`: 200 when D1 answers a question about a real table within two seconds, 503 when it does not.
 */

import { drizzle } from 'drizzle-orm/d1'
import type { Context } from 'hono'
import type { HealthAnswer } from '../../schema/api/health.ts'
import { sites } from '../../schema/storage/tables.ts'
import { HEALTH_DEADLINE, within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { logError } from '../log.ts'
import { problem } from '../problem.ts'

export async function health(c: Context<Hono>): Promise<Response> {
  const started = Date.now()
  try {
    await within(HEALTH_DEADLINE, drizzle(c.env.DB).select({ id: sites.id }).from(sites).limit(1).run())
  } catch (error) {
    logError('healthz', error)
    const detail = 'The database does not answer, or is not migrated.'
    throw problem(503, detail, { headers: { 'Retry-After': '10' } })
  }
  const headers = { 'Cache-Control': 'private, max-age=0' }
  const answer: HealthAnswer = { status: 'ok', database_ms: Date.now() - started }
  return c.json(answer, 200, headers)
}
