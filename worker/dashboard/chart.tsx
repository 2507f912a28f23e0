/** One metric over time, or as a histogram: what the API answers becomes lines, limits and events. */

import { useMemo } from 'preact/hooks'
import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { format, type Metric } from '../../schema/domain/metrics.ts'
import { useEvents } from './events.tsx'
import { count, short } from './format.ts'
import { lazy } from './lazy.tsx'
import { Link, usePlace } from './link.tsx'
import { baseOf, between, intervalOf, pathOf, spanOf, ZONE, zoneOfDays } from './query.ts'
import { Section } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { slotsOf } from './timeline.ts'
import { type Limit, Trend } from './trend.tsx'
import type { Place } from './url-state.ts'
import { useAnswer } from './use-api.ts'

const Histogram = lazy(() => import('./histogram.tsx').then(({ Histogram }) => Histogram))

interface ChartProps {
  metric: Metric
  /** Narrows the question further, to one endpoint. */
  extra?: Record<string, string>
  about?: string
}

export function Chart(props: ChartProps) {
  const [{ chart }] = usePlace()
  const { metric, extra = {}, about = short(metric) } = props
  if (chart === 'lines') return <OverTime metric={metric} extra={extra} about={about} />
  return <Histogram metric={metric} extra={extra} title={about} tools={<Tools />} />
}

function OverTime({ metric, extra, about }: Required<ChartProps>) {
  const [place] = usePlace()
  const names = [...new Set([50, 75, 95, Number(place.p)])].sort((a, b) => a - b)
  const over = {
    ...{ ...baseOf(place), ...extra, metrics: metric },
    ...{ interval: intervalOf(place), timezone: zoneOfDays(place) },
  }
  const path = pathOf('timeseries', { ...over, percentiles: names.join() })
  const answer = useAnswer<TimeseriesAnswer>(path)
  const budgets = useAnswer<BudgetsAnswer>(pathOf('budgets', { site: place.site }))
  const endpoint = extra.endpoint ?? ''
  const events = useEvents(metric, endpoint, over, budgets)
  const { data } = answer
  const slots = useMemo(() => (data ? slotsOf(data, data.data[0]?.points ?? []) : []), [data])
  const sampled = data?.sampled ?? 1
  const notes = [sampled > 1 && `Read from one in ${sampled} page views.`, events.note]
  return (
    <Section title={`${about} over time`} answer={answer} path={path} tools={<Tools />} className="chart">
      <Trend
        label={`${short(metric)} over time`}
        measure={metric}
        slots={slots}
        zone={data?.timezone ?? ZONE}
        series={names.map(p => ({
          name: `p${p}`,
          kind: String(p) === place.p ? 'chosen' : `p${p}`,
          figures: slots.map(({ point }) => point?.percentiles[`p${p}`]),
          band: String(p) === place.p,
        }))}
        counts={slot => {
          const { count: n = 0, samples = 0 } = slots[slot]?.point ?? {}
          return `${count(n, metric === 'api' ? 'call' : 'page view')}, ${count(samples, 'sample')}`
        }}
        limits={limitsOf(budgets.data, metric, place, endpoint)}
        events={events.found}
        note={notes.filter(Boolean).join(' ')}
      />
    </Section>
  )
}

export function Tools() {
  const [place] = usePlace()
  const [from, to] = spanOf(place)
  const isZoomed = place.range === 'own' && place.from.includes('T')
  const wider = Math.max(to - from, 0)
  return (
    <div class="tools">
      {isZoomed && <Link to={between(from - wider, Math.min(to + wider, Date.now()))}>Zoom out</Link>}
      {place.chart === 'lines' && (place.range === '7d' || place.range === '28d') && (
        <Tabs
          label="Interval"
          name="interval"
          options={{ hour: 'Hours', day: 'Days' }}
          current={intervalOf(place)}
        />
      )}
      <Tabs label="Kind of chart" name="chart" options={{ lines: 'Over time', histogram: 'Distribution' }} />
    </div>
  )
}

/** The budgets of what the chart shows. */
function limitsOf(answer: BudgetsAnswer | null, metric: Metric, place: Place, endpoint: string): Limit[] {
  const fits = (own: string | null, shown: string) => (own ?? '') === shown
  return (answer?.data ?? [])
    .filter(
      budget =>
        budget.metric === metric &&
        budget.relative_to === null &&
        fits(budget.endpoint, endpoint) &&
        fits(budget.route, place.route) &&
        fits(budget.device, place.device) &&
        fits(budget.tag, place.tag) &&
        fits(budget.segment, place.segment),
    )
    .map(({ percentile, limit }) => ({
      text: `budget p${percentile} ≤ ${format(metric, limit)}`,
      value: limit,
    }))
}
