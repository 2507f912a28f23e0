import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { admin, get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'

const ENDPOINTS = [
  '/v1/summary',
  '/v1/timeseries',
  '/v1/trends',
  '/v1/changes',
  '/v1/causes',
  '/v1/pageviews',
  '/v1/delivery',
  '/v1/metrics',
  '/v1/export?format=ndjson',
  '/v1/export?format=otlp',
  '/v1/budgets',
  '/v1/budget-events',
]

const OTHERS = ['/v1/blocking', '/v1/bfcache', '/v1/errors']

const asked = (path: string, query: string) => get(`${path}${path.includes('?') ? '&' : '?'}${query}`)

function post(path: string, body: BodyInit, headers: Record<string, string> = admin): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, { method: 'POST', body, headers })
}

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN] })
})

describe('the door for parameters', () => {
  it.each(ENDPOINTS)('refuses by name what %s cannot read', async path => {
    const cases: [query: string, field: string, detail: RegExp][] = [
      ['site=shop&site=shop', 'site', /given twice/],
      ['site=shop&nothing=1', 'nothing', /not a parameter/],
      ['site=shop&toString=1', 'toString', /not a parameter/],
      ['site=shop&__proto__=1', '__proto__', /not a parameter/],
      ['', 'site', /missing/],
      ['site=', 'site', /must be 1 to 63/],
      ['site=shop%00', 'site', /control characters/],
      ['site=shop%0d%0aX:%20y', 'site', /control characters/],
      ['site=shop&%0a=1', '\ufffd', /control characters/],
      ['site=%zz', 'site', /is not valid UTF-8/],
      ['site=%ed%a0%80', 'site', /is not valid UTF-8/],
      [`site=${'x'.repeat(2_001)}`, 'site', /at most 2000/],
    ]
    for (const [query, field, detail] of cases) {
      const problem = await problemOf(await asked(path, query))
      expect(problem, query).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) })
    }
  })

  it.each([...ENDPOINTS.filter(path => !/metrics|budget/.test(path)), '/v1/deploys', ...OTHERS])(
    'takes dates in %s, and refuses one that is on no calendar',
    async path => {
      const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
      const answer = await asked(path, `site=shop&from=${day(2)}&to=${day(1)}`)
      expect(answer.status).toBe(200)
      if (!/changes|export/.test(path))
        expect(await answer.json()).toMatchObject({
          from: `${day(2)}T00:00:00.000Z`,
          to: `${day(1)}T00:00:00.000Z`,
        })
      for (const [query, field] of [
        ['from=2026-02-30', 'from'],
        [`from=${day(2)}&to=2027-02-29`, 'to'],
      ] as const)
        expect(await problemOf(await asked(path, `site=shop&${query}`))).toMatchObject({
          status: 400,
          field,
          detail: `${field} is not a valid date`,
        })
    },
  )

  it.each(['/v1/trends', '/v1/changes'])('tells a percentile of %s that is wrong from none', async path => {
    for (const percentile of ['abc', '', '0', '101', '99.99', '-5'])
      expect(await problemOf(await get(`${path}?site=shop&percentile=${percentile}`))).toMatchObject({
        status: 400,
        detail: 'percentile must be a number from 1 to 99.9, with one decimal at most',
      })
  })

  it.each([
    ['device', 'mobile', 'must be phone, tablet or desktop'],
    ['country', 'Germany', 'must be a code of ISO 3166-1: DE'],
    ['country', 'de', 'must be a code of ISO 3166-1: DE'],
    ['connection', '5g', 'must be slow-2g, 2g, 3g or 4g'],
    ['navigation', 'soft', 'must be navigate, reload, '],
    ['route', '', 'must not be empty'],
    ['release', '', 'must not be empty'],
    ['browser', '', 'must not be empty'],
  ])('does not take %s=%s for a time without visitors', async (name, value, detail) => {
    const refused = { status: 400, detail: expect.stringContaining(detail) }
    for (const path of ['summary', 'timeseries', 'trends', 'changes', 'causes', 'pageviews', 'errors'])
      for (const parameter of [name, `${name}!`])
        expect(
          await problemOf(await get(`/v1/${path}?site=shop&${parameter}=${value}`)),
          `${path} ${parameter}`,
        ).toMatchObject({ ...refused, field: parameter })
    const segment = { name: 'Slip', filters: { [name]: [value] } }
    expect(await problemOf(await put('/v1/sites/shop/segments/slip', segment))).toMatchObject(refused)
    if (name === 'device' || name === 'country' || name === 'route')
      expect(
        await problemOf(await get(`/v1/trends?site=shop&${name}=phone&baseline_${name}=${value}`)),
      ).toMatchObject({ status: 400 })
  })

  it.each(['limit', 'minimum'])('says of a %s that is too large how large it may be', async name => {
    for (const value of ['1000000001', '99999999999', '9'.repeat(400)])
      expect(await problemOf(await get(`/v1/summary?site=shop&${name}=${value}`))).toMatchObject({
        status: 400,
        detail: expect.stringMatching(`^${name} must be at most 1?\\d+$`),
      })
  })

  it('names a field once in its sentence', async () => {
    for (const [query, detail] of [
      ['endpoint=GET /a', 'endpoint needs metrics=api, not lcp'],
      ['group_by=endpoint', 'group_by endpoint needs metrics=api, not lcp'],
      ['sort=failing', 'sort failing needs metrics=api'],
    ])
      expect(await problemOf(await asked('/v1/summary', `site=shop&${query}`))).toMatchObject({ detail })
  })

  it('takes a name with U+FFFD, which stands in stored names for halves of characters', async () => {
    expect((await get('/v1/summary?site=shop&route=/%ef%bf%bd')).status).toBe(200)
  })

  it('stands before CrUX, and answers in its form', async () => {
    const violation = async (query: string) => {
      const response = await post(`/v1/records:queryRecord${query}`, `{"origin":"${ORIGIN}"}`, {})
      const { error } = (await response.json()) as {
        error: { code: number; details?: { fieldViolations: { field: string }[] }[] }
      }
      return [error.code, error.details?.[0]?.fieldViolations[0]?.field]
    }
    expect(await violation('?key=a%0d%0ab')).toEqual([400, 'key'])
    expect(await violation('?key=%e2%82%ac')).toEqual([400, 'key'])
    expect(await violation('?key=a&key=b')).toEqual([400, 'key'])
    expect(await violation('?key=test-admin-token&site=SHOP')).toEqual([400, 'site'])
    expect(await violation('?key=test-admin-token&nothing=1')).toEqual([400, 'nothing'])
    expect(await violation('?key=test-admin-token&alt=json&prettyPrint=false')).toEqual([404, undefined])
  })

  it.each([
    ['GET', '/v1/sites?limit=1', 'limit'],
    ['GET', '/v1/sites/shop?x', 'x'],
    ['GET', '/v1/sites/SHOP', 'site'],
    ['DELETE', '/v1/sites/a%00b', 'site'],
    ['PATCH', '/v1/sites/%20', 'site'],
    ['GET', '/v1/sites/SHOP/tokens', 'site'],
    ['DELETE', '/v1/sites/shop/tokens/x', 'id'],
    ['DELETE', '/v1/sites/shop/budgets/%0a', 'id'],
    ['PUT', '/v1/sites/SHOP/budgets/0123456789ab', 'site'],
    ['GET', '/v1/sites/SHOP/webhooks', 'site'],
    ['POST', '/v1/sites/shop/webhooks/0123456789ab/test?now=1', 'now'],
  ])('%s %s names %s', async (method, path, field) => {
    const response = await exports.default.fetch(`https://rum.example${path}`, { method, headers: admin })
    expect(await problemOf(response)).toMatchObject({ status: 400, field })
  })
})

describe('a body', () => {
  it('has a limit', async () => {
    for (const path of ['/v1/sites/shop/budgets', '/v1/sites/shop/tokens', '/v1/records:queryRecord']) {
      expect((await post(path, `"${'x'.repeat(70_000)}"`)).status, path).toBe(413)
    }
  })

  it.each([
    ['', 'body'],
    ['{', 'body'],
    ['['.repeat(60_000), 'body'],
    ['[]', 'body'],
    ['null', 'body'],
    ['"x"', 'body'],
    ['1e999', 'body'],
    ['{"metric":"lcp"}', 'limit'],
    ['{"metric":"lcp","limit":1e999}', 'limit'],
    ['{"metric":"lcp","limit":"1"}', 'limit'],
    ['{"metric":"toString","limit":1}', 'metric'],
    ['{"metric":["lcp"],"limit":1}', 'metric'],
    ['{"metric":"lcp","limit":1,"route":"\\ud800"}', 'route'],
    ['{"metric":"lcp","limit":1,"route":"a\\u0000"}', 'route'],
    ['{"metric":"lcp","limit":1,"nothing":1}', 'nothing'],
    ['{"metric":"lcp","limit":1,"toString":1}', 'toString'],
    ['{"metric":"lcp","limit":1,"__proto__":{}}', '__proto__'],
    ['{"metric":"lcp","limit":1,"minimum":9007199254740993}', 'minimum'],
  ])('%.60s names %s', async (body, field) => {
    expect(await problemOf(await post('/v1/sites/shop/budgets', body))).toMatchObject({ status: 400, field })
  })
})
