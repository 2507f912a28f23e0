/**
 * The text format of Prometheus: distributions as histograms and counters, in seconds and scores.
 *
 * Every `le` is the end of one of our buckets, or a threshold, so that each count is exact. Values are whole grains:
 * those up to 181.02 ms are those up to 181 ms.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */

import type { GroupKey } from '../../schema/api/filters.ts'
import { PER_DOUBLING } from '../../schema/domain/buckets.ts'
import { METRICS, type Metric, thresholds, VITALS } from '../../schema/domain/metrics.ts'
import { isTagKey, tagOf } from '../../schema/domain/tag.ts'
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
  calls: readonly Group[]
  endpoints: readonly Group[]
  /** Page views told apart: by route, and by what else was asked for. */
  breakdowns: readonly Breakdown[]
}

interface Breakdown {
  key: GroupKey
  groups: readonly Group[]
}

/** Buckets from one `le` to the next: two in a doubling. */
const STEP = PER_DOUBLING / 2
/** Grains of a base unit: ms of a second, thousandths of a score. */
const GRAINS = 1_000

type Labels = Readonly<Record<string, string>>

/** A group with the labels of its series. */
interface Labelled {
  labels: Labels
  group: Group
}

/** One upper bound: its label, and how many values do not exceed it. */
interface Bound {
  le: string
  count: (distribution: Distribution) => number
}

export function exposition(site: string, counts: Counts): string {
  const all = { site }
  const of = (groups: readonly Group[]) => groups.map(group => ({ labels: all, group }))
  const views = of(counts.views)
  const calls = of(counts.calls)
  const endpoints = counts.endpoints.map(group => ({
    labels: { site, endpoint: group.values.endpoint ?? '' },
    group,
  }))
  const families = familiesOf(site, counts.breakdowns)
  return [
    ...family('fieldline_counted_since_timestamp_seconds', 'gauge', 'Since when all others count.', [
      sample('fieldline_counted_since_timestamp_seconds', all, counts.since),
    ]),
    ...family('fieldline_counted_until_timestamp_seconds', 'gauge', 'Until when all others count.', [
      sample('fieldline_counted_until_timestamp_seconds', all, counts.until),
    ]),
    ...pageViews('fieldline_', '', views),
    ...[...families].flatMap(([name, groups]) => pageViews(`fieldline_${name}_`, `, by ${name}`, groups)),
    ...histogram('fieldline_api_seconds', 'Duration of API calls.', 'api', calls),
    ...histogram('fieldline_endpoint_api_seconds', 'Duration of API calls, by endpoint.', 'api', endpoints),
    ...errors('fieldline_api_errors_total', 'API calls that failed.', calls),
    ...errors('fieldline_endpoint_api_errors_total', 'API calls that failed, by endpoint.', endpoints),
    '',
  ].join('\n')
}

/** The groups of each family of series: all tags are one family, whose names are values of a label. */
function familiesOf(site: string, breakdowns: readonly Breakdown[]): Map<string, Labelled[]> {
  const families = new Map<string, Labelled[]>()
  for (const { key, groups } of breakdowns) {
    const name = isTagKey(key) ? 'tag' : key
    const labelled = groups.map(group => {
      const value = group.values[key] ?? ''
      return { labels: isTagKey(key) ? { site, tag: tagOf(key), value } : { site, [key]: value }, group }
    })
    families.set(name, [...(families.get(name) ?? []), ...labelled])
  }
  return families
}

/** Page views, those with an error, and a histogram of each vital. */
function pageViews(prefix: string, suffix: string, groups: readonly Labelled[]): string[] {
  const viewed = groups.filter(({ group }) => group.metric === 'pageviews')
  return [
    ...family(
      `${prefix}page_views_total`,
      'counter',
      `Page views${suffix}.`,
      viewed.map(({ labels, group }) => sample(`${prefix}page_views_total`, labels, group.distribution.n)),
    ),
    ...pageErrors(prefix, suffix, groups),
    ...VITALS.flatMap(metric =>
      histogram(
        `${prefix}${nameOf(metric)}`,
        `${metric.toUpperCase()} of page views${suffix}.`,
        metric,
        groups,
      ),
    ),
  ]
}

/** A histogram without `_sum`: no sum is kept, since nobody should ask for an average. */
function histogram(name: string, help: string, metric: Metric, groups: readonly Labelled[]): string[] {
  const bounds = boundsOf(metric)
  return family(
    name,
    'histogram',
    help,
    groups
      .filter(({ group }) => group.metric === metric)
      .flatMap(({ labels, group: { distribution } }) => [
        ...bounds.map(({ le, count }) => sample(`${name}_bucket`, { ...labels, le }, count(distribution))),
        sample(`${name}_bucket`, { ...labels, le: '+Inf' }, distribution.n),
        sample(`${name}_count`, labels, distribution.n),
      ]),
  )
}

/** Page views that had an uncaught error, and those that would have told: the script may not look for errors. */
function pageErrors(prefix: string, suffix: string, groups: readonly Labelled[]): string[] {
  const found = groups.filter(({ group }) => group.metric === 'errors')
  const counter = (name: string, help: string, count: (distribution: Distribution) => number) =>
    family(
      `${prefix}${name}`,
      'counter',
      `${help}${suffix}.`,
      found.map(({ labels, group }) => sample(`${prefix}${name}`, labels, count(group.distribution))),
    )
  return [
    ...counter('page_views_with_error_total', 'Page views with an uncaught error', ({ n, good }) => n - good),
    ...counter('page_views_checked_total', 'Page views whose script looks for uncaught errors', ({ n }) => n),
  ]
}

function errors(name: string, help: string, groups: readonly Labelled[]): string[] {
  return family(
    name,
    'counter',
    help,
    groups.flatMap(({ labels, group }) =>
      FAILURES.map(kind => sample(name, { ...labels, kind }, group.distribution[kind])),
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
  return h.weights.reduce((sum, n, i) => ((h.at[i] ?? 0) <= bucket ? sum + n : sum), 0)
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
