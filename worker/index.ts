/**
 * What Cloudflare calls: requests, the clock, the queue.
 */

import type { PageViewRow } from '../schema/tables.ts'
import { app } from './app.ts'
import type { Env } from './env.ts'
import { consume } from './ingest/queue.ts'
import { tick } from './rollup/tick.ts'

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await tick(env.DB, Date.now())
  },
  async queue(batch, env) {
    await consume(batch, env, Date.now())
  },
} satisfies ExportedHandler<Env, PageViewRow>
