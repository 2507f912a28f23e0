/**
 * Who may ask what, by the bearer token of the request.
 *
 * ADMIN_TOKEN grants full access. A read token may read its own site, and a new endpoint has this without a line of its
 * own: `GET /v1/<name>?site=<site>` is judged by its query. Whoever names the site in another way (in the path, in
 * the body) calls `requireSite`; where nobody has judged the site, a read token gets no answer.
 */

import type { Context, Next } from 'hono'
import type { Caller, Hono } from '../env.ts'
import { problem } from '../problem.ts'
import { equal } from './secret.ts'
import { readableSite } from './tokens.ts'

/** Middleware for all of `/v1`: lets through what the bearer token may ask; 401 or 403 otherwise. */
export async function requireAccess(c: Context<Hono>, next: Next): Promise<void> {
  const caller = await callerOf(c)
  c.set('caller', caller)
  if (caller.role === 'admin') return next()

  if (!isRead(c)) throw problem(403, 'A read token may only read.')
  const sites = new URL(c.req.url).searchParams.getAll('site')
  for (const site of sites) requireSite(c, site)
  // A deeper address may name its site in the path, a POST in its body: there the query says nothing.
  caller.judged = sites.length > 0 && c.req.method !== 'POST' && /^\/v1\/[^/]+$/.test(c.req.path)
  await next()
  if (c.res.status < 400 && !caller.judged) {
    c.res = undefined
    throw otherSite(caller.site)
  }
}

/** Throws a 403 unless the caller may read this site. */
export function requireSite(c: Context<Hono>, site: string): void {
  const caller = c.get('caller')
  if (caller.role === 'admin') return
  if (caller.site !== site) throw otherSite(caller.site)
  caller.judged = true
}

/** Middleware: lets only the bearer of ADMIN_TOKEN through; 403 otherwise. */
export async function requireAdmin(c: Context<Hono>, next: Next): Promise<void> {
  if (c.get('caller').role !== 'admin') throw problem(403, 'This needs the ADMIN_TOKEN, not a read token.')
  await next()
}

/** True when the request carries ADMIN_TOKEN as its bearer token. */
export async function isAdmin(c: Context<Hono>): Promise<boolean> {
  const token = bearer(c)
  const expected = c.env.ADMIN_TOKEN
  return token !== undefined && !!expected && (await equal(token, expected))
}

async function callerOf(c: Context<Hono>): Promise<Caller> {
  if (!c.env.ADMIN_TOKEN) {
    throw problem(503, 'No ADMIN_TOKEN is set: `npx wrangler secret put ADMIN_TOKEN`, or .dev.vars locally.')
  }
  if (await isAdmin(c)) return { role: 'admin' }
  const site = await readableSite(c.env.DB, bearer(c) ?? '', Date.now())
  if (site !== null) return { role: 'reader', site, judged: false }
  throw problem(401, 'Send the header `Authorization: Bearer <token>` with a valid token.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="fieldline"' },
  })
}

/** The questions that change nothing. CrUX's clients ask by POST. */
function isRead({ req }: Context<Hono>): boolean {
  return req.method === 'GET' || req.method === 'HEAD' || req.path.startsWith('/v1/records:query')
}

function bearer(c: Context<Hono>): string | undefined {
  return /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '')?.[1]
}

function otherSite(own: string) {
  return problem(403, `This token reads site ${own} and no other: ask for site=${own}.`, { field: 'site' })
}
