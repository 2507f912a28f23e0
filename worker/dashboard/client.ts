/** The worker's HTTP API as the page asks it. A failed request becomes an `ApiError` in words for a person. */

import { readToken } from './session.ts'

export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Request {
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  body?: unknown
  accept?: string
  signal?: AbortSignal | undefined
}

/** Asks `/v1/...`. Throws an ApiError unless the answer is good. Without a token it asks as Cloudflare Access lets it. */
export async function request(
  path: string,
  { method = 'GET', body, accept, signal }: Request = {},
): Promise<Response> {
  const token = readToken()
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(accept ? { Accept: accept } : {}),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'The server cannot be reached.')
  }
  if (!answer.ok) throw new ApiError(answer.status, await explain(answer))
  return answer
}

/** The JSON of an answer; what it holds is the contract of schema/. */
export async function ask<T>(path: string, how?: Request): Promise<T> {
  return (await request(path, how)).json() as Promise<T>
}

/** The sentence of a problem+json answer. It names the field by itself. */
async function explain(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string }
  return `${problem.detail ?? problem.title ?? 'The server gave no reason.'} (${answer.status})`
}
