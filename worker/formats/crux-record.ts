/**
 * A site's own data as records of CrUX, and as their history; null where there is too little data.
 */

import {
  type CollectionPeriod,
  CRUX_VITALS,
  type CruxAnswer,
  type CruxHistoryAnswer,
  type CruxMetric,
  type CruxQuery,
  type CruxTimeseries,
  type CruxVital,
} from '../../schema/api/crux.ts'
import { DAY, HOUR, WEEK } from '../../schema/domain/hour.ts'
import { METRICS, rate, type Vital } from '../../schema/domain/metrics.ts'
import type { Ms } from '../../schema/domain/units.ts'
import type { Preparer } from '../store/statement.ts'
import { collect, labelsOf, WEEKS } from './crux-periods.ts'

/** A day counts from so long after its end, in ms: until its last hour has settled and is rolled up. */
const CRUX_DELAY = 3 * HOUR

/** The last 28 whole days. `now` in Unix ms. */
export async function cruxRecord(
  d1: Preparer,
  site: string,
  query: CruxQuery,
  now: Ms,
): Promise<CruxAnswer | null> {
  const end = Math.floor((now - CRUX_DELAY) / DAY) * DAY
  const { vitals, fractions } = await collect(d1, site, query, end, now)
  const metrics: [string, CruxMetric][] = []
  for (const [name, [point]] of vitals) {
    if (!point) continue
    const histogram = binsOf(name).map((bin, i) => ({ ...bin, density: point.densities[i] ?? 0 }))
    metrics.push([name, { histogram, percentiles: { p75: written(CRUX_VITALS[name], point.p75) } }])
  }
  for (const [name, [shares]] of fractions) if (shares) metrics.push([name, { fractions: shares }])
  if (!metrics.length) return null
  const record = { key: keyOf(query), metrics: Object.fromEntries(metrics), collectionPeriod: periodTo(end) }
  return { record, ...normalization(query) }
}

/** Weekly collection periods, the last one ending on the last Saturday. */
export async function cruxHistory(
  d1: Preparer,
  site: string,
  query: CruxQuery,
  now: Ms,
): Promise<CruxHistoryAnswer | null> {
  const end = lastSunday(now - CRUX_DELAY)
  const { vitals, fractions } = await collect(d1, site, query, end, now)
  const metrics: [string, CruxTimeseries][] = []
  for (const [name, points] of vitals) {
    if (points.every(point => point === null)) continue
    const histogramTimeseries = binsOf(name).map((bin, i) => ({
      ...bin,
      densities: points.map(point => point?.densities[i] ?? ('NaN' as const)),
    }))
    const p75s = points.map(point => point && written(CRUX_VITALS[name], point.p75))
    metrics.push([name, { histogramTimeseries, percentilesTimeseries: { p75s } }])
  }
  for (const [name, points] of fractions) {
    if (points.every(point => point === null)) continue
    const fractionTimeseries = Object.fromEntries(
      labelsOf(name).map(label => [
        label,
        { fractions: points.map(shares => shares?.[label] ?? ('NaN' as const)) },
      ]),
    )
    metrics.push([name, { fractionTimeseries }])
  }
  if (!metrics.length) return null
  const collectionPeriods = Array.from({ length: query.periods }, (_, i) =>
    periodTo(end - (query.periods - 1 - i) * WEEK),
  )
  const record = { key: keyOf(query), metrics: Object.fromEntries(metrics), collectionPeriods }
  return { record, ...normalization(query) }
}

/** Midnight (UTC) at the beginning of the last Sunday: 4 January 1970 was one. */
function lastSunday(now: Ms): Ms {
  const first = 3 * DAY
  return first + Math.floor((now - first) / WEEK) * WEEK
}

/** The collection period that ends at `end` (Unix ms, excluded). */
function periodTo(end: Ms): CollectionPeriod {
  return { firstDate: dateOf(end - WEEKS * WEEK), lastDate: dateOf(end - DAY) }
}

/** Three bins by the thresholds; the last one is open. */
function binsOf(name: CruxVital) {
  const metric = CRUX_VITALS[name]
  const [good, poor] = [written(metric, METRICS[metric].good), written(metric, METRICS[metric].poor)]
  return [{ start: written(metric, 0), end: good }, { start: good, end: poor }, { start: poor }]
}

/** A value in the metric's unit as CrUX writes it, on the side of a threshold on which it lies: 0.101 is not 0.10. */
function written(metric: Vital, value: number): number | string {
  const score = METRICS[metric].unit === 'score'
  const grains = score ? 100 : 1
  const nearest = Math.round(value * grains) / grains
  const kept = rate(metric, nearest) === rate(metric, value) ? nearest : Math.ceil(value * grains) / grains
  return score ? kept.toFixed(2) : kept
}

function keyOf({ origin, route, formFactor }: CruxQuery): CruxAnswer['record']['key'] {
  return { ...(formFactor && { formFactor }), ...(route === null ? { origin } : { url: origin + route }) }
}

function normalization({ origin, url, route }: CruxQuery): Pick<CruxAnswer, 'urlNormalizationDetails'> {
  const normalizedUrl = origin + route
  return url === null || url === normalizedUrl
    ? {}
    : { urlNormalizationDetails: { originalUrl: url, normalizedUrl } }
}

function dateOf(time: Ms) {
  const date = new Date(time)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}
