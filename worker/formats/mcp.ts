/**
 * `POST /mcp`: the Model Context Protocol, over HTTP and without a session. A tool answers what the API answers to the same bearer
 * token, so a read token sees its own site and nothing else.
 *
 * Clients of before 2026-07-28 begin with `initialize`. Those since then say in each request which version they speak.
 *
 * The official server (@modelcontextprotocol/server 2.x) was tried: 85 KB more of gzip, and above 100 ms of CPU for the first
 * answer of an isolate, of 10 ms that the free plan allows. Its official client is the test of this one (tests/tools/mcp).
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */

import type { Context } from 'hono'
import * as v from 'valibot'
import { MAX_BODY, readText } from '../body.ts'
import type { Hono } from '../env.ts'
import { problem } from '../problem.ts'
import { SITE, TOOLS } from './mcp-tools.ts'

/** Versions are dates: they sort as texts. */
const MODERN = '2026-07-28'
const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26'] as const
const [LATEST_LEGACY] = LEGACY
/** The names of what a modern request says of itself. */
const META = 'io.modelcontextprotocol/'
/** https://www.jsonrpc.org/specification#error_object, and two of the protocol's own. */
const [PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS] = [-32_700, -32_600, -32_601, -32_602]
const [HEADER_MISMATCH, NO_VERSION] = [-32_020, -32_022]
/** How long a client may keep what is the same for everybody, in ms. */
const KEPT = 3_600_000
/** Of the tools; the worker's own is in /v1/openapi.json. */
const SERVER_INFO = { name: 'fieldline', version: '1' }
const CAPABILITIES = { tools: {} }

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
type Call = v.InferOutput<typeof REQUEST>
/** What goes wrong before a tool is asked, and its status for whoever speaks the modern version. */
interface Failure {
  status: 200 | 400 | 404
  code: number
  message: string
  data?: object
}

/** The handler. Without a token it answers 401 before it reads anything. */
export function mcp(ask: Ask) {
  return async (c: Context<Hono>): Promise<Response> => {
    c.header('Cache-Control', 'private, no-store')
    requireToken(c)
    const call = callIn(await readText(c.req.raw, MAX_BODY))
    if ('code' in call) return fail(null, call)
    const { id } = call
    // A notification wants no answer.
    if (id === undefined) return c.body(null, 202)
    const version = versionOf(call, c.req.header('MCP-Protocol-Version'))
    const isModern = version > LATEST_LEGACY
    const wrong = wrongIn(call, version, isModern ? name => c.req.header(name) : null)
    if (wrong) return fail(id, wrong)
    const tool: Tool = params => callTool(path => ask(c, path), params)
    const answer = await (isModern ? modern(call, tool) : legacy(call, tool))
    return 'code' in answer ? fail(id, answer) : c.json({ jsonrpc: '2.0', id, result: answer })

    function fail(id: string | number | null, { status, ...error }: Failure) {
      return c.json({ jsonrpc: '2.0', id, error }, status)
    }
  }
}

/** Whether the token grants anything is for the API to say. */
function requireToken(c: Context<Hono>): void {
  if (c.req.header('Authorization')) return
  const headers = { 'WWW-Authenticate': 'Bearer' }
  throw problem(401, 'A bearer token is needed: a read token of a site.', { headers })
}

function callIn(body: string): Call | Failure {
  const json = parsed(body)
  if (json === undefined) return failure(400, PARSE_ERROR, 'This is no JSON.')
  const request = v.safeParse(REQUEST, json)
  return request.success
    ? request.output
    : failure(400, INVALID_REQUEST, 'This is no request of JSON-RPC 2.0.')
}

async function callTool(
  get: (path: string) => Promise<Response>,
  params: Call['params'],
): Promise<object | Failure> {
  const checked = v.safeParse(CALL, params)
  if (!checked.success) {
    const names = Object.keys(TOOLS).join(', ')
    return failure(200, INVALID_PARAMS, `A tool is one of ${names}; its arguments are texts.`)
  }
  const { name, arguments: given } = checked.output
  const query = new URLSearchParams(Object.entries(given).map(([key, value]) => [key, String(value)]))
  const response = await get(`${TOOLS[name].path}?${query}`)
  // What is wrong with an argument is for the model to read.
  return { content: [{ type: 'text', text: await response.text() }], isError: !response.ok }
}

type Tool = (params: Call['params']) => Promise<object | Failure>

async function legacy({ method, params }: Call, tool: Tool): Promise<object | Failure> {
  if (method === 'initialize') {
    const asked = LEGACY.find(known => known === params.protocolVersion)
    return { protocolVersion: asked ?? LATEST_LEGACY, capabilities: CAPABILITIES, serverInfo: SERVER_INFO }
  }
  if (method === 'ping') return {}
  if (method === 'tools/list') return { tools: listed() }
  return method === 'tools/call' ? tool(params) : noMethod(200, method)
}

async function modern({ method, params }: Call, tool: Tool): Promise<object | Failure> {
  const said = { resultType: 'complete', _meta: { [`${META}serverInfo`]: SERVER_INFO } }
  const kept = { ...said, ttlMs: KEPT, cacheScope: 'public' }
  if (method === 'server/discover')
    return { supportedVersions: [MODERN, ...LEGACY], capabilities: CAPABILITIES, ...kept }
  if (method === 'tools/list') return { tools: listed(), ...kept }
  if (method !== 'tools/call') return noMethod(404, method)
  const answer = await tool(params)
  return 'code' in answer ? answer : { ...answer, ...said }
}

/** The version that a request is of, by what it says in its body, or in its header; else an old one. */
function versionOf({ params }: Call, header: string | undefined): string {
  const said = metaOf(params)[`${META}protocolVersion`]
  return typeof said === 'string' ? said : (header ?? LATEST_LEGACY)
}

function metaOf({ _meta }: Call['params']): Record<string, unknown> {
  return v.is(v.record(v.string(), v.unknown()), _meta) ? _meta : {}
}

/** What is wrong with how a request says what it is; `header` reads those of a modern one. */
function wrongIn(
  { method, params }: Call,
  version: string,
  header: ((name: string) => string | undefined) | null,
): Failure | null {
  const known: readonly string[] = header ? [MODERN] : LEGACY
  if (!known.includes(version)) {
    const data = { supported: [MODERN, ...LEGACY], requested: version }
    return { ...failure(400, NO_VERSION, `There is no version ${version} of the protocol here.`), data }
  }
  if (!header) return null
  const meta = metaOf(params)
  for (const key of ['protocolVersion', 'clientCapabilities'])
    if (!(META + key in meta)) return failure(400, INVALID_PARAMS, `_meta has no ${META}${key}.`)
  const told: [string, unknown][] = [
    ['MCP-Protocol-Version', version],
    ['Mcp-Method', method],
  ]
  if (method === 'tools/call') told.push(['Mcp-Name', params.name])
  const odd = told.find(([name, value]) => header(name) !== value)
  return odd ? failure(400, HEADER_MISMATCH, `The header ${odd[0]} must say what the body does.`) : null
}

function listed() {
  return Object.entries(TOOLS).map(([name, { description, properties }]) => ({
    name,
    description,
    inputSchema: { type: 'object', properties: { site: SITE, ...properties }, required: ['site'] },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }))
}

function failure(status: Failure['status'], code: number, message: string): Failure {
  return { status, code, message }
}

function noMethod(status: Failure['status'], method: string): Failure {
  return failure(status, NO_METHOD, `There is no method ${method}.`)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
