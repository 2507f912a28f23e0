/** Tags at the edge: of what a page says, a page view keeps the tags that its site declares, cut to what is kept. */

import { pageName } from '../../schema/domain/names.ts'
import { looksSecret, MAX_TAG } from '../../schema/domain/tag.ts'
import type { PageView, Tag } from '../../schema/wire/pageview.ts'
import { cutText } from '../../schema/wire/values.ts'
import type { Site } from '../site/sites.ts'

/** Tags of a beacon that are not kept. */
export interface LeftOut {
  /** The site does not declare them. */
  tagsUndeclared: number
  /** Their value looks like an e-mail address or a token. */
  tagsUnfit: number
}

/** The page view with the tags that are kept. */
export function declared(view: PageView, { tags }: Pick<Site, 'tags'>): { view: PageView; leftOut: LeftOut } {
  const known = view.tags.filter(([name]) => Object.hasOwn(tags, name))
  const fit = known.filter(([, value]) => !looksSecret(value))
  const kept = fit.map(([name, value]): Tag => [name, pageName(cutText(value, MAX_TAG).trim())])
  return {
    view: { ...view, tags: kept },
    leftOut: { tagsUndeclared: view.tags.length - known.length, tagsUnfit: known.length - fit.length },
  }
}
