/**
 * The distribution of a metric: the exponential histogram of the whole range goes in, as OpenTelemetry's export answers it,
 * bars on a logarithmic axis come out, with the thresholds.
 */

import type { ComponentChildren } from 'preact'
import type { OtlpAnswer, OtlpDataPoint } from '../../schema/api/otlp.ts'
import { format, METRICS, type Metric, rate } from '../../schema/domain/metrics.ts'
import { number } from './format.ts'
import { Section } from './section.tsx'
import { useAnswer } from './use-api.ts'

/** Buckets of a bar: at 32 in a factor of two, a bar spans a factor of 1.19. */
const MERGED = 8
const PER_DOUBLING = 32
const VIEW = { width: 1_000, height: 260, bottom: 26, top: 20 } as const

interface Bar {
  /** In the metric's unit; up to and with `to`. */
  from: number
  to: number
  count: number
}

interface HistogramProps {
  metric: Metric
  path: string
  title: string
  tools: ComponentChildren
}

export function Histogram({ metric, path, title, tools }: HistogramProps) {
  const answer = useAnswer<OtlpAnswer>(path)
  const found = answer.data?.resourceMetrics[0]?.scopeMetrics[0]?.metrics.find(({ name }) =>
    name.startsWith(`fieldline.${metric}`),
  )
  const bars = barsOf(found?.exponentialHistogram.dataPoints[0], METRICS[metric].grains)
  const total = bars.reduce((sum, { count }) => sum + count, 0)
  return (
    <Section title={`${title} distribution`} answer={answer} path={path} tools={tools} className="chart">
      {total === 0 ? (
        <p class="soft">no data</p>
      ) : (
        <>
          <Bars bars={bars} metric={metric} />
          <p class="soft">
            {number(total)} in {bars.length} bars. Each bar is 19% wider than the one before.
          </p>
        </>
      )}
    </Section>
  )
}

/** Bars from the first to the last one that holds anything; what is 0 is in a bar of its own. */
export function barsOf(point: OtlpDataPoint | undefined, grains: number): Bar[] {
  if (!point) return []
  const bars = new Map<number, number>()
  for (const [i, count] of point.positive.bucketCounts.entries()) {
    const bar = Math.floor((point.positive.offset + i) / MERGED)
    bars.set(bar, (bars.get(bar) ?? 0) + Number(count))
  }
  const used = [...bars].filter(([, count]) => count > 0).map(([bar]) => bar)
  const zero = Number(point.zeroCount)
  const edge = (bar: number) => 2 ** ((bar * MERGED) / PER_DOUBLING) / grains
  const first = Math.min(...used)
  return [
    ...(zero ? [{ from: 0, to: 0, count: zero }] : []),
    ...Array.from({ length: used.length ? Math.max(...used) - first + 1 : 0 }, (_, i) => ({
      from: edge(first + i),
      to: edge(first + i + 1),
      count: bars.get(first + i) ?? 0,
    })),
  ]
}

function Bars({ bars, metric }: { bars: Bar[]; metric: Metric }) {
  const { width, height, bottom, top } = VIEW
  const { good, poor } = METRICS[metric]
  const step = width / bars.length
  const most = Math.max(...bars.map(({ count }) => count))
  const tall = (count: number) => (count / most) * (height - bottom - top)
  /** Where a value is on the axis: within its bar by the logarithm. */
  const x = (value: number) => {
    const i = bars.findIndex(({ from, to }) => from > 0 && value > from && value <= to)
    const { from = 1, to = 1 } = bars[i] ?? {}
    return i < 0 ? null : (i + Math.log(value / from) / Math.log(to / from)) * step
  }
  const every = Math.ceil(bars.length / 10)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll spread" aria-label="Histogram" tabIndex={0}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={bars.map(({ to, count }) => `${number(count)} up to ${format(metric, to)}`).join(', ')}
      >
        {bars.map(({ to, count }, i) => (
          <rect
            key={to}
            class={rate(metric, to)}
            x={i * step + 1}
            width={Math.max(1, step - 2)}
            y={height - bottom - tall(count)}
            height={tall(count)}
          />
        ))}
        {bars.map(
          ({ to }, i) =>
            i % every === 0 && (
              <text key={to} class="end" x={(i + 1) * step} y={height - 6}>
                {format(metric, to)}
              </text>
            ),
        )}
        {[`good ≤ ${format(metric, good)}`, `poor > ${format(metric, poor)}`].map((text, i) => {
          const at = x(i ? poor : good)
          return at === null ? null : (
            <g key={text} class="limit">
              <line x1={at} x2={at} y1="0" y2={height - bottom} />
              <text x={at + 5} y="12">
                {text}
              </text>
            </g>
          )
        })}
      </svg>
    </section>
  )
}
