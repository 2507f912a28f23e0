/** What HTTP itself promises of a request: its method, its preconditions, and how its body is written. */

import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { encode } from '../../../schema/wire/beacon.ts'
import { pageView } from '../../kit/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, send } from '../../kit/worker/client.ts'

const ask = (method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method,
    headers: { ...admin, ...headers },
    ...(body !== undefined && { body }),
  })

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN] })
})

describe('a method that an address does not have', () => {
  it.each([
    ['POST', '/v1/sites/shop/rules', 'GET, HEAD, PUT'],
    ['POST', '/v1/sites/shop', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['DELETE', '/v1/summary?site=shop', 'GET, HEAD'],
    ['GET', '/v1/sites/shop/pageviews', 'POST'],
    ['GET', '/v1/records:queryRecord', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('is a 405 that names the others: %s %s', async (method, path, allowed) => {
    const response = await ask(method, path)
    expect(response.headers.get('Allow')).toBe(allowed)
    const detail = `This address takes ${allowed.replace(/, (\w+)$/, ' or $1')}, not ${method}.`
    expect(await problemOf(response)).toMatchObject({ status: 405, detail })
  })

  it.each(['/nothing', '/v1/nothing', '/v1/sites/shop/nothing', '/v1/sites/'])(
    'is none of %s, where there is nothing',
    async path => {
      for (const method of ['GET', 'POST']) expect((await ask(method, path)).status).toBe(404)
    },
  )
})

describe('If-Match: *', () => {
  it('sets rules, whichever are there', async () => {
    const set = (pattern: string, known: string) =>
      ask('PUT', '/v1/sites/shop/rules', JSON.stringify({ rules: [{ kind: 'route', pattern }] }), {
        'If-Match': known,
      })
    expect((await set('/a/:x', '*')).status, 'none before').toBe(200)
    const stored = await set('/b/:x', ' * ')
    expect(stored.status).toBe(200)
    expect(await stored.json()).toMatchObject({ rules: [{ pattern: '/b/:x' }] })
    expect((await set('/c/:x', '"*"')).status, 'a tag of that name').toBe(412)
  })

  it('answers 304 as If-None-Match, since there is an answer', async () => {
    const path = '/v1/summary?site=shop&from=-24h&to=-12h'
    expect((await get(path, { ...admin, 'If-None-Match': '*' })).status).toBe(304)
  })
})

describe('If-Match', () => {
  const tagOf = async (answer: Promise<Response>) => (await answer).headers.get('ETag') ?? ''

  it.each(['PUT', 'PATCH', 'DELETE'])('keeps %s of a site from what another has set since', async method => {
    const path = `/v1/sites/known-${method.toLowerCase()}`
    const change = (given: object, headers?: Record<string, string>, how = method) =>
      ask(how, path, how === 'DELETE' ? undefined : JSON.stringify({ origins: [ORIGIN], ...given }), headers)
    expect((await change({}, { 'If-Match': '*' }, method)).status, 'no site yet').toBe(412)
    const first = await tagOf(change({}, {}, 'PUT'))
    expect(await tagOf(get(path)), 'as it is read').toBe(first)
    const second = await tagOf(change({ rate: 8 }, { 'If-Match': first }, 'PATCH'))
    expect(second).not.toBe(first)
    expect(await problemOf(await change({ rate: 2 }, { 'If-Match': first }))).toMatchObject({
      status: 412,
      detail: expect.stringContaining('has changed'),
    })
    expect((await change({ rate: 2 }, { 'If-None-Match': second })).status).toBe(412)
    expect(await (await get(path)).json()).toMatchObject({ rate: 8 })
    expect((await change({ rate: 2 }, { 'If-Match': `"other", ${second}` })).ok).toBe(true)
  })

  it('lets one of several through that have read the same', async () => {
    const tag = await tagOf(put('/v1/sites/raced', { origins: [ORIGIN] }))
    const answers = await Promise.all(
      [2, 4, 8, 16].map(rate =>
        ask('PUT', '/v1/sites/raced', JSON.stringify({ origins: [ORIGIN], rate }), { 'If-Match': tag }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
  })

  it.each([
    ['PUT', 'segments/phones', { name: 'Phones', filters: { device: ['phone'] } }],
    ['PUT', 'tags', { tags: ['plan'] }],
    ['POST', 'budgets', { metric: 'lcp', limit: 2500 }],
    ['PUT', 'rules', { rules: [] }, 'If-None-Match'],
  ])(
    'changes nothing at an address that does not check it: %s %s',
    async (method, path, body, name = 'If-Match') => {
      const answer = await ask(method, `/v1/sites/shop/${path}`, JSON.stringify(body), { [name]: '"x"' })
      expect(await problemOf(answer)).toMatchObject({
        status: 412,
        detail: `Nothing was changed: this address does not check ${name}. Leave it out.`,
      })
    },
  )
})

describe('a body', () => {
  const site = (body: BodyInit, headers?: Record<string, string>) =>
    ask('PATCH', '/v1/sites/shop', body, headers)
  const latin1 = new Uint8Array([...'{"name":"caf'].map(char => char.charCodeAt(0)).concat(0xe9, 0x22, 0x7d))

  it('that is no UTF-8 is refused, and not stored in other letters', async () => {
    expect(await problemOf(await ask('POST', '/v1/sites/shop/tokens', latin1))).toMatchObject({
      status: 400,
      field: 'body',
      detail: 'body is not UTF-8',
    })
    expect(await (await get('/v1/sites/shop/tokens')).json()).toEqual({ data: [] })
    const beacon = new TextEncoder().encode(encode(pageView()))
    expect((await send(beacon.with(-2, 0xff) as unknown as string)).status).toBe(400)
  })

  it('may begin with a byte order mark', async () => {
    expect((await site('\ufeff{"rate":1}')).status).toBe(200)
  })

  it('that is cut within a letter is refused', async () => {
    expect((await site(latin1.slice(0, -2))).status).toBe(400)
  })

  it.each(['gzip', 'br'])('that is compressed by %s is a 415, not lines that are wrong', async coding => {
    for (const [method, path] of [
      ['PATCH', '/v1/sites/shop'],
      ['POST', '/v1/sites/shop/pageviews'],
      ['POST', '/v1/records:queryRecord'],
    ] as const) {
      const response = await ask(method, path, 'x', { 'Content-Encoding': coding })
      expect(response.status).toBe(415)
      expect(response.headers.get('Accept-Encoding')).toBe('identity')
    }
    expect((await site('{"rate":1}', { 'Content-Encoding': 'identity' })).status).toBe(200)
  })

  it('that is a list is no object', async () => {
    expect(await problemOf(await site('[]'))).toMatchObject({ detail: 'body must be an object' })
  })
})
