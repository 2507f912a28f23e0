/**
 * The read endpoints: query parameters go in, JSON comes out, with what it cost in Server-Timing.
 */

import type { Context } from 'hono'
import { parseSummaryQuery } from '../../schema/query.ts'
import type { Hono } from '../env.ts'
import { badField, problem } from '../problem.ts'
import { findSite } from '../sites.ts'
import { onKeptHours } from './plan.ts'
import { summarize } from './summary.ts'

/** `GET /v1/summary` */
export async function summaryRoute(c: Context<Hono>): Promise<Response> {
  const started = Date.now()
  const query = parseSummaryQuery(new URL(c.req.url).searchParams, started)
  if ('error' in query) throw badField(query.error)
  const site = await findSite(c.env.DB, query.ok.site, started)
  if (!site) throw problem(404, `There is no site ${query.ok.site} here.`, { field: 'site' })
  const asked = Date.now()
  const answer = await summarize(
    c.env.DB.withSession('first-unconstrained'),
    onKeptHours(query.ok, site, started),
    started,
  )
  const answered = Date.now()
  return c.json(answer, 200, {
    'Cache-Control': 'private, no-cache',
    'Server-Timing': `database;dur=${answered - asked}, total;dur=${answered - started}`,
  })
}
