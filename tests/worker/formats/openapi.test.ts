import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../../schema/openapi/document.ts'
import { app } from '../../../worker/app.ts'
import { type Cells, csv } from '../../../worker/query/csv.ts'

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

/** The examples of each operation that answers in both forms. */
function questions() {
  return OPERATIONS.flatMap(({ id, answers }) => {
    const { 'application/json': json, 'text/csv': text } = answers[200]?.content ?? {}
    return json && text ? [{ id, json: json.example as Example, text: text.example }] : []
  })
}

interface Example {
  data?: (Cells & { points?: Cells[] })[]
  hours?: Cells[]
}

/** Of an answer over time each point is a row, with its time first. */
function rowsOf({ data = [], hours }: Example): Cells[] {
  return (
    hours ??
    data.flatMap(({ points, ...row }) =>
      points ? points.map(({ time, ...figures }) => ({ time, ...row, ...figures })) : [row],
    )
  )
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

  it.each(questions())('gives the CSV of $id as the worker writes it', ({ json, text }) => {
    expect(text).toBe(csv(rowsOf(json)))
  })
})
