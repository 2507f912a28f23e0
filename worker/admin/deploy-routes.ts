/**
 * Who deploys says so: `POST /v1/sites/shop/deploys` marks a deploy, `DELETE /v1/sites/shop/deploys/<id>` takes it back.
 */

import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import { DEPLOY, type DeployAnswer, MAX_DEPLOYS } from '../../schema/api/deploys.ts'
import { MINUTE } from '../../schema/domain/hour.ts'
import { deploys } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField } from '../problem.ts'
import { existingSite } from '../site/sites.ts'
import { keyOf, named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { readJson } from './body.ts'
import { isItem, noItem } from './item.ts'
import { randomHex } from './secret.ts'

/** How far the clock of who deploys may be ahead, in ms. */
const MAX_AHEAD = 5 * MINUTE

const d = named(deploys)

export const deployRoutes = new Hono<Types>()
  .post('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const { at: given, ...deploy } = await readJson(c, DEPLOY)
    const now = Date.now()
    const at = given === undefined ? now : Date.parse(given)
    if (at > now + MAX_AHEAD) throw badField({ field: 'at', detail: 'lies in the future' })
    const row = { site, at, id: randomHex(6), ...deploy }
    await drizzle(d1).insert(deploys).values(row)
    await prepare(d1, forgetOldest(site)).run()
    const answer: DeployAnswer = {
      id: row.id,
      at: new Date(at).toISOString(),
      release: row.release,
      note: row.note,
    }
    return c.json(answer, 201, PRIVATE)
  })
  .delete('/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [deleted] = await drizzle(d1).delete(deploys).where(isItem(deploys, c)).returning()
    if (!deleted) throw noItem(c, 'deploy')
    return c.body(null, 204, PRIVATE)
  })

/** Those beyond `MAX_DEPLOYS`, so that a pipeline never has to tidy up. Key: (site, at). */
function forgetOldest(site: string): SQL {
  return sql`DELETE FROM ${d.table} WHERE ${d.site} = ${site} AND (${keyOf(deploys)}) IN (
    SELECT ${keyOf(deploys)} FROM ${d.table} WHERE ${d.site} = ${site}
    ORDER BY ${d.at} DESC LIMIT -1 OFFSET ${MAX_DEPLOYS})`
}
