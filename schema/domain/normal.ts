/** The normal distribution: standard deviations to shares, and back. */

/** The share below `z`, within 1.5e-7: Abramowitz and Stegun, 7.1.26. */
export function below(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const tail =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const half = 0.5 * tail * Math.exp(-x * x)
  return z < 0 ? half : 1 - half
}

/** The z below which the share `p` (0 < p < 1) lies, by bisection. */
export function quantile(p: number): number {
  let [low, high] = [-6, 6]
  while (high - low > 1e-6) {
    const middle = (low + high) / 2
    if (below(middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * The share above `z`, within 1.2e-7 of itself however small it is, which `1 - below(z)` is not: Chebyshev's fit of erfc in
 * Press et al., Numerical Recipes, section 6.2.
 */
export function beyond(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + x / 2)
  const fit = COEFFICIENTS.reduceRight((sum, c) => sum * t + c, 0)
  const tail = (t * Math.exp(-x * x + fit)) / 2
  return z < 0 ? 1 - tail : tail
}

const COEFFICIENTS = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
]

/** The z above which the share `tail` (0 < tail < .5) lies, by bisection. */
export function quantileBeyond(tail: number): number {
  let [low, high] = [0, 38]
  while (high - low > 1e-9) {
    const middle = (low + high) / 2
    if (beyond(middle) > tail) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * The same as `z` of the normal distribution of Student's t, where the deviation is told by so many degrees of freedom.
 * @see https://dlmf.nist.gov/ Abramowitz and Stegun 26.7.5
 */
export function student(z: number, freedom: number): number {
  const f = Math.max(1, freedom)
  return z + (z ** 3 + z) / (4 * f) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * f ** 2)
}
