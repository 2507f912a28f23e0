/** Text tables for a terminal: aligned lines. The first columns are aligned left. */

import { printable } from './printable.ts'

/** `left`: how many columns are words, the rest are numbers. */
export function table(head: string[], rows: string[][], left = 1): string {
  const all = [head, ...rows.map(row => row.map(printable))]
  const widths = head.map((_, column) => Math.max(...all.map(row => width(row[column] ?? ''))))
  const line = (row: string[]) =>
    widths
      .map((wide, column) => {
        const cell = row[column] ?? ''
        const space = ' '.repeat(wide - width(cell))
        return column < left ? cell + space : space + cell
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map(wide => '-'.repeat(wide)).join('  ')
  return [line(all[0] ?? []), rule, ...all.slice(1).map(line)].map(text => `  ${text}`).join('\n')
}

/** Columns of a terminal, one for a character: near enough for routes. */
function width(text: string): number {
  return [...text].length
}
