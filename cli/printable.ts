/**
 * Text that a visitor's browser may have made up, made harmless for a terminal: what moves the cursor, forges lines, turns the
 * direction of reading or cannot be seen becomes its code. Beacons lose most of it; importers and names of files may bring it.
 */

import { codesOf, withCodes } from '../schema/domain/unseen.ts'

/** One line of text, safe to print. */
export function printable(text: string): string {
  return withCodes(text).replace(/[\u2028\u2029]/g, codesOf)
}
