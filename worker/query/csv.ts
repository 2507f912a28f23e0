/**
 * CSV of RFC 4180, of rows as the JSON answer has them. What is nested becomes a column of its own,
 * `percentiles.p75.value`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */

import { csvCell } from '../../schema/domain/csv.ts'

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
  return lines.map(cells => `${cells.map(csvCell).join(',')}\r\n`).join('')
}

function columnsOf(row: Cells, prefix: string): [name: string, value: unknown][] {
  return Object.entries(row).flatMap(([key, value]) => {
    const name = prefix + key
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? columnsOf(value as Cells, `${name}.`)
      : [[name, value] as [string, unknown]]
  })
}
