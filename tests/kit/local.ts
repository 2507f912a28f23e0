/**
 * A worker in workerd without wrangler's proxy, as fast as the machine allows: a source file goes in, an address
 * and its D1 come out.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

export const ADMIN_TOKEN = 'bench'

export interface Local {
  url: URL
  db: D1Like
  stop(): Promise<void>
}

export interface WithFiles extends Local {
  /** What lies in the bucket of that binding. */
  files(binding: string): Promise<Map<string, Uint8Array>>
}

/** What the benches use of a D1 binding. */
export interface D1Like {
  prepare(sql: string): { all<T>(): Promise<{ results: T[]; meta: Record<string, number> }> }
}

/** Starts `entry` on a free port, its database migrated; `options` are further options of Miniflare. */
export async function startLocal(entry: string, options: object = {}): Promise<WithFiles> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
  })
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0]?.text ?? '' }],
      compatibilityDate: '2026-11-01',
      d1Databases: { DB: 'bench' },
      ratelimits: { BEACON_LIMIT: { namespace_id: '1001', simple: { limit: 300, period: 60 } } },
      bindings: { ADMIN_TOKEN },
      ...options,
    }),
  )
  const url = await miniflare.ready
  const db = (await miniflare.getD1Database('DB')) as unknown as D1Like
  const there = "SELECT name FROM sqlite_master WHERE name = 'pageviews'"
  const { results } = await db.prepare(there).all()
  // A database that is kept on disk may be migrated already.
  if (!results.length) for (const statement of migrations()) await db.prepare(statement).all()
  const files = async (binding: string) => {
    const bucket = await miniflare.getR2Bucket(binding)
    const { objects } = await bucket.list()
    const all = objects.map(async ({ key }): Promise<[string, Uint8Array]> => {
      const object = await bucket.get(key)
      return [key, new Uint8Array((await object?.arrayBuffer()) ?? [])]
    })
    return new Map(await Promise.all(all))
  }
  return { url, db, files, stop: () => miniflare.dispose() }
}

function migrations(): string[] {
  const folder = 'schema/storage/migrations'
  return readdirSync(folder)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .flatMap(name => readFileSync(`${folder}/${name}`, 'utf8').split('--> statement-breakpoint'))
}
