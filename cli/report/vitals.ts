/**
 * Each vital now and in the period before: what changed, and the table of it.
 */

import type { SummaryRow } from '../../schema/api/summary.ts'
import type { TrendsRow } from '../../schema/api/trends.ts'
import { format, type Metric } from '../../schema/domain/metrics.ts'
import { interval, percent, sure, whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import { type Findings, isMissing } from './findings.ts'
import { CORE, IN_ORDER, nameOf, p75 } from './names.ts'

/** A vital that was measured, and its trend; null where there is too little data. */
export interface Change {
  metric: Metric
  now: SummaryRow
  trend: TrendsRow | null
}

/** In the order of the metrics. */
export function changesOf({ vitals, trends }: Findings): Change[] {
  return IN_ORDER.flatMap(metric => {
    const now = vitals.data.find(row => row.metric === metric)
    const trend = isMissing(trends) ? null : trends.data.find(row => row.metric === metric)
    return now ? { metric, now, trend: trend ?? null } : []
  })
}

/** The sentences about vitals that nobody should miss. */
export function vitalsInShort(changes: readonly Change[]): Text[] {
  const core = changes.filter(({ metric }) => CORE.some(name => name === metric))
  if (!core.length) return [['No page view was measured.']]
  const bad = core.filter(({ now }) => now.rating !== 'good')
  const moved = core.filter(({ trend }) => trend?.verdict === 'degrading' || trend?.verdict === 'improving')
  return [
    ...(bad.length ? [] : [['All Core Web Vitals that were measured are good.']]),
    ...bad.map(({ metric, now }): Text => [`${nameOf(metric)}: ${p75(now)}, `, { rating: now.rating }, '.']),
    ...moved.map(({ metric, now, trend }): Text => {
      const got = wordOf(metric, trend)
      return [
        `${nameOf(metric)} is ${got}: from ${before(metric, trend)} to ${p75(now)} (${ratio(trend)}).${mix(trend)}`,
      ]
    }),
  ]
}

export function vitalsSection(changes: readonly Change[]): Block[] {
  if (!changes.length) return []
  return [
    { kind: 'heading', words: 'Vitals' },
    {
      kind: 'table',
      caption: 'Each vital at the 75th percentile: three of four page views were at least as good.',
      left: 1,
      head: ['vital', 'p75', 'rating', '95% interval', 'before', 'change', 'trend', 'good', 'page views'],
      rows: changes.map(({ metric, now, trend }) => [
        [nameOf(metric)],
        [p75(now)],
        [{ rating: now.rating }],
        [interval(metric, now.percentiles.p75)],
        [before(metric, trend)],
        [ratio(trend)],
        [verdict(trend)],
        [now.shares ? percent(now.shares.good) : ''],
        [whole(now.count)],
      ]),
    },
  ]
}

function before(metric: Metric, trend: TrendsRow | null): string {
  return format(metric, trend?.before?.value ?? null)
}

/** `+12%`, `-3%`. */
function ratio(trend: TrendsRow | null): string {
  const share = trend?.change?.ratio?.value
  if (share === undefined) return ''
  const rounded = Math.round(share * 100)
  return `${rounded > 0 ? '+' : ''}${rounded}%`
}

/** Slower or faster; a score is higher or lower. */
function wordOf(metric: Metric, trend: TrendsRow | null): string {
  const isWorse = trend?.verdict === 'degrading'
  if (metric === 'cls') return isWorse ? 'higher' : 'lower'
  return isWorse ? 'slower' : 'faster'
}

/** The devices whose shares moved it, where none of them changed itself. */
function mix(trend: TrendsRow | null): string {
  if (!trend?.mix) return ''
  const moved = trend.mix.shares.map(
    ({ value, before, after }) => `${value ?? 'unknown'} ${percent(before)} before, ${percent(after)} now`,
  )
  return ` Only the mix of devices changed: ${moved.join('; ')}.`
}

/** `degrading (97% sure)`; nothing is quite sure, and of what is unclear there is nothing to be sure of. */
function verdict(trend: TrendsRow | null): string {
  if (!trend?.verdict) return 'too little data'
  const { confidence } = trend
  if (confidence === null || trend.verdict === 'unclear') return trend.verdict
  return `${trend.verdict} (${sure(confidence)} sure)`
}
