/**
 * A query for distributions: which metrics, told apart by what, and which of the groups are answered in which order.
 */

import type { GroupKey } from '../../schema/api/filters.ts'
import type { GroupedQuery } from '../../schema/api/query.ts'
import type { Sort } from '../../schema/api/summary.ts'
import type { Measure } from '../../schema/domain/metrics.ts'
import type { Key } from '../histogram/dimensions.ts'
import type { TimeBuckets } from './time-buckets.ts'

/** What decides which groups are answered, and in which order. */
export interface Order {
  /** By the first metric of a source. */
  sort: Sort
  /** Groups with fewer samples are left out. */
  minimum: number
  /** The percentile that `slowest` goes by. */
  percentile: number
}

export const BUSIEST: Order = { sort: 'busiest', minimum: 1, percentile: 75 }

/** What a group is of; null where a page view has no such value. */
export type GroupValues = Partial<Record<GroupKey, string | null>>

export interface GroupsQuery extends GroupedQuery, Order {
  metrics: readonly Measure[]
  /** Tells every group apart by time; null for one distribution of the whole range. */
  buckets: TimeBuckets | null
  /** The only groups that are wanted: roll-ups then need not tell the largest, which reads every group's rows. */
  among: readonly GroupValues[] | null
  /** Adds up the groups that are not answered, as a last one. */
  rest: boolean
}

/** A query as endpoints write it: the busiest groups of the whole range, without a rest. */
export type GivenQuery = GroupedQuery & Pick<GroupsQuery, 'metrics'> & Partial<GroupsQuery>

/** True for a key that calls or marks have, and page views have not. */
export function isItem(key: Key): boolean {
  return key === 'endpoint' || key === 'mark'
}

export function completed(given: GivenQuery): GroupsQuery {
  return {
    ...BUSIEST,
    buckets: null,
    among: null,
    ...given,
    // Without groups there are none beyond those that are answered.
    rest: !!given.rest && given.groupBy.length > 0,
  }
}

/** Groups other than the busiest, or of some minimum of samples, are chosen among at least so many of the busiest. */
const POOL = 100

/** How many groups are read, the busiest, for the answer to be chosen among. */
export function poolOf({ sort, limit, minimum }: GroupsQuery): number {
  return sort === 'busiest' && minimum <= 1 ? limit : Math.max(POOL, limit)
}
