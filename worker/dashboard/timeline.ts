/**
 * The places of values in a chart: an answer over time and a width in pixels go in, slots of time, scales and ticks come
 * out. A slot without data is a gap.
 */

import type { PercentileAnswer } from '../../schema/api/answer.ts'
import type { TimeseriesAnswer, TimeseriesRow } from '../../schema/api/timeseries.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { isRated, METRICS, type Measure } from '../../schema/domain/metrics.ts'
import { axis, clock, date, moment } from './format.ts'
import { shiftOf } from './query.ts'

export type Point = TimeseriesRow['points'][number]

export interface Slot {
  /** Unix ms at which it begins. */
  time: number
  /** `14 Nov, 09:00`, or `14 Nov` where it is a day. */
  name: string
  point: Point | undefined
}

/** One line: a figure for each slot. */
export interface Series {
  name: string
  /** How it is drawn. */
  kind: string
  figures: readonly (PercentileAnswer | undefined)[]
  /** With its interval. */
  band: boolean
}

/** All but the left side, where the values of the axis stand. */
export const FRAME = { height: 300, right: 14, top: 8, bottom: 26 } as const

/** Pixels of a character, of 12 px, at most. */
const CHARACTER = 7

/** Pixels that a text of 12 px takes, at most. */
export function widthOf(text: string): number {
  return text.length * CHARACTER
}

/** Every hour or day of the range, oldest first. */
export function slotsOf(
  { from, to, interval, timezone }: TimeseriesAnswer,
  points: readonly Point[],
): Slot[] {
  const daily = interval === 'day'
  const step = daily ? 24 * HOUR : HOUR
  const start = Date.parse(from)
  const count = Math.ceil((Date.parse(to) - start) / step)
  const known = new Map(points.map(point => [Math.floor((Date.parse(point.time) - start) / step), point]))
  return Array.from({ length: count }, (_, i) => {
    const time = start + i * step
    // A day has the date of the zone in which it begins at midnight, which need not be the page's.
    return { time, name: daily ? date(time, shiftOf(timezone)) : moment(time), point: known.get(i) }
  })
}

/** How long a slot lasts, in ms. */
export function stepOf([first, second]: readonly Slot[]): number {
  return first && second ? second.time - first.time : HOUR
}

export interface Scales {
  /** Where the slots begin, right of the values of the axis. */
  left: number
  /** The middle of a slot, in pixels. */
  x: (slot: number) => number
  y: (value: number) => number
  top: number
  values: number[]
}

/** How far above all lines an interval is shown: one of few samples would press them flat. */
const BEYOND = 1.5

/** `limits` are lines that are to be seen, too. */
export function scalesOf(
  count: number,
  measure: Measure,
  series: readonly Series[],
  limits: readonly number[],
  width: number,
): Scales {
  const { right, height, top, bottom } = FRAME
  const seen = series.flatMap(({ figures }) => figures.map(figure => figure?.value ?? 0))
  const bounds = series.flatMap(({ figures, band }) => (band ? figures.map(figure => figure?.high ?? 0) : []))
  const least = isRated(measure) ? METRICS[measure].good * 1.2 : 0
  const most = Math.max(...seen, ...limits, least)
  const high = Math.max(most, Math.min(Math.max(...bounds), most * BEYOND)) * 1.05 || 1
  const values = ticks(high)
  const left = 14 + Math.max(...values.map(value => widthOf(axis(measure, value))))
  return {
    left,
    x: slot => left + ((slot + 0.5) / count) * (width - left - right),
    y: value => height - bottom - (Math.min(value, high) / high) * (height - top - bottom),
    top: high,
    values,
  }
}

/** Runs of slots that have data, so that a gap stays one. */
export function runsOf(figures: Series['figures']): number[][] {
  const runs: number[][] = []
  let run: number[] = []
  for (const [i, figure] of figures.entries()) {
    if (!figure) run = []
    else if (run.push(i) === 1) runs.push(run)
  }
  return runs
}

/** About five round values from 0 to `high`: steps of 1, 2 or 5 times a power of ten. */
export function ticks(high: number): number[] {
  const power = 10 ** Math.floor(Math.log10(high / 5))
  const step = ([1, 2, 5].find(round => round * power * 6 >= high) ?? 10) * power
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step)
}

export interface Label {
  /** Its middle, in pixels. */
  x: number
  text: string
}

/** Those of the labels that stand clear of the ones before them and of both ends, from the left. */
export function clearOf(labels: readonly Label[], end: number): Label[] {
  let free = 0
  return labels.filter(({ x, text }) => {
    const half = widthOf(text) / 2
    if (x - half < free || x + half > end) return false
    free = x + half + CHARACTER
    return true
  })
}

/** Hours between labels of the axis, of which one is midnight. */
const HOURS_APART = [1, 2, 3, 6, 12, 24, 48, 96, 168]

/** The labels of the time axis, at most one in `every` slots: dates, and the time of day between them. */
export function labelsOf(slots: readonly Slot[], every: number): { slot: number; text: string }[] {
  if (stepOf(slots) > HOUR) {
    return slots.flatMap(({ name }, slot) => (slot % every === 0 ? [{ slot, text: name }] : []))
  }
  const apart = HOURS_APART.find(hours => hours >= every) ?? 168
  const midnight = slots.findIndex(({ time }) => clock(time) === '00:00')
  const labels = slots.flatMap(({ time }, slot) =>
    (slot - midnight) % apart ? [] : [{ slot, text: (slot - midnight) % 24 ? clock(time) : date(time) }],
  )
  // Within a day no label is a date: the first one says it, too.
  const [first] = labels
  if (midnight < 0 && first) first.text = slots[first.slot]?.name ?? ''
  return labels
}
