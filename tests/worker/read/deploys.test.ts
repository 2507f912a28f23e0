import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BudgetsAnswer } from '../../../schema/api/budgets.ts'
import { type DeployAnswer, type DeploysAnswer, MAX_DEPLOYS } from '../../../schema/api/deploys.ts'
import type { TrendsAnswer } from '../../../schema/api/trends.ts'
import { admin, get, problemOf, put } from '../../kit/worker/client.ts'

beforeAll(async () => {
  for (const site of ['shop', 'busy']) await put(`/v1/sites/${site}`, { origins: ['*'] })
})

const ask = (method: string, path: string, body?: unknown, headers: HeadersInit = admin) =>
  exports.default.fetch(`https://rum.example/v1/sites${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const mark = async (deploy: object, site = 'shop') =>
  (await ask('POST', `/${site}/deploys`, deploy)).json<DeployAnswer>()
const listed = async (params = '', site = 'shop') =>
  (await (await get(`/v1/deploys?site=${site}${params}`)).json<DeploysAnswer>()).data

describe('a deploy', () => {
  it('shows in its range, the newest first, and can go again', async () => {
    const early = await mark({ release: '2.3.0', at: new Date(Date.now() - 3 * 3_600_000).toISOString() })
    const late = await mark({ release: '2.4.0', note: 'new checkout' })
    expect(late).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
      at: expect.any(String),
      release: '2.4.0',
      note: 'new checkout',
    })
    expect(await listed()).toEqual([late, early])
    expect(await listed('&from=-1h')).toEqual([late])
    expect(await (await get('/v1/deploys?site=shop&format=csv')).text()).toContain('2.4.0,new checkout')
    expect((await ask('DELETE', `/shop/deploys/${early.id}`)).status).toBe(204)
    expect(await listed()).toEqual([late])
    expect((await ask('DELETE', `/shop/deploys/${early.id}`)).status).toBe(404)
  })

  it.each([
    [{}, 'release', 'is missing'],
    [{ release: '' }, 'release', 'must not be empty'],
    [{ release: 'x'.repeat(65) }, 'release', 'must be at most 64 characters'],
    [{ release: '1', note: 'a\nb' }, 'note', 'must not have control characters'],
    [{ release: '1', at: 'yesterday' }, 'at', 'must be RFC 3339'],
    [{ release: '1', at: '2999-01-01T00:00:00Z' }, 'at', 'lies in the future'],
    [{ release: '1', at: '2026-02-30T00:00:00Z' }, 'at', 'is not a valid date'],
    [{ release: '1', site: 'shop' }, 'site', 'is not known'],
  ])('refuses %j by naming %s', async (body, field, detail) => {
    const { status, ...problem } = await problemOf(await ask('POST', '/shop/deploys', body))
    expect({ status, field: problem.field }).toEqual({ status: 400, field })
    expect(problem.detail).toContain(detail)
  })

  it('is marked once, however often its job runs within the hour', async () => {
    await put('/v1/sites/again', { origins: ['*'] })
    const begin = Date.now() - 5 * 3_600_000
    const post = async (minute: number, deploy: { release: string; note?: string }) => {
      const at = new Date(begin + minute * 60_000).toISOString()
      const answer = await ask('POST', '/again/deploys', { ...deploy, at })
      return { status: answer.status, ...(await answer.json<DeployAnswer>()) }
    }
    const first = await post(0, { release: '2.4.0' })
    expect(first.status).toBe(201)
    expect(await post(0, { release: '2.4.0' })).toEqual({ ...first, status: 200 })
    expect(await post(59, { release: '2.4.0' })).toEqual({ ...first, status: 200 })
    expect(await post(-59, { release: '2.4.0' })).toEqual({ ...first, status: 200 })
    // An hour later, with another note, and after a rollback it is another deploy.
    expect((await post(60, { release: '2.4.0' })).status).toBe(201)
    expect((await post(61, { release: '2.4.0', note: 'flag on' })).status).toBe(201)
    expect((await post(62, { release: '2.3.0' })).status).toBe(201)
    expect((await post(63, { release: '2.4.0' })).status).toBe(201)
    expect((await post(64, { release: '2.4.0' })).status).toBe(200)
    expect(await listed('', 'again')).toHaveLength(5)
  })

  it('is marked once by jobs that run at the same moment, each site on its own', async () => {
    for (const site of ['twin', 'other']) await put(`/v1/sites/${site}`, { origins: ['*'] })
    const marks = await Promise.all(
      ['twin', 'twin', 'twin', 'other'].map(site => mark({ release: '1' }, site)),
    )
    expect(new Set(marks.map(({ id }) => id)).size).toBe(2)
    expect(await listed('', 'twin')).toHaveLength(1)
  })

  it('is read with a read token, and marked with the admin token alone', async () => {
    const { token } = await (await ask('POST', '/shop/tokens', { name: 'reader' })).json<{ token: string }>()
    const reader = { Authorization: `Bearer ${token}` }
    expect((await get('/v1/deploys?site=shop', reader)).status).toBe(200)
    expect((await get('/v1/deploys?site=busy', reader)).status).toBe(403)
    expect((await ask('POST', '/shop/deploys', { release: '1' }, reader)).status).toBe(403)
    expect((await problemOf(await get('/v1/deploys?site=shop&route=/'))).field).toBe('route')
  })

  it('stands in trends of its range and in a breached budget', async () => {
    await put('/v1/sites/named', { origins: ['*'] })
    const { id } = await (
      await ask('POST', '/named/budgets', { metric: 'lcp', limit: 2500, window_hours: 2 })
    ).json<{ id: string }>()
    const budget = async () =>
      (await (await get('/v1/budgets?site=named')).json<BudgetsAnswer>()).data.find(
        budget => budget.id === id,
      )
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
    await mark({ release: '2.2.0', at: ago(3) }, 'named')
    await env.DB.prepare("UPDATE budgets SET state = 'breached', since = ?1 WHERE id = ?2")
      .bind(Date.now(), id)
      .run()
    expect(await budget()).not.toHaveProperty('deploy')
    const early = await mark({ release: '2.3.0', at: ago(1) }, 'named')
    expect((await budget())?.deploy).toEqual(early)
    const trends = await (await get('/v1/trends?site=named&from=-2h')).json<TrendsAnswer>()
    expect(trends.deploys).toEqual([early])
  })

  it('pushes out the oldest of a thousand', async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
      INSERT INTO deploys (site, at, id, release) SELECT 'busy', i, printf('%012x', i), 'old' FROM n`,
    )
      .bind(MAX_DEPLOYS)
      .run()
    await mark({ release: 'new' }, 'busy')
    const { results } = await env.DB.prepare(
      "SELECT count(*) AS n, min(at) AS oldest FROM deploys WHERE site = 'busy'",
    ).all()
    expect(results).toEqual([{ n: MAX_DEPLOYS, oldest: 2 }])
  })
})
