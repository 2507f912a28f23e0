/**
 * Text that a visitor's browser may have made up, made harmless for a terminal: control characters, which move the
 * cursor or forge lines, and those that reverse the direction of reading become `\u001b`. Inside JSON that is an
 * escape, too.
 */

/** C0, DEL, C1; line separators; marks and overrides of direction; what has no width and joins no letters. */
// biome-ignore format: the comment below is for one line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** One line of text, safe to print. */
export function printable(text: string): string {
  return text.replace(UNSAFE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
