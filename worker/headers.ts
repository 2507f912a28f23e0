/**
 * Headers that more than one room answers with.
 */

/** Of what only the caller may see, and what may be another answer the next time. */
export const PRIVATE = { 'Cache-Control': 'private, no-cache' } as const
