/**
 * CSV of RFC 4180, of rows as the JSON answer has them. What is nested becomes a column of its own,
 * `percentiles.p75.value`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */

import { csvCell } from '../../schema/domain/csv.ts'
import type { Column } from './columns.ts'

/** All rows under one header, which is there without rows, too; a list is written as JSON, no data as an empty cell. */
export function csv(rows: readonly object[], columns: readonly Column[]): string {
  const header = columns.map(column => column.join('.'))
  const lines = [header, ...rows.map(row => columns.map(column => valueAt(row, column)))]
  return lines.map(cells => `${cells.map(csvCell).join(',')}\r\n`).join('')
}

function valueAt(row: unknown, column: Column): unknown {
  return column.reduce<unknown>(
    (part, name) =>
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined,
    row,
  )
}
