/**
 * The read endpoints: query parameters go in, JSON comes out, with what it cost in Server-Timing.
 */

import type { Context } from 'hono'
import { parseSummaryQuery, type SummaryAnswer, type SummaryQuery } from '../../schema/summary.ts'
import type { Hono } from '../env.ts'
import { badField, problem } from '../problem.ts'
import { findSite, type Site } from '../sites.ts'
import type { Preparer } from '../statement.ts'
import { oldestRaw, onKeptHours } from './plan.ts'
import { summarize } from './summary.ts'

/** `GET /v1/summary` */
export async function summaryRoute(c: Context<Hono>): Promise<Response> {
  const started = Date.now()
  const query = parseSummaryQuery(new URL(c.req.url).searchParams, started)
  if ('error' in query) throw badField(query.error)
  const site = await findSite(c.env.DB, query.ok.site, started)
  if (!site) throw problem(404, `There is no site ${query.ok.site} here.`, { field: 'site' })
  const asked = Date.now()
  const answer = await summarizeKept(c.env.DB.withSession('first-unconstrained'), query.ok, site, started)
  const answered = Date.now()
  return c.json(answer, 200, {
    'Cache-Control': 'private, no-cache',
    'Server-Timing': `database;dur=${answered - asked}, total;dur=${answered - started}`,
  })
}

/**
 * Answers for the time of which everything that the answer needs is kept, and says so in `from` and `to`. Throws a 400
 * where single page views are needed of a time of which only roll-ups are left.
 */
async function summarizeKept(
  d1: Preparer,
  query: SummaryQuery,
  site: Site,
  now: number,
): Promise<SummaryAnswer> {
  const answer = await summarize(d1, onKeptHours(query, site, now), now)
  const oldest = oldestRaw(site, now)
  if (answer.source === 'rollup' || Date.parse(answer.from) >= oldest) return answer
  if (query.to <= oldest) {
    const detail = `must be after ${new Date(oldest).toISOString()}: only single page views answer this combination`
    throw badField({ field: 'to', detail })
  }
  return summarize(d1, { ...query, from: oldest }, now)
}
