/**
 * Addresses of what a page asks for: two forms of a URL, none with userinfo or fragment.
 */

import { template } from '../schema/route.ts'

/** What entries and calls compare: the address as it was asked for. It stays in the page. */
export function keyOf(url: string): string {
  return url.replace(/\/\/[^/]*@|#.*/g, '')
}

/**
 * Where a GraphQL request says what it is: `operationName` in its body or address, or else the name behind `query`,
 * `mutation` or `subscription`. Quotes within values are escaped, so that no value is taken for it.
 */
const OPERATION =
  /(?:"operationName":\s*"|"query":\s*"(?:\\n| )*(?:query|mutation|subscription) +|[?&]operationName=)(\w{1,64})(?!\w)/

/** ` GetCart` for a call to a path that ends in `graphql` or `gql`; empty where it has no name. Reads only texts. */
export function operationOf({ pathname, search }: URL, body?: unknown): string {
  const text = typeof body === 'string' ? body : search
  const [, name] = (/g(raph)?ql\/?$/i.test(pathname) && OPERATION.exec(text)) || []
  return name ? ` ${name}` : ''
}

/** What leaves the page: host (own origin left out) and templated path. */
export function addressOf({ origin, host, pathname }: URL): string {
  return (origin === location.origin ? '' : host) + template(pathname)
}
