/**
 * `fieldline mcp`: the Model Context Protocol over standard input and output, for assistants that start a program. Each line
 * is a request, which the worker's `/mcp` answers.
 */

import type { Ask } from './api.ts'
import type { Command } from './command.ts'
import { refused } from './failure.ts'
import { linesOf } from './lines.ts'

/** https://www.jsonrpc.org/specification#error_object */
const INTERNAL_ERROR = -32_603
const VERSION = 'io.modelcontextprotocol/protocolVersion'
/** Statuses with which `/mcp` says in its own words what is wrong. */
const STATUSES = [400, 404]

/** What is read of a request, whatever it may be; all of it goes on as it is. */
interface Said {
  id?: unknown
  method?: unknown
  params?: { name?: unknown; _meta?: Record<string, unknown> | null } | null
}

export const mcp: Command = {
  name: 'mcp',
  operands: [],
  about: 'serve the Model Context Protocol on standard input and output',
  options: {},
  async run({ ask, print }) {
    for await (const line of linesOf(process.stdin)) {
      const answer = line.trim() && (await answerOf(ask, line))
      if (answer) print(JSON.stringify(answer))
    }
  },
}

/** What the worker answers to a line; null to what wants no answer. */
async function answerOf(ask: Ask, line: string): Promise<object | null> {
  const said = (parsed(line) ?? {}) as Said
  try {
    const request = { text: line, headers: headersOf(said), statuses: STATUSES }
    const answer = await ask<object | null>('POST', '/mcp', request)
    if (answer && !('jsonrpc' in answer)) throw refused('The worker has no /mcp.')
    return answer
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { jsonrpc: '2.0', id: said.id ?? null, error: { code: INTERNAL_ERROR, message } }
  }
}

/** Since 2026-07-28 a request over HTTP says in headers, too, what it is. */
function headersOf({ method, params }: Said): Record<string, string> {
  const told = {
    'MCP-Protocol-Version': params?._meta?.[VERSION],
    'Mcp-Method': method,
    'Mcp-Name': params?.name,
  }
  if (told['MCP-Protocol-Version'] === undefined) return {}
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

/** What is no JSON is no request; the worker says so. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
