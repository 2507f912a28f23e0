/**
 * What Cloudflare hands to the worker: the bindings of wrangler.toml and the secrets.
 */

export interface Env {
  DB: D1Database
  /** The static files: dashboard, SDK. */
  ASSETS: Fetcher
  BEACON_LIMIT: RateLimit
  /** The root token of the API; `wrangler secret put ADMIN_TOKEN`. */
  ADMIN_TOKEN?: string
}

/** The type parameters of every Hono app here. */
export interface Hono {
  Bindings: Env
}
