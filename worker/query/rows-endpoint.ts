/**
 * Endpoints that answer with rows, as JSON or as CSV. D1 is asked once for what several requests ask at the same time, and
 * a client that has the answer already gets a 304.
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { FORMAT_QUERY } from '../../schema/api/query.ts'
import { HOUR, hourOf } from '../../schema/domain/hour.ts'
import type { Parsed } from '../../schema/domain/problem.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { ANSWER_DEADLINE, within } from '../deadline.ts'
import type { Hono } from '../env.ts'
import { entityTag, namesTag } from '../headers.ts'
import { badField } from '../problem.ts'
import type { Site } from '../site/sites.ts'
import { SETTLED } from '../store/periods.ts'
import type { Preparer } from '../store/statement.ts'
import { coalesce } from './coalesce.ts'
import { columnsOf, type OpenNames } from './columns.ts'
import { csv } from './csv.ts'
import type { Naming } from './declared.ts'
import { byParameters, handler } from './endpoint.ts'
import { parseWithin } from './segment.ts'

/** What such an endpoint is made of: `Q` is its query, `A` its answer. */
interface RowsEndpoint<Q extends { site: string; to: Ms } & Naming, A> {
  parse(params: URLSearchParams, now: Ms): Parsed<Q>
  read(d1: Preparer, query: Q, site: Site, now: Ms): Promise<A>
  /** The rows of its CSV, nested where the JSON is. */
  rows(answer: A): readonly object[]
  /** What such a row is. */
  row: v.GenericSchema
  /** The names that its schema leaves open. */
  open?(query: NoInfer<Q>, site: Site): OpenNames
}

/** Seconds for which an answer about hours that have settled is believed by who asked. */
const SETTLED_AGE = 60

/** The handler of such an endpoint. */
export function rowsHandler<Q extends { site: string; to: Ms } & Naming, A>(endpoint: RowsEndpoint<Q, A>) {
  const { findSite } = byParameters(endpoint.parse)
  return handler<{ query: Q; asCsv: boolean }, Site>({
    async parse(c, now) {
      const { searchParams: params } = new URL(c.req.url)
      const asCsv = wantsCsv(c, params)
      const parsed = await parseWithin(c.env, endpoint.parse, params, now)
      return 'error' in parsed ? parsed : { ok: { query: parsed.ok, asCsv } }
    },
    findSite: (c, { query }, now) => findSite(c, query, now),
    async answer({ c, query: { query, asCsv }, site, now, d1 }) {
      const key = `${c.req.path} ${JSON.stringify(query)}`
      // Who joins it late waits no longer than who asked first.
      const read = () => within(ANSWER_DEADLINE, endpoint.read(d1, query, site, now))
      const reading = coalesce(key, read, now)
      // Others may wait for it after this request's client has gone.
      c.executionCtx.waitUntil(reading.catch(() => {}))
      const { answer, shared } = await reading
      const body = asCsv
        ? csv(endpoint.rows(answer), columnsOf(endpoint.row, endpoint.open?.(query, site)))
        : JSON.stringify(answer)
      const tag = await entityTag(body)
      // The same address asks something else once its segment has changed.
      const isSettled = query.to <= hourOf(now - SETTLED) * HOUR && !c.req.query('segment')
      const headers = {
        'Content-Type': asCsv ? 'text/csv; charset=utf-8; header=present' : 'application/json',
        'Cache-Control': isSettled ? `private, max-age=${SETTLED_AGE}` : 'private, no-cache',
        Vary: 'Accept, Authorization',
        ETag: tag,
      }
      const note = shared ? { note: 'shared' } : {}
      return namesTag(c.req.header('If-None-Match'), tag)
        ? { body: null, status: 304, headers, ...note }
        : { body, headers, ...note }
    },
  })
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
