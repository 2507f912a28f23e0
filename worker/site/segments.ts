/** The segments of a site: filters that it has given names. Read when something names one, so that beacons never pay for them. */

import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Within, withinOf } from '../../schema/api/segments.ts'
import { isTagKey } from '../../schema/domain/tag.ts'
import { segments } from '../../schema/storage/tables.ts'
import { badField } from '../problem.ts'
import type { Site } from './sites.ts'
import { requireTag } from './tags.ts'

/** The segment of that name. Throws a 400 where the site has none, or where it names a tag that is declared no more. Key: (site, id). */
export async function segmentOf(
  d1: D1Database,
  site: Pick<Site, 'id' | 'tags'>,
  id: string,
): Promise<Within> {
  const db = drizzle(d1)
  const [found] = await db
    .select({ filters: segments.filters })
    .from(segments)
    .where(and(eq(segments.site, site.id), eq(segments.id, id)))
  if (!found) {
    const all = await db.select({ id: segments.id }).from(segments).where(eq(segments.site, site.id))
    const others = all.length ? `it has ${all.map(({ id }) => id).join(', ')}` : 'it has none'
    throw badField({ field: 'segment', detail: `names no segment of site ${site.id}: ${others}` })
  }
  const within = withinOf(id, found.filters)
  for (const key of Object.keys(within.filters)) if (isTagKey(key)) requireTag(site, key, 'segment')
  return within
}
