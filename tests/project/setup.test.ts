/** `npm run setup` against a stand-in of Cloudflare's API, which wrangler itself asks. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addressOf } from '../../cli/setup/setup.ts'

/** What the account holds, and what it was asked for. */
const account = {
  databases: [] as object[],
  secrets: [] as { name: string }[],
  sites: new Map<string, object>(),
}
const asked: string[] = []
/** What the stand-in does not answer: it breaks the connection off once it has done it. */
let cut: RegExp | undefined
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
    if (cut?.test(what)) return void response.destroy()
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
  if (what === 'GET /workers/scripts/fieldline/settings') return ok({ bindings: [] })
  if (what.includes(' /workers/workers/fieldline'))
    return ok({ id: 'w', name: 'fieldline', subdomain: { enabled: true, previews_enabled: false } })
  if (what === 'GET /user') return ok({ id: 'u', email: 'someone@shop.example' })
  if (what === 'GET /memberships' || what === 'GET /accounts') return ok([])
  if (what.startsWith('GET /workers/services/') || what.includes('/workers/scripts/fieldline/deployments'))
    return account.secrets.length
      ? ok({ default_environment: { script: { last_deployed_from: 'wrangler' } }, deployments: [] })
      : {
          status: 404,
          json: { success: false, errors: [{ code: 10090, message: 'not found' }], result: null },
        }
  return ok({
    id: 'fieldline',
    startup_time_ms: 1,
    deployment_id: 'd',
    available_on_subdomain: true,
    resources: { script: { etag: 'e' }, script_runtime: {}, bindings: [] },
  })
}

interface Run {
  /** What is typed; nothing stands for a terminal where nobody is. */
  typed?: string
  env?: Record<string, string>
}

/** Runs the setup to its end; answers its exit code and what it printed. */
async function setup(args: string[], { typed = '', env = {} }: Run = {}) {
  const child = spawn(process.execPath, ['cli/setup/setup.ts', ...args], {
    env: {
      ...process.env,
      CLOUDFLARE_API_BASE_URL: url,
      CLOUDFLARE_API_TOKEN: 'stand-in',
      CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
      WRANGLER_SEND_METRICS: 'false',
      ...env,
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
  child.stdin.end(typed)
  const [code] = await once(child, 'close')
  return { code, said }
}

it('goes from an empty account to a site and its tag; a second run goes on', async () => {
  const options = ['--origin', 'https://shop.example', '--url', url, '--built']
  const first = await setup(options, { typed: 'shop\neu\n' })
  expect(first.code, first.said).toBe(0)
  expect(account.databases).toMatchObject([{ name: 'fieldline', jurisdiction: 'eu' }])
  expect(account.secrets).toMatchObject([{ name: 'ADMIN_TOKEN' }])
  expect(account.sites.get('shop')).toMatchObject({ origins: ['https://shop.example'], 'if-none-match': '*' })
  const token = /shown once: ([0-9a-f]{48})$/m.exec(first.said)?.[1] ?? ''
  expect(account.sites.get('shop')).toMatchObject({ authorization: `Bearer ${token}` })
  expect(first.said).toContain(`<script async src="${url}/fieldline.js" data-site="shop"></script>`)
  expect(first.said).toContain('$ npx wrangler d1 create fieldline --jurisdiction eu')
  // The database is there before it is migrated, and migrated before the worker that needs it.
  const order = [
    'POST /d1/database',
    /\/query$/,
    /assets-upload-session$/,
    /^PUT .*\/secrets$/,
    /^PUT \/v1\/sites/,
  ].map(wanted => asked.findIndex(what => (typeof wanted === 'string' ? what === wanted : wanted.test(what))))
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(order).not.toContain(-1)

  const second = await setup(['--site', 'blog', ...options], { env: { FIELDLINE_TOKEN: token } })
  expect(second.code, second.said).toBe(0)
  expect(second.said.match(/^ {2}is (there|set)$/gm)).toEqual(['  is there', '  is set'])
  expect(account.sites.get('blog')).toMatchObject({ authorization: `Bearer ${token}` })
  expect([account.databases.length, account.secrets.length, account.sites.size]).toEqual([1, 1, 2])

  const elsewhere = await setup(['--site', 'shop', '--jurisdiction', 'us', ...options])
  expect(elsewhere.code).toBe(1)
  expect(elsewhere.said).toContain('its jurisdiction is eu, not us')
}, 300_000)

/** All that it would ask, of a build that is there. */
const SHOP = ['--site', 'shop', '--origin', 'https://shop.example', '--jurisdiction', 'none', '--built']

it('goes on wherever it was cut off, and has told the token by then', async () => {
  account.databases = []
  account.secrets = []
  account.sites.clear()
  const options = [...SHOP, '--url', url]
  // A job whose secret is missing sets the variable to nothing.
  const env = { FIELDLINE_TOKEN: '' }
  let token: string | undefined
  for (const part of [/^POST \/d1\/database$/, /assets-upload-session$/, /^PUT .*\/secrets$/]) {
    cut = part
    const { code, said } = await setup(options, { env })
    expect(code, said).toBe(1)
    expect(said).toContain('run npm run setup again: it goes on here.')
    token = /shown once: ([0-9a-f]{48})$/m.exec(said)?.[1]
    cut = undefined
  }
  expect(account.secrets).toMatchObject([{ name: 'ADMIN_TOKEN', text: token }])
  const forgotten = await setup(options, { env })
  expect(forgotten).toMatchObject({
    code: 0,
    said: expect.stringContaining('npx wrangler secret put ADMIN_TOKEN'),
  })
  expect(account.sites.size).toBe(0)
  expect((await setup(options, { env: { FIELDLINE_TOKEN: `${token}\n` } })).code).toBe(0)
  expect(account.sites.get('shop')).toMatchObject({ authorization: `Bearer ${token}` })
  expect([account.databases.length, account.secrets.length]).toEqual([1, 1])
}, 300_000)

it.each([
  [{ CLOUDFLARE_API_BASE_URL: 'http://127.0.0.1:9' }, 'Cloudflare cannot be reached.'],
  [
    { CLOUDFLARE_API_TOKEN: '', HOME: '/nowhere', XDG_CONFIG_HOME: '/nowhere' },
    'You are not logged in: run npx wrangler login',
  ],
])(
  'says at the first step that nothing can be done: %j',
  async (env, reason) => {
    const { code, said } = await setup(SHOP, { env })
    expect(code, said).toBe(1)
    expect(said).toContain(reason)
    expect(said).not.toContain('2/7')
  },
  60_000,
)

it('takes no read token for the ADMIN_TOKEN', async () => {
  const before = asked.length
  const { code, said } = await setup(SHOP, { env: { FIELDLINE_TOKEN: 'fl_shop_0123456789ab' } })
  expect({ code, said }).toEqual({
    code: 2,
    said: expect.stringContaining('FIELDLINE_TOKEN is a read token'),
  })
  expect(asked).toHaveLength(before)
})

it.each([
  [['--site', 'My Shop'], '--site must be 1 to 63 of a-z, 0-9 and -'],
  [['--site', 'shop', '--origin', 'shop.example'], '--origin must be * or an origin'],
  [['--site', 'shop'], 'Nobody answers: give --origin.'],
  [['--jurisdiction', 'de'], '--jurisdiction must be eu, us, fedramp or none'],
  [['--location', 'weur', '--jurisdiction', 'eu'], '--location has no effect in a jurisdiction'],
  [['--url', 'rum.shop.example'], '--url must be an address without a path'],
  [['--sites', 'shop'], "Unknown option '--sites'"],
])('asks nothing of Cloudflare where an option is wrong: %j', async (args, said) => {
  const before = asked.length
  const run = await setup(args)
  expect(run).toMatchObject({ code: 2 })
  expect(run.said).toContain(said)
  expect(asked).toHaveLength(before)
})

it('takes the address of one’s own domain before that of workers.dev', () => {
  const said = 'Deployed fieldline triggers (1 sec)\n  https://fieldline.me.workers.dev\n'
  expect(addressOf(said)).toBe('https://fieldline.me.workers.dev')
  expect(addressOf(`${said}  rum.shop.example (custom domain)\n`)).toBe('https://rum.shop.example')
  expect(() => addressOf('')).toThrow('--url')
})
