import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll } from 'vitest'
import type { Env } from '../../../worker/env.ts'

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
  /** Bound for all of tests/worker. */
  ARCHIVE: R2Bucket
}

beforeAll(() => applyD1Migrations(env.DB, env.MIGRATIONS))
