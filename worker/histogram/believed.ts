/**
 * What one page view may add to a sum. A browser claims it, and a few page views that claim as much as the wire can say would be most of
 * all that a site counts. Single page views show what was claimed.
 */

export const BELIEVED = {
  /** Calls that were left out. */
  dropped: 1_000,
  /** Errors, of one kind and of all: so many are looked at (sdk/errors). */
  errors: 32,
}

/**
 * How often each error of a page view is believed to have come, by how often each is claimed to: all together `BELIEVED.errors` times,
 * each once, and what is left by their claims. A script looks at no more, so it claims no more. `histogram/errors` says it in SQL.
 *
 * Of 8 kinds that claim 32 each, 256 in all, each is believed to have come 1 + 31 * 24 / 248 = 4 times.
 */
export function believedErrors(claims: readonly number[]): number[] {
  const all = claims.reduce((sum, claim) => sum + claim, 0)
  if (all <= BELIEVED.errors) return [...claims]
  const [kinds, left] = [claims.length, Math.max(0, BELIEVED.errors - claims.length)]
  return claims.map(claim => 1 + ((claim - 1) * left) / (all - kinds))
}
