/**
 * What has changed among many groups, from two histograms of each: the most harmful change first.
 *
 * Who compares 300 groups at 95 % finds 15 changes where nothing changed. So the level is shared among all groups that are
 * compared, by Holm's method: with 5 % in all and m groups, the surest change must hold at 5 % / m, the next one at
 * 5 % / (m - 1), and so on. Then in 95 of 100 looks at unchanged data no group is said to have changed, however the groups
 * overlap, and they do: a phone on a route counts for the route, the phone, its country and its browser. Methods that
 * control the share of false findings ask for more than that, or allow more than one wrong look in 20
 * (docs/decisions/46-what-changed.md). Each change carries the interval at which it was tested: it leaves out 0.
 *
 * A change of less than `MARGIN` of the value before is none, as everywhere: on a large site every hour differs a little.
 *
 * Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979), 65-70.
 */

import { type Change, changeOf, MARGIN } from './change.ts'
import type { Histogram, Limits } from './histogram.ts'
import { quantileBeyond } from './normal.ts'

/** How often some group is said to have changed where none has, at most. */
const ERROR = 0.05

/** One group and metric, in the time before and after. */
export interface Pair<T> {
  /** What it is of. */
  of: T
  before: Histogram | null
  after: Histogram | null
  limits: Limits | null
}

/** A group that changed. */
export interface Changed<T> extends Pair<T> {
  before: Histogram
  after: Histogram
  change: Change
  /**
   * How many page views (or calls) are not good that would be, had their group stayed as it was: the difference of the
   * shares that are not good, times what there is after. Below 0 where a group improved: so many became good.
   */
  harmed: number
}

export interface Comparison<T> {
  /** The most harmed first, then by how sure the change is; at the end what improved, the most improved last. */
  changed: Changed<T>[]
  /** Pairs with enough data to tell a change. */
  compared: number
  /** Of these: likely to have moved by less than `MARGIN`. */
  stable: number
  /** Of these: neither changed nor stable, as far as anybody can tell. */
  unclear: number
  /** Pairs with too little data on one side or both. */
  unknown: number
}

/** Compares the percentile `p` of all pairs. */
export function compare<T>(pairs: readonly Pair<T>[], p: number): Comparison<T> {
  const looks = pairs.map(pair => ({ pair, change: changeOf(pair.before, pair.after, p, pair.limits) }))
  const compared = looks.filter(({ change }) => change.verdict !== null)
  // Where the plain interval holds 0, the wider one does, too.
  const surest = compared
    .filter(({ change }) => isChanged(change))
    .sort((a, b) => zOf(b.change) - zOf(a.change))
  const changed: Changed<T>[] = []
  let [held, small] = [0, 0]
  for (const { pair } of surest) {
    const { before, after, limits } = pair
    const left = compared.length - held
    const change = changeOf(before, after, p, limits, quantileBeyond(ERROR / 2 / left))
    const { difference } = change
    if (!before || !after || !difference || !isChanged(change)) continue
    held++
    const margin = MARGIN * (change.before?.value ?? 0)
    if (Math.abs(difference.value) >= margin) {
      const confidence = 1 - Math.min(ERROR, left * (1 - (change.confidence ?? 0)))
      const harmed = harmOf(before, after, difference.value)
      changed.push({ ...pair, before, after, change: { ...change, confidence }, harmed })
    } else if (difference.low > -margin && difference.high < margin) small++
  }
  const stable = compared.filter(({ change }) => change.verdict === 'stable').length + small
  return {
    changed: changed.sort((a, b) => b.harmed - a.harmed || zOf(b.change) - zOf(a.change)),
    compared: compared.length,
    stable,
    unclear: compared.length - stable - changed.length,
    unknown: looks.length - compared.length,
  }
}

function isChanged({ verdict }: Change): boolean {
  return verdict === 'degrading' || verdict === 'improving'
}

/** How many half widths of its interval the difference is away from 0. */
function zOf({ difference }: Change): number {
  if (!difference) return 0
  const { value, low, high } = difference
  return value / (value > 0 ? value - low : low === high ? 1 : value - high)
}

/** Of a worse percentile no fewer than none are harmed, of a better one no fewer than none are spared. */
function harmOf(before: Histogram, after: Histogram, difference: number): number {
  const bad = ({ n, good }: Histogram) => (n - good) / n
  const harmed = (bad(after) - bad(before)) * after.n
  return difference > 0 ? Math.max(0, harmed) : Math.min(0, harmed)
}
