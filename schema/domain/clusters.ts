/**
 * Effective samples: how many independent samples of one weight would tell as much as samples of several weights, and as samples that
 * come several from one page view.
 *
 * The variance of the share F of the weight at or below a value x, of samples of the weights w, is
 *
 *     sum w^2 (I - F)^2 = V (1 - 2 F) + q F^2,    I = 1 where a sample is at or below x, V the sum of w^2 of these,
 *
 * over n^2, where q is the sum of all w^2. Where weights tell nothing of values, V is about q F, and this q F (1 - F): Kish's size. They
 * do tell where a burst is slow, since less of it is kept: the few samples of great weight are the slow ones, V is small and the
 * variance large. V rests on few samples in the tails: so where it says less than Kish does, their geometric mean counts.
 *
 * The calls of one page view share a device and a network, so they are alike, and ten of them tell less than ten calls of
 * ten visitors. The variance of the share F of the weight at or below a value x is that of its cluster totals,
 *
 *     sum w^2 F (1 - F) + sum over pairs of one page view w^2 (I - F)(I' - F),    I = 1 where a call is at or below x,
 *
 * over n^2 (linearization of a ratio: Woodruff 1952; Rao and Scott, Biometrics 48 (1992), 577-585). With rho the correlation
 * of I within a page view, n_eff = n^2 / (q + rho Q), where q is the sum of w^2 and Q that of w^2 over all pairs: Kish's
 * size where rho is 0, or where page views have one sample each.
 *
 * rho is estimated twice, and the larger counts:
 * - at the percentile itself, from the pairs at or below its bucket. This is true to any distribution, but rests on few page
 *   views in the tails.
 * - from all pairs. The covariance of I, averaged over all x by rank, gives the correlation of a normal variable behind the
 *   samples, and this the correlation of I at any percentile (Sheppard's formula for the orthant). Half a standard error is
 *   added (Donner, Int. Stat. Review 54 (1986), 67-82): too small a guess costs coverage, too large a one some width.
 *
 * tests/schema/domain/clusters.test.ts counts how often the interval covers the truth.
 */

import { type Buckets, byBucket } from './buckets.ts'
import { below, quantile } from './normal.ts'

/** What this file takes of a histogram; see histogram.ts. */
interface Clustered {
  n: number
  s: number
  q: number
  h: Buckets
  v?: Buckets | undefined
  c?: Record<string, readonly [pairs: number, partners: number]> | undefined
}

/** A value at the end of a bucket: the share at or below it, and the covariance of two samples of one page view there. */
interface Edge {
  share: number
  covariance: number
}

/** Simpson's rule, intervals. */
const STEPS = 24

/** Answers the effective size of a histogram at a percentile (0 < p < 100). */
export function effectiveSize(histogram: Clustered): (p: number) => number {
  const { n, q, c = {} } = histogram
  if (n <= 0) return () => 0
  const own = ownVariance(histogram)
  const all = Object.values(c).reduce((sum, [pairs]) => sum + pairs, 0)
  if (all <= 0) return p => (n * n) / own(p / 100)
  const edges = edgesOf(histogram, all)
  const latent = latentCorrelation(edges)
  const raised = Math.min(1, latent + standardError(latent, n, q, all) / 2)
  return p => {
    const rho = Math.max(0, correlationAt(edges, p / 100), indicatorCorrelation(raised, p / 100))
    return (n * n) / (own(p / 100) + rho * all)
  }
}

/** The variance of a share of the weight, in units of F (1 - F), but for what samples of one page view have in common. */
function ownVariance({ n, s, q, h, v }: Clustered): (share: number) => number {
  if (!v) return () => q
  const squares = byBucket(v)
  return share => {
    let [weight, below] = [0, 0]
    for (const [i, bucket] of h.at.entries()) {
      const [own, square] = [h.weights[i] ?? 0, squares.get(bucket) ?? 0]
      const left = share * n - weight
      if (left <= own) {
        below += (left / own) * square
        break
      }
      weight += own
      below += square
    }
    const told = (below * (1 - 2 * share) + q * share ** 2) / (share * (1 - share))
    // No samples tell more than as many of one weight.
    return told > q ? told : Math.max((n * n) / s, Math.sqrt(q * told))
  }
}

/** Of each bucket, ascending; `all` is the weight of all pairs. */
function edgesOf({ n, h, c = {} }: Clustered, all: number): Edge[] {
  let [weight, both, one] = [0, 0, 0]
  return h.at.map((bucket, i) => {
    const [pairs, partners] = c[bucket] ?? [0, 0]
    weight += h.weights[i] ?? 0
    both += pairs
    one += partners
    const share = weight / n
    return { share, covariance: (both - 2 * share * one) / all + share * share }
  })
}

/** The correlation of I at a share, from the pairs; beyond 1 where page views with many samples are the slow ones. */
function correlationAt(edges: readonly Edge[], share: number): number {
  const index = edges.findIndex(edge => edge.share >= share - 1e-12)
  // At the last bucket all samples lie at or below: the one before tells more.
  const edge = edges.findLast((edge, i) => (index < 0 || i <= index) && edge.share < 1 - 1e-12)
  return edge ? edge.covariance / (edge.share * (1 - edge.share)) : 0
}

/**
 * The correlation of the normal variable behind the samples, 0 to 1. By rank, the covariance of I averages
 * 1/4 + asin((1 + rho) / 2) / (2 pi) - 1/3, and its variance 1/6.
 */
function latentCorrelation(edges: readonly Edge[]): number {
  let [covariance, variance] = [0, 0]
  let last: Edge = { share: 0, covariance: 0 }
  for (const edge of edges) {
    const step = (edge.share - last.share) / 2
    covariance += step * (edge.covariance + last.covariance)
    variance += step * (edge.share * (1 - edge.share) + last.share * (1 - last.share))
    last = edge
  }
  const ratio = variance > 0 ? Math.min(1, covariance / variance) : 0
  return Math.max(0, 2 * Math.sin(2 * Math.PI * (ratio / 6 + 1 / 12)) - 1)
}

/** Of a correlation within clusters, by how many there are and how large they are. */
function standardError(rho: number, n: number, q: number, all: number): number {
  const clusters = (n * n) / (q + all)
  const size = 1 + all / q
  if (clusters < 1.5) return 2
  return (1 - rho) * (1 + (size - 1) * rho) * Math.sqrt(2 / (size * (size - 1) * (clusters - 1)))
}

/** The correlation of I at a share where two samples are normal with the correlation `rho`. */
function indicatorCorrelation(rho: number, share: number): number {
  const z = quantile(share)
  const end = Math.asin(rho)
  let sum = 0
  for (let i = 0; i <= STEPS; i++) {
    const height = Math.exp((-z * z) / (1 + Math.sin((end * i) / STEPS)))
    sum += height * (i === 0 || i === STEPS ? 1 : i % 2 ? 4 : 2)
  }
  const both = (sum * end) / STEPS / 3 / (2 * Math.PI)
  const p = below(z)
  return Math.min(1, both / (p * (1 - p)))
}
