/**
 * Whether a beacon is the first of its page view. Its number says so, but a stranger repeats number 0 as often as he likes: so an
 * isolate remembers the page views whose first beacon it has seen.
 */

import type { PageViewRow } from '../../schema/storage/tables.ts'
import { remember } from '../memory.ts'

/** Page views that are remembered. */
const MAX_VIEWS = 20_000

const begun = new Map<string, true>()

/** False for the first beacon of a page view, as far as this isolate knows. */
export function isAgain({ site, id, sequence }: Pick<PageViewRow, 'site' | 'id' | 'sequence'>): boolean {
  const key = `${site} ${id}`
  if (sequence > 0 || begun.has(key)) return true
  remember(begun, key, true, MAX_VIEWS)
  return false
}
