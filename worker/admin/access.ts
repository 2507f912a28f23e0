/**
 * Who may ask: a bearer token goes in, yes or no comes out.
 */

import type { Context, Next } from 'hono'
import type { Hono } from '../env.ts'
import { problem } from '../problem.ts'

/** Middleware: lets only the bearer of ADMIN_TOKEN through; 401 otherwise. */
export async function requireAdmin(c: Context<Hono>, next: Next): Promise<void> {
  if (!c.env.ADMIN_TOKEN) {
    throw problem(503, 'No ADMIN_TOKEN is set: `npx wrangler secret put ADMIN_TOKEN`, or .dev.vars locally.')
  }
  if (!(await isAdmin(c))) {
    throw problem(401, 'Send the header `Authorization: Bearer <token>` with a valid token.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="fieldline"' },
    })
  }
  await next()
}

/** True when the request carries ADMIN_TOKEN as its bearer token. */
export async function isAdmin(c: Context<Hono>): Promise<boolean> {
  const token = /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '')?.[1]
  const expected = c.env.ADMIN_TOKEN
  return token !== undefined && expected !== undefined && expected !== '' && (await equal(token, expected))
}

/** Compares in constant time. Digests have one length, and timingSafeEqual throws on two. */
async function equal(a: string, b: string): Promise<boolean> {
  const [digestA, digestB] = await Promise.all([digest(a), digest(b)])
  return crypto.subtle.timingSafeEqual(digestA, digestB)
}

function digest(value: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(value))
}
