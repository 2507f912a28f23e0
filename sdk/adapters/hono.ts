/**
 * Hono, and any server of `fetch`: `app.use(fieldline({ src: 'https://rum.example.com/fieldline.js', site: 'shop' }))` adds the
 * tag to HTML on its way through, and `Server-Timing` to every answer. `withFieldline(handler, options)` does the same.
 */

import { insertIntoHead, scriptTag } from './html.ts'
import { nameOf } from './name.ts'

export interface TagOptions {
  /** The address of the script. */
  src: string
  site: string
  /** Where beacons go; by default `/f` beside the script. */
  endpoint?: string
  sample?: string
  release?: string
  consent?: 'required'
  /** Of the page's Content-Security-Policy. */
  nonce?: string
}
interface Context {
  req: { routePath?: string }
  get res(): Response
  set res(response: Response | undefined)
}

/** A middleware of Hono; pages are named by the path of their handler. */
export function fieldline(options: TagOptions) {
  return async (c: Context, next: () => Promise<void>): Promise<void> => {
    const start = performance.now()
    await next()
    const path = c.req.routePath
    const route = path && !/^\/?\*$/.test(path) ? nameOf(path) : undefined
    const response = tagged(c.res, options, performance.now() - start, route)
    // Hono would put the headers of the answer before onto this one.
    c.res = undefined
    c.res = response
  }
}

/** The same for a function from request to response. */
export function withFieldline<Rest extends unknown[]>(
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  options: TagOptions,
) {
  return async (request: Request, ...rest: Rest): Promise<Response> => {
    const start = performance.now()
    const response = await handler(request, ...rest)
    return tagged(response, options, performance.now() - start)
  }
}

function tagged(response: Response, options: TagOptions, ms: number, route?: string): Response {
  const { src, nonce, ...data } = options
  const headers = new Headers(response.headers)
  headers.append('Server-Timing', `total;dur=${Math.round(ms)}`)
  const isHtml = /^text\/html\b/i.test(headers.get('Content-Type') ?? '') && !headers.has('Content-Encoding')
  const init = { status: response.status, statusText: response.statusText, headers }
  if (!isHtml || !response.body) return new Response(response.body, init)
  headers.delete('Content-Length')
  // The bytes are others now; what they say is the same.
  const etag = headers.get('ETag')
  if (etag && !etag.startsWith('W/')) headers.set('ETag', `W/${etag}`)
  const entries = Object.entries({ ...data, route }).map(([name, value]) => [`data-${name}`, value] as const)
  const tag = scriptTag(src, { nonce, ...Object.fromEntries(entries) })
  return new Response(response.body.pipeThrough(insertIntoHead(tag)), init)
}
