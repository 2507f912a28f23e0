/** How numbers and times of an answer are written for a person. */

import type { PercentileAnswer } from '../schema/api/answer.ts'
import type { TrendsRow } from '../schema/api/trends.ts'
import { type Budgeted, format } from '../schema/domain/metrics.ts'

/** 12,840 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A share of 0 to 1: `5.2%`, `81%`. What is neither none nor all is never written as either. */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.05) return 'under 0.1%'
  if (value < 100 && value > 99.5) return 'over 99%'
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}%`
}

/** How sure a verdict is: never quite. */
export function sure(confidence: number): string {
  return percent(Math.min(confidence, 0.999))
}

/** The 95% confidence interval; an end that the samples do not bound is `?`. */
export function interval(metric: Budgeted, percentile: PercentileAnswer | undefined): string {
  if (!percentile) return ''
  const [low, high] = [percentile.low, percentile.high].map(end => (end === null ? '?' : format(metric, end)))
  return `${low} .. ${high}`
}

/** The same of a share: `1.2% .. 2.9%`; empty where there is none. */
export function shareInterval(share: { low: number; high: number } | null | undefined): string {
  return share ? `${percent(share.low)} .. ${percent(share.high)}` : ''
}

/** `2026-11-14 09:00` of an RFC 3339 time, in UTC. */
export function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

/** The change of a metric as a share, with its interval: `+12% (+4% .. +20%)`. */
export function change({ change: found }: Pick<TrendsRow, 'change'>): string {
  const ratio = found?.ratio
  if (!ratio) return ''
  return `${signed(ratio.value)} (${signed(ratio.low)} .. ${signed(ratio.high)})`
}

/** `+12%`, `-3.1%`. */
export function signed(share: number): string {
  const value = share * 100
  return `${value < 0 ? '-' : '+'}${Math.abs(value) < 9.95 ? Math.abs(value).toFixed(1) : Math.round(Math.abs(value))}%`
}

/** What came of a message to an address: `answered 404`, or `was not reached: ...` where nobody answered. */
export function outcomeOf(status: number | string): string {
  return /^\d+$/.test(String(status)) ? `answered ${status}` : `was not reached: ${status}`
}
