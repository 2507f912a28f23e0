/** `npm run setup` against a stand-in of Cloudflare's API, which wrangler itself asks. */

import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** What the account holds, and what it was asked for. */
const account = {
  databases: [] as object[],
  secrets: [] as { name: string }[],
  sites: new Map<string, object>(),
}
const asked: string[] = []
let server: Server
let url: string

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
    const what = `${request.method} ${pathname.replace(/^\/accounts\/[^/]+/, '')}`
    asked.push(what)
    const { status = 200, json } = answer(what, body, request.headers, searchParams)
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise<void>(resolve => void server.close(() => resolve())))

interface Answer {
  status?: number
  json: unknown
}

/** What Cloudflare, and the deployed worker, would answer. */
function answer(what: string, body: string, headers: object, query: URLSearchParams): Answer {
  const ok = (result: unknown, more = {}): Answer => ({
    json: { success: true, errors: [], messages: [], result, ...more },
  })
  const site = /^PUT \/v1\/sites\/(.+)$/.exec(what)?.[1]
  if (site) {
    if (account.sites.has(site)) return { status: 412, json: { detail: 'exists' } }
    account.sites.set(site, { ...JSON.parse(body), ...headers })
    return { status: 201, json: {} }
  }
  if (what === 'GET /d1/database') {
    const name = query.get('name')
    const found = account.databases.filter(
      database => !name || ('name' in database && database.name === name),
    )
    return ok(Number(query.get('page') ?? 1) > 1 ? [] : found, { result_info: { count: found.length } })
  }
  if (what === 'POST /d1/database') {
    account.databases.push({
      uuid: '00000000-0000-4000-8000-000000000001',
      version: 'production',
      ...JSON.parse(body),
    })
    return ok(account.databases[0])
  }
  if (what.startsWith('GET /d1/database/')) return ok(account.databases[0])
  if (what.endsWith('/query')) return ok([{ success: true, results: [], meta: {} }])
  if (what.endsWith('/assets-upload-session')) return ok({ jwt: 'a.b.c', buckets: [] })
  if (what.endsWith('/secrets') && what.startsWith('PUT')) {
    account.secrets.push(JSON.parse(body))
    return ok({})
  }
  if (what.endsWith('/secrets')) return ok(account.secrets)
  if (what === 'GET /workers/subdomain') return ok({ subdomain: 'somebody' })
  if (what.endsWith('/subdomain')) return ok({ enabled: true, previews_enabled: true })
  if (what === 'GET /user') return ok({ id: 'u', email: 'someone@shop.example' })
  if (what === 'GET /memberships') return ok([])
  if (what.startsWith('GET /workers/services/') || what.includes('/workers/scripts/fieldline/deployments'))
    return account.secrets.length
      ? ok({ default_environment: { script: { last_deployed_from: 'wrangler' } }, deployments: [] })
      : {
          status: 404,
          json: { success: false, errors: [{ code: 10090, message: 'not found' }], result: null },
        }
  return ok({ id: 'fieldline', startup_time_ms: 1, deployment_id: 'd', available_on_subdomain: true })
}

async function setup(...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    ...{
      CLOUDFLARE_API_BASE_URL: url,
      CLOUDFLARE_API_TOKEN: 'stand-in',
      CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
    },
    WRANGLER_SEND_METRICS: 'false',
  }
  const command = [join(ROOT, 'cli/setup/setup.ts'), '--url', url, '--built', ...args]
  return (await promisify(execFile)(process.execPath, command, { env, cwd: ROOT })).stdout
}

it('creates, migrates, deploys, sets the secret and adds the site; a second run changes nothing', async () => {
  const options = ['--site', 'shop', '--origin', 'https://shop.example', '--jurisdiction', 'eu']
  const first = await setup(...options)
  expect(account.databases).toMatchObject([{ name: 'fieldline', jurisdiction: 'eu' }])
  expect(account.secrets).toMatchObject([{ name: 'ADMIN_TOKEN' }])
  expect(account.sites.get('shop')).toMatchObject({ origins: ['https://shop.example'], 'if-none-match': '*' })
  const token = /shown once: ([0-9a-f]{48})$/m.exec(first)?.[1] ?? ''
  expect(account.sites.get('shop')).toMatchObject({ authorization: `Bearer ${token}` })
  expect(first).toContain(`<script async src="${url}/fieldline.js" data-site="shop"></script>`)
  // The database is there before it is migrated, and migrated before the worker that needs it.
  const order = [
    'POST /d1/database',
    /\/query$/,
    /assets-upload-session$/,
    /\/secrets$/,
    /^PUT \/v1\/sites/,
  ].map(wanted => asked.findIndex(what => (typeof wanted === 'string' ? what === wanted : wanted.test(what))))
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(order).not.toContain(-1)

  const second = await setup(...options)
  expect(second).toContain('it is there')
  expect(second).toContain('ADMIN_TOKEN is set already.')
  expect([account.databases.length, account.secrets.length, account.sites.size]).toEqual([1, 1, 1])
}, 300_000)
