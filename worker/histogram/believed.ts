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
