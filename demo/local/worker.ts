/**
 * The worker for local use: fieldline itself with the demo shop beside it. `wrangler dev demo/local/worker.ts` serves it;
 * it is never deployed. Shop addresses that name a product or a category are answered by the page that shows them.
 * `POST /demo/api/cron` does what Cloudflare's clock does there, which wrangler has none of.
 */

import type { Env } from '../../worker/env.ts'
import worker from '../../worker/index.ts'
import { shop } from '../shop/shop.ts'

const PAGES: readonly [pattern: RegExp, page: string][] = [
  [/^\/demo\/p\/\d+$/, '/demo/product'],
  [/^\/demo\/browse\/\w+$/, '/demo/browse'],
]

/** Runs at most; a week of seeded hours takes some 50. */
const MAX_RUNS = 500

const fetch: ExportedHandlerFetchHandler<Env> = async (request, env, context) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/demo/api/cron' && request.method === 'POST') {
    return Response.json({ runs: await catchUp(env) })
  }
  if (pathname.startsWith('/demo/api/')) return shop.fetch(request)
  const page = PAGES.find(([pattern]) => pattern.test(pathname))?.[1]
  if (page) return env.ASSETS.fetch(new URL(page, request.url))
  return worker.fetch(request, env, context)
}

/** Runs the cron until a run finds no period to roll up; answers how many runs that took. */
async function catchUp(env: Env): Promise<number> {
  let before = ''
  for (let runs = 1; runs <= MAX_RUNS; runs++) {
    await worker.scheduled({ cron: '', scheduledTime: Date.now(), noRetry() {} }, env)
    const periods = Object.keys(env)
      .filter(isDatabase)
      .map(name => env[name]?.prepare('SELECT count(*), total(rolled), max(state) FROM periods').raw())
    const after = JSON.stringify(await Promise.all(periods))
    if (after === before) return runs
    before = after
  }
  return MAX_RUNS
}

function isDatabase(name: string): name is 'DB' | `DB_${number}` {
  return /^DB(_\d+)?$/.test(name)
}

export default { ...worker, fetch }
