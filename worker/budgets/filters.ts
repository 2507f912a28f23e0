/** What a budget is about: its own filters and those of its segment go in, the filters of a question come out. */

import { type Filters, tagFilter } from '../../schema/api/query.ts'
import { narrowed, type Within } from '../../schema/api/segments.ts'
import type { Parsed } from '../../schema/domain/problem.ts'
import type { BudgetRow } from '../../schema/storage/tables.ts'

/** `within` is the segment of a budget that names one. */
export function filtersOf(
  { endpoint, route, device, tag }: Pick<BudgetRow, 'endpoint' | 'route' | 'device' | 'tag'>,
  within: Within | null,
): Parsed<Filters> {
  const own: Filters = {
    ...(endpoint !== null && { endpoint }),
    ...(route !== null && { route }),
    ...(device !== null && { device }),
    ...tagFilter(tag),
  }
  return within ? narrowed(own, within) : { ok: own }
}
