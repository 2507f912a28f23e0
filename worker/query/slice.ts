/**
 * The slice of a roll-up table that holds what a query groups and filters by: one dimension, and which of its values.
 */

import type { Filter } from '../../schema/api/filters.ts'
import { OTHER } from '../../schema/domain/names.ts'
import { isCapped, type Key, type RollupDimension } from '../histogram/dimensions.ts'

/** Which values of a dimension are read. */
export interface Slice {
  dimension: RollupDimension
  /** Exact values; null for all, or for those of `prefix`. */
  values: string[] | null
  /** Values that begin so; null for no such bound. */
  prefix: string | null
  /** The values that hold what fell under a cap; none where nothing can have. */
  others: string[]
}

const DEVICES = ['phone', 'tablet', 'desktop']

/**
 * The slice of exactly the keys that are grouped or filtered by; null where no dimension has them, and raw rows must answer.
 *
 * Examples, of page views:
 * - by route: dimension `route`, all values;
 * - of the route `/`: dimension `route`, the value `["/"]`;
 * - by route, of phones: dimension `device+route`, what begins with `["phone",`, which the primary key seeks;
 * - by device, of the route `/`: dimension `device+route`, the values `["phone","/"]`, `["tablet","/"]`, `["desktop","/"]`;
 * - by route and country, or of several values of a key: null.
 */
export function sliceOf(
  groupBy: readonly Key[],
  given: { [K in Key]?: Filter | undefined },
  dimensions: readonly RollupDimension[],
): Slice | null {
  const filters = plain(given)
  if (!filters) return null
  const filtered = (Object.keys(filters) as Key[]).filter(key => filters[key] !== undefined)
  const wanted = new Set([...groupBy, ...filtered])
  const dimension = dimensions.find(
    ({ keys }) => keys.length === wanted.size && keys.every(key => wanted.has(key)),
  )
  if (!dimension) return null
  const { keys } = dimension
  const others = keys.some(isCapped) ? product(keys, key => (isCapped(key) ? OTHER : filters[key])) : []
  const [first, second] = keys
  if (keys.length === 2 && first && second && filters[first] !== undefined && filters[second] === undefined) {
    return {
      dimension,
      values: null,
      prefix: `${JSON.stringify([filters[first]]).slice(0, -1)},`,
      others,
    }
  }
  if (!filtered.length) return { dimension, values: null, prefix: null, others }

  // Every key has a filter, or the coarse one (device) has none and is enumerated.
  const values = product(keys, key => filters[key])
  return { dimension, values, prefix: null, others: others.filter(other => !values.includes(other)) }
}

/** Filters of one value each; null where there are others. */
function plain(filters: { [K in Key]?: Filter | undefined }): { [K in Key]?: string } | null {
  const given = Object.entries(filters).filter(([, filter]) => filter !== undefined)
  const single = given.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return single.length === given.length ? Object.fromEntries(single) : null
}

/** Every value of some keys of which one is fixed, or is a device: `["phone","/"]`, ... */
function product(keys: readonly Key[], fixed: (key: Key) => string | undefined): string[] {
  const lists = keys.reduce<string[][]>(
    (lists, key) => {
      const value = fixed(key)
      return lists.flatMap(list => (value === undefined ? DEVICES : [value]).map(choice => [...list, choice]))
    },
    [[]],
  )
  return lists.map(list => JSON.stringify(list))
}
