/** Numbers as words: counts, shares, ratings and intervals, as the page writes them. */

import type { PercentileAnswer } from '../../schema/answer.ts'
import { format, type Metric, type Rating } from '../../schema/metrics.ts'

export const TITLES = {
  lcp: 'Largest Contentful Paint',
  inp: 'Interaction to Next Paint',
  cls: 'Cumulative Layout Shift',
  fcp: 'First Contentful Paint',
  ttfb: 'Time to First Byte',
  api: 'API calls',
} as const satisfies Record<Metric, string>

export const RATING_WORDS = {
  good: 'Good',
  'needs-improvement': 'Needs improvement',
  poor: 'Poor',
} as const satisfies Record<Rating, string>

const NUMBER = new Intl.NumberFormat('en')
const RATE = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 })

/** `12,840 page views`, `1 page view`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`
}

export function number(value: number): string {
  return NUMBER.format(Math.round(value))
}

export function perMinute(value: number): string {
  return value >= 100 ? number(value) : RATE.format(value)
}

/** `81 %`; a share that is neither none nor all is never written as either. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %'
  if (share > 0.99 && share < 1) return '> 99 %'
  return `${Math.round(share * 100)} %`
}

/** The 95 % confidence interval in words, open where the samples allow no bound. */
export function interval(metric: Metric, { low, high }: PercentileAnswer): string {
  if (low !== null && high !== null) return `95 % between ${format(metric, low)} and ${format(metric, high)}`
  if (low !== null) return `95 % at least ${format(metric, low)}, no upper bound yet`
  if (high !== null) return `95 % at most ${format(metric, high)}, no lower bound yet`
  return 'too few samples for an interval'
}
