/** What the integration of Astro adds to the way of a page: the tag, and the name of its route. */

import type { TagOptions } from './hono.ts'
import { insertIntoHead, scriptTag } from './html.ts'
import { nameOf } from './name.ts'

/** The options of the integration, put here by Vite. */
declare const __FIELDLINE__: TagOptions

interface Context {
  routePattern?: string
}

export async function onRequest(context: Context, next: () => Promise<Response>): Promise<Response> {
  const response = await next()
  if (!/^text\/html\b/i.test(response.headers.get('Content-Type') ?? '') || !response.body) return response
  const { src, nonce, ...data } = __FIELDLINE__
  const route = context.routePattern && nameOf(context.routePattern)
  const entries = Object.entries({ ...data, route }).map(([name, value]) => [`data-${name}`, value] as const)
  const tag = scriptTag(src, { nonce, ...Object.fromEntries(entries) })
  const meta = route ? `<meta name="fieldline-route" content="${route.replace(/"/g, '&quot;')}">` : ''
  const headers = new Headers(response.headers)
  headers.delete('Content-Length')
  const body = response.body.pipeThrough(insertIntoHead(`${meta}${tag}`))
  return new Response(body, { status: response.status, statusText: response.statusText, headers })
}
