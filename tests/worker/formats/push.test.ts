import { env, exports } from 'cloudflare:workers'
import { Ajv } from 'ajv'
import { describe, expect, it, vi } from 'vitest'
import type { CollectorAnswer, CollectorsAnswer } from '../../../schema/api/collectors.ts'
import type { OtlpAnswer } from '../../../schema/api/otlp.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { cron } from '../../../worker/cron.ts'
import { push } from '../../../worker/formats/push.ts'
import { admin, get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'
import { EXPORT_REQUEST } from './otlp.schema.ts'

/** Half past an hour; the hour that settled last began three hours before that hour. */
const NOW = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2
const SETTLED = NOW - HOUR / 2 - 3 * HOUR
const isRequest = new Ajv({ strict: false }).compile<OtlpAnswer>(EXPORT_REQUEST)

const call = (method: string, path: string, body?: unknown): Promise<Response> =>
  exports.default.fetch(`https://rum.example${path}`, {
    method,
    headers: admin,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

/** A site with a collector at a path of the receiver, and page views of the hour that settled last. */
async function collected(site: string, path: string, given: object = {}): Promise<CollectorAnswer> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await visits(site, SETTLED, 30)
  const body = { url: `https://otlp.example${path}`, ...given }
  const response = await call('POST', `/v1/sites/${site}/collectors`, body)
  if (response.status !== 201) throw new Error(await response.text())
  // The clock of this test is that of the worker, or up to half an hour ahead.
  await env.DB.prepare('UPDATE collectors SET next = ?1, due = 0 WHERE site = ?2')
    .bind(SETTLED / HOUR, site)
    .run()
  return response.json()
}

const visits = (site: string, from: number, count: number) =>
  store(Array.from({ length: count }, (_, i) => pageViewRow({ site, began: from + i, lcp: 1000 + i })))

const list = async (site: string): Promise<CollectorAnswer | undefined> => {
  const { data }: CollectorsAnswer = await (await get(`/v1/sites/${site}/collectors`)).json()
  return data[0]
}

interface Received {
  headers: Record<string, string>
  body: string
}
const received = async (path: string): Promise<Received[]> =>
  (await fetch(`https://otlp.example/received?of=${path}`)).json()

const pushAt = (site: string, now: number) =>
  push(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760 }, now, 45)

describe('a collector', () => {
  it('gets each settled hour once, like the export, with its headers', async () => {
    const headers = { Authorization: 'Basic c2VjcmV0', 'X-Scope-OrgID': 'shop' }
    const made = await collected('pushed', '/200/pushed', { headers, group_by: ['route'], metrics: ['lcp'] })
    expect(made).toMatchObject({
      headers: ['Authorization', 'X-Scope-OrgID'],
      metrics: ['lcp'],
      status: null,
    })
    expect(JSON.stringify(made)).not.toContain('c2VjcmV0')
    for (const minutes of [0, 5, 10]) await cron(env, NOW + minutes * 60_000)

    const [first, ...others] = await received('/200/pushed')
    expect(others).toEqual([])
    expect(first?.headers).toMatchObject({
      authorization: 'Basic c2VjcmV0',
      'x-scope-orgid': 'shop',
      'content-type': 'application/json',
    })
    const body: unknown = JSON.parse(first?.body ?? '')
    expect(isRequest(body)).toBe(true)
    const range = `from=${new Date(SETTLED).toISOString()}&to=${new Date(SETTLED + HOUR).toISOString()}`
    const exported = await get(
      `/v1/export?format=otlp&site=pushed&${range}&metrics=lcp&group_by=route&limit=20`,
    )
    expect(body).toEqual(await exported.json())
    expect(body).toMatchObject({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ exponentialHistogram: { dataPoints: [{ count: '30' }] } }] }] },
      ],
    })
    expect(await list('pushed')).toMatchObject({
      next: new Date(SETTLED + HOUR).toISOString(),
      status: '200',
      attempts: 0,
    })

    // The next hour has no visitor, the one after it has.
    await visits('pushed', SETTLED + 2 * HOUR, 5)
    await pushAt('pushed', NOW + 2 * HOUR)
    expect(await received('/200/pushed')).toHaveLength(2)
    expect(await list('pushed')).toMatchObject({ next: new Date(SETTLED + 3 * HOUR).toISOString() })
  })

  it('that takes nothing hears later each time, and loses nothing for two days', async () => {
    await collected('failing', '/503/failing')
    const minutes = [0, 0.5, 1, 3, 6, 22, 60, 83]
    const asked: number[] = []
    for (const minute of minutes) {
      await pushAt('failing', NOW + minute * 60_000)
      asked.push((await received('/503/failing')).length)
    }
    expect(asked).toEqual([1, 1, 2, 2, 3, 4, 4, 5])
    expect(await list('failing')).toMatchObject({
      status: '503',
      attempts: 5,
      next: new Date(SETTLED).toISOString(),
    })

    const { id } = (await list('failing')) ?? { id: '' }
    const url = 'https://otlp.example/200/mended'
    await call('PUT', `/v1/sites/failing/collectors/${id}`, { url })
    await pushAt('failing', NOW + 83 * 60_000)
    expect(await received('/200/mended')).toHaveLength(1)
    expect(await list('failing')).toMatchObject({ url, status: '200', attempts: 0 })
  })

  it('that refuses an hour for good gets the next one', async () => {
    await collected('refusing', '/400/refusing')
    await pushAt('refusing', NOW)
    await pushAt('refusing', NOW + 60_000)
    expect(await received('/400/refusing')).toHaveLength(1)
    expect(await list('refusing')).toMatchObject({
      status: '400',
      next: new Date(SETTLED + HOUR).toISOString(),
    })
  })

  it('hears of at most two days that waited', async () => {
    await collected('late', '/200/late')
    await visits('late', SETTLED - 100 * HOUR, 5)
    await env.DB.prepare("UPDATE collectors SET next = ?1 WHERE site = 'late'")
      .bind(SETTLED / HOUR - 100)
      .run()
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (let i = 0; i < 40; i++) await pushAt('late', NOW)
    const from = new Date(SETTLED - 100 * HOUR).toISOString()
    expect(logged.mock.calls).toEqual([[expect.stringMatching(`of late misses 53 hours from ${from} on`)]])
    logged.mockRestore()
    expect(await list('late')).toMatchObject({ next: new Date(SETTLED + HOUR).toISOString() })
    const starts = (await received('/200/late')).map(
      ({ body }) => /"startTimeUnixNano":"(\d+)"/.exec(body)?.[1],
    )
    expect(starts).toEqual([`${SETTLED}000000`])
  })

  it('says what it took and did not keep', async () => {
    const answer = encodeURIComponent('{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"old"}}')
    await collected('partial', `/200/partial?answer=${answer}`)
    await pushAt('partial', NOW)
    expect((await list('partial'))?.status).toBe('200, but 3 points were rejected')
  })

  it('takes a test by a request without metrics, which moves nothing', async () => {
    const { id } = await collected('tested', '/401/tested')
    const answer = await call('POST', `/v1/sites/tested/collectors/${id}/test`)
    expect(await answer.json()).toEqual({ delivered: false, status: '401' })
    expect((await received('/401/tested')).map(({ body }) => body)).toEqual(['{"resourceMetrics":[]}'])
    expect(await list('tested')).toMatchObject({ next: new Date(SETTLED).toISOString(), status: null })
    expect((await call('DELETE', `/v1/sites/tested/collectors/${id}`)).status).toBe(204)
    expect(await list('tested')).toBeUndefined()
    expect((await call('DELETE', `/v1/sites/tested/collectors/${id}`)).status).toBe(404)
  })

  it.each([
    [{}, 'url'],
    [{ url: 'otlp.example/v1/metrics' }, 'url'],
    [{ url: 'http://otlp.example/v1/metrics' }, 'url'],
    [{ url: 'https://10.0.0.1/v1/metrics' }, 'url'],
    [{ url: 'http://localhost:4318/v1/metrics' }, 'url'],
    [{ headers: { 'Bad Name': 'x' } }, 'headers.Bad Name'],
    [{ headers: { 'Content-Type': 'text/plain' } }, 'headers.Content-Type'],
    [{ headers: { 'X-Key': 'a\nb' } }, 'headers.X-Key'],
    [{ metrics: ['speed'] }, 'metrics.0'],
    [{ metrics: ['pageviews'] }, 'metrics.0'],
    [{ group_by: ['colour'] }, 'group_by.0'],
    [{ metrics: ['lcp'], group_by: ['endpoint'] }, 'group_by'],
    [{ limit: 0 }, 'limit'],
    [{ colour: 'red' }, 'colour'],
  ])('is refused as %j, naming %s', async (given, field) => {
    await put('/v1/sites/strict', { origins: [ORIGIN] })
    const url = 'https://otlp.example/v1/metrics'
    const body = field === 'url' ? given : { url, ...given }
    const response = await call('POST', '/v1/sites/strict/collectors', body)
    expect(await problemOf(response)).toMatchObject({ status: 400, field })
  })

  it('is the admin’s, and of a site that is there', async () => {
    expect(await problemOf(await get('/v1/sites/nobody/collectors'))).toMatchObject({
      status: 404,
      field: 'site',
    })
    const { token } = await (await call('POST', '/v1/sites/pushed/tokens', { name: 'x' })).json<{
      token: string
    }>()
    const asReader = await exports.default.fetch('https://rum.example/v1/sites/pushed/collectors', {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(asReader.status).toBe(403)
  })
})
