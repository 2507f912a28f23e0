/**
 * Hono, and any server of `fetch`: `app.use(fieldline({ src: 'https://rum.example.com/fieldline.js', site: 'shop' }))` adds the
 * tag to HTML on its way through, and `Server-Timing` to every answer. `withFieldline(handler, options)` does the same.
 */

import { dataTag, isOpenHtml, withHead } from './html.ts'
import { nameOf } from './name.ts'

export interface TagOptions {
  /** The address of the script. */
  src: string
  /** The site's id, as the worker knows it. */
  site: string
  /** Where beacons go; by default `/f` beside the script. */
  endpoint?: string
  /** Share of page views to keep: `0.1`. */
  sample?: string
  /** Version of the page's code: `2.4.0`. */
  release?: string
  /** Sends nothing until the page calls `fieldline.consent(true)`. */
  consent?: 'required'
  /** Of the page's Content-Security-Policy. */
  nonce?: string
  /** A tag of the page views: `'tag-plan': 'pro'`. */
  [tag: `tag-${string}`]: string | undefined
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
  if (isOpenHtml(response)) return withHead(response, dataTag(src, nonce, { ...data, route }), headers)
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}
