/**
 * Each vital now and in the period before: findings go in, what changed comes out, and the table of it.
 */

import type { PercentileAnswer } from '../../schema/answer.ts'
import { format, type Metric } from '../../schema/metrics.ts'
import type { SummaryRow } from '../../schema/summary.ts'
import { interval, percent, whole } from '../words.ts'
import type { Block, Text } from './document.ts'
import type { Findings } from './findings.ts'
import { CORE, IN_ORDER, NAMES, p75 } from './names.ts'

export interface Change {
  metric: Metric
  now: SummaryRow
  /** p75 of the period before; null where there was no data. */
  before: PercentileAnswer | null
  /** 0.12 for 12 % more than before. */
  ratio: number | null
  /** null where nothing can be said. */
  verdict: 'improving' | 'degrading' | 'stable' | null
}

/** In the order of the metrics. */
export function changesOf({ vitals, before }: Findings): Change[] {
  return IN_ORDER.flatMap(metric => {
    const now = vitals.data.find(row => row.metric === metric)
    const then = before.data.find(row => row.metric === metric)?.percentiles.p75 ?? null
    if (!now?.percentiles.p75) return []
    const { value } = now.percentiles.p75
    const ratio = then && then.value > 0 ? value / then.value - 1 : null
    return { metric, now, before: then, ratio, verdict: then && judge(now.percentiles.p75, then) }
  })
}

/** The sentences about vitals that nobody should miss. */
export function vitalsInShort(changes: readonly Change[]): Text[] {
  const core = changes.filter(({ metric }) => CORE.some(name => name === metric))
  if (!core.length) return [['No page view was measured.']]
  const bad = core.filter(({ now }) => now.rating !== 'good')
  const moved = core.filter(({ verdict }) => verdict === 'degrading' || verdict === 'improving')
  return [
    ...(bad.length ? [] : [['All Core Web Vitals that were measured are good.']]),
    ...bad.map(({ metric, now }): Text => [`${NAMES[metric]} is `, { rating: now.rating }, `: ${p75(now)}.`]),
    ...moved.map(({ metric, now, before, verdict, ratio }): Text => {
      const got = verdict === 'degrading' ? 'worse' : 'better'
      const was = format(metric, before?.value ?? null)
      return [`${NAMES[metric]} got ${got}: from ${was} to ${p75(now)} (${signed(ratio)}).`]
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
      head: ['vital', 'p75', 'rating', '95 % interval', 'before', 'change', 'trend', 'good', 'page views'],
      rows: changes.map(({ metric, now, before, ratio, verdict }) => [
        [NAMES[metric]],
        [p75(now)],
        [{ rating: now.rating }],
        [interval(metric, now.percentiles.p75)],
        [format(metric, before?.value ?? null)],
        [signed(ratio)],
        [verdict ?? 'unknown'],
        [now.shares ? percent(now.shares.good) : ''],
        [whole(now.count)],
      ]),
    },
  ]
}

/** A change is one where the intervals do not meet. */
function judge(now: PercentileAnswer, before: PercentileAnswer): Change['verdict'] {
  const isAbove = (a: PercentileAnswer, b: PercentileAnswer) =>
    a.low !== null && b.high !== null && a.low > b.high
  return isAbove(now, before) ? 'degrading' : isAbove(before, now) ? 'improving' : 'stable'
}

/** `+12 %`, `-3 %`. */
function signed(ratio: number | null): string {
  if (ratio === null) return ''
  const rounded = Math.round(ratio * 100)
  return `${rounded > 0 ? '+' : ''}${rounded} %`
}
