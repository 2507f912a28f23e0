import { describe, expect, it } from 'vitest'
import { BFCACHE_EXAMPLE } from '../../../schema/api/bfcache.ts'
import { BLOCKING_EXAMPLE } from '../../../schema/api/blocking.ts'
import { CAUSES_EXAMPLE } from '../../../schema/api/causes.ts'
import { PAGEVIEWS_EXAMPLE } from '../../../schema/api/pageviews.ts'
import { CSV } from '../../../schema/openapi/csv-examples.ts'
import { OPERATIONS } from '../../../schema/openapi/document.ts'
import { CHANGES, DELIVERY, SUMMARY, TRENDS } from '../../../schema/openapi/question-examples.ts'
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

  it.each<[keyof typeof CSV, readonly object[]]>([
    ['summary', SUMMARY.data],
    ['trends', TRENDS.data],
    ['changes', CHANGES.data],
    ['delivery', DELIVERY.hours],
    ['bfcache', BFCACHE_EXAMPLE.data],
    ['blocking', BLOCKING_EXAMPLE.data],
    ['causes', CAUSES_EXAMPLE.data],
    ['pageviews', PAGEVIEWS_EXAMPLE.data],
  ])('gives the CSV of %s as the worker writes it', (name, rows) => {
    expect(CSV[name]).toBe(csv(rows as Cells[]))
  })
})
