/**
 * What records of CrUX are made from: for each collection period, the densities and p75 of each vital and the fractions,
 * or null where there is too little data.
 *
 * A collection period is four weeks. Histograms are added up by the week first, so that a history of 25 periods, which
 * overlap, adds every day once.
 */

import {
  CRUX_VITALS,
  type CruxFraction,
  type CruxQuery,
  type CruxVital,
  FORM_FACTORS,
} from '../../schema/api/crux.ts'
import type { GroupKey } from '../../schema/api/filters.ts'
import { type Histogram, merge } from '../../schema/domain/histogram.ts'
import { HOUR, WEEK } from '../../schema/domain/hour.ts'
import { fromGrains, type Measure, thresholds, type Vital } from '../../schema/domain/metrics.ts'
import { percentiles } from '../../schema/domain/percentiles.ts'
import type { Hour, Ms } from '../../schema/domain/units.ts'
import { NAVIGATIONS } from '../../schema/wire/pageview.ts'
import type { Selection } from '../histogram/samples-sql.ts'
import { coveredBy, type Periods } from '../query/covered.ts'
import { total } from '../query/distribution.ts'
import { estimateOpen, selectOpen } from '../query/open-hours.ts'
import { type Reading, readingOf } from '../query/reading.ts'
import { openRows, type RollupRow, rollupWeights, storedRows } from '../query/rollup-rows.ts'
import { sourcesOf } from '../query/source.ts'
import type { Preparer } from '../store/statement.ts'

/** Weeks of a collection period. */
export const WEEKS = 4
/** The least samples of a metric: from 16 on, its p75 has a 95 % interval at all. */
const MINIMUM = 16
/** Rows that are read of hours without a roll-up: of days that have settled none, as a rule. */
const OPEN_READ = 10_000
/** Densities and fractions are rounded to 1 / PARTS. */
const PARTS = 10_000

/** The dimensions that have fractions. CrUX has no soft navigations, and we cannot tell its `navigate_cache`. */
const KINDS: Record<CruxFraction, { key: GroupKey; values: readonly string[] }> = {
  form_factors: { key: 'device', values: Object.values(FORM_FACTORS) },
  navigation_types: { key: 'navigation', values: NAVIGATIONS.filter(type => type !== 'soft-navigation') },
}

/** A metric in one collection period. */
interface Point {
  /** Good, needs improvement, poor. */
  densities: number[]
  /** In the metric's unit. */
  p75: number
}

/** A value for each collection period, oldest first. */
interface Collected {
  vitals: [CruxVital, (Point | null)[]][]
  fractions: [CruxFraction, (Record<string, number> | null)[]][]
}

/** The data of `query.periods` collection periods, a week apart; the last one ends at `end` (Unix ms, a midnight in UTC). */
export async function collect(
  d1: Preparer,
  site: string,
  query: CruxQuery,
  end: Ms,
  now: Ms,
): Promise<Collected> {
  const from = end - (query.periods + WEEKS - 1) * WEEK
  const { route, formFactor } = query
  const filters = { route: route ?? undefined, device: formFactor ? FORM_FACTORS[formFactor] : undefined }
  const range = { site, from, to: end }
  const known = await coveredBy(d1, range, now)
  // No roll-up holds navigation types by route or device. CrUX has form factors of all devices only, too.
  const kinds = query.fractions.filter(
    name => !formFactor && (name === 'form_factors' || query.route === null),
  )
  const read = (metrics: readonly Measure[], groupBy: GroupKey[] = []) => {
    const [source] = sourcesOf(metrics)
    return source ? readingOf({ site, groupBy, filters }, source) : null
  }
  const measured = read(query.vitals.map(name => CRUX_VITALS[name]))
  const counted = kinds.map(name => ({ name, reading: read(['pageviews'], [KINDS[name].key]) }))
  const readings = [measured, ...counted.map(({ reading }) => reading)].filter(reading => reading !== null)
  const open = selectOpen(await estimateOpen(d1, known.open, readings, now), OPEN_READ)
  const data: Data = { d1, from, periods: known, open }
  const [vitals, ...fractions] = await Promise.all([
    vitalsOf(data, measured, query),
    ...counted.map(({ name, reading }) => fractionsOf(data, reading, query, name)),
  ])
  return { vitals, fractions }
}

/** What all parts of a record are read by. */
interface Data {
  d1: Preparer
  /** Unix ms */
  from: Ms
  periods: Periods
  /** Page views of open hours. */
  open: Selection
}

async function vitalsOf(
  { d1, from, periods: known, open }: Data,
  reading: Reading | null,
  { vitals, periods }: CruxQuery,
): Promise<Collected['vitals']> {
  if (!reading) return []
  const rows = [
    ...(await storedRows(d1, reading, known, null)),
    ...(await openRows(d1, reading, known.open, open)),
  ]
  // Where the page is one of the many that have no name in a roll-up, it is left out of that day.
  const own = rows.filter(row => !reading.slice.others.includes(row.value))
  const byWeek: RollupRow[][] = []
  for (const row of own) week(byWeek, row.start, from, []).push(row)
  return vitals.map(name => {
    const metric = CRUX_VITALS[name]
    const sums = Array.from(byWeek, rows => total(rows ?? [], metric))
    return [name, windows(sums, periods).map(parts => pointOf(metric, merge(parts)))]
  })
}

async function fractionsOf(
  { d1, from, periods: known, open }: Data,
  reading: Reading | null,
  { periods }: CruxQuery,
  name: CruxFraction,
): Promise<Collected['fractions'][number]> {
  if (!reading) return [name, []]
  const { key, values } = KINDS[name]
  const place = reading.slice.dimension.keys.indexOf(key)
  const weeks: number[][] = []
  for (const { start, value, weights } of await rollupWeights(d1, reading, known, open)) {
    if (reading.slice.others.includes(value)) continue
    const kind = values.indexOf(JSON.parse(value)[place])
    if (kind < 0) continue
    const sums = week(
      weeks,
      start,
      from,
      values.map(() => 0),
    )
    sums[kind] = (sums[kind] ?? 0) + (weights[0] ?? 0)
  }
  const labels = labelsOf(name)
  const points = windows(weeks, periods).map(parts => {
    const sums = labels.map((_, i) => parts.reduce((sum, part) => sum + (part?.[i] ?? 0), 0))
    if (sums.reduce((a, b) => a + b) < MINIMUM) return null
    const shares = rounded(sums)
    return Object.fromEntries(labels.map((label, i) => [label, shares[i] ?? 0]))
  })
  return [name, points]
}

/** The element of `weeks` that the hour `start` falls into; `empty` where there is none yet. */
function week<T>(weeks: T[], start: Hour, from: Ms, empty: T): T {
  const index = Math.floor((start * HOUR - from) / WEEK)
  weeks[index] ??= empty
  return weeks[index]
}

/** The weeks of each collection period, without those that have no data. */
function windows<T>(weeks: readonly (T | undefined)[], periods: number): T[][] {
  return Array.from({ length: periods }, (_, i) =>
    weeks.slice(i, i + WEEKS).filter((sum): sum is T => sum !== undefined),
  )
}

function pointOf(metric: Vital, histogram: Histogram): Point | null {
  const { n, s, good, poor } = histogram
  const [p75] = percentiles(histogram, [75], thresholds(metric))
  if (s < MINIMUM || !p75) return null
  return { densities: rounded([good, n - good - poor, poor]), p75: fromGrains(metric, p75.value) }
}

/** The names of a metric's fractions, as CrUX writes them. */
export function labelsOf(name: CruxFraction): string[] {
  return KINDS[name].values.map(value => value.replaceAll('-', '_'))
}

/** Shares of weights to four digits that add up to 1, by largest remainders. */
function rounded(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b)
  const exact = weights.map(weight => (weight / sum) * PARTS)
  const whole = exact.map(Math.floor)
  const rest = PARTS - whole.reduce((a, b) => a + b)
  const byRemainder = exact.map((x, i) => ({ i, remainder: x % 1 })).sort((a, b) => b.remainder - a.remainder)
  for (const { i } of byRemainder.slice(0, rest)) whole[i] = (whole[i] ?? 0) + 1
  return whole.map(parts => parts / PARTS)
}
