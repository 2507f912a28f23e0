/** The official client of the Model Context Protocol against the worker's `/mcp` and `fieldline mcp`. */

import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

const HOUR = 3_600_000
let worker: Local

beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  const made = await fetch(new URL('/v1/sites/shop', worker.url), {
    method: 'PUT',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ origins: ['https://shop.example'] }),
  })
  expect(made.status).toBe(201)
  const traffic = { site: 'shop', from: Math.floor(Date.now() / HOUR) - 2, hours: 2, views: 200 }
  for (const statement of insertTraffic({ ...traffic, callsIn: 1, routes: 3, endpoints: 3 }))
    await worker.db.prepare(statement).all()
})
afterAll(() => worker.stop())

const transports = {
  'over HTTP': () =>
    new StreamableHTTPClientTransport(new URL('/mcp', worker.url), {
      requestInit: { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } },
    }),
  'through the CLI': () =>
    new StdioClientTransport({
      command: process.execPath,
      args: [join(import.meta.dirname, '../../dist/cli.js'), 'mcp'],
      env: { FIELDLINE_URL: String(worker.url), FIELDLINE_TOKEN: ADMIN_TOKEN },
    }),
}

describe.each(Object.entries(transports))('the official client %s', (_, transport) => {
  it.each(['legacy', '2026-07-28'] as const)(
    'begins in %s, lists the tools, and reads an answer of each',
    async era => {
      const mode = era === 'legacy' ? era : { pin: era }
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
      await client.connect(transport())
      try {
        expect(client.getProtocolEra()).toBe(era === 'legacy' ? era : 'modern')
        expect(client.getServerVersion()?.name).toBe('fieldline')
        const { tools } = await client.listTools()
        expect(tools.length).toBeGreaterThan(4)
        for (const { name, inputSchema } of tools) {
          expect(inputSchema.required).toEqual(['site'])
          const { content, isError } = await client.callTool({ name, arguments: { site: 'shop' } })
          const [first] = content
          expect(isError, `${name}: ${JSON.stringify(first)}`).toBe(false)
          expect(first?.type === 'text' && JSON.parse(first.text)).toMatchObject({ site: 'shop' })
        }
        await expect(client.callTool({ name: 'delete_everything' })).rejects.toThrow(
          'A tool is one of summary',
        )
      } finally {
        await client.close()
      }
    },
  )
})

it('refuses what its headers contradict, and a version of the future', async () => {
  const ask = async (version: string, headers: Record<string, string>) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const answer = await fetch(new URL('/mcp', worker.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'MCP-Protocol-Version': version, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
    })
    const { error } = (await answer.json()) as { error?: { code: number } }
    return [answer.status, error?.code]
  }
  expect(await ask('2026-07-28', { 'Mcp-Method': 'tools/list' })).toEqual([200, undefined])
  expect(await ask('2026-07-28', { 'Mcp-Method': 'tools/call' })).toEqual([400, -32_020])
  expect(await ask('2026-07-28', {})).toEqual([400, -32_020])
  expect(await ask('2030-01-01', { 'Mcp-Method': 'tools/list' })).toEqual([400, -32_022])
})
