/**
 * The way from a request to an answer, the same for every endpoint that reads: parameters are checked, the site is looked
 * up, the query is answered, and the answer says how long that took.
 */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Parsed } from '../../schema/domain/problem.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Hono } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { badField, noSite } from '../problem.ts'
import { type Placed, readDatabaseOf } from '../site/database.ts'
import { findSite, type Site } from '../site/sites.ts'
import type { Preparer } from '../store/statement.ts'
import { type Naming, requireDeclared } from './declared.ts'
import { parseWithin } from './segment.ts'

/** A checked query, on its way. */
interface Call<Q, S> {
  c: Context<Hono>
  query: Q
  site: S
  /** Unix ms; the clock of the whole answer. */
  now: Ms
  /** A replica near the worker. */
  d1: Preparer
}

interface Reply {
  body: string | ReadableStream<Uint8Array> | null
  headers: Record<string, string>
  status?: ContentfulStatusCode | 304
  /** What `Server-Timing` says of the database beside its time. */
  note?: string
}

/** What an endpoint is made of: `Q` is its query, `S` what it knows of the site. */
export interface Endpoint<Q, S> {
  /** The checked query, or the first field that does not fit, which becomes a 400. */
  parse(c: Context<Hono>, now: Ms): Parsed<Q> | Promise<Parsed<Q>>
  /** The site that is asked about; throws a 404 where there is none. */
  findSite(c: Context<Hono>, query: Q, now: Ms): Promise<S>
  answer(call: Call<Q, S>): Promise<Reply>
}

/** The handler of an endpoint. */
export function handler<Q, S extends Placed>(endpoint: Endpoint<Q, S>) {
  return async (c: Context<Hono>): Promise<Response> => {
    const started = Date.now()
    const parsed = await endpoint.parse(c, started)
    if ('error' in parsed) throw badField(parsed.error)
    const query = parsed.ok
    const site = await endpoint.findSite(c, query, started)
    const asked = Date.now()
    const d1 = readDatabaseOf(c.env, site).withSession('first-unconstrained')
    const { body, headers, status = 200, note } = await endpoint.answer({ c, query, site, now: started, d1 })
    const answered = Date.now()
    const database = `database;dur=${answered - asked}${note ? `;desc="${note}"` : ''}`
    return c.newResponse(body, status, {
      ...PRIVATE,
      'Server-Timing': `${database}, total;dur=${answered - started}`,
      ...headers,
    })
  }
}

/** The parts of an endpoint whose query is its parameters, and names its site, and maybe tags that it declares. */
export function byParameters<Q extends { site: string } & Naming>(
  parse: (params: URLSearchParams, now: Ms) => Parsed<Q>,
): Pick<Endpoint<Q, Site>, 'parse' | 'findSite'> {
  return {
    parse: (c, now) => parseWithin(c.env, parse, new URL(c.req.url).searchParams, now),
    async findSite(c, query, now) {
      const site = await findSite(c.env, query.site, now)
      if (!site) throw noSite(query.site)
      requireDeclared(query, site)
      return site
    },
  }
}
