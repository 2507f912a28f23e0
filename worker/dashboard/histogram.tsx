/**
 * The distribution of a metric: the exponential histogram of the whole range goes in, as OpenTelemetry's export answers it,
 * bars on a logarithmic axis come out, with the thresholds and the percentile. Two of them stand beside each other as shares.
 */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { OtlpAnswer, OtlpDataPoint } from '../../schema/api/otlp.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { format, METRICS, type Metric, rate } from '../../schema/domain/metrics.ts'
import { axis, number, percent } from './format.ts'
import { usePlace } from './link.tsx'
import { Plot } from './plot.tsx'
import { baseOf, pathOf } from './query.ts'
import { Section, Table } from './section.tsx'
import { clearOf, FRAME, ticks, widthOf } from './timeline.ts'
import { useAnswer } from './use-api.ts'

/** Buckets of a bar: at 32 in a factor of two, a bar spans a factor of 1.19. */
const MERGED = 8
const PER_DOUBLING = 32
/** Above the bars: rows of words for good, poor and percentiles, each of which has one alone. */
const ROW = 15

/** One distribution: how much of it is in which bar. */
export interface Spread {
  name: string
  /** How it is drawn. */
  kind: string
  point: OtlpDataPoint | undefined
  /** What the API says the percentile is. */
  figure: PercentileAnswer | undefined
}

interface HistogramProps {
  metric: Metric
  extra: Record<string, string>
  title: string
  tools: ComponentChildren
}

export function Histogram({ metric, extra, title, tools }: HistogramProps) {
  const [place] = usePlace()
  const base = { ...baseOf(place), ...extra, metrics: metric }
  const path = pathOf('export', { ...base, format: 'otlp' })
  const answer = useAnswer<OtlpAnswer>(path)
  const summary = useAnswer<SummaryAnswer>(pathOf('summary', { ...base, percentiles: place.p }))
  const spread = {
    ...{ name: `p${place.p}`, kind: '', point: pointOf(answer.data) },
    figure: summary.data?.data[0]?.percentiles[`p${place.p}`],
  }
  return (
    <Section title={`${title} distribution`} answer={answer} path={path} tools={tools} className="chart">
      <Bars metric={metric} spreads={[spread]} />
    </Section>
  )
}

export function pointOf(answer: OtlpAnswer | null): OtlpDataPoint | undefined {
  return answer?.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.exponentialHistogram.dataPoints[0]
}

/** What is 0 is in a bar of its own, before all others. */
const ZERO = Number.NEGATIVE_INFINITY

/** How much each bar holds; bar i reaches from 1.19^i to 1.19^(i + 1) grains. */
export function barsOf(point: OtlpDataPoint | undefined): Map<number, number> {
  const bars = new Map<number, number>()
  if (Number(point?.zeroCount)) bars.set(ZERO, Number(point?.zeroCount))
  for (const [i, count] of (point?.positive.bucketCounts ?? []).entries()) {
    const bar = Math.floor(((point?.positive.offset ?? 0) + i) / MERGED)
    if (Number(count)) bars.set(bar, (bars.get(bar) ?? 0) + Number(count))
  }
  return bars
}

export function Bars({ metric, spreads }: { metric: Metric; spreads: readonly Spread[] }) {
  const [width, setWidth] = useState(0)
  const sides = spreads.map(spread => {
    const bars = barsOf(spread.point)
    return { ...spread, bars, total: [...bars.values()].reduce((sum, count) => sum + count, 0) }
  })
  const used = sides.flatMap(({ bars }) => [...bars.keys()])
  if (!used.length) return <p class="soft">no data</p>

  const edge = (bar: number) => 2 ** ((bar * MERGED) / PER_DOUBLING) / METRICS[metric].grains
  const above = used.filter(bar => bar !== ZERO)
  const first = Math.min(...above)
  const bars = [
    ...(above.length < used.length ? [ZERO] : []),
    ...Array.from({ length: above.length ? Math.max(...above) - first + 1 : 0 }, (_, i) => first + i),
  ]
  const lead = bars[0] === ZERO ? 1 : 0
  const shareOf = ({ bars, total }: (typeof sides)[number], bar: number) =>
    total ? (bars.get(bar) ?? 0) / total : 0
  const most = Math.max(...bars.flatMap(bar => sides.map(side => shareOf(side, bar)))) * 1.05
  const values = ticks(most)
  const percents = values.map(value => `${Number((value * 100).toPrecision(3))}%`)
  const left = 14 + Math.max(...percents.map(widthOf))
  const { good, poor } = METRICS[metric]
  const lines = [
    { value: good, text: `good ≤ ${format(metric, good)}`, kind: 'good' },
    { value: poor, text: `poor > ${format(metric, poor)}`, kind: 'poor' },
    ...sides.map(({ name, kind, figure }) => ({
      ...{ value: figure?.value, kind },
      text: `${name} ${format(metric, figure?.value ?? null)}`,
    })),
  ]
  // From the left, each a row lower: the words of one stand over where the next ones begin.
  lines.sort((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity))
  const top = lines.length * ROW + 4
  const floor = FRAME.height - FRAME.bottom
  const step = (width - left - FRAME.right) / bars.length
  const y = (share: number) => floor - (share / most) * (floor - top)
  /** Where a value is on the axis: within its bar by the logarithm. */
  const x = (value: number) => {
    const at = (Math.log2(value * METRICS[metric].grains) * PER_DOUBLING) / MERGED - first + lead
    return at < lead || at > bars.length ? null : left + at * step
  }
  const marks = lines.flatMap(({ value, ...line }, row) => {
    const at = value === undefined ? null : x(value)
    return at === null ? [] : [{ ...line, row, at }]
  })
  const nameOf = (bar: number) =>
    bar === ZERO ? '0' : `${format(metric, edge(bar))} to ${format(metric, edge(bar + 1))}`
  const noun = metric === 'api' ? 'calls' : 'page views'
  const heldBy = (side: (typeof sides)[number], bar: number) =>
    `${number(side.bars.get(bar) ?? 0)} ${noun}, ${percent(shareOf(side, bar))}`
  const said = (i: number) => {
    const bar = bars[i] ?? 0
    return `${nameOf(bar)}: ${sides.map(side => heldBy(side, bar)).join('; ')}`
  }
  const round = [1, 2, 5].flatMap(n => Array.from({ length: 10 }, (_, i) => n * 10 ** (i - 3)))
  const label = 'Distribution'
  return (
    <>
      <Plot
        label={label}
        keys={bars}
        width={width}
        onWidth={setWidth}
        left={left}
        said={said}
        tip={i => <p>{said(i)}</p>}
        draw={cursor => (
          <svg width={width} height={FRAME.height} aria-hidden="true" class="spread">
            {values.map((value, i) => (
              <g key={value}>
                <line x1={left} x2={width - FRAME.right} y1={y(value)} y2={y(value)} />
                <text class="end" x={left - 8} y={y(value) + 4}>
                  {percents[i]}
                </text>
              </g>
            ))}
            {sides.map((side, n) =>
              bars.map((bar, i) => (
                <rect
                  key={`${side.name} ${bar}`}
                  class={side.kind || rate(metric, edge(bar + 1))}
                  x={left + i * step + 0.5 + (n * step) / sides.length}
                  width={Math.max(1, step / sides.length - 1)}
                  y={y(shareOf(side, bar))}
                  height={floor - y(shareOf(side, bar))}
                  opacity={cursor < 0 || cursor === i ? 1 : 0.6}
                />
              )),
            )}
            {clearOf(
              [
                ...(lead ? [{ x: left + step / 2, text: '0' }] : []),
                ...round
                  .toSorted((a, b) => a - b)
                  .flatMap(value => {
                    const at = x(value)
                    return at === null ? [] : [{ x: at, text: axis(metric, value) }]
                  }),
              ],
              width,
            ).map(({ x, text }) => (
              <text key={text} class="middle" x={x} y={FRAME.height - 6}>
                {text}
              </text>
            ))}
            {marks.map(({ at, text, kind, row }) => (
              <line key={text} class={`edge ${kind}`} x1={at} x2={at} y1={row * ROW} y2={floor} />
            ))}
            {marks.map(({ at, text, row }) => {
              const flips = at + 4 + widthOf(text) > width
              return (
                <text
                  key={text}
                  class={flips ? 'edge end' : 'edge'}
                  x={at + (flips ? -4 : 4)}
                  y={row * ROW + 12}
                >
                  {text}
                </text>
              )
            })}
          </svg>
        )}
      />
      <p class="soft readout">
        {sides.map(({ total }) => number(total)).join(' and ')} {noun} in {bars.length} bars. Each bar is 19%
        wider than the one before.
      </p>
      <details>
        <summary>Show as a table</summary>
        <Table label={label} columns={['Value', ...sides.map(({ name }) => name)]}>
          {bars.map(bar => (
            <tr key={bar}>
              <th scope="row">{nameOf(bar)}</th>
              {sides.map(side => (
                <td key={side.name}>{heldBy(side, bar)}</td>
              ))}
            </tr>
          ))}
        </Table>
      </details>
    </>
  )
}
