/** Numbers as words: counts, shares, ratings and intervals, as the page writes them. */

import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { TrendsRow } from '../../schema/api/trends.ts'
import { type Budgeted, format, type Measure, type Rating, unitOf } from '../../schema/domain/metrics.ts'
import { SHIFT } from './query.ts'

export const RATING_WORDS = {
  good: 'Good',
  'needs-improvement': 'Needs improvement',
  poor: 'Poor',
} as const satisfies Record<Rating, string>

/** `12,840 page views`, `1 page view`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** `12,840`. By hand: what Intl needs to begin is a long task of a phone's first second. */
export function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Two digits of what is small: 0.061, 2.8. */
export function few(value: number): string {
  return value >= 100 ? number(value) : String(Number(value.toPrecision(2)))
}

const THOUSANDS = ['', 'K', 'M', 'B', 'T']

/** Three digits: 0.25, 500, 1.5K, 20M. */
function compact(value: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(value || 1) / 3)))
  return Number((value / 1000 ** power).toPrecision(3)) + (THOUSANDS[power] ?? '')
}

/** A round value of an axis: `0`, `500 ms`, `2.5 s`. */
export function axis(measure: Measure, value: number): string {
  if (value === 0 || unitOf(measure) !== 'ms') return compact(value)
  return value < 1000 ? `${compact(value)} ms` : `${compact(value / 1000)} s`
}

/** How far chance may have moved a count. */
export function countInterval({ low, high }: { low: number; high: number }): string {
  return `95% interval ${number(low)} to ${number(high)}`
}

/** `81%`; a share that is neither none nor all is never written as either. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1%'
  if (share > 0.99 && share < 1) return '> 99%'
  return `${Math.round(share * 100)}%`
}

/** The 95% confidence interval in words, open where the samples allow no bound. */
export function interval(metric: Budgeted, { low, high }: PercentileAnswer): string {
  const write = (value: number) => format(metric, value).replace(' ', '\xa0')
  if (low !== null && high !== null) return `95% interval ${write(low)} to ${write(high)}`
  if (low !== null) return `95% interval from ${write(low)}, no upper bound yet`
  if (high !== null) return `95% interval up to ${write(high)}, no lower bound yet`
  return 'too few samples for an interval'
}

/** A confidence below this says nothing that helps. */
const WORTH_SAYING = 0.8

const ARROWS = { improving: '↓', degrading: '↑', stable: '→', unclear: '?' } as const

/** `66% slower`; of what was 0 by how much: `0.05 higher`. */
export function movedBy(metric: Budgeted, change: TrendsRow['change']): string {
  if (!change) return ''
  const { ratio, difference } = change
  const moved = ratio
    ? `${Math.round(Math.abs(ratio.value) * 100)}%`
    : format(metric, Math.abs(difference.value))
  if (moved === '0%') return 'unchanged'
  const [down, up] = metric === 'cls' ? ['lower', 'higher'] : ['faster', 'slower']
  return `${moved} ${(ratio ?? difference).value < 0 ? down : up}`
}

/** `↓ 12% faster, 98% sure`, against what came before; `? 7% slower, unclear` where nothing is sure. */
export function verdict({ metric, change, verdict, confidence, mix }: TrendsRow): string {
  if (!change || !verdict) return 'too little data to compare'
  // Faster and slower say by themselves what they are.
  const judged = verdict === 'stable' || verdict === 'unclear' ? `, ${verdict}` : ''
  // A confidence may round to 1, and nothing is as sure as that.
  const sure = (confidence ?? 0) < WORTH_SAYING ? '' : `, ${percent(Math.min(confidence ?? 0, 0.999))} sure`
  const why = mix ? ': only the mix of devices changed' : ''
  return `${ARROWS[verdict]} ${movedBy(metric, change)}${judged}${sure}${why}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** The time of day of an ISO time. */
const CLOCK = [11, 16] as const

/** `14 Nov`, or `14 Nov 2025` where that is not this year, in the page's time zone or that of another `shift` in ms. */
export function date(time: number, shift = SHIFT): string {
  const [day, today] = [new Date(time + shift), new Date(Date.now() + shift)]
  const [year, now] = [day.getUTCFullYear(), today.getUTCFullYear()]
  return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]}${year === now ? '' : ` ${year}`}`
}

/** `09:00`. */
export function clock(time: number): string {
  return new Date(time + SHIFT).toISOString().slice(...CLOCK)
}

/** `14 Nov, 09:00`. */
export function moment(time: number | string): string {
  const at = typeof time === 'string' ? Date.parse(time) : time
  return `${date(at)}, ${clock(at)}`
}

/** `load_delay` as `load delay`. */
export function plain(name: string): string {
  return name.replace(/[_-]/g, ' ')
}

/** The part of a vital: `load delay`, `TTFB`. */
export function partName(part: string): string {
  return part === 'ttfb' ? 'TTFB' : plain(part)
}

/** A metric's short name: LCP, INP, API. */
export function short(metric: string): string {
  return metric.toUpperCase()
}
