/** The worker's HTTP API as the page asks it. A failed request becomes an `ApiError` in words for a person. */

import type { Problem } from '../../schema/domain/problem.ts'
import { moment } from './format.ts'
import { readToken } from './session.ts'

export class ApiError extends Error {
  readonly status: number
  /** The field that is to blame; empty where none is. */
  readonly field: string

  constructor(status: number, message: string, field = '') {
    super(message)
    this.status = status
    this.field = field
  }
}

/** What the API says of a range that lies before all that it keeps. */
const NOT_KEPT = /^to must be after (\S+): (.*)$/

export interface Request {
  method?: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'
  body?: unknown
  accept?: string
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** How long after its start the page takes what was asked before its code was there for news, in ms. */
const EARLY = 10_000

/** What early.ts has asked of a path; once. */
function takeEarly(path: string): Promise<Response> | undefined {
  const early: Map<string, Promise<Response>> | undefined = Reflect.get(window, 'early')
  const answer = early?.get(path)
  early?.delete(path)
  return performance.now() < EARLY ? answer : undefined
}

/** Asks `/v1/...`. Throws an ApiError unless the answer is good. Without a token it asks as Cloudflare Access lets it. */
export async function request(
  path: string,
  { method = 'GET', body, accept, headers, signal }: Request = {},
): Promise<Response> {
  const token = readToken()
  let answer: Response
  try {
    answer = await ((method === 'GET' && !accept && takeEarly(path)) ||
      fetch(path, {
        method,
        headers: {
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...(accept ? { Accept: accept } : {}),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
      }))
  } catch {
    throw new ApiError(0, 'The server cannot be reached.')
  }
  if (!answer.ok) throw await errorOf(answer)
  return answer
}

/** Every answer to a GET has one of these. */
const HELD = ['data', 'site', 'id', 'resourceMetrics']

/**
 * The JSON of an answer; what it holds is the contract of schema/. What is none, as a page of a proxy or an answer that was cut,
 * is a failure like any other.
 */
export async function ask<T>(path: string, how: Request = {}): Promise<T> {
  const answer = await request(path, how)
  const json = await answer.json().catch(() => null)
  if (!json || (!how.method && !HELD.some(name => json[name]))) {
    throw new ApiError(0, 'What came is no answer of this server.')
  }
  return json as T
}

/** The sentence of a problem+json answer. It names the field by itself. */
async function errorOf(answer: Response): Promise<ApiError> {
  const { title, detail, field } = (await answer.json().catch(() => ({}))) as Partial<Problem>
  const [, time, why] = NOT_KEPT.exec(detail ?? '') ?? []
  const said = time
    ? `Nothing is kept of this range. It must end after ${moment(time)}: ${why}.`
    : `${detail ?? title ?? 'The server gave no reason.'} (${answer.status})`
  return new ApiError(answer.status, said, field)
}
