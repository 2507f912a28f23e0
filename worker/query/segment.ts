/**
 * A question that names a segment: its filters take its place before the question is checked and planned, so roll-ups answer
 * it where they answer these filters.
 */

import * as v from 'valibot'
import { SITE_DETAIL, SITE_NAME } from '../../schema/api/fields.ts'
import { SEGMENT_ID } from '../../schema/api/filters.ts'
import { expanded } from '../../schema/api/segments.ts'
import { fail, type Parsed } from '../../schema/domain/problem.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { noSite } from '../problem.ts'
import { type Databases, databaseOf } from '../site/database.ts'
import { segmentOf } from '../site/segments.ts'
import { findSite } from '../site/sites.ts'

/** What `parse` makes of the parameters, those of their segment included. One row is read where there is one. */
export async function parseWithin<Q>(
  databases: Databases,
  parse: (params: URLSearchParams, now: Ms) => Parsed<Q>,
  params: URLSearchParams,
  now: Ms,
): Promise<Parsed<Q>> {
  const id = params.get('segment')
  const name = params.get('site')
  if (id === null || !v.is(SITE_NAME, name)) return parse(params, now)
  if (!v.is(SEGMENT_ID, id)) return fail('segment', SITE_DETAIL)
  const site = await findSite(databases, name, now)
  if (!site) throw noSite(name)
  const all = expanded(params, await segmentOf(databaseOf(databases, site), site, id))
  if ('error' in all) return all
  const parsed = parse(all.ok, now)
  if ('ok' in parsed || params.has(parsed.error.field)) return parsed
  const { field, detail } = parsed.error
  // What nobody wrote is the segment's.
  return all.ok.has(field) ? fail('segment', `${id} gives ${field}, which ${detail}`) : parsed
}
