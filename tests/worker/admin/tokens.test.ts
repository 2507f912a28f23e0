import { env, exports } from 'cloudflare:workers'
import { Hono } from 'hono'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewTokenAnswer, TokensAnswer } from '../../../schema/api/token.ts'
import { requireAccess, requireSite } from '../../../worker/admin/access.ts'
import { TOKEN_CACHE } from '../../../worker/admin/tokens.ts'
import type { Hono as Types } from '../../../worker/env.ts'
import { answerProblem } from '../../../worker/problem.ts'
import { readRoutes } from '../../../worker/read/routes.ts'
import { admin, get, problemOf, put } from '../../kit/worker/client.ts'

beforeAll(async () => {
  for (const site of ['shop', 'other']) await put(`/v1/sites/${site}`, { origins: ['*'] })
})

const ask = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
async function newToken(site = 'shop', more: object = {}): Promise<NewTokenAnswer> {
  const made = await ask('POST', `/v1/sites/${site}/tokens`, admin, { name: 'a dashboard', ...more })
  expect(made.status).toBe(201)
  return made.json()
}

describe('a read token', () => {
  it('shows itself once, and stays as a hash only', async () => {
    const { token, ...shown } = await newToken()
    expect(token).toMatch(/^fl_shop_[0-9a-f]{12}_[0-9a-f]{40}$/)
    const listed = await get('/v1/sites/shop/tokens')
    const text = await listed.text()
    expect((JSON.parse(text) as TokensAnswer).data).toContainEqual(shown)
    const secret = token.split('_')[3] ?? ''
    const { results } = await env.DB.prepare('SELECT * FROM tokens').all()
    expect(text + JSON.stringify(results)).not.toContain(secret)
    expect(shown).toEqual({
      id: token.split('_')[2],
      name: 'a dashboard',
      created: expect.any(String),
      expires: null,
    })
  })

  it('reads its own site', async () => {
    const reader = bearer((await newToken()).token)
    expect((await get('/v1/summary?site=shop', reader)).status).toBe(200)
    expect((await ask('HEAD', '/v1/summary?site=shop', reader)).status).toBe(200)
    expect((await get('/v1/sites/shop', reader)).status).toBe(200)
    const { data } = await (await get('/v1/sites', reader)).json<{ data: { site: string }[] }>()
    expect(data.map(({ site }) => site)).toEqual(['shop'])
  })

  it.each([
    ['GET', '/v1/summary?site=other'],
    ['GET', '/v1/summary?site=shop&site=other'],
    ['GET', '/v1/summary?site=nowhere'],
    ['GET', '/v1/sites/other'],
    ['GET', '/v1/sites/other?site=shop'],
  ])('is refused another site: %s %s', async (method, path) => {
    const refused = await problemOf(await ask(method, path, bearer((await newToken()).token)))
    expect(refused).toMatchObject({ status: 403, field: 'site' })
    expect(refused.detail).toContain('site=shop')
  })

  it.each([
    ['PUT', '/v1/sites/shop'],
    ['PATCH', '/v1/sites/shop'],
    ['DELETE', '/v1/sites/shop'],
    ['POST', '/v1/sites/shop/tokens'],
    ['GET', '/v1/sites/shop/tokens'],
    ['GET', '/v1/sites/shop/tokens?site=shop'],
    ['DELETE', '/v1/sites/shop/tokens/000000000000'],
    ['POST', '/v1/summary?site=shop'],
  ])('is refused what is the admin’s: %s %s', async (method, path) => {
    const reader = bearer((await newToken()).token)
    const body = method === 'GET' ? undefined : { origins: ['*'], name: 'mine' }
    expect((await problemOf(await ask(method, path, reader, body))).status).toBe(403)
    expect((await get('/v1/sites/shop')).status).toBe(200)
  })

  it('sends no beacons', async () => {
    const { token } = await newToken()
    const sent = await ask('POST', '/f?site=shop', { ...bearer(token), 'Content-Type': 'text/plain' }, {})
    expect(sent.status).toBe(401)
  })

  it.each([
    ['another secret', (token: string) => token.replace(/.{4}$/, end => (end === '0000' ? '1111' : '0000'))],
    ['another id', (token: string) => token.replace(/_[0-9a-f]{12}_/, '_000000000000_')],
    ['another site', (token: string) => token.replace('_shop_', '_other_')],
    ['its hash for a secret', (token: string) => token.slice(0, -40) + '0'.repeat(64)],
    ['no secret', (token: string) => token.slice(0, -41)],
  ])('with %s is no token', async (_, forge) => {
    const { token } = await newToken()
    expect((await get('/v1/summary?site=shop', bearer(token))).status).toBe(200)
    const refused = await get('/v1/summary?site=shop', bearer(forge(token)))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('WWW-Authenticate')).toContain('Bearer')
  })

  it('ends at its expiry, also where an isolate remembers it', async () => {
    const expires = new Date(Date.now() + 3_000).toISOString()
    const { token } = await newToken('shop', { expires })
    expect((await get('/v1/sites', bearer(token))).status).toBe(200)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(expires) })
    try {
      expect((await get('/v1/sites', bearer(token))).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends once someone revokes it, at once here and within 10 s elsewhere', async () => {
    const [here, elsewhere] = [await newToken(), await newToken()]
    for (const { token } of [here, elsewhere])
      expect((await get('/v1/sites', bearer(token))).status).toBe(200)
    expect((await ask('DELETE', `/v1/sites/shop/tokens/${here.id}`, admin)).status).toBe(204)
    expect((await get('/v1/sites', bearer(here.token))).status).toBe(401)
    expect((await ask('DELETE', `/v1/sites/shop/tokens/${here.id}`, admin)).status).toBe(404)

    // What another isolate's DELETE leaves behind for this one.
    await env.DB.prepare('DELETE FROM tokens WHERE id = ?1').bind(elsewhere.id).run()
    expect(TOKEN_CACHE).toBe(10_000)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + TOKEN_CACHE })
    try {
      expect((await get('/v1/sites', bearer(elsewhere.token))).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is found by its primary key', async () => {
    const { results } = await env.DB.prepare(
      'EXPLAIN QUERY PLAN SELECT * FROM tokens WHERE site = ?1 AND id = ?2',
    )
      .bind('shop', 'x')
      .all<{ detail: string }>()
    expect(results.map(({ detail }) => detail)).toEqual(['SEARCH tokens USING PRIMARY KEY (site=? AND id=?)'])
  })

  it.each([
    [{}, 'name'],
    [{ name: ' ' }, 'name'],
    [{ name: 'x', expires: 'soon' }, 'expires'],
    [{ name: 'x', expires: 1796083200 }, 'expires'],
    [{ name: 'x', expires: '2999-11-30' }, 'expires'],
    [{ name: 'x', expires: '2026-13-01T00:00:00Z' }, 'expires'],
    [{ name: 'x', expires: '2999-02-30T00:00:00Z' }, 'expires'],
    [{ name: 'x', expires: '2020-01-01T00:00:00Z' }, 'expires'],
    [{ name: 'x', site: 'other' }, 'site'],
  ])('made of %j is a 400 that names %s', async (body, field) => {
    const refused = await problemOf(await ask('POST', '/v1/sites/shop/tokens', admin, body))
    expect(refused).toMatchObject({ status: 400, field })
  })

  it('is of a site that there is', async () => {
    const refused = await ask('POST', '/v1/sites/nowhere/tokens', admin, { name: 'x' })
    expect(await problemOf(refused)).toMatchObject({ status: 404, field: 'site' })
    expect((await get('/v1/sites/nowhere/tokens')).status).toBe(404)
  })

  it('is one of 100 at most', async () => {
    await put('/v1/sites/many', { origins: ['*'] })
    await env.DB.prepare(
      `INSERT INTO tokens (site, id, name, hash, created)
        WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        SELECT 'many', i, 'x', 'x', i FROM n`,
    ).run()
    const refused = await ask('POST', '/v1/sites/many/tokens', admin, { name: 'one more' })
    expect(refused.status).toBe(409)
  })
})

describe('every read endpoint', () => {
  const paths = [
    ...new Set(readRoutes.routes.filter(({ method }) => method === 'GET').map(({ path }) => path)),
  ]

  it.each(paths)('/v1%s answers a read token for its own site, and for no other', async path => {
    const reader = bearer((await newToken()).token)
    expect([401, 403]).not.toContain((await get(`/v1${path}?site=shop`, reader)).status)
    expect((await get(`/v1${path}?site=other`, reader)).status).toBe(403)
    expect((await get(`/v1${path}`, reader)).ok).toBe(false)
  })
})

describe('an endpoint that names the site in its own way', () => {
  const app = new Hono<Types>()
  app.use('/v1/*', requireAccess)
  app.post('/v1/records:queryRecord', async c => {
    const { origin } = await c.req.json<{ origin?: string }>()
    if (origin !== undefined) requireSite(c, origin)
    return c.json({ secret: true }, 200, { ETag: '"secret"' })
  })
  app.get('/v1/forgotten/:site', c => c.json({ secret: true }))
  app.get('/v1/plain', c => c.json({ secret: true }))
  app.onError(answerProblem)
  const request = (method: string, path: string, token: string, body?: object) =>
    app.request(path, { method, headers: bearer(token), body: body ? JSON.stringify(body) : null }, env)

  it('answers for the own site, once it has judged it', async () => {
    const { token } = await newToken()
    const answer = await request('POST', '/v1/records:queryRecord', token, { origin: 'shop' })
    expect(answer.status).toBe(200)
  })

  it.each([
    ['POST', '/v1/records:queryRecord', { origin: 'other' }],
    ['POST', '/v1/records:queryRecord', {}],
    ['POST', '/v1/records:queryRecord?site=shop', {}],
    ['GET', '/v1/forgotten/other', undefined],
    ['GET', '/v1/forgotten/other?site=shop', undefined],
    ['GET', '/v1/plain', undefined],
  ])('answers nothing where the site was not judged: %s %s %j', async (method, path, body) => {
    const answer = await request(method, path, (await newToken()).token, body)
    expect(answer.headers.get('ETag')).toBe(null)
    const text = await answer.text()
    expect(text).not.toContain('secret')
    expect(JSON.parse(text)).toMatchObject({ status: 403, field: 'site' })
  })

  it('answers the admin', async () => {
    for (const path of ['/v1/forgotten/other', '/v1/plain'])
      expect((await app.request(path, { headers: admin }, env)).status).toBe(200)
  })
})
