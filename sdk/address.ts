/**
 * Addresses of what a page asks for: URLs go in; what they are compared by, and what leaves the page, come out.
 */

import { template } from '../schema/route.ts'

/** What entries and calls compare: the address as it was asked for. It stays in the page. */
export function keyOf(url: string): string {
  return url.replace(/\/\/[^/]*@|#.*/g, '')
}

/** What leaves the page: host (own origin left out) and templated path. */
export function addressOf({ origin, host, pathname }: URL): string {
  return (origin === location.origin ? '' : host) + template(pathname)
}

/**
 * Where a GraphQL request says what it is: `operationName` in its body or address, or else the name behind `query`,
 * `mutation` or `subscription`. Quotes within values are escaped, so that no value is taken for it.
 */
const OPERATION = /(?:["?&]operationName(?:":\s*"|=)|"query":\s*"(?:\\n| )*[qms]\w+ +)(\w{1,64})(?!\w)/

/**
 * `POST /graphql GetCart`: `method` with a space behind, address, and the operation's name for a path that ends in
 * `graphql` or `gql`. Reads only texts.
 */
export function endpointOf(method: string, url: URL, body?: unknown): string {
  const text = typeof body === 'string' ? body : url.search
  const [, name] = (/g(raph)?ql\/?$/i.test(url.pathname) && OPERATION.exec(text)) || []
  return method + addressOf(url) + (name ? ` ${name}` : '')
}
