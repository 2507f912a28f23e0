/**
 * What a row of `pageviews` keeps as JSON: the text goes in, what the page view said comes out.
 */

import { PHASES, type Phase } from '../../schema/metrics.ts'
import type { ApiCall, Mark, Why } from '../../schema/pageview.ts'
import { decodeCall, decodeWhy, type RowCall, type RowWhy } from '../../schema/row.ts'

export function whyOf(text: string | null): Why {
  const row: RowWhy = text ? JSON.parse(text) : {}
  return decodeWhy(row)
}

/** The calls of all beacons, in the order in which they began. */
export function callsOf(text: string): ApiCall[] {
  const beacons: Record<string, RowCall[]> = JSON.parse(text)
  return Object.values(beacons)
    .flat()
    .map(decodeCall)
    .sort((a, b) => a.start - b.start)
}

/** The marks of all beacons, in the order in which they came. */
export function marksOf(text: string): Mark[] {
  const beacons: Record<string, [string, number][]> = JSON.parse(text)
  return Object.values(beacons)
    .flat()
    .map(([name, value]) => ({ name, value }))
}

/** The load phases; null for navigations that load no document. */
export function phasesOf(text: string | null): Record<Phase, number> | null {
  if (!text) return null
  const list: number[] = JSON.parse(text)
  return Object.fromEntries(PHASES.map((phase, i) => [phase, list[i] ?? 0])) as Record<Phase, number>
}
