/**
 * `GET /v1/changes`: which groups got worse or better. Their distributions in two times, or of two releases, are compared all
 * at once, and corrected for how many they are (schema/domain/changed.ts).
 */

import type { ChangesAnswer, ChangesQuery, ChangesRow } from '../../schema/api/changes.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { type Changed, compare } from '../../schema/domain/changed.ts'
import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { limitsOf, unitOf } from '../../schema/domain/metrics.ts'
import type { Ms, OneIn } from '../../schema/domain/units.ts'
import { tagKeys } from '../histogram/dimensions.ts'
import { coveredBy } from '../query/covered.ts'
import { keptRows, oldestRaw, type Retention, rowsKeptFrom } from '../query/kept.ts'
import { manyGroups, type TwoSided } from '../query/many-groups.ts'
import { groupsOfReleases, groupsOfTimes } from '../query/many-raw-groups.ts'
import { MAX_READ } from '../query/subsample.ts'
import { SETTLED } from '../store/periods.ts'
import { counted, type Preparer, type Receipt } from '../store/statement.ts'
import { partOf } from './part-of.ts'
import { twoReleases } from './releases.ts'
import { rangeOf } from './summary.ts'
import { changeInUnit, rounded, sideOf } from './trends.ts'

/** Ranges longer than this, in ms, are compared by whole days: hours would be as many periods again. */
const MOST_BY_HOUR = 8 * DAY

/** What is compared with what. */
interface Sides {
  from: Ms
  to: Ms
  baseline: ChangesAnswer['baseline']
  release: string | null
  source: ChangesAnswer['source']
  oneIn: OneIn
  groups: TwoSided[]
}

/** Answers for hours that have settled where roll-ups can, else of single page views. */
export async function readChanges(
  d1: Preparer,
  query: ChangesQuery,
  retention: Retention,
  now: Ms,
): Promise<ChangesAnswer> {
  const { site, percentile, limit } = query
  const isFiltered = Object.values(query.filters).some(value => value !== undefined)
  const { from, to, baseline, release, source, oneIn, groups } =
    query.against !== null
      ? await releases(d1, query, query.against, retention, now)
      : isFiltered
        ? await rawPeriods(d1, query, retention, now)
        : await periods(d1, query, retention, now)
  const pairs = groups.map(of => ({ of, before: of.before, after: of.after, limits: limitsOf(of.metric) }))
  const { changed, ...counts } = compare(pairs, percentile)
  const worse = changed.filter(({ change }) => change.verdict === 'degrading')
  const better = changed.filter(({ change }) => change.verdict === 'improving')
  const wholes = groups.filter(({ values }) => !Object.keys(values).length)
  const told = [...worse.slice(0, limit), ...better.slice(Math.max(0, better.length - limit))]
  return {
    ...rangeOf({ site, from, to }),
    baseline,
    release,
    percentile,
    source,
    ...(oneIn > 1 && { sampled: oneIn }),
    relative_error: RELATIVE_ERROR,
    ...counts,
    data: told.map(row => toRow(row, partOf(row, changed, wholes), percentile)),
  }
}

/** The roll-ups of the range and of the time before it. */
async function periods(
  d1: Preparer,
  { site, ...asked }: ChangesQuery,
  retention: Retention,
  now: Ms,
): Promise<Sides> {
  const settled = { from: asked.from, to: Math.min(asked.to, hourOf(now - SETTLED) * HOUR) }
  const { from, to } = toPeriods(settled, retention, now)
  const before = { from: from - (to - from), to: from }
  const none = { days: [], hours: [], open: [] }
  const [late, early] =
    from < to
      ? await Promise.all([coveredBy(d1, { site, from, to }, now), coveredBy(d1, { site, ...before }, now)])
      : [none, none]
  const groups = await manyGroups(d1, site, asked.metrics, early, late, tagKeys(retention.tags ?? {}))
  const baseline = baselineOf({ site, ...before }, null)
  return { from, to: Math.max(from, to), baseline, release: null, source: 'rollup', oneIn: 1, groups }
}

/** Whole days of UTC where the range is long, or hours of the time before are kept no longer. */
function toPeriods({ from, to }: { from: Ms; to: Ms }, { hourDays, hourFrom = 0 }: Retention, now: Ms) {
  const oldest = Math.max(now - hourDays * DAY, hourFrom)
  if (to - from <= MOST_BY_HOUR && from - (to - from) >= oldest) return { from, to }
  const end = Math.floor(to / DAY) * DAY
  return { from: end - Math.max(1, Math.round((to - from) / DAY)) * DAY, to: end }
}

/** Single page views that match the filters, of the range and of the time before it. */
async function rawPeriods(d1: Preparer, asked: ChangesQuery, retention: Retention, now: Ms): Promise<Sides> {
  const { site, filters, metrics, ...range } = keptRows(asked, retention, now)
  const oldest = oldestRaw(retention, now)
  const kept = rowsKeptFrom(asked, retention, now)
  const to = untilNow(range.to, now)
  // Both times must be kept.
  const half = Math.floor((to - kept) / 2 / HOUR) * HOUR
  const from = Math.max(range.from, to - half)
  const before = { site, filters, from: from - (to - from), to: from }
  const after = { site, filters, from, to }
  const found = await groupsOfTimes(d1, metrics, [before, after], { reads: MAX_READ, oldest, now })
  return { from, to, baseline: baselineOf(before, null), release: null, source: 'samples', ...found }
}

/** Single page views of two releases in the same range. */
async function releases(
  d1: Preparer,
  asked: ChangesQuery,
  against: string,
  retention: Retention,
  now: Ms,
): Promise<Sides> {
  const { site, filters, metrics, from, to } = keptRows(asked, retention, now)
  const receipt: Receipt = { statements: 0, read: 0 }
  const given = typeof filters.release === 'string' ? filters.release : undefined
  const { newest, before } = await twoReleases(counted(d1, receipt), { site, from, to }, given, now)
  const earlier = against || before
  const baseline = baselineOf({ site, from, to }, earlier)
  const head = { from, to, baseline, release: newest, source: 'samples' as const }
  if (!newest || !earlier) return { ...head, oneIn: 1, groups: [] }
  const side = { site, from, to, filters }
  const means = { reads: MAX_READ - receipt.read, oldest: oldestRaw(retention, now), now }
  return { ...head, ...(await groupsOfReleases(d1, metrics, side, [earlier, newest], means)) }
}

/** The end of a range, or of the hour that is under way. */
function untilNow(to: Ms, now: Ms): Ms {
  return Math.min(to, (hourOf(now) + 1) * HOUR)
}

function baselineOf(range: { site: string; from: Ms; to: Ms }, release: string | null) {
  const { from, to } = rangeOf(range)
  return { from, to, release }
}

function toRow(
  { of, change, harmed }: Changed<TwoSided>,
  within: ChangesRow['part_of'],
  p: number,
): ChangesRow {
  const { metric, values } = of
  return {
    group: values,
    metric,
    unit: unitOf(metric),
    before: sideOf(metric, change.before, of.before, p, 0),
    after: sideOf(metric, change.after, of.after, p, 0),
    change: changeInUnit(metric, change),
    verdict: change.verdict === 'improving' ? 'improving' : 'degrading',
    confidence: rounded(change.confidence ?? 0),
    harmed: Math.round(harmed),
    ...(within && { part_of: within }),
  }
}
