/**
 * Who deploys says so: `POST /v1/sites/shop/deploys` marks a deploy once, `DELETE /v1/sites/shop/deploys/<id>` takes it back.
 */

import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import { DEPLOY, type DeployAnswer, MAX_DEPLOYS } from '../../schema/api/deploys.ts'
import { HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { deploys } from '../../schema/storage/tables.ts'
import type { Hono as Types } from '../env.ts'
import { PRIVATE } from '../headers.ts'
import { siteOf } from '../parameters.ts'
import { badField } from '../problem.ts'
import { existingSite } from '../site/sites.ts'
import { keyOf, listed, named, selected } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { readJson } from './body.ts'
import { isItem, noItem } from './item.ts'
import { randomHex } from './secret.ts'

/** How far the clock of who deploys may be ahead, in ms. */
const MAX_AHEAD = 5 * MINUTE

/** Within so many ms, the same release is the same deploy: a job that ran again. Charts and questions know whole hours. */
const SAME = HOUR

type Row = typeof deploys.$inferSelect

const [d, same, other] = [named(deploys), named(deploys, 'd'), named(deploys, 'o')]

export const deployRoutes = new Hono<Types>()
  .post('/', async c => {
    const { site, d1 } = await existingSite(c.env, siteOf(c))
    const { at: given, ...deploy } = await readJson(c, DEPLOY)
    const now = Date.now()
    const at = given === undefined ? now : Date.parse(given)
    if (at > now + MAX_AHEAD) throw badField({ field: 'at', detail: 'lies in the future' })
    const row: Row = { site, at, id: randomHex(6), ...deploy }
    const [, found] = await d1.batch<Row>(
      [insertNew(row), sameAs(row), forgetOldest(site)].map(query => prepare(d1, query)),
    )
    const { id, at: marked, release, note } = found?.results[0] ?? row
    const answer: DeployAnswer = { id, at: new Date(marked).toISOString(), release, note }
    return c.json(answer, id === row.id ? 201 : 200, PRIVATE)
  })
  .delete('/:id', async c => {
    const { d1 } = await existingSite(c.env, siteOf(c))
    const [deleted] = await drizzle(d1).delete(deploys).where(isItem(deploys, c)).returning()
    if (!deleted) throw noItem(c, 'deploy')
    return c.body(null, 204, PRIVATE)
  })

/** The row, where the site has not marked this deploy yet. */
function insertNew(row: Row): SQL {
  const { site, at, id, release, note } = row
  return sql`INSERT INTO ${d.table} (${listed(d.site, d.at, d.id, d.release, d.note)})
    SELECT ${listed(sql`${site}`, sql`${at}`, sql`${id}`, sql`${release}`, sql`${note}`)}
    WHERE NOT EXISTS (${sameAs(row)})`
}

/**
 * The same deploy as it is marked already: the same release and note within `SAME`, and no other release between them, as after
 * a rollback. Key: (site, at).
 */
function sameAs({ site, at, release, note }: Row): SQL {
  return sql`SELECT ${selected(deploys, 'd')} FROM ${same.table}
    WHERE ${same.site} = ${site} AND ${same.at} > ${at - SAME} AND ${same.at} < ${at + SAME}
      AND ${same.release} = ${release} AND ${same.note} IS ${note}
      AND NOT EXISTS (SELECT 1 FROM ${other.table} WHERE ${other.site} = ${site} AND ${other.release} <> ${release}
        AND ${other.at} > min(${same.at}, ${at}) AND ${other.at} < max(${same.at}, ${at}))
    ORDER BY abs(${same.at} - ${at}) LIMIT 1`
}

/** Those beyond `MAX_DEPLOYS`, so that a pipeline never has to tidy up. Key: (site, at). */
function forgetOldest(site: string): SQL {
  return sql`DELETE FROM ${d.table} WHERE ${d.site} = ${site} AND (${keyOf(deploys)}) IN (
    SELECT ${keyOf(deploys)} FROM ${d.table} WHERE ${d.site} = ${site}
    ORDER BY ${d.at} DESC LIMIT -1 OFFSET ${MAX_DEPLOYS})`
}
