/**
 * What the API answers while D1 is in trouble: overloaded, lost, reset, silent.
 */

import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { HOUR } from '../../../schema/domain/hour.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { randomHex } from '../../../worker/admin/secret.ts'
import { app } from '../../../worker/app.ts'
import worker from '../../../worker/index.ts'
import { describeError } from '../../../worker/log.ts'
import { troubleOf } from '../../../worker/unavailable.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, CHROME, ORIGIN, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

/** https://developers.cloudflare.com/d1/observability/debug-d1/#error-list */
const TROUBLES = [
  'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
  'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  'D1_ERROR: Network connection lost.',
  'Network connection lost.',
  'D1_ERROR: Replica disconnected from primary.',
  'D1_ERROR: D1 DB reset because its code was updated.',
  'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
  'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
  'D1_ERROR: Internal error in D1 DB storage caused object to be reset.',
  'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
  "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
  'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.',
  'D1_ERROR: internal error; reference = 0123456789abcdef',
  'D1_ERROR: Failed to parse body as JSON, got: error code: 1031',
  'D1_ERROR: Exceeded maximum DB size.',
  "D1_ERROR: Your account has exceeded D1's maximum account storage limit, please contact Cloudflare to raise your limit.",
  "D1_ERROR: Your account has exceeded D1's free tier daily row read limit. Upgrade to a paid plan or wait until tomorrow (midnight UTC) to continue.",
]
const MISTAKES = [
  'D1_ERROR: no such column: overloaded: SQLITE_ERROR',
  'D1_ERROR: UNIQUE constraint failed: sites.id: SQLITE_CONSTRAINT',
  'D1_ERROR: malformed JSON: SQLITE_ERROR',
  'D1_ERROR: string or blob too big: SQLITE_TOOBIG',
  'D1_ERROR: too many SQL variables at offset 9: SQLITE_ERROR',
  'D1_ERROR: Wrong number of parameter bindings for SQL query.',
  "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
  'Too many API requests by single worker invocation.',
  "Cannot read properties of undefined (reading 'reset')",
]

/** A D1 of which every statement does what `happens`. */
function troubled(happens: () => Promise<never>): D1Database {
  const statement: Partial<D1PreparedStatement> = {
    bind: () => statement as D1PreparedStatement,
    run: happens,
    all: happens,
    raw: happens,
    first: happens,
  }
  const d1 = { prepare: () => statement, batch: happens, exec: happens, withSession: () => d1 }
  return d1 as unknown as D1Database
}

const failing = (message: string) => troubled(() => Promise.reject(new Error(message)))
const silent = troubled(() => new Promise(() => {}))

const BODIES: Record<string, unknown> = {
  'POST /v1/sites/:site/move': { to: 'DB' },
  'PUT /v1/sites/:site': { origins: ['*'] },
  'PATCH /v1/sites/:site': { rate: 1 },
  'POST /v1/sites/:site/tokens': { name: 'x' },
  'POST /v1/sites/:site/budgets': { metric: 'lcp', limit: 1 },
  'PUT /v1/sites/:site/budgets/:id': { metric: 'lcp', limit: 1 },
  'POST /v1/sites/:site/webhooks': { url: 'https://hooks.example/x' },
  'PUT /v1/sites/:site/webhooks/:id': { url: 'https://hooks.example/x' },
  'POST /v1/:call{records:queryRecord}': { origin: ORIGIN },
  'POST /v1/:call{records:queryHistoryRecord}': { origin: ORIGIN },
}
const QUERIES: Record<string, string> = {
  '/v1/export': '&format=ndjson',
  '/v1/pageview': '&id=0123456789abcdef',
}

/** Every route of the API that a request of an admin reaches, of a site that no isolate remembers. */
const ROUTES = app.routes
  .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1'))
  .map(({ method, path }) => `${method} ${path}`)
  .filter((route, i, all) => all.indexOf(route) === i)

function ask(route: string, DB: D1Database, headers: Record<string, string> = admin): Promise<Response> {
  const [method = '', path = ''] = route.split(' ')
  const site = `t-${randomHex(8)}`
  const filled = path
    .replace(':site', site)
    .replace(':id', '0123456789ab')
    .replace(':name', 'plan')
    .replace(/:call\{(.*)\}/, '$1')
  const query = /\/v1\/(?!sites$|overview$)[^/:]+$/.test(path) ? `?site=${site}${QUERIES[path] ?? ''}` : ''
  const body = BODIES[route]
  const request = new Request(`https://rum.example${filled}${query}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return Promise.resolve(worker.fetch(request, { ...env, DB }, createExecutionContext()))
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a D1 in trouble', () => {
  it('differs from our own mistakes, whoever wraps its error', () => {
    for (const text of TROUBLES) {
      expect(troubleOf(new Error(text), 0), text).not.toBeNull()
      const wrapped = new Error('Failed query: select 1', {
        cause: new Error('D1_ERROR', { cause: new Error(text) }),
      })
      expect(troubleOf(wrapped, 0), text).not.toBeNull()
    }
    for (const text of MISTAKES) expect(troubleOf(new Error(text), 0), text).toBeNull()
    expect(troubleOf('overloaded', 0)).toBeNull()
  })

  it('whose day is over its limit comes back at midnight', () => {
    const spent = new Error(TROUBLES.at(-1))
    expect(troubleOf(spent, Date.UTC(2026, 10, 28, 23, 59, 30))?.retryAfter).toBe(30)
  })

  it.each(ROUTES)('is a 503 that says when to ask again: %s', async route => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await ask(route, failing('D1_ERROR: D1 DB is overloaded. Too many requests queued.'))
    const text = await response.text()
    expect(response.status, text).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('10')
    expect(response.headers.get('Cache-Control')).toMatch(/^private/)
    expect(text).not.toContain('D1')
    const body = JSON.parse(text)
    if (route.includes('records:')) expect(body.error).toMatchObject({ code: 503, status: 'UNAVAILABLE' })
    else expect(body).toMatchObject({ status: 503, title: 'Service Unavailable' })
    expect(logged).toHaveBeenCalled()
  })

  it.each(ROUTES)('keeps no request longer than ten seconds: %s', async route => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = ask(route, silent)
    let answered = false
    void response.then(() => {
      answered = true
    })
    await vi.advanceTimersByTimeAsync(9_900)
    expect(answered).toBe(false)
    await vi.advanceTimersByTimeAsync(200)
    expect((await response).status).toBe(503)
    expect((await response).headers.get('Retry-After')).toBe('10')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that makes a mistake of ours is a 500 that says nothing of it', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await ask('GET /v1/summary', failing('D1_ERROR: no such column: x: SQLITE_ERROR'))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('SQLITE')
  })

  it('is a 503 for the bearer of a read token, too', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const token = `fl_shop_0123456789ab_${'0'.repeat(40)}`
    const response = await ask('GET /v1/summary', failing('D1_ERROR: Network connection lost.'), {
      Authorization: `Bearer ${token}`,
    })
    expect(response.status).toBe(503)
  })

  it('makes health a 503 within two seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = ask('GET /healthz', silent)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await response).status).toBe(503)
    expect((await response).headers.get('Retry-After')).toBe('10')
  })
})

describe('the log', () => {
  /** Everything that a failing D1 makes the worker log; the value of a statement is in its error, as Drizzle throws it. */
  async function logOf(send: () => Promise<Response>): Promise<string> {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await send()).status).toBe(503)
    const text = logged.mock.calls.map(line => line.map(String).join(' ')).join('\n')
    expect(text).toContain('Network connection lost')
    return text
  }
  const lost = failing('D1_ERROR: Network connection lost.')

  it('says why a beacon was refused, and nothing of its visitor', async () => {
    await put('/v1/sites/logged', { origins: [ORIGIN] })
    const beacon = encode(pageView({ route: '/patient/secret-name', release: 'r-17' }))
    const send = async (d1: D1Database) =>
      worker.fetch(
        new Request('https://rum.example/f?site=logged', {
          method: 'POST',
          body: beacon,
          headers: {
            Origin: ORIGIN,
            'User-Agent': CHROME,
            'CF-Connecting-IP': '203.0.113.9',
          },
        }),
        { ...env, DB: d1 },
        createExecutionContext(),
      )
    expect((await send(env.DB)).status, 'the site is remembered').toBe(204)
    const log = await logOf(() => send(lost))
    expect(log).toContain('D1 refused a beacon')
    for (const private_ of ['secret-name', 'r-17', '203.0.113.9', 'Mozilla'])
      expect(log).not.toContain(private_)
  })

  it('holds no token, and no key of a CrUX client', async () => {
    const token = `fl_shop_0123456789ab_${'5'.repeat(40)}`
    const asked = (path: string, init: RequestInit) => async () =>
      worker.fetch(
        new Request(`https://rum.example${path}`, init),
        { ...env, DB: lost },
        createExecutionContext(),
      )
    for (const send of [
      asked(`/v1/records:queryRecord?key=${token}`, {
        method: 'POST',
        body: '{"origin":"https://shop.example"}',
      }),
      asked('/v1/summary?site=shop', { headers: { Authorization: `Bearer ${token}` } }),
    ]) {
      const log = await logOf(send)
      expect(log).not.toContain('5555')
    }
    expect(describeError(new Error(`GET /v1/records?key=${token}&a=1 and Bearer ${token} failed`))).toContain(
      'key=[secret]&a=1 and Bearer [secret] failed',
    )
  })
})

describe('an export', () => {
  const SITE = 'cut'

  beforeAll(async () => {
    await put(`/v1/sites/${SITE}`, { origins: [ORIGIN] })
    const began = Date.now() - HOUR
    await store(Array.from({ length: 700 }, () => pageViewRow({ site: SITE, began })))
  })

  it('that D1 cuts off has no last line, and its last cursor goes on', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    let pages = 0
    const DB = new Proxy(env.DB, {
      get(target, name) {
        if (name === 'withSession') return () => DB
        if (name === 'prepare') {
          return (text: string) => {
            const isPage = text.includes('ORDER BY p.hour, p.id LIMIT')
            return isPage && ++pages === 2
              ? failing('D1_ERROR: Network connection lost.').prepare('')
              : target.prepare(text)
          }
        }
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const path = `https://rum.example/v1/export?format=ndjson&site=${SITE}`
    const request = new Request(path, { headers: admin })
    const response = await worker.fetch(request, { ...env, DB }, createExecutionContext())
    expect(response.status).toBe(200)
    let text = ''
    const read = async () => {
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    }
    await expect(read()).rejects.toThrow('Network connection lost')
    expect(logged).toHaveBeenCalledWith('an export was cut off', expect.anything())
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(500)
    const { id, cursor } = JSON.parse(lines.at(-1) ?? '')
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    const rest = await worker.fetch(
      new Request(`${path}&cursor=${cursor}`, { headers: admin }),
      env,
      createExecutionContext(),
    )
    expect(
      new TextDecoder()
        .decode(await rest.arrayBuffer())
        .trimEnd()
        .split('\n'),
    ).toHaveLength(201)
  })
})
