/**
 * The worker for local use: fieldline itself with the demo shop beside it. `wrangler dev demo/local/worker.ts` serves it;
 * it is never deployed. Shop addresses that name a product or a category are answered by the page that shows them.
 */

import type { Env } from '../../worker/env.ts'
import worker from '../../worker/index.ts'
import { shop } from '../shop/shop.ts'

const PAGES: readonly [pattern: RegExp, page: string][] = [
  [/^\/demo\/p\/\d+$/, '/demo/product'],
  [/^\/demo\/browse\/\w+$/, '/demo/browse'],
]

const fetch: ExportedHandlerFetchHandler<Env> = (request, env, context) => {
  const { pathname } = new URL(request.url)
  if (pathname.startsWith('/demo/api/')) return shop.fetch(request)
  const page = PAGES.find(([pattern]) => pattern.test(pathname))?.[1]
  if (page) return env.ASSETS.fetch(new URL(page, request.url))
  return worker.fetch(request, env, context)
}

export default { ...worker, fetch }
