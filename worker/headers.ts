/**
 * Headers that more than one room answers with.
 */

/** Of what only the caller may see, and what may be another answer the next time. */
export const PRIVATE = { 'Cache-Control': 'private, no-cache' } as const

/** True where `If-None-Match`, or `If-Match`, names an ETag, or any. What compresses an answer on its way marks that as weak. */
export function namesTag(header: string | undefined, tag: string): boolean {
  return isAny(header) || (header ?? '').split(',').some(known => known.trim().replace(/^W\//, '') === tag)
}

/** `*` names whatever is there. */
export function isAny(header: string | undefined): boolean {
  return header?.trim() === '*'
}
