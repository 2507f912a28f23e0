/**
 * The worker's HTTP API as the CLI asks it. What fails becomes a sentence for a person.
 */

import type { Problem } from '../schema/domain/problem.ts'
import { misuse, refused } from './failure.ts'

/** How long an answer may take, in ms: D1 gives up after 30 s. */
const ANSWER_TIMEOUT = 40_000

export interface Request {
  /** What is undefined is left out; a list is given once for each of its values. */
  query?: Record<string, string | readonly string[] | undefined>
  body?: unknown
  /** A body that is no JSON. */
  text?: string
  headers?: Record<string, string>
  /** Statuses whose body is an answer, too. */
  statuses?: readonly number[]
  /** Is given the status of the answer. */
  onStatus?(status: number): void
}

/** Asks the API; null where the answer has no body. */
export type Ask = <T>(method: string, path: string, request?: Request) => Promise<T>

/** Asks for an answer as it comes; an answer that is an error has become one. */
export type Open = (path: string, query?: Request['query']) => Promise<Response>

/** Writes the sentence of a refusal for whoever typed the command; `field` is what the sentence is about. */
export type Say = (detail: string, field?: string) => string

const asItIs: Say = detail => detail

/** Answers a function that asks the fieldline at `base` with this token. */
export function api(base: string, token: string, say = asItIs): Ask {
  const send = sender(base, token, say)
  return async <T>(method: string, path: string, request: Request = {}) => {
    const answer = await send(method, path, request)
    const text = await jsonText(answer, rootOf(base))
    request.onStatus?.(answer.status)
    return (parse(text) ?? null) as T
  }
}

/**
 * The text of an answer that is JSON, or empty. Throws where it is not whole: of a compressed answer that is cut off, Node's
 * fetch gives what came as if it were all.
 */
export async function jsonText(answer: Response, root: string): Promise<string> {
  const isJson = /\bjson\b/.test(answer.headers.get('Content-Type') ?? '')
  const text = await answer.text().catch(error => {
    if (error?.name === 'TimeoutError') throw unreachable(root, error)
    return null
  })
  if (text !== null && (!text || parse(text) !== undefined)) return text
  throw refused(
    isJson
      ? `The answer of ${root} was cut off. Ask again.`
      : `${root} did not answer with JSON. Is it a fieldline worker?`,
  )
}

/** The same for answers that are read as they come. */
export function opener(base: string, token: string, say = asItIs): Open {
  const send = sender(base, token, say)
  return (path, query = {}) => send('GET', path, { query })
}

function sender(base: string, token: string, say: Say) {
  const root = rootOf(base)
  return async (method: string, path: string, request: Request) => {
    const { query = {}, body, text, headers = {}, statuses = [] } = request
    const given = Object.entries(query).flatMap(([name, value = []]) =>
      [value].flat().map(text => [name, text]),
    )
    const address = `${root}${path}${given.length ? `?${new URLSearchParams(given)}` : ''}`
    const answer = await fetch(address, {
      method,
      redirect: 'manual',
      headers: { ...(token && { Authorization: `Bearer ${token}` }), ...headers },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
      ...((text ?? body) !== undefined && { body: text ?? JSON.stringify(body) }),
    }).catch(error => {
      throw unreachable(root, error)
    })
    const location = answer.status > 300 && answer.status < 400 && answer.headers.get('Location')
    if (location) throw redirected(root, address, location)
    if (!answer.ok && !statuses.includes(answer.status))
      throw refused(explain(answer, parse(await answer.text()), root, say), answer.status)
    return answer
  }
}

/** The address without a query, a fragment or a slash at its end. Throws a misuse where it is none. */
export function rootOf(base: string): string {
  if (!URL.canParse(base) || !/^https?:/.test(base)) {
    const whole = `${/^(localhost|127\.|\[::1\])/.test(base) ? 'http' : 'https'}://${base}`
    const isHost = !base.includes('://') && URL.canParse(whole) && /[.:]/.test(base)
    throw misuse(`${base} is not an address: pass --url ${isHost ? whole : 'https://rum.example.com'}`)
  }
  // The dashboard's address as `npm start` prints it has the token behind its #.
  const { origin, pathname } = new URL(base)
  return `${origin}${pathname}`.replace(/\/+$/, '')
}

/** What to say where nobody answers. */
export function unreachable(root: string, error: unknown): Error {
  const { HTTPS_PROXY, https_proxy, NODE_USE_ENV_PROXY } = process.env
  const isIgnored = (HTTPS_PROXY || https_proxy) && !NODE_USE_ENV_PROXY
  const hint = isIgnored ? '. HTTPS_PROXY counts only with NODE_USE_ENV_PROXY=1, from Node 24 on' : ''
  return refused(`${root} cannot be reached: ${reasonOf(error)}${hint}`)
}

/** What to say of an answer that leads elsewhere. It is not followed: another origin gets no token, and a POST would become a GET. */
function redirected(root: string, asked: string, location: string): Error {
  const [from, to] = [new URL(asked), new URL(location, asked)]
  if (to.pathname !== from.pathname || to.origin === from.origin)
    return refused(`${root} leads to ${to.origin}${to.pathname}. Does a login stand before it?`)
  return misuse(
    `${root} leads to ${to.origin}: pass --url ${to.origin}${new URL(root).pathname.replace(/\/$/, '')}`,
  )
}

/** The sentence of a problem+json answer. */
function explain({ status, statusText }: Response, json: unknown, root: string, say: Say): string {
  const { title, detail, field } = (json ?? {}) as Partial<Problem>
  if (detail && status === 401)
    return `${root} does not know this token, or it has expired: check --token or FIELDLINE_TOKEN. (401 Unauthorized)`
  if (!detail) return `${root} answered ${status} ${title ?? statusText}. Is it a fieldline worker?`
  return `${say(detail, field)} (${status} ${title ?? statusText})`
}

/** What lies below fetch's `fetch failed`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_TIMEOUT / 1000} s`
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(code)) return 'it does not speak https'
  return cause instanceof Error ? cause.message || code || cause.name : error.message
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
