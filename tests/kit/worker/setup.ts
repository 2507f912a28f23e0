import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll } from 'vitest'
import type { Env } from '../../../worker/env.ts'
import { bindingsOf, boundAs } from '../../../worker/site/database.ts'

declare global {
  namespace Cloudflare {
    interface Env extends TestEnv {}
    interface GlobalProps {
      mainModule: typeof import('../../../worker/index.ts')
    }
  }
}

interface TestEnv extends Env {
  ADMIN_TOKEN: string
  MIGRATIONS: D1Migration[]
  /** The text of SECURITY.md, whose figures are tested. */
  SECURITY: string
  /** Bound for all of tests/worker. */
  ARCHIVE: R2Bucket
  /** Bound for all of tests/spread. */
  DB_2: D1Database
}

beforeAll(async () => {
  await Promise.all(
    bindingsOf(env).map(name => applyD1Migrations(boundAs(env, name) ?? env.DB, env.MIGRATIONS)),
  )
})
