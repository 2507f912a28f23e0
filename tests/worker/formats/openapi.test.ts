import type { GenericSchema } from 'valibot'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../../schema/openapi/document.ts'
import { app } from '../../../worker/app.ts'
import { columnsOf, type OpenNames } from '../../../worker/query/columns.ts'
import { csv } from '../../../worker/query/csv.ts'
import { CSV_ROWS } from '../../../worker/read/csv-rows.ts'

/** What takes every method and is no operation: middleware, and the 405 of `/f` and of `/mcp`. */
const NO_OPERATIONS = [
  ...['/f', '/fieldline/f', '/mcp', '/v1/*', '/v1/sites/*', '/v1/sites/:site/*', '/v1/sites/:site/rules/*'],
  ...['/v1/sites/:site/segments/*', '/v1/sites/:site/tags/*'],
]

/** `/f` by another name, and a protocol that describes itself: `tools/list` of `/mcp`. */
const ELSEWHERE = ['/fieldline/f', '/mcp']

/** Hono's `/:call{records:queryRecord}` and `/:site` as OpenAPI writes them. */
const templated = (path: string) =>
  path
    .replace(/:\w+\{([^}]+)\}|:(\w+)/g, (_, literal?: string, name?: string) => literal ?? `{${name}}`)
    .replace(/(?<=.)\/$/, '')

/** What the examples are answers to. */
const ASKED = {
  summary: { groupBy: ['route'], percentiles: [75, 95] },
  timeseries: { groupBy: [], percentiles: [75] },
  trends: { groupBy: [], percentiles: [75] },
}
const SITE = { tags: { plan: 0 } }

/** The examples of each operation that answers in both forms, with the rows and columns of the second. */
function questions() {
  return OPERATIONS.flatMap(({ id, answers }) => {
    const { 'application/json': json, 'text/csv': text } = answers[200]?.content ?? {}
    if (!json || !text) return []
    const { rows, row, open } = CSV_ROWS[id as keyof typeof CSV_ROWS] as CsvRows
    const columns = columnsOf(row, open?.(ASKED[id as keyof typeof ASKED], SITE))
    return [{ id, rows: rows(json.example), columns, text: text.example }]
  })
}

interface CsvRows {
  rows(answer: unknown): object[]
  row: GenericSchema
  open?(query: unknown, site: typeof SITE): OpenNames
}

/** The ways to what a row holds, `p75.value`; a list is one. */
function leavesOf(part: unknown, way: string[] = []): string[] {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
    ? Object.entries(part).flatMap(([name, value]) => leavesOf(value, [...way, name]))
    : part === null
      ? []
      : [way.join('.')]
}

describe('the OpenAPI document', () => {
  it('has each route of the worker as an operation, and nothing else but itself', () => {
    const all = app.routes.filter(({ method }) => method === 'ALL').map(({ path }) => path)
    expect([...new Set(all)].sort()).toEqual(NO_OPERATIONS)
    const routes = app.routes
      .filter(({ method, path }) => method !== 'ALL' && !ELSEWHERE.includes(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${templated(path)}`)
    const operations = OPERATIONS.map(({ method, path }) => `${method} ${path}`)
    expect(operations.toSorted()).toEqual([...new Set(routes), 'get /v1/openapi.json'].sort())
  })

  it.each(questions())('gives the CSV of $id as the worker writes it', ({ rows, columns, text }) => {
    expect(text).toBe(csv(rows, columns))
  })

  it.each(questions())('has all of a row of $id in its CSV', ({ rows, columns }) => {
    const names = columns.map(column => column.join('.'))
    const isThere = (leaf: string) => names.some(name => leaf === name || leaf.startsWith(`${name}.`))
    expect(rows.flatMap(row => leavesOf(row)).filter(leaf => !isThere(leaf))).toEqual([])
  })
})
