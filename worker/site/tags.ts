/** Which tags a site declares: what is not declared is not kept. */

import { type TagKey, tagOf } from '../../schema/domain/tag.ts'
import { badField } from '../problem.ts'
import type { Site } from './sites.ts'

/** Throws a 400 where the site does not declare the tag that `field` names. */
export function requireTag({ id, tags }: Pick<Site, 'id' | 'tags'>, key: TagKey, field: string): void {
  const name = tagOf(key)
  if (Object.hasOwn(tags, name)) return
  const names = Object.keys(tags)
  const others = names.length ? `declared are ${names.join(', ')}` : 'it declares none'
  throw badField({ field, detail: `names ${name}, which is no declared tag of site ${id}: ${others}` })
}
