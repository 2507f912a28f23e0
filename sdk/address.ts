/**
 * Addresses of what a page asks for: URLs go in; what they are compared by, and what leaves the page, come out.
 */

import { template } from '../schema/domain/route.ts'

/** What entries and calls compare: the address as it was asked for. It stays in the page. */
export function keyOf(url: string): string {
  return url.replace(/\/\/[^/]*@|#.*/g, '')
}

/** What leaves the page: host (own origin left out) and templated path. */
export function addressOf({ origin, host, pathname }: URL): string {
  return (origin === location.origin ? '' : host) + template(pathname)
}

/** The same of what a browser names; of `data:`, `blob:` and the like no more than that. */
export function shorten(text: string): string {
  const url = new URL(text, location.href)
  return /^http/.test(url.protocol) ? addressOf(url) : url.protocol
}
