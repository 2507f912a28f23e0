/**
 * The endpoints of the CrUX API, answered from own data: `POST /v1/records:queryRecord` and `:queryHistoryRecord`. It
 * takes their requests and answers in their form, errors included, so that CrUX's clients work unchanged.
 */

import { isNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono, type Next } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import * as v from 'valibot'
import {
  type CruxError,
  type CruxQuery,
  parseHistoryRequest,
  parseRecordRequest,
} from '../../schema/api/crux.ts'
import { SITE_NAME } from '../../schema/api/fields.ts'
import { parseParameters } from '../../schema/api/parameters.ts'
import { isAllowed } from '../../schema/domain/origins.ts'
import { sites } from '../../schema/storage/tables.ts'
import { requireAccess, requireSite } from '../admin/access.ts'
import { toJson } from '../admin/body.ts'
import { readText } from '../body.ts'
import { deadline } from '../deadline.ts'
import type { Hono as Types } from '../env.ts'
import { wellFormed } from '../parameters.ts'
import { badField, extraOf, problem, toProblem } from '../problem.ts'
import { handler } from '../query/endpoint.ts'
import type { Placed } from '../site/database.ts'
import { cruxHistory, cruxRecord } from './crux-record.ts'

/** https://cloud.google.com/apis/design/errors#error_codes */
const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'INVALID_ARGUMENT',
  503: 'UNAVAILABLE',
}

export const cruxRoutes = new Hono<Types>()
  .post(
    '/:call{records:queryRecord}',
    deadline,
    wellFormed,
    keyAsBearer,
    requireAccess,
    recordHandler(parseRecordRequest, cruxRecord),
  )
  .post(
    '/:call{records:queryHistoryRecord}',
    deadline,
    wellFormed,
    keyAsBearer,
    requireAccess,
    recordHandler(parseHistoryRequest, cruxHistory),
  )
  .onError(googleError)

/** What may stand behind the address: ours, and what Google's clients add for all of its APIs. */
const QUERY = {
  key: v.optional(v.pipe(v.string(), v.regex(/^[\x21-\x7e]*$/, 'must be a token'))),
  site: v.optional(SITE_NAME),
  alt: v.optional(v.literal('json', 'must be json')),
  prettyPrint: v.optional(v.string()),
}

/** Middleware: takes `?key=`, where CrUX's clients put theirs, for the bearer token. */
async function keyAsBearer(c: Context<Types>, next: Next): Promise<void> {
  const parsed = parseParameters(QUERY, new URL(c.req.url).searchParams)
  if ('error' in parsed) throw badField(parsed.error)
  const { key } = parsed.ok
  if (key !== undefined && !c.req.header('Authorization')) {
    const headers = new Headers(c.req.raw.headers)
    headers.set('Authorization', `Bearer ${key}`)
    c.req.raw = new Request(c.req.raw, { headers })
  }
  await next()
}

/** The handler of one kind of record. */
function recordHandler(parse: typeof parseRecordRequest, make: typeof cruxRecord | typeof cruxHistory) {
  return handler({
    // Whatever its type: CrUX's own client sends its JSON as text.
    parse: async c => parse(toJson(await readText(c.req.raw))),
    findSite: siteOf,
    async answer({ query, site, now, d1 }) {
      const record = await make(d1, site.id, query, now)
      if (!record) throw problem(404, 'data not found: too few page views')
      return { body: JSON.stringify(record), headers: { 'Content-Type': 'application/json' } }
    },
  })
}

/**
 * The site that is asked for: `?site=`, or of those that the token may read the one that takes beacons from the
 * origin. One that names it goes before one that covers it by a pattern, and that before one that takes all.
 */
async function siteOf(c: Context<Types>, { origin, url }: CruxQuery): Promise<Placed> {
  const { id, origins, database, moving, other } = sites
  const all = await drizzle(c.env.DB)
    .select({ id, origins, database, moving, other })
    .from(sites)
    .where(isNull(sites.deleted))
  const caller = c.get('caller')
  const readable = all.filter(({ id }) => caller.role === 'admin' || caller.site === id)
  const named = c.req.query('site')
  const tests =
    named === undefined
      ? [
          (origins: string[]) => origins.includes(origin),
          (origins: string[]) => !origins.includes('*') && isAllowed(origins, origin),
          (origins: string[]) => origins.includes('*'),
        ]
      : [(_: string[], id: string) => id === named]
  for (const test of tests) {
    const [found, another] = readable.filter(({ origins, id }) => test(origins, id))
    if (another) {
      const field = url === null ? 'origin' : 'url'
      throw badField({ field, detail: 'belongs to several sites: add ?site= to the address' })
    }
    if (found) {
      requireSite(c, found.id)
      return found
    }
  }
  throw problem(404, named === undefined ? `no site takes beacons from ${origin}` : `no site ${named}`)
}

/** Answers an error as Google's APIs do. */
function googleError(error: Error, c: Context): Response {
  const known = toProblem(error)
  const { status, message } = known
  const { field, headers } = extraOf(known)
  const body: CruxError = {
    error: {
      code: status,
      message: status === 500 ? 'internal error' : message,
      status: STATUS[status] ?? 'INTERNAL',
      ...(field && {
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field, description: message }],
          },
        ],
      }),
    },
  }
  return c.json(body, status as ContentfulStatusCode, { 'Cache-Control': 'private, max-age=0', ...headers })
}
