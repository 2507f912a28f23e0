import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { NewTokenAnswer } from '../../../schema/api/token.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, ORIGIN, put, sendViews } from '../../kit/worker/client.ts'

interface Answer {
  result?: {
    tools?: { name: string }[]
    content?: { text: string }[]
    isError?: boolean
    protocolVersion?: string
  }
  error?: { code: number; message: string }
}

let reader: string
beforeAll(async () => {
  for (const site of ['shop', 'other']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await sendViews(Array.from({ length: 30 }, () => pageView({ route: '/p/[id]' })))
  const made = await exports.default.fetch('https://rum.example/v1/sites/shop/tokens', {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ name: 'assistant' }),
  })
  reader = ((await made.json()) as NewTokenAnswer).token
})

const post = (body: unknown, token = reader) =>
  exports.default.fetch('https://rum.example/mcp', {
    method: 'POST',
    headers: { ...(token && { Authorization: `Bearer ${token}` }), 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const ask = async (method: string, params = {}): Promise<Answer> =>
  (await post({ jsonrpc: '2.0', id: 1, method, params })).json()
const call = (name: string, given: object) => ask('tools/call', { name, arguments: given })

describe('the Model Context Protocol', () => {
  it('begins with the version that both know', async () => {
    const of = async (protocolVersion: string) =>
      (await ask('initialize', { protocolVersion, capabilities: {} })).result?.protocolVersion
    expect([await of('2025-03-26'), await of('2099-01-01')]).toEqual(['2025-03-26', '2025-11-25'])
    expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    expect(await ask('ping')).toMatchObject({ result: {} })
  })

  it.each([
    ['summary', { metrics: 'lcp', percentiles: '75', group_by: 'route' }, '"route":"/p/[id]"'],
    ['what_changed', {}, '"site":"shop"'],
    ['causes', { metric: 'lcp' }, '"metric":"lcp"'],
    ['errors', { sort: 'newest' }, '"pageviews":30'],
    ['slowest_pageviews', { limit: 2 }, '"route":"/p/[id]"'],
    ['budgets', {}, '"data":[]'],
  ])('answers %s as the API does', async (name, given, expected) => {
    expect((await ask('tools/list')).result?.tools?.map(tool => tool.name)).toContain(name)
    const { result } = await call(name, { site: 'shop', ...given })
    expect(result?.isError, result?.content?.[0]?.text).toBe(false)
    expect(result?.content?.[0]?.text).toContain(expected)
  })

  it('shows a reader its own site alone, and tells the model what is wrong', async () => {
    expect((await call('summary', { site: 'other' })).result).toMatchObject({ isError: true })
    const { result } = await call('summary', { site: 'shop', metrics: 'speed' })
    expect(result?.isError).toBe(true)
    expect(result?.content?.[0]?.text).toContain('metrics has \\"speed\\"')
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'ping' }, '')).status).toBe(401)
  })

  it('says what is no request, no method and no tool', async () => {
    expect(await (await post('{')).json()).toMatchObject({ id: null, error: { code: -32_700 } })
    expect(await (await post([])).json()).toMatchObject({ error: { code: -32_600 } })
    expect(await ask('resources/list')).toMatchObject({ id: 1, error: { code: -32_601 } })
    expect(await call('delete_everything', {})).toMatchObject({ error: { code: -32_602 } })
    expect((await exports.default.fetch('https://rum.example/mcp')).status).toBe(405)
  })
})
