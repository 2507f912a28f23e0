/**
 * Addresses of what a page asks for: URLs go in; what they are compared by, and what leaves the page, come out.
 */

import { template } from '../schema/domain/route.ts'
import { quietly } from './quietly.ts'

/** The longest body, in characters, that is read for the name of its operation. */
const MAX_BODY = 50_000

/** What entries and calls compare: the address as it was asked for. It stays in the page. */
export function keyOf(url: string): string {
  return url.replace(/\/\/[^/]*@|#.*/g, '')
}

/** What leaves the page: host (own origin left out) and templated path. */
export function addressOf({ origin, host, pathname }: URL): string {
  return (origin === location.origin ? '' : host) + template(pathname)
}

/**
 * `POST /graphql GetCart`: `method` with a space behind, address, and for a path that ends in `graphql` or `gql` the name of
 * the operation; of a batch that of the first, and how many more there are: `GetCart +2`.
 */
export function endpointOf(method: string, url: URL, body?: unknown, headers?: HeadersInit): string {
  const name = /g(raph)?ql(\.\w+)?\/?$/i.test(url.pathname) && operationOf(url, body, headers)
  return method + addressOf(url) + (name ? ` ${name}` : '')
}

interface Operation {
  operationName?: unknown
  query?: unknown
}

/**
 * The name that a GraphQL request gives its operation: in its body, its address, or a header; else the one in the document
 * itself. All are parsed, so that no value that a visitor wrote is taken for it.
 */
const operationOf = quietly((url: URL, body: unknown, headers?: HeadersInit) => {
  const json: Operation | Operation[] =
    typeof body === 'string' && body.length < MAX_BODY
      ? JSON.parse(body)
      : Object.fromEntries(url.searchParams)
  const all = Array.isArray(json) ? json : [json]
  const { operationName, query = '' } = all[0] ?? {}
  const name = `${operationName || new Headers(headers).get('x-apollo-operation-name') || nameIn(`${query}`)}`
  return /^\w{1,64}$/.test(name) && name + (all[1] ? ` +${all.length - 1}` : '')
})

/**
 * The name of the first operation of a document: at its beginning or behind the end of another definition. Texts and comments
 * may hold anything.
 */
function nameIn(document: string): string {
  const code = document.replace(/"""[\s\S]*?"""|"(\\.|[^"\\])*"|#.*/g, '')
  return /(?:^|})[\s,]*(?:query|mutation|subscription)\s+(\w+)\s*[({@]/.exec(code)?.[1] ?? ''
}
