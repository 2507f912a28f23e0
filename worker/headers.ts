/**
 * Headers that more than one room answers with, or reads.
 */

import type { Context, Next } from 'hono'
import { toHex } from './bytes.ts'
import type { Hono } from './env.ts'
import { problem } from './problem.ts'

/** Of what only the caller may see, and what may be another answer the next time. */
export const PRIVATE = { 'Cache-Control': 'private, no-cache' } as const

/** True where `If-None-Match`, or `If-Match`, names an ETag, or any. What compresses an answer on its way marks that as weak. */
export function namesTag(header: string | undefined, tag: string): boolean {
  return isAny(header) || (header ?? '').split(',').some(known => known.trim().replace(/^W\//, '') === tag)
}

/** `*` names whatever is there. */
export function isAny(header: string | undefined): boolean {
  return header?.trim() === '*'
}

/** The ETag of what is answered. @see https://www.rfc-editor.org/rfc/rfc9110#name-etag */
export async function entityTag(body: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body))
  return `"${toHex(new Uint8Array(digest, 0, 9))}"`
}

/** The conditions that a change is checked for, by what follows `/v1/sites/shop`: nothing, or `/rules`. */
const CHECKED: Record<string, readonly string[]> = { '': ['If-Match', 'If-None-Match'], rules: ['If-Match'] }

/** Middleware for `/v1/sites/...`: a change under a condition that its address does not check is a 412. */
export async function checkConditions(c: Context<Hono>, next: Next): Promise<void> {
  const kind = c.req.path.split('/')[4] ?? ''
  const isRead = ['GET', 'HEAD'].includes(c.req.method)
  const passedOver = ['If-Match', 'If-None-Match'].find(
    name => c.req.header(name) !== undefined && !CHECKED[kind]?.includes(name),
  )
  if (!isRead && passedOver)
    throw problem(412, `Nothing was changed: this address does not check ${passedOver}. Leave it out.`)
  await next()
}
