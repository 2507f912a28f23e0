/**
 * A cell of CSV.
 *
 * Names come from strangers' pages, and a spreadsheet runs a cell that begins like a formula: such a cell gets an
 * apostrophe in front. Numbers stay numbers.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */

/**
 * Where a spreadsheet may run what follows: before `=`, `+`, `-`, `@`, in their wide, small, raised and lowered forms too,
 * whatever that is trimmed or not shown stands in front. Not only the cell's begin: at `;` or a tab another locale's
 * spreadsheet begins a cell, and at a line's end a row.
 */
const FORMULA =
  /(^|[;\t\r\n\v\f\u0085\u2028\u2029])(?=["\s\p{Cc}\p{Cf}\p{Z}\u115f\u1160\u2800\u3164\uffa0]*[=+\-@＝＋－＠﹦﹢﹣﹫−⁺⁻⁼₊₋₌])/gu

/** A value as a cell of CSV; a list or an object is JSON in it. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = text.replace(FORMULA, "$1'")
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
