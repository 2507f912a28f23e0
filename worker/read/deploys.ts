/**
 * `GET /v1/deploys`: when releases went live, of a range. Other answers name the deploys of their range, too.
 */

import { sql } from 'drizzle-orm'
import { type DeployAnswer, type DeploysAnswer, MAX_LISTED } from '../../schema/api/deploys.ts'
import type { RangeQuery } from '../../schema/api/range.ts'
import { deploys } from '../../schema/storage/tables.ts'
import { named, selected } from '../store/names.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { rangeOf } from './summary.ts'

const d = named(deploys)

export async function readDeploys(d1: Preparer, query: RangeQuery): Promise<DeploysAnswer> {
  return { ...rangeOf(query), data: await deploysOf(d1, query) }
}

/** The deploys of a range (Unix ms), the newest first. Key: (site, at). */
export async function deploysOf(
  d1: Preparer,
  { site, from, to }: RangeQuery,
  limit = MAX_LISTED,
): Promise<DeployAnswer[]> {
  const { results } = await prepare(
    d1,
    sql`SELECT ${selected(deploys)} FROM ${d.table}
      WHERE ${d.site} = ${site} AND ${d.at} >= ${from} AND ${d.at} < ${to} ORDER BY ${d.at} DESC LIMIT ${limit}`,
  ).all<typeof deploys.$inferSelect>()
  return results.map(showDeploy)
}

function showDeploy({ id, at, release, note }: typeof deploys.$inferSelect): DeployAnswer {
  return { id, at: new Date(at).toISOString(), release, note }
}
