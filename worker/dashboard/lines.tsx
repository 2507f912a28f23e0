/** Values over time as lines, some with their intervals, above the bands of the ratings, with budgets and events. No text in the plot: it would cover values. */

import { isRated, METRICS, type Measure } from '../../schema/domain/metrics.ts'
import { axis } from './format.ts'
import { clearOf, FRAME, labelsOf, runsOf, type Scales, type Series, type Slot, widthOf } from './timeline.ts'

/** Pixels that most labels of the time axis take, with the room between them. */
const LABEL = 56

interface LinesProps {
  measure: Measure
  slots: readonly Slot[]
  scales: Scales
  width: number
  series: readonly Series[]
  limits: readonly number[]
  /** Where events stand, in pixels. */
  events: readonly { x: number; kind: string }[]
  cursor: number
  chosen: readonly [first: number, last: number] | null
}

export function Lines(props: LinesProps) {
  const { measure, slots, scales, width, series, limits, events, cursor, chosen } = props
  const { height, right, top, bottom } = FRAME
  const { left, x, y } = scales
  const floor = height - bottom
  const end = width - right
  const every = Math.ceil((slots.length * LABEL) / (end - left))
  const half = (x(1) - x(0)) / 2
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" class="lines">
      {isRated(measure) && <Bands {...METRICS[measure]} scales={scales} end={end} />}
      {scales.values.map(value => (
        <g key={value}>
          <line x1={left} x2={end} y1={y(value)} y2={y(value)} />
          <text class="end" x={left - 8} y={y(value) + 4}>
            {axis(measure, value)}
          </text>
        </g>
      ))}
      {clearOf(
        labelsOf(slots, every).map(({ slot, text }) => ({ text, x: Math.max(x(slot), widthOf(text) / 2) })),
        width,
      ).map(({ x, text }) => (
        <text key={x} class="middle" x={x} y={height - 6}>
          {text}
        </text>
      ))}
      {events.map(({ x, kind }) => (
        <line key={`${kind} ${x}`} class={`event ${kind}`} x1={x} x2={x} y1="0" y2={floor} />
      ))}
      {series.map(({ name, kind, figures, band }) => (
        <g key={name} class={`line ${kind}`}>
          {band && runsOf(figures).map(run => <path key={run[0]} d={ribbon(run, figures, scales)} />)}
          {runsOf(figures).map(run =>
            run.length > 1 ? (
              <polyline
                key={run[0]}
                points={run.map(i => `${x(i)},${y(figures[i]?.value ?? 0)}`).join(' ')}
              />
            ) : (
              <circle key={run[0]} cx={x(run[0] ?? 0)} cy={y(figures[run[0] ?? 0]?.value ?? 0)} r="2.5" />
            ),
          )}
        </g>
      ))}
      {limits.map(value => (
        <line key={value} class="limit" x1={left} x2={end} y1={y(value)} y2={y(value)} />
      ))}
      {chosen && (
        <rect
          class="zone"
          x={x(chosen[0]) - half}
          width={x(chosen[1]) - x(chosen[0]) + 2 * half}
          y={top}
          height={floor - top}
        />
      )}
      {cursor >= 0 && <line class="cursor" x1={x(cursor)} x2={x(cursor)} y1={top} y2={floor} />}
      {series.map(({ name, figures }) => {
        const value = figures[cursor]?.value
        return value === undefined ? null : (
          <circle key={name} class="cursor" cx={x(cursor)} cy={y(value)} r="4" />
        )
      })}
    </svg>
  )
}

/** Where values are good, need improvement and are poor. */
function Bands({ good, poor, scales, end }: { good: number; poor: number; scales: Scales; end: number }) {
  const { left, y, top } = scales
  const bands = [
    ['good', 0, good],
    ['needs-improvement', good, poor],
    ['poor', poor, top],
  ] as const
  return (
    <>
      {bands.map(([rating, from, to]) =>
        from >= top ? null : (
          <rect key={rating} class={rating} x={left} width={end - left} y={y(to)} height={y(from) - y(to)} />
        ),
      )}
    </>
  )
}

/**
 * The area between the lower and the upper bound. Where so few samples allow no bound it reaches the rim: at the value itself it
 * would look sure. A point that stands alone has it as wide as its slot.
 */
function ribbon(run: number[], figures: Series['figures'], { x, y, top }: Scales): string {
  const slots = run.length > 1 ? run : run.flatMap(slot => [slot - 0.4, slot + 0.4])
  const edge = (bound: 'low' | 'high', rim: number) =>
    slots.map(slot => `${x(slot)},${y(figures[Math.round(slot)]?.[bound] ?? rim)}`)
  return `M${[...edge('high', top), ...edge('low', 0).reverse()].join('L')}Z`
}
