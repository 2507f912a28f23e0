/** What the integration of Astro adds to the way of a page: the tag, and the name of its route. */

import type { TagOptions } from './hono.ts'
import { dataTag, isOpenHtml, withHead } from './html.ts'
import { nameOf } from './name.ts'

/** The options of the integration, put here by Vite. */
declare const __FIELDLINE__: TagOptions

interface Context {
  routePattern?: string
}

export async function onRequest(context: Context, next: () => Promise<Response>): Promise<Response> {
  const response = await next()
  if (!isOpenHtml(response)) return response
  const { src, nonce, ...data } = __FIELDLINE__
  const route = context.routePattern && nameOf(context.routePattern)
  const meta = route ? `<meta name="fieldline-route" content="${route.replace(/"/g, '&quot;')}">` : ''
  return withHead(response, `${meta}${dataTag(src, nonce, { ...data, route })}`)
}
