/** The tags that a query names, and whether its site declares them: what is not declared is not kept. */

import type { Filters, GroupKey } from '../../schema/api/query.ts'
import { isTagKey, type TagKey, tagOf } from '../../schema/domain/tag.ts'
import { badField } from '../problem.ts'
import type { Site } from '../site/sites.ts'

/** What a query may name tags in. */
export interface Naming {
  filters?: Filters
  groupBy?: readonly GroupKey[]
}

/** Throws a 400 for the first tag that the site does not declare. */
export function requireDeclared(
  { filters = {}, groupBy = [] }: Naming,
  site: Pick<Site, 'id' | 'tags'>,
): void {
  for (const key of groupBy) if (isTagKey(key)) requireTag(site, key, 'group_by')
  for (const key of Object.keys(filters)) if (isTagKey(key)) requireTag(site, key, 'tag')
}

/** The same for one tag, which `field` names. */
export function requireTag({ id, tags }: Pick<Site, 'id' | 'tags'>, key: TagKey, field: string): void {
  const name = tagOf(key)
  if (Object.hasOwn(tags, name)) return
  const names = Object.keys(tags)
  const others = names.length ? `declared are ${names.join(', ')}` : 'it declares none'
  throw badField({ field, detail: `names ${name}, which is no declared tag of site ${id}: ${others}` })
}

/** The tags that a query names. */
export function tagsIn({ filters = {}, groupBy = [] }: Naming): TagKey[] {
  return [...new Set([...groupBy, ...Object.keys(filters)].filter(isTagKey))]
}
