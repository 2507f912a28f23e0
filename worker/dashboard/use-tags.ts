/** The tags that the site declares: the place goes in, what groups call them comes out with what a person reads. */

import type { TagsAnswer } from '../../schema/api/tags.ts'
import { usePlace } from './link.tsx'
import { useAnswer } from './use-api.ts'

/** `{ 'tag:plan': 'plan' }` */
export function useTags(): Record<`tag:${string}`, string> {
  const [{ site }] = usePlace()
  const tags = useAnswer<TagsAnswer>(`/v1/sites/${site}/tags`, true).data?.tags ?? []
  return Object.fromEntries(tags.map(({ name }) => [`tag:${name}`, name]))
}
