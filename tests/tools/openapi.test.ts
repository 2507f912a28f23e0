/** Every operation of the document is asked of the worker; what it answers is held against the document. */

import { createServer, type IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NDJSON_EXAMPLE } from '../../schema/api/ndjson.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { BEACON } from '../../schema/openapi/beacon.ts'
import { bill } from '../kit/bill.ts'
import { DOCUMENT, faults, faultsOf, OPERATIONS, type OperationObject, responseOf } from '../kit/contract.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

const OPEN = Math.floor(Date.now() / HOUR)
const ORIGIN = 'https://shop.example'
const CHROME =
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

interface Question {
  query?: string
  body?: unknown
  headers?: Record<string, string>
  /** For `{site}` and `{id}`. */
  path?: Record<string, string>
  token?: string
  status: number
}

let local: Local
let readToken: string
let tokenId: string

beforeAll(async () => {
  local = await startLocal('tests/kit/worker/metered.ts')
  for (const site of ['shop', 'empty', 'gone']) {
    const body = { origins: [site === 'shop' ? ORIGIN : `https://${site}.example`] }
    await fetch(new URL(`/v1/sites/${site}`, local.url), {
      method: 'PUT',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify(body),
    })
  }
  // Two days of the week before, which a history covers; then the last two days.
  for (const from of [OPEN - 12 * 24, OPEN - 48]) {
    const spread = { site: 'shop', from, hours: 48, views: 2_500, callsIn: 2, routes: 5, endpoints: 5 }
    for (const statement of insertTraffic(spread)) await local.db.prepare(statement).all()
    for (let hour = from; hour < Math.min(from + 48, OPEN - 3); hour++) {
      await bill(local, `hour?site=shop&start=${hour}&now=${Date.now()}`)
    }
  }
  const made = await ask('post', '/v1/sites/{site}/tokens', { body: { name: 'test' }, status: 201 })
  ;({ token: readToken, id: tokenId } = await made.json())
}, 120_000)
afterAll(() => local?.stop())

function ask(method: string, path: string, question: Question): Promise<Response> {
  const { query = '', body, headers, path: places, token = ADMIN_TOKEN } = question
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => places?.[name] ?? 'shop')
  const anyone = path === '/healthz' || path === '/f'
  return fetch(new URL(`${filled}?${query}`, local.url), {
    method: method.toUpperCase(),
    headers: { ...(!anyone && token && { Authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** What the document does not allow of this answer. */
async function judge(operation: OperationObject, response: Response): Promise<string[]> {
  const described = responseOf(operation, response.status)
  if (!described) return [`${response.status} is not described: ${await response.text()}`]
  const missing = Object.keys(described.headers ?? {})
    // The one is for CORS requests, the other for one of two formats.
    .filter(name => !/^(Access-Control-Allow-Origin|Content-Disposition)$/.test(name))
    .filter(name => !response.headers.has(name))
    .map(name => `the header ${name} is missing`)
  const text = await response.text()
  const type = response.headers.get('Content-Type')?.split(';')[0] ?? ''
  if (!described.content) return text ? [...missing, `a body is not described: ${text}`] : missing
  const media = described.content[type]
  return media ? [...missing, ...faultsOf(media, text)] : [...missing, `${type} is not described`]
}

const site = 'site=shop'
const csv = { Accept: 'text/csv' }
const browser = { Origin: ORIGIN, 'User-Agent': CHROME, 'Content-Type': 'text/plain' }

/** What each operation is asked, by its id. */
const QUESTIONS: Record<string, readonly Question[]> = {
  summary: [
    { query: site, status: 200 },
    { query: `${site}&metrics=lcp,cls&group_by=route,device&percentiles=75,99.9`, status: 200 },
    { query: `${site}&metrics=lcp&group_by=country,browser`, status: 200 },
    { query: `${site}&metrics=api&group_by=endpoint&sort=failing&minimum=1`, status: 200 },
    { query: `${site}&metrics=phase:load,custom:cart`, status: 200 },
    { query: `${site}&group_by=route`, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&limit=201`, status: 400 },
    { query: site, token: '', status: 401 },
    { query: 'site=nowhere', status: 404 },
  ],
  timeseries: [
    { query: `${site}&metrics=lcp,api&group_by=device`, status: 200 },
    { query: `${site}&from=-9d&interval=day&timezone=%2B02:00`, status: 200 },
    { query: site, headers: csv, status: 200 },
    { query: `${site}&timezone=here`, status: 400 },
  ],
  trends: [
    { query: `${site}&group_by=route`, status: 200 },
    { query: `${site}&release=2.4.0&baseline_release=2.3.0`, status: 200 },
    { query: `${site}&device=phone&baseline_device=desktop&baseline_from=-3d`, status: 200 },
    { query: `${site}&baseline_route=/`, status: 400 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&format=csv`, status: 200 },
    { query: `${site}&percentile=0`, status: 400 },
  ],
  changes: [
    { query: site, status: 200 },
    { query: `${site}&device=phone&metrics=lcp,api`, status: 200 },
    { query: `${site}&against=release:2.3.0&release=2.4.0`, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: site, headers: csv, status: 200 },
    { query: `${site}&against=yesterday`, status: 400 },
  ],
  causes: [
    ...['lcp', 'inp', 'cls'].map(metric => ({ query: `${site}&metric=${metric}`, status: 200 })),
    { query: `${site}&sort=slowest`, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&metric=fcp`, status: 400 },
  ],
  errors: [
    { query: site, status: 200 },
    { query: `${site}&device=phone`, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&limit=0`, status: 400 },
  ],
  bfcache: [
    { query: site, status: 200 },
    { query: `${site}&device=phone`, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&limit=0`, status: 400 },
  ],
  blocking: [
    { query: site, status: 200 },
    { query: `${site}&sort=slowest&device=phone`, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&limit=0`, status: 400 },
  ],
  pageviews: [
    { query: site, status: 200 },
    { query: `${site}&order=newest&limit=100`, status: 200 },
    { query: site, headers: csv, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&cursor=x`, status: 400 },
  ],
  pageview: [
    { query: `${site}&id=0123456789abcdef`, status: 404 },
    { query: `${site}&id=x`, status: 400 },
  ],
  deploys: [
    { query: site, status: 200 },
    { query: site, headers: csv, status: 200 },
    { query: `${site}&from=x`, status: 400 },
  ],
  delivery: [
    { query: site, status: 200 },
    { query: site, headers: csv, status: 200 },
    { query: `${site}&route=/`, status: 400 },
  ],
  queryRecord: [
    { body: { origin: ORIGIN }, status: 200 },
    { body: { url: `${ORIGIN}/route-1`, formFactor: 'PHONE' }, status: 200 },
    { query: 'site=shop', body: { origin: 'https://other.example' }, status: 200 },
    { body: { origin: 5 }, status: 400 },
    { body: { origin: ORIGIN }, token: '', status: 401 },
    { body: { origin: 'https://empty.example' }, status: 404 },
  ],
  queryHistoryRecord: [
    { body: { origin: ORIGIN, collectionPeriodCount: 3 }, status: 200 },
    { body: { url: `${ORIGIN}/route-1` }, status: 200 },
    { body: { origin: ORIGIN, collectionPeriodCount: 0 }, status: 400 },
    { body: { origin: 'https://empty.example' }, status: 404 },
  ],
  metrics: [
    { query: site, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: `${site}&limit=51`, status: 400 },
  ],
  export: [
    { query: `${site}&format=otlp&group_by=route`, status: 200 },
    { query: `${site}&format=ndjson&limit=50`, status: 200 },
    { query: 'site=empty&format=ndjson', status: 200 },
    { query: `${site}&format=xml`, status: 400 },
  ],
  importPageViews: [
    { body: NDJSON_EXAMPLE[0], status: 200 },
    { body: 'x'.repeat(1_000_001), status: 413 },
    { body: '\n'.repeat(501), status: 400 },
  ],
  listSites: [{ status: 200 }, { token: 'wrong', status: 401 }],
  getSite: [{ status: 200 }, { path: { site: 'nowhere' }, status: 404 }],
  putSite: [
    { path: { site: 'new' }, body: { origins: ['https://new.example'] }, status: 201 },
    { path: { site: 'new' }, body: { origins: ['*'], rate: 4 }, status: 200 },
    { path: { site: 'new' }, headers: { 'If-None-Match': '*' }, body: { origins: ['*'] }, status: 412 },
    { path: { site: 'new' }, body: { origins: [] }, status: 400 },
  ],
  changeSite: [
    { body: { rows_per_day: 30_000 }, status: 200 },
    { body: { rate: 3 }, status: 400 },
    { path: { site: 'nowhere' }, body: {}, status: 404 },
  ],
  deleteSite: [
    { path: { site: 'gone' }, status: 202 },
    { path: { site: 'gone' }, status: 404 },
  ],
  moveSite: [
    { body: { to: 'DB' }, status: 200 },
    { body: { to: 'DB_9' }, status: 400 },
  ],
  overview: [{ status: 200 }, { query: 'after=A', status: 400 }, { token: '', status: 401 }],
  markDeploy: [
    { body: { release: '2.4.0', note: 'new checkout' }, status: 201 },
    { body: { release: '' }, status: 400 },
  ],
  deleteDeploy: [{ path: { id: '0123456789ab' }, status: 404 }],
  getRules: [{ status: 200 }, { query: 'x=1', status: 400 }],
  putRules: [
    { path: { site: 'empty' }, body: { rules: [{ kind: 'route', pattern: '/p/:id' }] }, status: 200 },
    { path: { site: 'empty' }, body: { rules: [{ kind: 'route', pattern: '/*' }] }, status: 400 },
  ],
  previewRules: [
    { body: { case: 'lower', rules: [{ kind: 'route', pattern: '/:name', host: 'a' }] }, status: 400 },
    {
      body: { case: 'lower', rules: [{ kind: 'endpoint', pattern: '/api/:id', ignore: true }] },
      status: 200,
    },
  ],
  suggestRules: [{ status: 200 }, { path: { site: 'empty' }, status: 200 }],
  getTags: [{ status: 200 }, { query: 'x=1', status: 400 }],
  putTags: [
    { path: { site: 'empty' }, body: { tags: ['plan'] }, status: 200 },
    { path: { site: 'empty' }, body: { tags: ['Plan'] }, status: 400 },
  ],
  putTag: [
    { path: { site: 'empty', name: 'plan' }, status: 200 },
    { path: { site: 'empty', name: 'Plan' }, status: 400 },
  ],
  deleteTag: [
    { path: { site: 'empty', name: 'plan' }, status: 204 },
    { path: { site: 'empty', name: 'plan' }, status: 404 },
  ],
  listSegments: [{ status: 200 }, { path: { site: 'empty' }, status: 200 }],
  putSegment: [
    { path: { id: 'phones' }, body: { name: 'Phones', filters: { device: ['phone'] } }, status: 201 },
    { path: { id: 'phones' }, body: { name: 'Phones', filters: { 'device!': ['desktop'] } }, status: 200 },
    { path: { id: 'phones' }, body: { name: 'Phones', filters: {} }, status: 400 },
  ],
  deleteSegment: [
    { path: { id: 'phones' }, status: 204 },
    { path: { id: 'phones' }, status: 404 },
  ],
  listTokens: [{ status: 200 }, { path: { site: 'nowhere' }, status: 404 }],
  createToken: [
    { body: { name: 'ci', expires: '2099-01-01T00:00:00Z' }, status: 201 },
    { body: { name: '' }, status: 400 },
  ],
  revokeToken: [{ path: { site: 'shop', id: '0123456789ab' }, status: 404 }],
  budgets: [
    { query: site, status: 200 },
    { query: 'site=empty', status: 200 },
    { query: 'site=A', status: 400 },
  ],
  budgetEvents: [
    { query: site, status: 200 },
    { query: `${site}&budget=x`, status: 400 },
  ],
  createBudget: [
    { body: { metric: 'lcp', limit: 2500 }, status: 201 },
    { body: { metric: 'api', endpoint: 'GET /api/0', percentile: 99.9, limit: 1, minimum: 1 }, status: 201 },
    { body: { metric: 'lcp', endpoint: 'GET /api/0', limit: 2500 }, status: 400 },
    { path: { site: 'nowhere' }, body: { metric: 'lcp', limit: 2500 }, status: 404 },
  ],
  previewBudget: [
    { body: { metric: 'lcp', limit: 2500 }, status: 200 },
    { body: { metric: 'lcp', limit: -1 }, status: 400 },
  ],
  putBudget: [{ path: { id: '0123456789ab' }, body: { metric: 'lcp', limit: 2500 }, status: 404 }],
  deleteBudget: [{ path: { id: '0123456789ab' }, status: 404 }],
  createWebhook: [
    { body: { url: 'http://localhost:9/' }, status: 201 },
    { body: { kind: 'pagerduty', routing_key: 'R0123456789' }, status: 201 },
    { body: { url: 'ftp://x' }, status: 400 },
  ],
  putWebhook: [{ path: { id: '0123456789ab' }, body: { url: 'https://hooks.example/' }, status: 404 }],
  listWebhooks: [{ status: 200 }, { path: { site: 'empty' }, status: 200 }],
  testWebhook: [{ path: { id: '0123456789ab' }, status: 404 }],
  deleteWebhook: [{ path: { id: '0123456789ab' }, status: 404 }],
  createCollector: [
    { body: { url: 'https://otlp.example/v1/metrics', headers: { Authorization: 'Basic x' } }, status: 201 },
    { body: { url: 'ftp://x' }, status: 400 },
  ],
  listCollectors: [{ status: 200 }, { path: { site: 'empty' }, status: 200 }],
  putCollector: [{ path: { id: '0123456789ab' }, body: { url: 'https://otlp.example/' }, status: 404 }],
  testCollector: [{ path: { id: '0123456789ab' }, status: 404 }],
  deleteCollector: [{ path: { id: '0123456789ab' }, status: 404 }],
  sendBeacon: [
    { query: site, headers: browser, body: BEACON, status: 204 },
    { query: site, headers: { ...browser, 'Content-Type': 'application/json' }, body: BEACON, status: 204 },
    { query: site, headers: browser, body: { ...BEACON, id: 'secret' }, status: 400 },
    { query: site, headers: { ...browser, Authorization: 'Bearer wrong' }, body: BEACON, status: 401 },
    { query: site, headers: { ...browser, Origin: 'https://evil.example' }, body: BEACON, status: 403 },
    { query: 'site=nowhere', headers: browser, body: BEACON, status: 404 },
    { query: site, headers: browser, body: 'x'.repeat(20_000), status: 413 },
    { query: site, headers: { ...browser, 'Content-Type': 'text/html' }, body: BEACON, status: 415 },
  ],
  preflightBeacon: [{ query: site, headers: { Origin: ORIGIN }, status: 204 }],
  health: [{ status: 200 }],
}

it('asks for every operation that the worker answers', () => {
  const answered = OPERATIONS.map(({ operationId }) => operationId).filter(id => id !== 'openapi')
  expect(Object.keys(QUESTIONS).sort()).toEqual(answered.sort())
})

describe.each(OPERATIONS)('$method $path', operation => {
  it('answers as the document says', async () => {
    for (const question of QUESTIONS[operation.operationId] ?? []) {
      const response = await ask(operation.method, operation.path, question)
      const what = JSON.stringify(question).slice(0, 200)
      expect(response.status, what).toBe(question.status)
      expect(await judge(operation, response), what).toEqual([])
    }
  })

  const isOfSite = operation.parameters.some(({ name }) => name === 'site') && operation.method !== 'options'
  it.runIf(isOfSite && operation.operationId !== 'putSite')('knows no site that is not there', async () => {
    const { query = '', path, ...question } = first(operation)
    const nowhere = { query: query.replace(site, 'site=nowhere'), path: { ...path, site: 'nowhere' } }
    const response = await ask(operation.method, operation.path, {
      ...question,
      ...nowhere,
      ...(operation.path.startsWith('/v1/records:') && { query: 'site=nowhere' }),
    })
    expect(response.status).toBe(404)
    expect(await judge(operation, response)).toEqual([])
  })

  const isSecured = operation.security.some(scheme => 'bearer' in scheme) && operation.path !== '/f'
  it.runIf(isSecured)('asks for a token', async () => {
    const response = await ask(operation.method, operation.path, { ...first(operation), token: '' })
    expect(response.status).toBe(401)
    expect(await judge(operation, response)).toEqual([])
  })
})

/** Addresses whose parameters are all checked. */
const CHECKED = OPERATIONS.filter(
  ({ method, path }) => method === 'get' && /^\/v1\/[a-z-]+$/.test(path),
).filter(({ path }) => !/^\/v1\/(sites|overview)$/.test(path))

it.each(CHECKED)('$path takes the parameters of the document and no others', async operation => {
  const { method, path, parameters } = operation
  const strange = /is not a parameter of this/
  /** What each of the formats says, where there are two under one address. */
  const said = (query: string) =>
    Promise.all(
      (path === '/v1/export' ? ['&format=otlp', '&format=ndjson'] : ['']).map(async format =>
        (await ask(method, path, { query: `${query}${format}`, status: 200 })).text(),
      ),
    )
  for (const text of await said(`${site}&no_such=1`)) expect(text).toMatch(strange)
  for (const { name } of parameters.filter(({ name }) => name !== 'site' && name !== 'format')) {
    const answers = await said(`${site}&${name}=1`)
    expect(
      answers.some(text => !strange.test(text)),
      name,
    ).toBe(true)
  }
})

it('answers a 304 as the document says', async () => {
  const question = { query: `${site}&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z`, status: 200 }
  const first = await ask('get', '/v1/summary', question)
  const headers = { 'If-None-Match': first.headers.get('ETag') ?? '' }
  const second = await ask('get', '/v1/summary', { ...question, headers })
  expect(second.status).toBe(304)
  expect(await judge(operationOf('summary'), second)).toEqual([])
})

it('answers a read token that asks for another site as the document says', async () => {
  const refused = await ask('get', '/v1/summary', { query: 'site=empty', token: readToken, status: 403 })
  expect(refused.status).toBe(403)
  expect(await judge(operationOf('summary'), refused)).toEqual([])
  const changed = await ask('patch', '/v1/sites/{site}', { body: {}, token: readToken, status: 403 })
  expect(await judge(operationOf('changeSite'), changed)).toEqual([])
  const list = await ask('get', '/v1/sites', { token: readToken, status: 200 })
  expect(await judge(operationOf('listSites'), list)).toEqual([])
})

it('answers what became of a budget, and tells the webhook, as the document says', async () => {
  const told: { headers: IncomingHttpHeaders; body: string }[] = []
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    told.push({ headers: request.headers, body })
    response.end()
  })
  await new Promise<void>(done => receiver.listen(0, '127.0.0.1', done))
  const address = receiver.address()
  const port = typeof address === 'object' ? address?.port : 0
  const url = `http://127.0.0.1:${port}/`
  const hooked = await ask('post', '/v1/sites/{site}/webhooks', { body: { url }, status: 201 })
  const { id: hook } = (await hooked.json()) as { id: string }
  const tested = await ask('post', '/v1/sites/{site}/webhooks/{id}/test', { path: { id: hook }, status: 200 })
  expect(await judge(operationOf('testWebhook'), tested)).toEqual([])

  const body = { metric: 'lcp', limit: 1, minimum: 1, window_hours: 24 }
  const made = await ask('post', '/v1/sites/{site}/budgets', { body, status: 201 })
  const { id } = (await made.json()) as { id: string }
  const look = (path: string) => ask('get', path, { query: site, status: 200 })
  // A run does a bounded part of what is due, and the next, five minutes later, begins with another site.
  let now = Date.now()
  const isTold = () => told.some(({ body }) => body.includes(`"${id}"`))
  for (let run = 0; run < 10 && !isTold(); run++) {
    await bill(local, `cron?now=${now}`)
    now += 5 * 60_000
  }
  expect(isTold()).toBe(true)
  receiver.close()
  expect(await (await look('/v1/budget-events')).text()).toContain('"breached"')
  for (const name of ['budgets', 'budgetEvents']) {
    const operation = operationOf(name)
    expect(await judge(operation, await look(operation.path))).toEqual([])
  }
  const message = DOCUMENT.webhooks.budgetChanged?.post?.requestBody?.content['application/json']
  const described = DOCUMENT.webhooks.budgetChanged?.post?.parameters ?? []
  expect(described).toHaveLength(4)
  for (const { headers, body } of told) {
    expect(message && faultsOf(message, body)).toEqual([])
    for (const { name, schema } of described)
      expect(faults(schema, headers[name.toLowerCase()]), name).toEqual([])
  }
  for (const [name, given, status] of [
    ['putBudget', { ...body, limit: 9_000 }, 200],
    ['deleteBudget', undefined, 204],
    ['putWebhook', { url }, 200],
    ['deleteWebhook', undefined, 204],
  ] as const) {
    const operation = operationOf(name)
    const path = { id: name.endsWith('Webhook') ? hook : id }
    const response = await ask(operation.method, operation.path, { path, body: given, status })
    expect(response.status).toBe(status)
    expect(await judge(operation, response)).toEqual([])
  }
})

it('answers the revocation of a token as the document says', async () => {
  const path = { site: 'shop', id: tokenId }
  const response = await ask('delete', '/v1/sites/{site}/tokens/{id}', { path, status: 204 })
  expect(response.status).toBe(204)
  expect(await judge(operationOf('revokeToken'), response)).toEqual([])
})

function first({ operationId }: OperationObject): Question {
  return QUESTIONS[operationId]?.[0] ?? { status: 200 }
}

function operationOf(id: string): (typeof OPERATIONS)[number] {
  const found = OPERATIONS.find(({ operationId }) => operationId === id)
  if (!found) throw new Error(`no operation ${id}`)
  return found
}
