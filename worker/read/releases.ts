/** The releases of a range by the hour or day in which each was first seen, and which two of them are compared. */

import { DAY } from '../../schema/domain/hour.ts'
import { isReserved } from '../../schema/domain/names.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { NO_VIEWS } from '../histogram/hours.ts'
import { coveredBy } from '../query/covered.ts'
import { readingOf } from '../query/reading.ts'
import { rollupWeights, type Weights } from '../query/rollup-rows.ts'
import { sourcesOf } from '../query/source.ts'
import type { Preparer } from '../store/statement.ts'

/** A release of fewer page views, and of a smaller share of all, is not yet one that says something. */
const FEW = { views: 100, share: 0.01 }

/** So long before the end of a range, in ms, releases are looked for: of those that were there all along none is newer. */
const LOOK_BACK = 28 * DAY

/** The newest release of a range, or `given`, and the one that came before it; null where there is none. */
export async function twoReleases(
  d1: Preparer,
  range: { site: string; from: Ms; to: Ms },
  given: string | undefined,
  now: Ms,
): Promise<{ newest: string | null; before: string | null }> {
  const since = Math.min(range.from, range.to - LOOK_BACK)
  const periods = await coveredBy(d1, { ...range, from: since }, now)
  const [source] = sourcesOf(['pageviews'])
  const reading = source && readingOf({ site: range.site, groupBy: ['release'], filters: {} }, source)
  if (!reading) return { newest: null, before: null }
  const stored = { ...periods, open: [] }
  const rows = await rollupWeights(d1, reading, stored, NO_VIEWS)
  const names = newestFirst(rows, given)
  const newest = given ?? names[0] ?? null
  const place = newest === null ? -1 : names.indexOf(newest)
  return { newest, before: (place < 0 ? undefined : names[place + 1]) ?? null }
}

/** The releases by the hour or day in which each was first seen; `given` even where it has few page views. */
function newestFirst(rows: readonly Weights[], given: string | undefined): string[] {
  const seen = new Map<string, { first: number; views: number }>()
  let all = 0
  for (const { start, value, weights } of rows) {
    const [name]: (string | null)[] = JSON.parse(value)
    const views = weights[0] ?? 0
    all += views
    if (!name || isReserved(name)) continue
    const known = seen.get(name)
    seen.set(name, { first: Math.min(start, known?.first ?? start), views: views + (known?.views ?? 0) })
  }
  return [...seen]
    .filter(([name, { views }]) => name === given || views >= Math.max(FEW.views, FEW.share * all))
    .sort(([, a], [, b]) => b.first - a.first || b.views - a.views)
    .map(([name]) => name)
}
