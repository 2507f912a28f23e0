/**
 * Which devices visit may change while no device does: a percentile of all then moves alone. From the histograms by device
 * of two periods this finds the shares that moved the whole.
 */

import type { Mix } from '../../schema/api/trends.ts'
import { reweighted } from '../../schema/domain/buckets.ts'
import { changeOf, type Verdict } from '../../schema/domain/change.ts'
import { type Histogram, type Limits, merge } from '../../schema/domain/histogram.ts'

export interface Part {
  value: string | null
  before: Histogram | null
  after: Histogram | null
}

/**
 * The mix that explains the verdict of the whole; null where it does not. It does where no part changed in that direction,
 * and where the time before, each part brought to the share that it has now, is surely no other than the time after.
 */
export function mixOf(
  key: Mix['key'],
  parts: readonly Part[],
  verdict: Verdict,
  p: number,
  limits: Limits | null,
): Mix | null {
  const changes = parts.map(({ before, after }) => changeOf(before, after, p, limits).verdict)
  if (changes.includes(verdict)) return null
  const [early, late] = [total(parts, 'before'), total(parts, 'after')]
  if (!early || !late) return null
  const shares = parts.map(({ value, before, after }) => ({
    value,
    before: (before?.n ?? 0) / early,
    after: (after?.n ?? 0) / late,
  }))
  const alike = merge(
    parts.flatMap(({ before }, i) => {
      const share = shares[i]
      return before && share?.before ? [weighted(before, share.after / share.before)] : []
    }),
  )
  const { verdict: left } = changeOf(alike, merge(parts.flatMap(({ after }) => after ?? [])), p, limits)
  // What was read of the devices may be too little to tell: that is no proof of a mix.
  return left === 'stable' ? { key, shares } : null
}

function total(parts: readonly Part[], side: 'before' | 'after'): number {
  return parts.reduce((sum, part) => sum + (part[side]?.n ?? 0), 0)
}

/** The same samples with `factor` times their weight. */
function weighted({ n, s, q, good, poor, h, v, c = {} }: Histogram, factor: number): Histogram {
  const pairs = Object.entries(c).map(
    ([bucket, [pairs, partners]]) => [bucket, [pairs * factor ** 2, partners * factor ** 2]] as const,
  )
  return {
    n: n * factor,
    s,
    q: q * factor ** 2,
    good: good * factor,
    poor: poor * factor,
    h: reweighted(h, weight => weight * factor),
    ...(v && { v: reweighted(v, square => square * factor ** 2) }),
    c: Object.fromEntries(pairs),
  }
}
