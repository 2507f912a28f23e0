/**
 * `fieldline mcp`: the Model Context Protocol over standard input and output, for assistants that start a program. Each line
 * is a request, which the worker's `/mcp` answers.
 */

import type { Command } from './command.ts'
import { linesOf } from './lines.ts'

/** https://www.jsonrpc.org/specification#error_object */
const INTERNAL_ERROR = -32_603

export const mcp: Command = {
  name: 'mcp',
  operands: [],
  about: 'serve the Model Context Protocol on standard input and output',
  options: {},
  async run({ ask, print }) {
    for await (const line of linesOf(process.stdin)) {
      if (!line.trim()) continue
      const request: unknown = parsed(line)
      const id = request !== null && typeof request === 'object' && 'id' in request ? request.id : null
      try {
        const answer = await ask<object | null>('POST', '/mcp', { body: request })
        if (answer) print(JSON.stringify(answer))
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        print(JSON.stringify({ jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message } }))
      }
    }
  },
}

/** What is no JSON is no request; the worker says so. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
