/**
 * The places of values in a chart: an answer over time and a width in pixels go in, slots of time, scales and ticks come
 * out. A slot without data is a gap.
 */

import type { TimeseriesAnswer, TimeseriesRow } from '../../schema/api/timeseries.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { METRICS, type Metric } from '../../schema/domain/metrics.ts'
import { clock, date, moment } from './format.ts'
import { shiftOf } from './query.ts'

export type Point = TimeseriesRow['points'][number]

export interface Slot {
  /** Unix ms at which it begins. */
  time: number
  /** `14 Nov, 09:00`, or `14 Nov` where it is a day. */
  name: string
  point: Point | undefined
}

export const FRAME = { height: 300, left: 54, right: 14, top: 34, bottom: 26 } as const

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

export interface Scales {
  /** The middle of a slot, in pixels. */
  x: (slot: number) => number
  y: (value: number) => number
  /** The slot under a pixel. */
  slotAt: (x: number) => number
  top: number
  values: number[]
}

/** `names` are the percentiles drawn, the `chosen` one with its interval; `limits` are lines that are to be seen, too. */
export function scalesOf(
  slots: readonly Slot[],
  metric: Metric,
  names: readonly string[],
  limits: readonly number[],
  width: number,
): Scales {
  const { left, right, height, top, bottom } = FRAME
  const seen = slots.flatMap(({ point }) => names.map(name => point?.percentiles[name]?.value ?? 0))
  const high = Math.max(...seen, ...limits, METRICS[metric].good * 1.2) * 1.05
  const inner = width - left - right
  return {
    x: slot => left + ((slot + 0.5) / slots.length) * inner,
    y: value => height - bottom - (Math.min(value, high) / high) * (height - top - bottom),
    slotAt: x => Math.max(0, Math.min(slots.length - 1, Math.floor(((x - left) / inner) * slots.length))),
    top: high,
    values: ticks(high),
  }
}

/** Runs of slots that have data, so that a gap stays one. */
export function runsOf(slots: readonly Slot[], name: string): number[][] {
  const runs: number[][] = []
  let run: number[] = []
  for (const [i, { point }] of slots.entries()) {
    if (!point?.percentiles[name]) run = []
    else if (run.push(i) === 1) runs.push(run)
  }
  return runs
}

export interface Release {
  name: string
  /** Its first slot. */
  slot: number
}

/** Releases that first appear within the range; those that were there at its begin have no marker. */
export function releasesOf(answer: TimeseriesAnswer, slots: readonly Slot[]): Release[] {
  const begins = answer.data.flatMap(({ group, rest, other, points: [first] }) =>
    group.release && first && !rest && !other ? [{ name: group.release, time: Date.parse(first.time) }] : [],
  )
  const firstOfAll = Math.min(...begins.map(({ time }) => time))
  return begins
    .filter(({ time }) => time > firstOfAll)
    .map(({ name, time }) => ({ name, slot: slots.findLastIndex(slot => slot.time <= time) }))
    .sort((a, b) => a.slot - b.slot)
}

/** About five round values from 0 to `high`: steps of 1, 2 or 5 times a power of ten. */
export function ticks(high: number): number[] {
  const power = 10 ** Math.floor(Math.log10(high / 5))
  const step = ([1, 2, 5].find(round => round * power * 6 >= high) ?? 10) * power
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step)
}

/** Hours between labels of the axis, of which one is midnight. */
const HOURS_APART = [1, 2, 3, 6, 12, 24, 48, 96, 168]

/** The labels of the time axis, at most one in `every` slots: dates, and the time of day between them. */
export function labelsOf(slots: readonly Slot[], every: number): { slot: number; text: string }[] {
  const [first, second] = slots
  if (!first) return []
  if (second && second.time - first.time > HOUR) {
    return slots.flatMap(({ name }, slot) => (slot % every === 0 ? [{ slot, text: name }] : []))
  }
  const apart = HOURS_APART.find(hours => hours >= every) ?? 168
  const midnight = slots.findIndex(({ time }) => clock(time) === '00:00')
  return slots.flatMap(({ time }, slot) =>
    (slot - midnight) % apart ? [] : [{ slot, text: (slot - midnight) % 24 ? clock(time) : date(time) }],
  )
}
