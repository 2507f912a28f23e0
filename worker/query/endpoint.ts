/**
 * The way from a request to an answer, the same for every question: parameters are checked, the site is looked up, D1 is
 * asked once for what several ask at the same time, and JSON or CSV comes out with what it cost.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { FORMAT_QUERY } from '../../schema/api/query.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { FieldError } from '../../schema/domain/problem.ts'
import { ANSWER_DEADLINE, within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { badField, noSite } from '../problem.ts'
import { findSite, type Site } from '../site/sites.ts'
import { SETTLED } from '../store/periods.ts'
import type { Preparer } from '../store/statement.ts'
import { once } from './coalesce.ts'
import { type Cells, csv } from './csv.ts'

/** What an endpoint is made of: `Q` is its checked question, `A` its answer. */
export interface Endpoint<Q extends { site: string; to: number }, A> {
  parse(params: URLSearchParams, now: number): { ok: Q } | { error: FieldError }
  ask(d1: Preparer, question: Q, site: Site, now: number): Promise<A>
  /** The rows of its CSV, nested where the JSON is. */
  rows(answer: A): readonly object[]
}

/** Seconds for which an answer about hours that have settled is believed by who asked. */
const SETTLED_AGE = 60

/** The handler of an endpoint. */
export function answering<Q extends { site: string; to: number }, A>(endpoint: Endpoint<Q, A>) {
  return async (c: Context<Hono>): Promise<Response> => {
    const started = Date.now()
    const { searchParams: params } = new URL(c.req.url)
    const asCsv = wantsCsv(c, params)
    const parsed = endpoint.parse(params, started)
    if ('error' in parsed) throw badField(parsed.error)
    const question = parsed.ok
    const site = await findSite(c.env.DB, question.site, started)
    if (!site) throw noSite(question.site)

    const key = `${c.req.path} ${JSON.stringify(question)}`
    const d1 = c.env.DB.withSession('first-unconstrained')
    // Who joins it late waits no longer than who asked first.
    const ask = () => within(ANSWER_DEADLINE, endpoint.ask(d1, question, site, started))
    const asking = once(key, ask, started)
    // Others may wait for it after this request's client has gone.
    c.executionCtx.waitUntil(asking.catch(() => {}))
    const { answer, shared } = await asking
    const database = `database;dur=${Date.now() - started}${shared ? ';desc="shared"' : ''}`
    const body = asCsv ? csv(endpoint.rows(answer) as Cells[]) : JSON.stringify(answer)
    const tag = await entityTag(body)
    const settled = question.to <= hourOf(started - SETTLED) * HOUR
    const headers = {
      'Content-Type': asCsv ? 'text/csv; charset=utf-8; header=present' : 'application/json',
      'Cache-Control': settled ? `private, max-age=${SETTLED_AGE}` : 'private, no-cache',
      Vary: 'Accept, Authorization',
      ETag: tag,
      'Server-Timing': `${database}, total;dur=${Date.now() - started}`,
    }
    if (isKnown(c.req.header('If-None-Match'), tag)) return c.body(null, 304, headers)
    return c.body(body, 200, headers)
  }
}

/** Takes `format` out of the parameters; without it the Accept header decides. */
function wantsCsv(c: Context<Hono>, params: URLSearchParams): boolean {
  const [format, ...more] = params.getAll('format')
  params.delete('format')
  const checked = v.safeParse(FORMAT_QUERY.format, format)
  if (more.length) throw badField({ field: 'format', detail: 'is given twice' })
  if (!checked.success) throw badField({ field: 'format', detail: checked.issues[0].message })
  return format === 'csv' || (format === undefined && /^text\/csv\b/.test(c.req.header('Accept') ?? ''))
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-etag */
async function entityTag(body: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body))
  return `"${[...new Uint8Array(digest, 0, 9)].map(byte => byte.toString(16).padStart(2, '0')).join('')}"`
}

function isKnown(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some(known => known.trim().replace(/^W\//, '') === tag)
}
