/**
 * Deadlines: D1 can be silent for longer than anybody waits. What takes longer than it may becomes a 503.
 */

import type { Context, Next } from 'hono'
import { problem } from './problem.ts'

/** How long an answer of the API may take, in ms. */
export const ANSWER_DEADLINE = 10_000
/** How long a question about the database's health may take, in ms. */
export const HEALTH_DEADLINE = 2_000

const SILENT = 'The database is silent.'

/** What `work` comes to within `ms`; a 503 afterwards. The work itself goes on: D1 takes nothing back. */
export async function within<T>(ms: number, work: Promise<T>, detail = SILENT): Promise<T> {
  const late = Promise.withResolvers<never>()
  // Made when it is due: the stack of an error that nobody sees was 5 % of a beacon's CPU.
  const silence = () => late.reject(problem(503, detail, { headers: { 'Retry-After': '10' } }))
  const timer = setTimeout(silence, ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Middleware: a request is answered within `ANSWER_DEADLINE`, by a 503 if need be. */
export async function deadline(c: Context, next: Next): Promise<void> {
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.path.includes('/records:')
  const detail = isRead ? SILENT : `${SILENT} It may still do what was asked: look before you ask again.`
  await within(ANSWER_DEADLINE, next(), detail)
}
