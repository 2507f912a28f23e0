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

/** Its limit for a person: `2.50 s`, `10% above the week before`. */
export function writeLimit(budget: Terms & { limit: number }): string {
  const { relative_to, limit } = budget
  return `${format(figureOf(budget), limit)}${relative_to === null ? '' : ` above the ${relative_to} before`}`
}
