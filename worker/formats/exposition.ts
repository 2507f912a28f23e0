/**
 * The text format of Prometheus: distributions as histograms and counters, in seconds and scores.
 *
 * Every `le` is the end of one of our buckets, or a threshold, so that each count is exact. Values are whole grains:
 * those up to 181.02 ms are those up to 181 ms.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */

import type { GroupKey } from '../../schema/api/query.ts'
import { PER_DOUBLING } from '../../schema/domain/histogram.ts'
import { METRICS, type Metric, thresholds, VITALS } from '../../schema/domain/metrics.ts'
import type { Grains } from '../../schema/domain/units.ts'
import { FAILURES } from '../../schema/wire/pageview.ts'
import type { Distribution } from '../query/distribution.ts'
import type { Group } from '../query/groups.ts'

/** What is written of a site. */
export interface Counts {
  /** Unix time in seconds. */
  since: number
  until: number
  views: readonly Group[]
  routes: readonly Group[]
  calls: readonly Group[]
  endpoints: readonly Group[]
}

/** Buckets from one `le` to the next: two in a doubling. */
const STEP = PER_DOUBLING / 2
/** Grains of a base unit: ms of a second, thousandths of a score. */
const GRAINS = 1_000

type Labels = Readonly<Record<string, string>>

/** One upper bound: its label, and how many values do not exceed it. */
interface Bound {
  le: string
  count: (distribution: Distribution) => number
}

export function exposition(site: string, counts: Counts): string {
  const all = { site }
  const by = (key: GroupKey) => (group: Group) => ({ site, [key]: group.values[key] ?? '' })
  const vitals = VITALS.flatMap(metric => [
    ...histogram(
      `fieldline_${nameOf(metric)}`,
      `${metric.toUpperCase()} of page views.`,
      metric,
      counts.views,
      () => all,
    ),
    ...histogram(
      `fieldline_route_${nameOf(metric)}`,
      `${metric.toUpperCase()} of page views, by route.`,
      metric,
      counts.routes,
      by('route'),
    ),
  ])
  return [
    ...family('fieldline_counted_since_timestamp_seconds', 'gauge', 'Since when all others count.', [
      sample('fieldline_counted_since_timestamp_seconds', all, counts.since),
    ]),
    ...family('fieldline_counted_until_timestamp_seconds', 'gauge', 'Until when all others count.', [
      sample('fieldline_counted_until_timestamp_seconds', all, counts.until),
    ]),
    ...pageViews('fieldline_page_views_total', 'Page views.', counts.views, () => all),
    ...pageViews('fieldline_route_page_views_total', 'Page views, by route.', counts.routes, by('route')),
    ...pageErrors('fieldline_', '', counts.views, () => all),
    ...pageErrors('fieldline_route_', ', by route', counts.routes, by('route')),
    ...vitals,
    ...histogram('fieldline_api_seconds', 'Duration of API calls.', 'api', counts.calls, () => all),
    ...histogram(
      'fieldline_endpoint_api_seconds',
      'Duration of API calls, by endpoint.',
      'api',
      counts.endpoints,
      by('endpoint'),
    ),
    ...errors('fieldline_api_errors_total', 'API calls that failed.', counts.calls, () => all),
    ...errors(
      'fieldline_endpoint_api_errors_total',
      'API calls that failed, by endpoint.',
      counts.endpoints,
      by('endpoint'),
    ),
    '',
  ].join('\n')
}

/** A histogram without `_sum`: no sum is kept, since nobody should ask for an average. */
function histogram(
  name: string,
  help: string,
  metric: Metric,
  groups: readonly Group[],
  labelsOf: (group: Group) => Labels,
): string[] {
  const bounds = boundsOf(metric)
  return family(
    name,
    'histogram',
    help,
    groups
      .filter(group => group.metric === metric)
      .flatMap(group => {
        const labels = labelsOf(group)
        const { distribution } = group
        return [
          ...bounds.map(({ le, count }) => sample(`${name}_bucket`, { ...labels, le }, count(distribution))),
          sample(`${name}_bucket`, { ...labels, le: '+Inf' }, distribution.n),
          sample(`${name}_count`, labels, distribution.n),
        ]
      }),
  )
}

function pageViews(
  name: string,
  help: string,
  groups: readonly Group[],
  labelsOf: (group: Group) => Labels,
): string[] {
  return family(
    name,
    'counter',
    help,
    groups
      .filter(({ metric }) => metric === 'pageviews')
      .map(group => sample(name, labelsOf(group), group.distribution.n)),
  )
}

/** Page views that had an uncaught error, and those that would have told: the script may not look for errors. */
function pageErrors(
  prefix: string,
  suffix: string,
  groups: readonly Group[],
  labelsOf: (group: Group) => Labels,
): string[] {
  const found = groups.filter(({ metric }) => metric === 'errors')
  const counter = (name: string, help: string, count: (distribution: Distribution) => number) =>
    family(
      `${prefix}${name}`,
      'counter',
      `${help}${suffix}.`,
      found.map(group => sample(`${prefix}${name}`, labelsOf(group), count(group.distribution))),
    )
  return [
    ...counter('page_views_with_error_total', 'Page views with an uncaught error', ({ n, good }) => n - good),
    ...counter('page_views_checked_total', 'Page views whose script looks for uncaught errors', ({ n }) => n),
  ]
}

function errors(
  name: string,
  help: string,
  groups: readonly Group[],
  labelsOf: (group: Group) => Labels,
): string[] {
  return family(
    name,
    'counter',
    help,
    groups.flatMap(group =>
      FAILURES.map(kind => sample(name, { ...labelsOf(group), kind }, group.distribution[kind])),
    ),
  )
}

/** The bounds from an eighth of the good threshold to four times the poor one; none very near to a threshold. */
function boundsOf(metric: Metric): Bound[] {
  const { good, poor } = thresholds(metric)
  const isNear = (grains: Grains) => [good, poor].some(limit => Math.abs(Math.log2(grains / limit)) < 0.25)
  const first = Math.ceil((Math.log2(good / 8) * PER_DOUBLING) / STEP) * STEP
  const last = Math.log2(poor * 4) * PER_DOUBLING
  const bounds = [
    { grains: good, count: (d: Distribution) => d.good },
    { grains: poor, count: (d: Distribution) => d.n - d.poor },
  ]
  for (let bucket = first; bucket <= last; bucket += STEP) {
    const grains = Math.floor(2 ** (bucket / PER_DOUBLING))
    if (!isNear(grains)) bounds.push({ grains, count: d => upTo(d, bucket) })
  }
  return bounds
    .sort((a, b) => a.grains - b.grains)
    .map(({ grains, count }) => ({ le: String(grains / GRAINS), count }))
}

function upTo({ h }: Distribution, bucket: number): number {
  return Object.entries(h).reduce((sum, [index, n]) => (Number(index) <= bucket ? sum + n : sum), 0)
}

/** `lcp_seconds`, `cls_score`. */
function nameOf(metric: Metric): string {
  return `${metric}_${METRICS[metric].unit === 'ms' ? 'seconds' : 'score'}`
}

/** Nothing where there is no sample. */
function family(name: string, type: string, help: string, samples: string[]): string[] {
  return samples.length ? [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples] : []
}

function sample(name: string, labels: Labels, value: number): string {
  const list = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}{${list.join(',')}} ${value}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
