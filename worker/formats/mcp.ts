/**
 * `POST /mcp`: the Model Context Protocol, over HTTP and without a session. A JSON-RPC request goes in; what a tool answers is
 * what the API answers to the same bearer token, so a read token sees its own site and nothing else.
 *
 * A stateless server of five tools needs six methods of the protocol, so it does without the official SDK, which would be the
 * largest part of the worker.
 *
 * @see https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#streamable-http
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { MAX_BODY, readText } from '../body.ts'
import type { Hono } from '../env.ts'
import { problem } from '../problem.ts'

const VERSIONS = ['2025-06-18', '2025-03-26'] as const
const [LATEST] = VERSIONS
/** https://www.jsonrpc.org/specification#error_object */
const [PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS] = [-32_700, -32_600, -32_601, -32_602]
/** Of the tools; the worker's own is in /v1/openapi.json. */
const SERVER_INFO = { name: 'fieldline', version: '1' }

const text = (description: string) => ({ type: 'string', description })
const SITE = text('the name of the site')
const RANGE = {
  from: text('RFC 3339, -24h or -7d; default: -24h'),
  to: text('RFC 3339 or now; default: now'),
}
const FILTERS = {
  route: text('only this route: /p/[id]'),
  device: text('phone, tablet or desktop'),
  country: text('ISO 3166-1 code'),
  release: text('only this release'),
  tag: text('only this value of a tag that the site declares: plan:pro'),
  segment: text('only this saved segment of the site, by its id'),
}
const LIMIT = text('the most groups or page views; a whole number')

/** Each asks one endpoint; arguments have the names of its parameters. */
const TOOLS = {
  summary: {
    path: '/v1/summary',
    description: 'Percentiles of vitals (ms; CLS is a score) or API calls, each with count and 95% interval',
    properties: {
      ...RANGE,
      metrics: text('lcp,inp,cls,fcp,ttfb,api,pageviews,phase:load,blocking:load,custom:<mark>'),
      percentiles: text('75,95'),
      group_by: text(
        'route, device, country, browser, connection, navigation, release, endpoint or tag:<name>',
      ),
      sort: text('busiest, slowest, failing or impact'),
      limit: LIMIT,
      ...FILTERS,
      endpoint: text('only this endpoint: GET /api/p/[id]'),
    },
  },
  what_changed: {
    path: '/v1/changes',
    description: 'Which metrics, routes, devices and releases got worse or better against the time before',
    properties: RANGE,
  },
  causes: {
    path: '/v1/causes',
    description: 'Which elements, interactions and scripts LCP, INP or CLS came from, with advice',
    properties: { ...RANGE, metric: text('lcp, inp or cls'), limit: LIMIT, ...FILTERS },
  },
  slowest_pageviews: {
    path: '/v1/pageviews',
    description: 'Single page views, the slowest first, with causes and API calls',
    properties: { ...RANGE, metric: text('lcp, inp, cls, fcp or ttfb'), limit: LIMIT, ...FILTERS },
  },
  budgets: {
    path: '/v1/budgets',
    description: 'What the team promised, and whether it is kept',
    properties: {},
  },
} as const

const REQUEST = v.object({
  jsonrpc: v.literal('2.0'),
  id: v.optional(v.union([v.string(), v.number()])),
  method: v.string(),
  params: v.optional(v.record(v.string(), v.unknown()), {}),
})
const CALL = v.object({
  name: v.picklist(Object.keys(TOOLS) as (keyof typeof TOOLS)[]),
  arguments: v.optional(v.record(v.string(), v.union([v.string(), v.number()])), {}),
})

/** Asks the worker itself. */
type Ask = (c: Context<Hono>, path: string) => Promise<Response>

/** The handler. Whoever has no token is told so before anything is read. */
export function mcp(ask: Ask) {
  return async (c: Context<Hono>): Promise<Response> => {
    c.header('Cache-Control', 'private, no-store')
    if (!c.req.header('Authorization')) {
      const headers = { 'WWW-Authenticate': 'Bearer' }
      throw problem(401, 'A bearer token is needed: a read token of a site.', { headers })
    }
    const body = parsed(await readText(c.req.raw, MAX_BODY))
    if (body === undefined) return c.json(failed(null, PARSE_ERROR, 'This is no JSON.'))
    const request = v.safeParse(REQUEST, body)
    if (!request.success) return c.json(failed(null, INVALID_REQUEST, 'This is no request of JSON-RPC 2.0.'))
    const { id, method, params } = request.output
    // A notification wants no answer.
    if (id === undefined) return c.body(null, 202)
    return c.json(await answer(method, params))

    async function answer(name: string, given: Record<string, unknown>) {
      if (name === 'initialize') {
        const asked = VERSIONS.find(known => known === given.protocolVersion)
        return done(id, {
          protocolVersion: asked ?? LATEST,
          capabilities: { tools: {} },
          serverInfo: SERVER_INFO,
        })
      }
      if (name === 'ping') return done(id, {})
      if (name === 'tools/list') return done(id, { tools: listed() })
      if (name !== 'tools/call') return failed(id, NO_METHOD, `There is no method ${name}.`)
      const call = v.safeParse(CALL, given)
      if (!call.success)
        return failed(
          id,
          INVALID_PARAMS,
          `A tool is one of ${Object.keys(TOOLS).join(', ')}; its arguments are texts.`,
        )
      const { name: tool, arguments: given_ } = call.output
      const query = new URLSearchParams(Object.entries(given_).map(([key, value]) => [key, String(value)]))
      const response = await ask(c, `${TOOLS[tool].path}?${query}`)
      // What is wrong with an argument is for the model to read.
      return done(id, { content: [{ type: 'text', text: await response.text() }], isError: !response.ok })
    }
  }
}

function listed() {
  return Object.entries(TOOLS).map(([name, { description, properties }]) => ({
    name,
    description,
    inputSchema: { type: 'object', properties: { site: SITE, ...properties }, required: ['site'] },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }))
}

type Id = string | number | null | undefined
const done = (id: Id, result: object) => ({ jsonrpc: '2.0', id, result })
const failed = (id: Id, code: number, message: string) => ({
  jsonrpc: '2.0',
  id: id ?? null,
  error: { code, message },
})

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
