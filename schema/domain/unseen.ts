/**
 * Letters that nobody sees, so that two names would look alike, and what turns the direction of all behind it: control characters, soft
 * hyphens, marks of direction, letters of tags, spaces of no width. Beacons lose them; the dashboard and the CLI write them as codes.
 *
 * Joiners, and what chooses a form, mean something behind other letters than a to z: in Persian, in emojis, in `1\ufe0f\u20e3`.
 * Behind a to z, a space, or nothing, they are unseen like the others.
 *
 * @see https://www.unicode.org/reports/tr36/#visual_spoofing
 */
export const UNSEEN =
  /(?<=^|[ -"$-)+-/:-~\p{Z}])[\p{DI}\p{Cc}\ufff9-\ufffb]+|(?![\p{VS}\u200c\u200d])\p{DI}|[\p{Cc}\ufff9-\ufffb]/gu

/** `/cart` and a space of no width: `/cart\u200b`. Inside JSON that is an escape, too. */
export function withCodes(text: string): string {
  return text.replace(UNSEEN, codesOf)
}

/** The codes of letters that are to be seen. */
export function codesOf(letters: string): string {
  return letters.replace(/./gs, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
