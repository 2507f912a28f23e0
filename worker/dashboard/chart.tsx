/** One metric over time, or as a histogram. A cursor, moved by pointer or keys, says what is under it in words. */

import { useEffect, useState } from 'preact/hooks'
import type { BudgetsAnswer } from '../../schema/api/budgets.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { format, type Metric } from '../../schema/domain/metrics.ts'
import { count, interval, number, short } from './format.ts'
import { Histogram } from './histogram.tsx'
import { type Limit, Lines } from './lines.tsx'
import { usePlace } from './link.tsx'
import { baseOf, intervalOf, pathOf, ZONE, zoneOfDays } from './query.ts'
import { Section, Table } from './section.tsx'
import { Tabs } from './tabs.tsx'
import { type Release, releasesOf, type Slot, scalesOf, slotsOf } from './timeline.ts'
import { addressOf, type Place, readPlace } from './url-state.ts'
import { useAnswer } from './use-api.ts'

/** How long the cursor rests before the address says so, in ms: Safari takes 100 changes in 30 s. */
const REST = 400

interface ChartProps {
  metric: Metric
  /** Narrows the question further, to one endpoint. */
  extra?: Record<string, string>
  about?: string
}

export function Chart({ metric, extra = {}, about = short(metric) }: ChartProps) {
  const [place] = usePlace()
  const names = [...new Set([50, 75, 95, Number(place.p)])].sort((a, b) => a - b)
  const lines = place.chart === 'lines'
  const base = { ...baseOf(place), ...extra, metrics: metric }
  const over = { ...base, interval: intervalOf(place), timezone: zoneOfDays(place) }
  const path = lines
    ? pathOf('timeseries', { ...over, percentiles: names.join() })
    : pathOf('export', { ...base, format: 'otlp' })
  const answer = useAnswer<TimeseriesAnswer>(lines ? path : '')
  const releases = useAnswer<TimeseriesAnswer>(
    lines ? pathOf('timeseries', { ...over, percentiles: 75, group_by: 'release', limit: 20 }) : '',
  )
  const budgets = useAnswer<BudgetsAnswer>(lines ? pathOf('budgets', { site: place.site }) : '')
  if (!lines) return <Histogram metric={metric} path={path} title={about} tools={<Tools />} />

  const slots = answer.data ? slotsOf(answer.data, answer.data.data[0]?.points ?? []) : []
  return (
    <Section title={`${about} over time`} answer={answer} path={path} tools={<Tools />} className="chart">
      <Timeline
        metric={metric}
        slots={slots}
        zone={answer.data?.timezone ?? ZONE}
        names={names.map(p => `p${p}`)}
        releases={releases.data ? releasesOf(releases.data, slots) : []}
        limits={limitsOf(budgets.data, metric, place, extra.endpoint ?? null)}
      />
    </Section>
  )
}

function Tools() {
  const [place] = usePlace()
  return (
    <div class="tools">
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
function limitsOf(
  answer: BudgetsAnswer | null,
  metric: Metric,
  place: Place,
  endpoint: string | null,
): Limit[] {
  const fits = (own: string | null, shown: string) => (own ?? '') === shown
  return (answer?.data ?? [])
    .filter(
      budget =>
        budget.metric === metric &&
        budget.relative_to === null &&
        fits(budget.endpoint, endpoint ?? '') &&
        fits(budget.route, place.route) &&
        fits(budget.device, place.device),
    )
    .map(({ percentile, limit }) => ({
      text: `budget p${percentile} ≤ ${format(metric, limit)}`,
      value: limit,
    }))
}

interface TimelineProps {
  metric: Metric
  slots: Slot[]
  /** Where days begin at midnight. */
  zone: string
  names: string[]
  releases: Release[]
  limits: Limit[]
}

function Timeline({ metric, slots, zone, names, releases, limits }: TimelineProps) {
  const [place] = usePlace()
  const chosen = `p${place.p}`
  const [box, setBox] = useState<HTMLElement | null>(null)
  const [width, setWidth] = useState(0)
  const [cursor, setCursor] = useState<number | null>(null)
  useEffect(() => {
    if (!box) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(box)
    return () => watch.disconnect()
  }, [box])
  const from = slots[0]?.time
  useEffect(() => {
    const at = slots.findIndex(({ time }) => String(time) === place.at)
    setCursor(at < 0 ? null : at)
  }, [from, slots.length])
  useEffect(() => {
    if (cursor === null) return
    const timer = setTimeout(() => remember(slots[cursor]?.time), REST)
    return () => clearTimeout(timer)
  }, [cursor])

  const limitValues = limits.map(({ value }) => value)
  const scales = scalesOf(slots, metric, names, limitValues, width)
  const last = slots.length - 1
  const onKey = (event: KeyboardEvent) => {
    const now = cursor ?? last
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key]
    if (to === undefined) return
    event.preventDefault()
    setCursor(cursor === null && to > 0 ? last : Math.max(0, Math.min(last, to)))
  }
  const onPointer = (event: PointerEvent & { currentTarget: HTMLElement }) =>
    setCursor(scales.slotAt(event.clientX - event.currentTarget.getBoundingClientRect().left))
  const said =
    cursor === null
      ? 'Point at the chart, or use the arrow keys.'
      : inWords(slots[cursor], metric, names, releases, cursor)
  return (
    <>
      <Legend names={names} chosen={chosen} />
      <div
        ref={setBox}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={`${short(metric)} over time, cursor`}
        aria-valuemax={last}
        aria-valuenow={cursor ?? last}
        aria-valuetext={said}
        onKeyDown={onKey}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
      >
        {width > 0 && slots.length > 0 && (
          <Lines {...{ metric, slots, scales, width, names, chosen, releases, limits, cursor }} />
        )}
      </div>
      <p class="readout">
        <bdi>{said}</bdi>
        {zone !== ZONE && ' Days begin at midnight in UTC.'}
      </p>
      <details>
        <summary>Show as a table</summary>
        <Table label={`${short(metric)} over time`} columns={['Time', ...names, 'Samples']}>
          {slots.map(({ time, name, point }) => (
            <tr key={time}>
              <th scope="row">{name}</th>
              {names.map(name => (
                <td key={name}>{format(metric, point?.percentiles[name]?.value ?? null)}</td>
              ))}
              <td>{number(point?.samples ?? 0)}</td>
            </tr>
          ))}
        </Table>
      </details>
    </>
  )
}

function Legend({ names, chosen }: { names: string[]; chosen: string }) {
  return (
    <ul class="legend">
      {names.map(name => (
        <li key={name}>
          <svg
            width="28"
            height="10"
            aria-hidden="true"
            class={`line ${name} ${name === chosen ? 'chosen' : ''}`}
          >
            <polyline points="1,5 27,5" />
          </svg>
          {name}
          {name === chosen && ' with its 95% interval'}
        </li>
      ))}
    </ul>
  )
}

/** `14 Nov, 09:00: p50 1.20 s, p75 2.04 s (95% interval ...), 1,204 page views, 300 samples, release 2.4.0 begins`. */
function inWords(
  slot: Slot | undefined,
  metric: Metric,
  names: string[],
  releases: Release[],
  cursor: number,
): string {
  if (!slot) return ''
  const { name: when, point } = slot
  const began = releases.filter(({ slot }) => slot === cursor).map(({ name }) => `release ${name} begins`)
  if (!point) return [`${when}: no data`, ...began].join(', ')
  const values = names.map(name => {
    const figure = point.percentiles[name]
    return `${name} ${format(metric, figure?.value ?? null)}${figure ? ` (${interval(metric, figure)})` : ''}`
  })
  const much = [
    count(point.count, metric === 'api' ? 'call' : 'page view'),
    count(point.samples, 'sample'),
    ...began,
  ]
  return `${when}: ${[...values, ...much].join(', ')}`
}

/** Writes the cursor into the address, without a step of the history. */
function remember(time: number | undefined): void {
  const place = readPlace(location.search)
  if (time !== undefined) history.replaceState(null, '', addressOf({ ...place, at: String(time) }))
}
