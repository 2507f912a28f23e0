/**
 * The read tokens of a site: `POST /v1/sites/shop/tokens` makes one and shows it once, `GET` lists them without
 * their secrets, `DELETE /v1/sites/shop/tokens/<id>` revokes one.
 */

import { asc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import { formatToken, NEW_TOKEN, type NewTokenAnswer, type TokenAnswer } from '../../schema/api/token.ts'
import { type TokenRow, tokens } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField, problem } from '../problem.ts'
import { existingSite } from '../site/sites.ts'
import { limited } from '../store/limited.ts'
import { readJson } from './body.ts'
import { isItem, noItem } from './item.ts'
import { randomHex, sha256 } from './secret.ts'
import { forgetToken } from './tokens.ts'

/** Tokens of one site, expired ones included. */
const MAX_TOKENS = 100

export const tokenRoutes = new Hono<Types>()
  .get('/', async c => {
    const { site } = await existingSite(c.env, siteOf(c))
    return c.json({ data: (await list(c, site)).map(show) }, 200, PRIVATE)
  })
  .post('/', async c => {
    const { site } = await existingSite(c.env, siteOf(c))
    const { name, expires: until } = await readJson(c, NEW_TOKEN)
    const created = Date.now()
    const expires = until === undefined ? null : Date.parse(until)
    if (expires !== null && expires <= created) throw badField({ field: 'expires', detail: 'is in the past' })
    const [id, secret] = [randomHex(6), randomHex(20)]
    const row = { site, id, name, hash: await sha256(secret), created, expires }
    const [made] = await drizzle(c.env.DB)
      .insert(tokens)
      .select(limited(tokens, row, MAX_TOKENS))
      .returning()
    if (!made)
      throw problem(409, `Site ${site} has ${MAX_TOKENS} tokens: revoke one first.`, { field: 'site' })
    const answer: NewTokenAnswer = { ...show(row), token: formatToken({ site, id, secret }) }
    return c.json(answer, 201, { 'Cache-Control': 'no-store' })
  })
  .delete('/:id', async c => {
    const [revoked] = await drizzle(c.env.DB).delete(tokens).where(isItem(tokens, c)).returning()
    if (!revoked) throw noItem(c, 'token')
    forgetToken(revoked.site, revoked.id)
    return c.body(null, 204, PRIVATE)
  })

/** The oldest first. Key: (site). */
function list(c: Context<Types>, site: string): Promise<TokenRow[]> {
  return drizzle(c.env.DB).select().from(tokens).where(eq(tokens.site, site)).orderBy(asc(tokens.created))
}

/** A token without its hash. */
function show({ id, name, created, expires }: TokenRow): TokenAnswer {
  return {
    id,
    name,
    created: new Date(created).toISOString(),
    expires: expires === null ? null : new Date(expires).toISOString(),
  }
}
