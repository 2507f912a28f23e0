/**
 * Read tokens, and the site that the bearer of one may read. An isolate remembers a token for
 * `TOKEN_CACHE`, so that a dashboard's every question does not cost a look-up more.
 */

import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { parseToken } from '../../schema/api/token.ts'
import { SECOND } from '../../schema/domain/hour.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { type TokenRow, tokens } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'
import { equal, sha256 } from './secret.ts'

/** How long, in ms, a revoked token may still be taken by an isolate that knew it. */
export const TOKEN_CACHE = 10 * SECOND
const MAX_REMEMBERED = 1_000

const cache = new Map<string, { row: TokenRow; until: number }>()

/** The site that this token may read at `now` (Unix ms); null where it is none of ours, expired or revoked. */
export async function readableSite(d1: D1Database, token: string, now: Ms): Promise<string | null> {
  const parts = parseToken(token)
  if (!parts) return null
  const row = await findToken(d1, parts.site, parts.id, now)
  if (!row || !(await equal(await sha256(parts.secret), row.hash))) return null
  return row.expires === null || now < row.expires ? row.site : null
}

/** Forgets a token that has just been revoked here; other isolates take it for `TOKEN_CACHE` at most. */
export function forgetToken(site: string, id: string): void {
  cache.delete(`${site} ${id}`)
}

/** Key: (site, id). Absence is not remembered: a new token is good at once, and guesses fill no memory. */
async function findToken(d1: D1Database, site: string, id: string, now: Ms): Promise<TokenRow | null> {
  const name = `${site} ${id}`
  const known = cache.get(name)
  if (known && known.until > now) return known.row
  cache.delete(name)
  const [row] = await drizzle(d1)
    .select()
    .from(tokens)
    .where(and(eq(tokens.site, site), eq(tokens.id, id)))
  if (!row) return null
  remember(cache, name, { row, until: now + TOKEN_CACHE }, MAX_REMEMBERED)
  return row
}
