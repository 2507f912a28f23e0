/** The normal distribution: a number of standard deviations goes in, a share comes out, and the other way round. */

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
