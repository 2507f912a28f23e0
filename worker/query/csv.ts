/**
 * CSV of RFC 4180, of rows as the JSON answer has them. What is nested becomes a column of its own,
 * `percentiles.p75.value`.
 *
 * Names come from strangers' pages, and a spreadsheet runs a cell that begins like a formula: such a cell gets an
 * apostrophe in front. Numbers stay numbers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */

export type Cells = { readonly [name: string]: unknown }

/** All rows under one header; a list is written as JSON, no data as an empty cell. */
export function csv(rows: readonly Cells[]): string {
  const flat = rows.map(row => new Map(columnsOf(row, '')))
  const names = new Set(flat.flatMap(row => [...row.keys()]))
  // What is null in one row and nested in another has the columns of what is nested.
  const nested = new Set(
    [...names].flatMap(name => [...name.matchAll(/\./g)].map(dot => name.slice(0, dot.index))),
  )
  const header = [...names].filter(name => !nested.has(name))
  const lines = [header, ...flat.map(row => header.map(name => row.get(name)))]
  return lines.map(cells => `${cells.map(cell).join(',')}\r\n`).join('')
}

function columnsOf(row: Cells, prefix: string): [name: string, value: unknown][] {
  return Object.entries(row).flatMap(([key, value]) => {
    const name = prefix + key
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? columnsOf(value as Cells, `${name}.`)
      : [[name, value] as [string, unknown]]
  })
}

/**
 * Where a spreadsheet may run what follows: before `=`, `+`, `-`, `@`, in their wide, small, raised and lowered forms too,
 * whatever that is trimmed or not shown stands in front. Not only the cell's begin: at `;` or a tab another locale's
 * spreadsheet begins a cell, and at a line's end a row.
 */
const FORMULA =
  /(^|[;\t\r\n\v\f\u0085\u2028\u2029])(?=["\s\p{Cc}\p{Cf}\p{Z}\u115f\u1160\u2800\u3164\uffa0]*[=+\-@＝＋－＠﹦﹢﹣﹫−⁺⁻⁼₊₋₌])/gu

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = text.replace(FORMULA, "$1'")
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
