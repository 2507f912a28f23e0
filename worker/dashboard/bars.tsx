/**
 * Distributions as bars on a logarithmic axis: buckets of a histogram are put into wider bars, which have a place in pixels and
 * stand with the thresholds and percentiles. Of two distributions the bars stand beside each other as shares.
 */

import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { OtlpDataPoint } from '../../schema/api/otlp.ts'
import { format, METRICS, type Metric, rate } from '../../schema/domain/metrics.ts'
import { axis } from './format.ts'
import { clearOf, FRAME, ticks, widthOf } from './timeline.ts'

/** Buckets of a bar: at 32 in a factor of two, a bar spans a factor of 1.19. */
const MERGED = 8
const PER_DOUBLING = 32
/** Above the bars: rows of words for good, poor and percentiles, each of which has one alone. */
const ROW = 15
/** What is 0 is in a bar of its own, before all others. */
const ZERO = Number.NEGATIVE_INFINITY

/** One distribution: how much of it is in which bar. */
export interface Side {
  name: string
  /** How it is drawn. */
  kind: string
  /** What the API says the percentile is. */
  figure: PercentileAnswer | undefined
  /** How much each bar holds; bar i reaches from 1.19^i to 1.19^(i + 1) grains. */
  bars: Map<number, number>
  total: number
}

/** The bars of an exponential histogram. */
export function barsOf(point: OtlpDataPoint | undefined): Pick<Side, 'bars' | 'total'> {
  const bars = new Map<number, number>()
  if (Number(point?.zeroCount)) bars.set(ZERO, Number(point?.zeroCount))
  for (const [i, count] of (point?.positive.bucketCounts ?? []).entries()) {
    const bar = Math.floor(((point?.positive.offset ?? 0) + i) / MERGED)
    if (Number(count)) bars.set(bar, (bars.get(bar) ?? 0) + Number(count))
  }
  return { bars, total: [...bars.values()].reduce((sum, count) => sum + count, 0) }
}

/** All bars from the first that holds something to the last, of whichever side. */
export function rangeOf(sides: readonly Side[]): number[] {
  const used = sides.flatMap(({ bars }) => [...bars.keys()])
  const above = used.filter(bar => bar !== ZERO)
  const first = Math.min(...above)
  const length = above.length ? Math.max(...above) - first + 1 : 0
  return [...(above.length < used.length ? [ZERO] : []), ...Array.from({ length }, (_, i) => first + i)]
}

export function shareOf({ bars, total }: Side, bar: number): number {
  return total ? (bars.get(bar) ?? 0) / total : 0
}

/** `1.00 s to 1.19 s` */
export function nameOf(metric: Metric, bar: number): string {
  if (bar === ZERO) return '0'
  return `${format(metric, edgeOf(metric, bar))} to ${format(metric, edgeOf(metric, bar + 1))}`
}

/** The value at which a bar begins. */
function edgeOf(metric: Metric, bar: number): number {
  return 2 ** ((bar * MERGED) / PER_DOUBLING) / METRICS[metric].grains
}

/** Thresholds and percentiles, from the left. */
function linesOf(metric: Metric, sides: readonly Side[]) {
  const { good, poor } = METRICS[metric]
  const lines = [
    { value: good, text: `good ≤ ${format(metric, good)}`, kind: 'good' },
    { value: poor, text: `poor > ${format(metric, poor)}`, kind: 'poor' },
    ...sides.map(({ name, kind, figure }) => ({
      ...{ value: figure?.value, kind },
      text: `${name} ${format(metric, figure?.value ?? null)}`,
    })),
  ]
  return lines.sort((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity))
}

export interface BarScales {
  /** Where the bars begin, right of the values of the axis. */
  left: number
  /** Pixels of a bar. */
  step: number
  /** Where a value is on the axis, within its bar by the logarithm; null where it is beyond the bars. */
  x: (value: number) => number | null
  y: (share: number) => number
  /** Shares at the axis. */
  ticks: { value: number; text: string }[]
  /** Each a row lower than the one before: the words of one stand over where the next ones begin. */
  lines: { text: string; kind: string; row: number; at: number }[]
}

export function scalesOf(
  metric: Metric,
  sides: readonly Side[],
  bars: readonly number[],
  width: number,
): BarScales {
  const most = Math.max(...bars.flatMap(bar => sides.map(side => shareOf(side, bar)))) * 1.05
  const values = ticks(most).map(value => ({ value, text: `${Number((value * 100).toPrecision(3))}%` }))
  const left = 14 + Math.max(...values.map(({ text }) => widthOf(text)))
  const step = (width - left - FRAME.right) / bars.length
  const lines = linesOf(metric, sides)
  const top = lines.length * ROW + 4
  const floor = FRAME.height - FRAME.bottom
  const lead = bars[0] === ZERO ? 1 : 0
  const first = bars[lead] ?? Infinity
  const x = (value: number) => {
    const at = (Math.log2(value * METRICS[metric].grains) * PER_DOUBLING) / MERGED - first + lead
    return at < lead || at > bars.length ? null : left + at * step
  }
  return {
    ...{ left, step, x, ticks: values },
    y: share => floor - (share / most) * (floor - top),
    lines: lines.flatMap(({ value, ...line }, row) => {
      const at = value === undefined ? null : x(value)
      return at === null ? [] : [{ ...line, row, at }]
    }),
  }
}

interface BarsProps {
  metric: Metric
  sides: readonly Side[]
  bars: readonly number[]
  scales: BarScales
  width: number
  /** The bar that is pointed at; -1 where there is none. */
  cursor: number
}

export function Bars({ metric, sides, bars, scales, width, cursor }: BarsProps) {
  const { left, step, y, lines } = scales
  const floor = FRAME.height - FRAME.bottom
  return (
    <svg
      width={width}
      height={FRAME.height}
      viewBox={`0 0 ${width} ${FRAME.height}`}
      aria-hidden="true"
      class="spread"
    >
      {scales.ticks.map(({ value, text }) => (
        <g key={value}>
          <line x1={left} x2={width - FRAME.right} y1={y(value)} y2={y(value)} />
          <text class="end" x={left - 8} y={y(value) + 4}>
            {text}
          </text>
        </g>
      ))}
      {sides.map((side, n) =>
        bars.map((bar, i) => (
          <rect
            key={`${side.name} ${bar}`}
            class={side.kind || rate(metric, edgeOf(metric, bar + 1))}
            x={left + i * step + 0.5 + (n * step) / sides.length}
            width={Math.max(1, step / sides.length - 1)}
            y={y(shareOf(side, bar))}
            height={floor - y(shareOf(side, bar))}
            opacity={cursor < 0 || cursor === i ? 1 : 0.6}
          />
        )),
      )}
      {labelsOf(metric, bars, scales, width).map(({ x, text }) => (
        <text key={text} class="middle" x={x} y={FRAME.height - 6}>
          {text}
        </text>
      ))}
      {lines.map(({ at, text, kind, row }) => (
        <line key={text} class={`edge ${kind}`} x1={at} x2={at} y1={row * ROW} y2={floor} />
      ))}
      {lines.map(({ at, text, row }) => {
        const flips = at + 4 + widthOf(text) > width
        return (
          <text key={text} class={flips ? 'edge end' : 'edge'} x={at + (flips ? -4 : 4)} y={row * ROW + 12}>
            {text}
          </text>
        )
      })}
    </svg>
  )
}

/** Round values of the axis of values: 1, 2 or 5 times a power of ten. */
const ROUND = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map(n => n * 10 ** (i - 3))).flat()

function labelsOf(metric: Metric, [first]: readonly number[], { left, step, x }: BarScales, width: number) {
  const labels = ROUND.flatMap(value => {
    const at = x(value)
    return at === null ? [] : [{ x: at, text: axis(metric, value) }]
  })
  return clearOf([...(first === ZERO ? [{ x: left + step / 2, text: '0' }] : []), ...labels], width)
}
