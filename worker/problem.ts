/**
 * Errors as RFC 9457 problem details: what handlers throw is answered as `application/problem+json`.
 */

import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { FieldError, Problem } from '../schema/domain/problem.ts'
import { logError } from './log.ts'
import { isMoved, troubleOf } from './unavailable.ts'

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** What an error carries beside its sentence. */
interface ProblemExtra {
  field?: string
  headers?: Record<string, string>
}

/** An error to throw from a handler; `detail` is a sentence for the person who made the request. */
export function problem(
  status: ContentfulStatusCode,
  detail: string,
  extra: ProblemExtra = {},
): HTTPException {
  return new HTTPException(status, { message: detail, cause: extra })
}

/** What `problem` was given beside the sentence. */
export function extraOf({ cause }: HTTPException): ProblemExtra {
  return (cause ?? {}) as ProblemExtra
}

/** A 400 that names the field or parameter that does not fit. */
export function badField({ field, detail }: FieldError): HTTPException {
  return problem(400, `${field} ${detail}`, { field })
}

/** The 404 for a site that is not there. */
export function noSite(name: string): HTTPException {
  return problem(404, `There is no site ${name}.`, { field: 'site' })
}

/** The 503 for a beacon that D1 does not take; what D1 said is logged. */
export function databaseRefused(error: unknown): HTTPException {
  logError('D1 refused a beacon', error)
  return notTaken()
}

/** The 503 for a beacon that is stored nowhere. */
export function notTaken(): HTTPException {
  return problem(503, 'The database cannot take beacons at the moment.', { headers: { 'Retry-After': '10' } })
}

/**
 * Every error as one that can be answered: D1's troubles are a 503 that says when to ask again. They and what nobody
 * foresaw are logged; what is answered says nothing about the inside.
 */
export function toProblem(error: Error): HTTPException {
  if (error instanceof HTTPException) return error
  if (isMoved(error)) {
    const detail =
      'The site moves to another database, and its settings stay as they are until it is there: try again then.'
    return problem(409, detail, { field: 'site', headers: { 'Retry-After': '60' } })
  }
  logError('a request failed', error)
  const trouble = troubleOf(error, Date.now())
  if (!trouble) return problem(500, 'Something went wrong. The log of the worker has the details.')
  return problem(503, trouble.detail, { headers: { 'Retry-After': String(trouble.retryAfter) } })
}

/** Answers every error of the worker. */
export function answerProblem(error: Error, c: Context): Response {
  const known = toProblem(error)
  const { status, message } = known
  const { field, headers } = extraOf(known)
  const body: Problem = {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail: message,
    ...(field && { field }),
  }
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'private, max-age=0',
    ...headers,
  })
}
