/** The distribution of a metric over the whole range, which OpenTelemetry's export answers: its bars, what each holds in words, and a table. */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { OtlpAnswer, OtlpDataPoint } from '../../schema/api/otlp.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { Metric } from '../../schema/domain/metrics.ts'
import { Bars, barsOf, nameOf, rangeOf, type Side, scalesOf, shareOf } from './bars.tsx'
import { count, number, percent } from './format.ts'
import { usePlace } from './link.tsx'
import { Plot } from './plot.tsx'
import { baseOf, pathOf } from './query.ts'
import { Sampled, Section, Table } from './section.tsx'
import { useAnswer } from './use-api.ts'

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
      <Spreads metric={metric} spreads={[spread]} />
      <Sampled of={summary.data} />
    </Section>
  )
}

export function pointOf(answer: OtlpAnswer | null): OtlpDataPoint | undefined {
  return answer?.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.exponentialHistogram.dataPoints[0]
}

/** One distribution: its histogram, and what the API says its percentile is. */
interface Spread extends Pick<Side, 'name' | 'kind'> {
  point: OtlpDataPoint | undefined
  figure: PercentileAnswer | undefined
}

/** One distribution, or two beside each other. */
export function Spreads({ metric, spreads }: { metric: Metric; spreads: readonly Spread[] }) {
  const [width, setWidth] = useState(0)
  const sides = spreads.map(({ point, ...spread }): Side => ({ ...spread, ...barsOf(point) }))
  const bars = rangeOf(sides)
  if (!bars.length) return <p class="soft">no data</p>

  const scales = scalesOf(metric, sides, bars, width)
  const noun = metric === 'api' ? 'call' : 'page view'
  const heldBy = (side: Side, bar: number) =>
    `${count(side.bars.get(bar) ?? 0, noun)}, ${percent(shareOf(side, bar))}`
  const said = (i: number) => {
    const bar = bars[i] ?? 0
    return `${nameOf(metric, bar)}: ${sides.map(side => heldBy(side, bar)).join('; ')}`
  }
  const label = 'Distribution'
  return (
    <>
      <Plot
        label={label}
        keys={bars}
        width={width}
        onWidth={setWidth}
        left={scales.left}
        said={said}
        tip={i => <p>{said(i)}</p>}
        draw={cursor => <Bars {...{ metric, sides, bars, scales, width, cursor }} />}
      />
      <p class="soft readout">
        {sides.map(({ total }) => number(total)).join(' and ')} {noun}s in {bars.length} bars. Each bar is 19%
        wider than the one before.
      </p>
      <details>
        <summary>Show as a table</summary>
        <Table label={label} columns={['Value', ...sides.map(({ name }) => name)]}>
          {bars.map(bar => (
            <tr key={bar}>
              <th scope="row">{nameOf(metric, bar)}</th>
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
