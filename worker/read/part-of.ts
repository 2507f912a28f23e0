/**
 * Which of the groups that changed explains the others. One slow release of phones on one route shows in the route, in phones, in
 * every country and browser. The answer says of each of them that it is part of the phones on that route.
 *
 * - A wider group is part of a narrower one that has most of its harm: the route, of its phones.
 * - A narrower group is part of a wider one that fares alike: one of many routes, of all page views.
 * - What is hit no harder than all page views together is part of what is: a country, of the phones on the route.
 *
 * Harm adds up: that of a route is the sum of its devices', but for a change of their shares.
 */

import type { Changed } from '../../schema/domain/changed.ts'
import type { Histogram } from '../../schema/domain/histogram.ts'
import type { GroupValues } from '../query/groups-query.ts'
import type { TwoSided } from '../query/many-groups.ts'

type Row = Changed<TwoSided>

/** The share of a wider group's harm that is most of it. */
const MOST_OF_HARM = 0.7
/** A group that is harmed less than so many times as often fares alike. */
const ALIKE = 1.5

/** The group that a row is part of; undefined where it is none. `wholes` are all page views, or calls, of each metric. */
export function partOf(row: Row, rows: readonly Row[], wholes: readonly TwoSided[]): GroupValues | undefined {
  const alike = rows.filter(
    other => other.of.metric === row.of.metric && other.change.verdict === row.change.verdict,
  )
  const narrower = narrowerOf(row, alike)
  if (narrower) return narrower.of.values
  const telling = alike.filter(other => other !== row && !narrowerOf(other, alike))
  const wider = telling.find(other => isWithin(row, other) && rateOf(row) <= ALIKE * rateOf(other))
  if (wider) return wider.of.values
  const whole = wholes.find(({ metric }) => metric === row.of.metric)
  const usual = ALIKE * Math.abs(badIn(whole?.after) - badIn(whole?.before))
  if (rateOf(row) > usual) return undefined
  return mostHarmed(telling.filter(other => rateOf(other) > usual))?.of.values
}

/** The narrowest group within a row that has most of its harm. */
function narrowerOf(row: Row, alike: readonly Row[]): Row | undefined {
  const harm = Math.abs(row.harmed)
  const within = alike.filter(
    other => isWithin(other, row) && harm > 0 && Math.abs(other.harmed) >= MOST_OF_HARM * harm,
  )
  const keys = Math.max(...within.map(keysOf))
  return mostHarmed(within.filter(other => keysOf(other) === keys))
}

function mostHarmed(rows: readonly Row[]): Row | undefined {
  return rows.toSorted((a, b) => Math.abs(b.harmed) - Math.abs(a.harmed))[0]
}

function keysOf({ of }: Row): number {
  return Object.keys(of.values).length
}

/** True where all of a group lies in a wider one: phones on a route in the route. */
function isWithin(inner: Row, outer: Row): boolean {
  const keys = Object.entries(outer.of.values)
  return (
    keysOf(inner) > keys.length &&
    keys.every(([key, value]) => inner.of.values[key as keyof GroupValues] === value)
  )
}

/** The share of a group's page views that are harmed, or spared. */
function rateOf({ harmed, after }: Row): number {
  return Math.abs(harmed) / after.n
}

function badIn(histogram: Histogram | null | undefined): number {
  return histogram?.n ? (histogram.n - histogram.good) / histogram.n : 0
}
