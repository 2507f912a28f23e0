/** How a budget is written: what it is about, and its figures, in its metric's unit or as shares where it is relative. */

import { type Budgeted, format } from './metrics.ts'

/** The terms that say what a budget's figures are. */
interface Terms {
  metric: Budgeted
  relative_to: 'week' | 'release' | null
}

/** What narrows a budget to a part of its site. */
interface Narrowed {
  endpoint: string | null
  route: string | null
  device: string | null
  tag: string | null
  segment: string | null
}

/** What it is about, part by part; nothing: the whole site. */
export function subjectOf({ endpoint, route, device, tag, segment }: Narrowed): string[] {
  return [endpoint, route, device, tag, segment].filter(part => part !== null)
}

/** What its figures are written as: those of its metric, or shares, as those of the delivery are. */
export function figureOf({ metric, relative_to }: Terms): Budgeted {
  return relative_to === null ? metric : 'delivery:lost'
}

/** True where it promises no less than its limit: page views. All others promise no more. */
export function isLeast({ metric, relative_to }: Terms): boolean {
  return metric === 'pageviews' && relative_to === null
}

/** Its limit for a person: `2.50 s`, `10% above the week before`, `at least 100`. */
export function writeLimit(budget: Terms & { limit: number }): string {
  const { metric, relative_to, limit } = budget
  const written = format(figureOf(budget), limit)
  if (relative_to === null) return isLeast(budget) ? `at least ${written}` : written
  return `${written} ${metric === 'pageviews' ? 'below' : 'above'} the ${relative_to} before`
}
