/**
 * Addresses of what a page asks for: two forms of a URL, none with userinfo or fragment.
 */

import { template } from '../schema/route.ts'

/** What entries and calls compare: the address as it was asked for. It stays in the page. */
export function keyOf({ origin, pathname, search }: URL): string {
  return origin + pathname + search
}

/** What leaves the page: host (own origin left out) and templated path; of `data:`, `blob:` and the like no more. */
export function addressOf({ protocol, origin, host, pathname }: URL): string {
  return /^http/.test(protocol) ? (origin === location.origin ? '' : host) + template(pathname) : protocol
}
