/**
 * What is measured: the name, unit and thresholds of every metric, and how a value is rated and written.
 *
 * Inside fieldline a value is a whole number of grains: 1 ms for times, 0.001 for CLS. It becomes a number in
 * the metric's unit only at the edge (`fromGrains`) and a string only in `format`.
 */

import { type DeliveryMetric, formatShare, isShare } from './delivery-metrics.ts'
import type { Grains } from './units.ts'

/** A metric's unit and its inclusive thresholds, in that unit: `value <= good`, `value > poor`. */
export interface MetricDefinition {
  readonly unit: 'ms' | 'score'
  /** Grains in one unit. */
  readonly grains: number
  readonly good: number
  readonly poor: number
}

/**
 * The metrics and the thresholds of https://web.dev/articles/vitals#core-web-vitals.
 * `api` is the duration of an API call; its thresholds are the default budget of an endpoint.
 */
export const METRICS = {
  lcp: { unit: 'ms', grains: 1, good: 2500, poor: 4000 },
  inp: { unit: 'ms', grains: 1, good: 200, poor: 500 },
  cls: { unit: 'score', grains: 1000, good: 0.1, poor: 0.25 },
  fcp: { unit: 'ms', grains: 1, good: 1800, poor: 3000 },
  ttfb: { unit: 'ms', grains: 1, good: 800, poor: 1800 },
  api: { unit: 'ms', grains: 1, good: 500, poor: 1000 },
} as const satisfies Record<string, MetricDefinition>

export type Metric = keyof typeof METRICS
export type Vital = Exclude<Metric, 'api'>
export type Rating = 'good' | 'needs-improvement' | 'poor'

/** The metrics of a page view; `api` belongs to a call instead. */
export const VITALS = ['lcp', 'inp', 'cls', 'fcp', 'ttfb'] as const satisfies readonly Vital[]

/** The same for each of them. */
export function eachVital<V>(of: (vital: Vital) => V): Record<Vital, V> {
  return Object.fromEntries(VITALS.map(vital => [vital, of(vital)])) as Record<Vital, V>
}

/** The stages of a page load, in the order in which they end; ms from navigation start. */
export const PHASES = ['dns', 'connect', 'request', 'response', 'interactive', 'loaded', 'load'] as const
export type Phase = (typeof PHASES)[number]

/** ms for which scripts blocked the page: until it had loaded, and after. */
export const BLOCKING = ['load', 'after'] as const

/**
 * What an answer can be about. A load phase (`phase:load`), blocking time (`blocking:load`) and what the page reports itself by
 * `mark` (`custom:ready`) have no thresholds and no rating; `pageviews` is a count alone, and `errors` a share: of page views
 * without an uncaught error.
 */
export type Measure =
  | Metric
  | `phase:${Phase}`
  | `blocking:${(typeof BLOCKING)[number]}`
  | `custom:${string}`
  | 'pageviews'
  | 'errors'
/** What a budget may promise. */
export type Budgeted = Measure | CallShare | DeliveryMetric
/** The share of API calls that failed. */
export type CallShare = 'error_rate'

/** What a budget is read from: the share of failed calls is one of calls. */
export function readFrom(metric: Measure | CallShare): Measure {
  return metric === 'error_rate' ? 'api' : metric
}

/** True for what has percentiles: a share has none, nor have page views, which are counted. */
export function hasPercentiles(metric: Budgeted): boolean {
  return !isShare(metric) && metric !== 'pageviews'
}

/** Rates `value`, in the metric's unit. Thresholds are inclusive, as in web-vitals. */
export function rate(metric: Metric, value: number): Rating {
  const { good, poor } = METRICS[metric]
  return value <= good ? 'good' : value <= poor ? 'needs-improvement' : 'poor'
}

/** True for what has thresholds. */
export function isRated(measure: Budgeted): measure is Metric {
  return measure in METRICS
}

/** The unit of a measure; `none` where the page alone knows it. */
export function unitOf(measure: Measure): 'ms' | 'score' | 'none' {
  return isRated(measure) ? METRICS[measure].unit : /^(phase|blocking):/.test(measure) ? 'ms' : 'none'
}

/** Turns whole grains into a number in the metric's unit. */
export function fromGrains(metric: Metric, grains: Grains): number {
  return grains / METRICS[metric].grains
}

/** Turns a number in the metric's unit into whole grains. */
export function toGrains(metric: Metric, value: number): Grains {
  return Math.round(value * METRICS[metric].grains)
}

/** Vitals in grains as numbers in their units. */
export function vitalsInUnits(grains: Readonly<Record<Vital, Grains | null>>): Record<Vital, number | null> {
  return eachVital(vital => {
    const value = grains[vital]
    return value === null ? null : fromGrains(vital, value)
  })
}

/** The thresholds in grains, as the histogram counts them. */
export function thresholds(metric: Metric): { good: Grains; poor: Grains } {
  const { good, poor, grains } = METRICS[metric]
  return { good: good * grains, poor: poor * grains }
}

/** The thresholds of what has some; null for load phases, blocking time and marks. */
export function limitsOf(measure: Measure): { good: Grains; poor: Grains } | null {
  return isRated(measure) ? thresholds(measure) : null
}

/**
 * Writes a value in the measure's unit for a person: `0.051`, `180 ms`, `2.41 s`, `7`; `no data` for null. Where the usual
 * digits would write it on the other side of a threshold, it has one more: `2.501 s`.
 */
export function format(measure: Budgeted, value: number | null): string {
  if (value === null) return 'no data'
  if (isShare(measure)) return formatShare(value)
  if (measure === 'pageviews') return String(Math.round(value))
  const unit = unitOf(measure)
  if (unit === 'none') return String(Number(value.toPrecision(3)))
  const [per, digits, end] =
    unit === 'score'
      ? ([1, value < 0.1 && value > 0 ? 3 : 2, ''] as const)
      : value < 1000
        ? ([1, 0, ' ms'] as const)
        : ([1000, 2, ' s'] as const)
  const usual = (value / per).toFixed(digits)
  const agrees = !isRated(measure) || rate(measure, Number(usual) * per) === rate(measure, value)
  return `${agrees ? usual : (value / per).toFixed(digits + 1)}${end}`
}
