/** The tags that a query names, and whether its site declares them: what is not declared is not kept. */

import type { Filters, GroupKey } from '../../schema/api/filters.ts'
import { isTagKey, type TagKey } from '../../schema/domain/tag.ts'
import type { Site } from '../site/sites.ts'
import { requireTag } from '../site/tags.ts'

/** What a query may name tags in. */
export interface Naming {
  filters?: Filters
  groupBy?: readonly GroupKey[]
  /** Of a scrape. */
  by?: readonly GroupKey[] | undefined
}

/** Throws a 400 for the first tag that the site does not declare. */
export function requireDeclared(
  { filters = {}, groupBy = [], by = [] }: Naming,
  site: Pick<Site, 'id' | 'tags'>,
): void {
  for (const key of groupBy) if (isTagKey(key)) requireTag(site, key, 'group_by')
  for (const key of by) if (isTagKey(key)) requireTag(site, key, 'by')
  for (const key of Object.keys(filters)) if (isTagKey(key)) requireTag(site, key, 'tag')
}

/** The tags that a query names. */
export function tagsIn({ filters = {}, groupBy = [] }: Naming): TagKey[] {
  return [...new Set([...groupBy, ...Object.keys(filters)].filter(isTagKey))]
}
