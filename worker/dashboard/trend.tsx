/** Lines over time under a cursor, with their legend, their events and their table: the body of each panel that shows time. */

import { useState } from 'preact/hooks'
import { format, isRated, METRICS, type Measure } from '../../schema/domain/metrics.ts'
import { Events, type Happening } from './events.tsx'
import { interval } from './format.ts'
import { Lines } from './lines.tsx'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Plot } from './plot.tsx'
import { between, ZONE } from './query.ts'
import { Table } from './section.tsx'
import { FRAME, type Series, type Slot, scalesOf, stepOf } from './timeline.ts'

export interface Limit {
  text: string
  value: number
}

interface TrendProps {
  label: string
  measure: Measure
  slots: readonly Slot[]
  /** Where days begin at midnight. */
  zone: string
  series: readonly Series[]
  /** What each slot rests on, in words. */
  counts: (slot: number) => string
  limits?: readonly Limit[]
  events?: readonly Happening[]
  /** What else is to be known, in a sentence. */
  note?: string
  /** What else changes where the chart is zoomed. */
  zoomed?: (first: number) => object
}

export function Trend(props: TrendProps) {
  const { label, measure, slots, zone, series, counts, limits = [], events, note, zoomed } = props
  const [, move] = usePlace()
  const [width, setWidth] = useState(0)
  const values = limits.map(({ value }) => value)
  const scales = scalesOf(slots.length, measure, series, values, width)
  const step = stepOf(slots)
  const start = slots[0]?.time ?? 0
  const inner = width - scales.left - FRAME.right
  const xOf = (time: number) => scales.left + ((time - start) / (slots.length * step)) * inner
  const placed = (events ?? [])
    .filter(({ time }) => time >= start && time < start + slots.length * step)
    .map(event => ({ ...event, x: xOf(event.time) }))
  const within = (slot: number) =>
    placed.filter(({ time }) => Math.floor((time - start) / step) === slot).map(({ text }) => text)
  const spanOf = (first: number, last: number) => {
    const from = slots[first]?.time ?? 0
    return { ...between(from, (slots[last]?.time ?? from) + step), ...zoomed?.(first) }
  }
  const said = (slot: number) => {
    const values = series.flatMap(({ name, band, figures: { [slot]: figure } }) => {
      const sure = figure && band ? ` (${interval(measure, figure)})` : ''
      return figure ? [`${name} ${format(measure, figure.value)}${sure}`] : []
    })
    const much = values.length ? [...values, counts(slot)] : ['no data']
    return `${slots[slot]?.name}: ${[...much, ...within(slot)].join(', ')}`
  }
  if (!series.some(({ figures }) => figures.some(Boolean))) return <p class="soft">no data</p>
  return (
    <>
      <Legend measure={measure} series={series} limits={limits} />
      {events && <Events events={placed} width={width} />}
      <Plot
        label={label}
        keys={slots.map(({ time }) => time)}
        width={width}
        onWidth={setWidth}
        left={scales.left}
        said={said}
        tip={(slot, pinned) => (
          <>
            <Tip {...{ measure, series, slot }} name={slots[slot]?.name ?? ''}>
              {[counts(slot), ...within(slot)]}
            </Tip>
            {pinned && <Link to={{ view: 'views', ...spanOf(slot, slot) }}>See page views</Link>}
          </>
        )}
        onZoom={(first, last) => move({ interval: '', ...spanOf(first, last) })}
        draw={(cursor, chosen) => (
          <Lines
            {...{ measure, slots, scales, width, series, cursor, chosen }}
            limits={values}
            events={placed}
          />
        )}
      />
      <p class="soft readout">
        Drag to zoom, click to pin. Keys: arrows move, Shift with arrows selects, Enter zooms or pins, Escape
        leaves.
        {zone !== ZONE && ' Days begin at midnight in UTC.'}
        {note && ` ${note}`}
      </p>
      <AsTable {...{ label, measure, slots, series, counts }} />
    </>
  )
}

interface TipProps extends Pick<TrendProps, 'measure' | 'series'> {
  slot: number
  name: string
  /** What else is to be said of the slot. */
  children: string[]
}

function Tip({ measure, series, slot, name, children }: TipProps) {
  return (
    <>
      <strong>{name}</strong>
      {series.map(({ name, kind, band, figures: { [slot]: figure } }) => (
        <p key={name}>
          <Swatch kind={kind} /> <Name>{name}</Name>{' '}
          {figure ? <b>{format(measure, figure.value)}</b> : 'no data'}
          {figure && band && <small> {interval(measure, figure)}</small>}
        </p>
      ))}
      {children.map(text => (
        <p key={text}>
          <Name>{text}</Name>
        </p>
      ))}
    </>
  )
}

type TableProps = Pick<TrendProps, 'label' | 'measure' | 'slots' | 'series' | 'counts'>

/** Its rows are made when it is opened. */
function AsTable({ label, measure, slots, series, counts }: TableProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>Show as a table</summary>
      <Table label={label} columns={['Time', ...series.map(({ name }) => name), 'Count']}>
        {(isOpen ? slots : []).map(({ time, name }, slot) => (
          <tr key={time}>
            <th scope="row">{name}</th>
            {series.map(({ name, figures }) => (
              <td key={name}>{format(measure, figures[slot]?.value ?? null)}</td>
            ))}
            <td>{counts(slot)}</td>
          </tr>
        ))}
      </Table>
    </details>
  )
}

function Swatch({ kind }: { kind: string }) {
  return (
    <svg width="28" height="10" aria-hidden="true" class={`line ${kind}`}>
      <polyline points="1,5 27,5" />
    </svg>
  )
}

type LegendProps = { measure: Measure; series: readonly Series[]; limits: readonly Limit[] }

/** What the lines and the colours behind them mean: in the plot itself it would cover values. */
function Legend({ measure, series, limits }: LegendProps) {
  const { good, poor } = isRated(measure) ? METRICS[measure] : { good: 0, poor: 0 }
  return (
    <ul class="legend">
      {series.map(({ name, kind, band }) => (
        <li key={name}>
          <Swatch kind={kind} />
          <Name>{name}</Name>
          {band && ' with its 95% interval'}
        </li>
      ))}
      {good > 0 && (
        <>
          <li>
            <span class="swatch good" />
            good ≤ {format(measure, good)}
          </li>
          <li>
            <span class="swatch poor" />
            poor &gt; {format(measure, poor)}
          </li>
        </>
      )}
      {limits.map(({ text }) => (
        <li key={text}>
          <Swatch kind="limit" />
          {text}
        </li>
      ))}
    </ul>
  )
}
