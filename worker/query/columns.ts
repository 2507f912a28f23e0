/**
 * The columns of a CSV, by the schema of its rows and the question: the same question has the same columns, whatever its
 * rows hold. What is nested has columns of its own; what may be missing in a row stands behind what may not.
 */

import type * as v from 'valibot'

/** The way from a row to a cell: `percentiles`, `p99.9`, `value`. */
export type Column = readonly string[]

/** The names within a part whose schema leaves them open, by the name of that part: `percentiles` has `p75`. */
export type OpenNames = Readonly<Record<string, readonly string[]>>

/** A schema as this file reads it. */
interface Node {
  type: string
  entries?: Record<string, Node>
  wrapped?: Node
  key?: { options?: readonly string[] }
  value?: Node
}

/** The columns of rows that a schema describes. An open part that `open` does not name is one column, of JSON. */
export function columnsOf(schema: v.GenericSchema, open: OpenNames = {}): Column[] {
  const entries = Object.entries((schema as unknown as Node).entries ?? {})
  const isOptional = ([, { type }]: [string, Node]) => type === 'optional'
  const inOrder = [...entries.filter(entry => !isOptional(entry)), ...entries.filter(isOptional)]
  return inOrder.flatMap(([name, node]) => within(node, [name], open))
}

function within(node: Node, path: Column, open: OpenNames): Column[] {
  if (node.wrapped) return within(node.wrapped, path, open)
  return partsOf(node, path, open)?.flatMap(([name, part]) => within(part, [...path, name], open)) ?? [path]
}

/** The named parts of a schema; undefined where it is one cell. */
function partsOf({ entries, key, value }: Node, path: Column, open: OpenNames): [string, Node][] | undefined {
  if (entries) return Object.entries(entries)
  const names = key?.options ?? open[path.join('.')]
  return value && names?.map(name => [name, value])
}
