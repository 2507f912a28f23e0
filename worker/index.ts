/**
 * What Cloudflare calls: requests, the clock, the queue.
 */

import type { Candidate } from '../schema/storage/candidate.ts'
import { app } from './app.ts'
import { cron } from './cron.ts'
import { type Env, statementsOf } from './env.ts'
import { consume } from './ingest/queue.ts'

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await cron(env, Date.now(), statementsOf(env), env.ARCHIVE)
  },
  async queue(batch, env) {
    await consume(batch, env, Date.now())
  },
} satisfies ExportedHandler<Env, Candidate>
