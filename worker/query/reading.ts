/** How a source's roll-ups are read for a query: which slice of which table. */

import { type RollupDimension, viewDimensions } from '../histogram/dimensions.ts'
import { tagsIn } from './declared.ts'
import type { SampleFilters } from './filters.ts'
import type { GroupsQuery } from './groups-query.ts'
import { type Slice, sliceOf } from './slice.ts'
import { type Source, sourcesOf } from './source.ts'

export interface Reading {
  site: string
  source: Source
  slice: Slice
  /** What the slice stands for. */
  filters: SampleFilters
}

type Sliced = Pick<GroupsQuery, 'site' | 'groupBy' | 'filters'> & Partial<Pick<GroupsQuery, 'among'>>

/** Null where no roll-up holds the combination of keys. */
export function readingOf({ site, groupBy, filters, among }: Sliced, source: Source): Reading | null {
  const all = { ...filters, ...source.filters }
  const slice = sliceOf(groupBy, all, dimensionsOf(source, { groupBy, filters }))
  if (!slice) return null
  if (!among || !slice.dimension.keys.length || slice.values) return { site, source, slice, filters: all }
  const values = among.map(group =>
    JSON.stringify(slice.dimension.keys.map(key => ({ ...all, ...group })[key] ?? null)),
  )
  return { site, source, slice: { ...slice, values: [...new Set(values)] }, filters: all }
}

/** True where roll-ups hold the combination of keys for every metric. */
export function isRolledUp({
  metrics,
  groupBy,
  filters,
}: Pick<GroupsQuery, 'metrics' | 'groupBy' | 'filters'>): boolean {
  return sourcesOf(metrics).every(source =>
    sliceOf(groupBy, { ...filters, ...source.filters }, dimensionsOf(source, { groupBy, filters })),
  )
}

/** The dimensions of a source; page views have one for each declared tag, too, of which those that are asked for matter. */
function dimensionsOf(
  source: Source,
  asked: Pick<Sliced, 'groupBy' | 'filters'>,
): readonly RollupDimension[] {
  return source.table === 'rollups' ? viewDimensions(tagsIn(asked)) : source.dimensions
}
