/**
 * How a metric is spread: the exponential histogram of the whole range goes in, as OpenTelemetry's export answers it,
 * bars on a logarithmic axis come out, with the thresholds.
 */

import type { ComponentChildren } from 'preact'
import { format, METRICS, type Metric, rate } from '../../schema/metrics.ts'
import type { OtlpAnswer, OtlpDataPoint } from '../../schema/otlp.ts'
import { useAnswer } from './answer.ts'
import { Section, Table } from './section.tsx'
import { number, percent, plain } from './words.ts'

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
    <Section title={`${title}, how it is spread`} answer={answer} path={path} tools={tools} className="chart">
      {total === 0 ? (
        <p class="soft">no data</p>
      ) : (
        <>
          <Bars bars={bars} metric={metric} total={total} />
          <p class="readout">
            {number(total)} in {bars.length} bars, each {Math.round((2 ** (MERGED / PER_DOUBLING) - 1) * 100)}{' '}
            % wider than the one before.
          </p>
          <details>
            <summary>The same as a table</summary>
            <Table label={`${title}, how it is spread`} columns={['More than', 'Up to', 'Count', 'Share']}>
              {bars.map(({ from, to, count }) => (
                <tr key={to}>
                  <th scope="row">{format(metric, from)}</th>
                  <td>{format(metric, to)}</td>
                  <td>{number(count)}</td>
                  <td>{percent(count / total)}</td>
                </tr>
              ))}
            </Table>
          </details>
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

function Bars({ bars, metric, total }: { bars: Bar[]; metric: Metric; total: number }) {
  const { width, height, bottom, top } = VIEW
  const { good, poor } = METRICS[metric]
  const step = width / bars.length
  const most = Math.max(...bars.map(({ count }) => count))
  const tall = (count: number) => (count / most) * (height - bottom - top)
  /** Where a value is on the axis: within its bar by the logarithm. */
  const x = (value: number) => {
    const i = bars.findIndex(({ to }) => value <= to)
    const bar = bars[i]
    if (!bar) return null
    return (
      (i + (bar.from > 0 ? Math.max(0, Math.log(value / bar.from) / Math.log(bar.to / bar.from)) : 0)) * step
    )
  }
  const every = Math.ceil(bars.length / 10)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll spread" aria-label="Histogram" tabIndex={0}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${number(total)} values, most of them up to ${format(metric, bars.find(bar => bar.count === most)?.to ?? null)}`}
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
        {[good, poor].map((value, i) => {
          const at = x(value)
          const name = i ? 'poor' : 'good'
          return at === null ? null : (
            <g key={value} class="limit">
              <line x1={at} x2={at} y1="0" y2={height - bottom} />
              <text x={at + 5} y="12">
                {i ? `${plain(name)} > ` : `${name} ≤ `}
                {format(metric, value)}
              </text>
            </g>
          )
        })}
      </svg>
    </section>
  )
}
