/** Percentiles over time as lines, with the interval of the chosen one, thresholds, releases and budgets. */

import { format, METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { FRAME, labelsOf, type Release, runsOf, type Scales, type Slot } from './timeline.ts'

/** Pixels that a label of the time axis takes. */
const LABEL_WIDTH = 84

export interface Limit {
  text: string
  value: number
}

interface LinesProps {
  metric: Metric
  slots: Slot[]
  scales: Scales
  width: number
  names: string[]
  chosen: string
  releases: Release[]
  limits: Limit[]
  cursor: number | null
}

export function Lines({ metric, slots, scales, width, names, chosen, releases, limits, cursor }: LinesProps) {
  const { height, left, right, top, bottom } = FRAME
  const { x, y } = scales
  const floor = height - bottom
  const end = width - right
  const every = Math.ceil((slots.length * LABEL_WIDTH) / (end - left))
  return (
    <svg width={width} height={height} aria-hidden="true" class="lines">
      <Bands metric={metric} scales={scales} end={end} />
      {scales.values.map(value => (
        <g key={value}>
          <line class="grid" x1={left} x2={end} y1={y(value)} y2={y(value)} />
          <text class="end" x={left - 8} y={y(value) + 4}>
            {format(metric, value)}
          </text>
        </g>
      ))}
      {labelsOf(slots, every).map(({ slot, text }) => (
        <text key={slot} class="middle" x={Math.max(x(slot), left + 20)} y={height - 6}>
          {text}
        </text>
      ))}
      {releases.map(({ name, slot }, i) => {
        // It came at some time within the slot: what rose with it is not drawn before it.
        const begin = (x(slot) + x(slot - 1)) / 2
        return (
          <g key={name} class="release">
            <line x1={begin} x2={begin} y1={top - 6} y2={floor} />
            <text class={begin > end - 90 ? 'end' : ''} x={begin} y={i % 2 ? 24 : 10}>
              {cut(name)}
            </text>
          </g>
        )
      })}
      {runsOf(slots, chosen).map(run => (
        <path key={run[0]} class="interval" d={ribbon(run, slots, scales, chosen)} />
      ))}
      {names.map(name =>
        runsOf(slots, name).map(run => (
          <g key={`${name} ${run[0]}`} class={`line ${name} ${name === chosen ? 'chosen' : ''}`}>
            <polyline points={run.map(i => `${x(i)},${y(heightOf(slots[i], name))}`).join(' ')} />
            {run.length === 1 && (
              <circle cx={x(run[0] ?? 0)} cy={y(heightOf(slots[run[0] ?? 0], name))} r="2.5" />
            )}
          </g>
        )),
      )}
      {limits.map(({ text, value }) => (
        <g key={text} class="limit">
          <line x1={left} x2={end} y1={y(value)} y2={y(value)} />
          <text x={left + 6} y={y(value) - 5}>
            {text}
          </text>
        </g>
      ))}
      {(['good', 'poor'] as const).map(edge => {
        const value = METRICS[metric][edge]
        return value < scales.top ? (
          <text key={edge} class="end" x={end - 4} y={y(value) - 5}>
            {edge === 'good' ? 'needs improvement' : edge} &gt; {format(metric, value)}
          </text>
        ) : null
      })}
      {cursor !== null && <line class="cursor" x1={x(cursor)} x2={x(cursor)} y1={top} y2={floor} />}
      {cursor !== null &&
        names.map(name => {
          const value = slots[cursor]?.point?.percentiles[name]?.value
          return value === undefined ? null : (
            <circle key={name} class="cursor" cx={x(cursor)} cy={y(value)} r="4" />
          )
        })}
    </svg>
  )
}

/** Where values are good, need improvement and are poor. */
function Bands({ metric, scales, end }: { metric: Metric; scales: Scales; end: number }) {
  const { good, poor } = METRICS[metric]
  const { y, top } = scales
  const bands = [
    ['good', 0, good],
    ['needs-improvement', good, poor],
    ['poor', poor, top],
  ] as const
  return (
    <>
      {bands.map(([rating, from, to]) =>
        from >= top ? null : (
          <rect
            key={rating}
            class={rating}
            x={FRAME.left}
            width={end - FRAME.left}
            y={y(to)}
            height={y(from) - y(to)}
          />
        ),
      )}
    </>
  )
}

/** The area between the lower and the upper bound; where there is no bound, the value itself. */
function ribbon(run: number[], slots: Slot[], { x, y }: Scales, name: string): string {
  const at = (i: number, bound: 'low' | 'high') => {
    const figure = slots[i]?.point?.percentiles[name]
    return `${x(i)},${y(figure?.[bound] ?? figure?.value ?? 0)}`
  }
  const up = run.map(i => at(i, 'high'))
  const down = run.map(i => at(i, 'low')).reverse()
  return `M${[...up, ...down].join('L')}Z`
}

function heightOf(slot: Slot | undefined, name: string): number {
  return slot?.point?.percentiles[name]?.value ?? 0
}

/** What fits over a line; the cursor says the whole name. */
function cut(name: string): string {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name
}
