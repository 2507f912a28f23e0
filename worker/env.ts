/**
 * What Cloudflare hands to the worker: the bindings of wrangler.toml and the secrets.
 */

import type { Pipeline } from 'cloudflare:pipelines'
import type { Candidate } from '../schema/storage/candidate.ts'
import type { LakeRow } from '../schema/storage/lake.ts'

export interface Env {
  /** The directory, and the rows of every site that lies nowhere else. */
  DB: D1Database
  /** More databases for many sites: worker/site/database. Optional. */
  [binding: `DB_${number}`]: D1Database
  /** The static files: dashboard, SDK. */
  ASSETS: Fetcher
  /** Counts an address's beacons. Without it they are taken, and the log says so. */
  BEACON_LIMIT?: RateLimit
  /** Takes rows that D1 refuses, or all of them with `INGEST=queue`. Optional. */
  QUEUE?: Queue<Candidate>
  /** `direct` (default): beacons go to D1. `queue`: they go through QUEUE. */
  INGEST?: 'direct' | 'queue'
  /** Takes every page view before sampling, into a table of Iceberg: docs/lake.md. Optional. */
  LAKE?: Pipeline<LakeRow>
  /** Keeps the days that D1 does not keep any more. Optional. */
  ARCHIVE?: R2Bucket
  /** Statements that a run of the cron may take: 45 by default, for the free plan. With the paid plan 900 are few enough. */
  CRON_STATEMENTS?: string
  /** The root token of the API; `wrangler secret put ADMIN_TOKEN`. */
  ADMIN_TOKEN?: string
}

/** Whose request it is. `judged`: the site that it asks for is known to be the reader's own. */
export type Caller = { role: 'admin' } | { role: 'reader'; site: string; judged: boolean }

/** The type parameters of every Hono app here. */
export interface Hono {
  Bindings: Env
  /** Set for all of `/v1`, by admin/access. */
  Variables: { caller: Caller }
}

/** Statements that a run of the cron takes at most, of the 50 that the free plan allows an invocation. */
export const FREE_STATEMENTS = 45

/** What the settings say of the statements of a run. A number that is none is logged, and the default holds. */
export function statementsOf({ CRON_STATEMENTS }: Pick<Env, 'CRON_STATEMENTS'>): number {
  const most = Number(CRON_STATEMENTS ?? FREE_STATEMENTS)
  if (most >= FREE_STATEMENTS) return most
  console.error(`CRON_STATEMENTS must be a number from ${FREE_STATEMENTS}, not ${CRON_STATEMENTS}`)
  return FREE_STATEMENTS
}
