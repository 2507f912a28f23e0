import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { isAllowed } from '../../../schema/domain/origins.ts'
import { encode, MAX_BYTES } from '../../../schema/wire/beacon.ts'
import type { ApiCall } from '../../../schema/wire/pageview.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import { admin, CHROME, ORIGIN, problemOf, put, send, storedId } from '../../kit/worker/client.ts'
import { pageViewRow, store as storeRows } from '../../kit/worker/rows.ts'

const stored = (id: string) => env.DB.prepare('SELECT * FROM pageviews WHERE id = ?').bind(id).all()
/** What is stored of a page view that was sent. */
const rowOf = async (view: { id: string }) => stored(await storedId(view))

beforeAll(async () => {
  await put('/v1/sites/shop', { origins: [ORIGIN, 'https://*.shop.example', 'http://localhost:*'] })
  await put('/v1/sites/sampled', { origins: ['*'], rate: 4 })
})

describe('a beacon', () => {
  it('arrives on a path of the site’s own zone, too', async () => {
    const view = pageView()
    const ask = (init: RequestInit) =>
      exports.default.fetch('https://shop.example/fieldline/f?site=shop', {
        ...init,
        headers: { Origin: ORIGIN, 'User-Agent': CHROME },
      })
    expect((await ask({ method: 'POST', body: encode(view) })).status).toBe(204)
    expect((await rowOf(view)).results).toHaveLength(1)
    expect((await ask({ method: 'OPTIONS' })).headers.get('Access-Control-Allow-Methods')).toBe('POST')
    expect((await ask({ method: 'GET' })).status).toBe(405)
  })

  it('is one durable row when it is answered with 204', async () => {
    const calls: ApiCall[] = [
      {
        endpoint: 'GET /api/p/[id]',
        start: 10,
        duration: 90,
        outcome: 'ok',
        status: 200,
        ttfb: 40,
        bytes: 300,
        server: [['db', 12]],
      },
    ]
    const view = pageView({
      route: '/p/[id]',
      release: '2.4.0',
      weight: 10,
      age: 5000,
      calls,
      why: {
        lcp: { target: 'img.hero', url: '/hero.avif', loadDelay: 120, loadDuration: 300, renderDelay: 40 },
        inp: null,
        cls: null,
      },
      marks: [{ name: 'ready', value: 812 }],
      dropped: 3,
    })
    const before = Date.now()
    const response = await send(encode(view))
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
    const { results } = await rowOf(view)
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({
      site: 'shop',
      route: '/p/[id]',
      release: '2.4.0',
      weight: 10,
      sequence: 0,
      navigation: 'navigate',
      device: 'desktop',
      browser: 'Chrome',
      browser_version: 156,
      os: 'Windows',
      connection: '4g',
      lcp: 1200,
      inp: null,
      cls: 20,
      fcp: 800,
      ttfb: 150,
      calls: '{"0":[["GET /api/p/[id]",10,90,0,200,40,300,[["db",12]]]]}',
      why: '{"lcp":["img.hero","/hero.avif",120,300,40],"inp":null,"cls":null}',
      marks: '{"0":[["ready",812]]}',
      received: 1,
      dropped: 3,
    })
    const began = Number(results[0]?.began)
    expect(began).toBeGreaterThanOrEqual(before - 5000)
    expect(began).toBeLessThanOrEqual(Date.now() - 5000)
    expect(results[0]?.hour).toBe(Math.floor(began / 3_600_000))
  })

  it('costs exactly one written row, first or later', async () => {
    const row = pageViewRow()
    expect((await storeRows([row])).meta.rows_written).toBe(1)
    expect((await storeRows([{ ...row, sequence: 1, inp: 64 }])).meta.rows_written).toBe(1)
  })

  it('of the same page view updates its row: newer vitals win, calls gather', async () => {
    const id = newId()
    const call = {
      endpoint: 'GET /a',
      start: 1,
      duration: 2,
      outcome: 'ok',
      status: 200,
      ttfb: null,
      bytes: null,
      server: null,
    } as const
    await send(encode(pageView({ id, calls: [call] })))
    const vitals = { lcp: 1300, inp: 88, cls: 120, fcp: 800, ttfb: 150 }
    await send(encode(pageView({ id, sequence: 1, vitals, calls: [{ ...call, endpoint: 'GET /b' }] })))
    const { results } = await rowOf({ id })
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ sequence: 1, lcp: 1300, inp: 88, cls: 120 })
    expect(JSON.parse(String(results[0]?.calls))).toEqual({
      0: [['GET /a', 1, 2, 0, 200]],
      1: [['GET /b', 1, 2, 0, 200]],
    })
  })

  it('that arrives late or twice leaves the same row', async () => {
    const id = newId()
    const first = encode(pageView({ id, vitals: { lcp: 900, inp: null, cls: 0, fcp: 700, ttfb: 100 } }))
    const second = encode(
      pageView({ id, sequence: 1, vitals: { lcp: 1000, inp: 40, cls: 10, fcp: null, ttfb: 100 } }),
    )
    for (const body of [second, first, second, first]) await send(body)
    const { results } = await rowOf({ id })
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ sequence: 1, lcp: 1000, inp: 40, cls: 10, fcp: 700 })
  })

  it('stays one row when delay carries a later beacon over the hour', async () => {
    const hour = 480_000
    const row = pageViewRow({ hour, began: hour * 3_600_000 })
    await storeRows([row])
    await storeRows([{ ...row, hour: hour - 1, began: hour * 3_600_000 - 5, sequence: 1, inp: 48 }])
    const { results } = await stored(row.id)
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ hour, inp: 48, sequence: 1 })
  })

  it('stores a name that can be asked for, even if half of a character was cut off', async () => {
    const view = pageView({ route: '/half', release: 'half' })
    await send(encode(view).replaceAll('half', 'half\\ud83d'))
    expect((await rowOf(view)).results).toMatchObject([{ route: '/half\ufffd', release: 'half\ufffd' }])
  })

  it('stores odd beacons without query strings, and counts the calls left out', async () => {
    const view = pageView()
    const odd = {
      ...JSON.parse(encode(view)),
      age: 1e15,
      route: '/p?token=1',
      vitals: { lcp: 'fast', inp: 1e12, cls: null, fcp: 900, fid: 1 },
      phases: '[1, 2, 3, 4, 5, 6, 7]',
      why: [['img', '/a.png?token=1', 1, 2, 3], 'none', null],
      calls: [
        ['GET /a?token=1', 1, 2, 'http', 999],
        ['GET /b', 1, null, 'http', 500],
      ],
      marks: [
        ['cart', 3],
        ['two words', 1],
      ],
      dropped: 1,
      ip: '::1',
    }
    expect((await send(JSON.stringify(odd))).status).toBe(204)
    const { results } = await rowOf(view)
    expect(results).toMatchObject([
      {
        route: '/p',
        lcp: null,
        inp: 600_000,
        fcp: 900,
        phases: null,
        why: '{"lcp":["img","/a.png",1,2,3],"inp":null,"cls":null}',
        calls: '{"0":[["GET /a",1,2,1,999]]}',
        marks: '{"0":[["cart",3]]}',
        dropped: 2,
      },
    ])
    expect(JSON.stringify(results)).not.toMatch(/token|::1/)
  })

  it('stores neither address nor user agent', async () => {
    const view = pageView()
    await send(encode(view), { 'CF-Connecting-IP': '203.0.113.77' })
    const { results } = await rowOf(view)
    expect(JSON.stringify(results)).not.toMatch(/203\.0\.113|Mozilla|AppleWebKit/)
  })

  it('tells an iPad from a Mac by its touch screen', async () => {
    const mac =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15'
    const [pad, desk] = [pageView({ touch: true }), pageView()]
    await send(encode(pad), { 'User-Agent': mac })
    await send(encode(desk), { 'User-Agent': mac })
    expect((await rowOf(pad)).results[0]).toMatchObject({
      device: 'tablet',
      os: 'iPadOS',
      browser: 'Safari',
    })
    expect((await rowOf(desk)).results[0]).toMatchObject({ device: 'desktop', os: 'macOS' })
  })

  it('may name its country only with the admin token', async () => {
    const [stranger, importer] = [pageView(), pageView()]
    await send(encode(stranger), { 'CF-IPCountry': 'NZ' })
    await send(encode(importer), { 'CF-IPCountry': 'NZ', ...admin })
    expect((await rowOf(stranger)).results[0]?.country).not.toBe('NZ')
    expect((await rowOf(importer)).results[0]?.country).toBe('NZ')
  })
})

describe('sampling', () => {
  it('keeps all beacons of a page view or none, and multiplies the weights', async () => {
    const views = Array.from({ length: 400 }, () =>
      pageView({ id: crypto.randomUUID().replaceAll('-', '').slice(0, 16), weight: 3 }),
    )
    for (const sequence of [0, 1]) {
      await Promise.all(views.map(view => send(encode({ ...view, sequence }), admin, 'sampled')))
    }
    const { results } = await env.DB.prepare(
      "SELECT weight, sequence FROM pageviews WHERE site = 'sampled'",
    ).all()
    expect(new Set(results.map(row => `${row.weight} ${row.sequence}`))).toEqual(new Set(['12 1']))
    // 400 page views at 1 of 4: 100 expected, standard deviation 8.7; six of them on both sides.
    expect(results.length).toBeGreaterThan(48)
    expect(results.length).toBeLessThan(152)
  })
})

describe('a beacon is refused and nothing is stored', () => {
  const cases: [string, () => Promise<Response>, number, string?][] = [
    ['when it is not JSON', () => send('{'), 400, 'body'],
    ['when it has no id', () => send(wire({ id: null })), 400, 'id'],
    ['when it has no number of its own', () => send(wire({ sequence: null })), 400, 'sequence'],
    ['when its weight is no whole number', () => send(wire({ weight: 1.5 })), 400, 'weight'],
    ['when its age is beyond what is kept', () => send(wire({ age: 15 * 86_400_000 })), 400, 'age'],
    ['without a site', () => send(wire({}), {}, ''), 400, 'site'],
    ['for an unknown site', () => send(wire({}), {}, 'nobody'), 404, 'site'],
    ['from an origin that is not allowed', () => send(wire({}), { Origin: 'https://evil.example' }), 403],
    ['from a look-alike origin', () => send(wire({}), { Origin: 'https://evilshop.example' }), 403],
    ['with a wrong token', () => send(wire({}), { Authorization: 'Bearer guess' }), 401],
    ['without an origin', () => send(wire({}), { Origin: '' }), 403],
    ['when it is too large', () => send(wire({ route: 'x'.repeat(MAX_BYTES) })), 413],
    ['when it is a form', () => send('a=b', { 'Content-Type': 'application/x-www-form-urlencoded' }), 415],
  ]
  const wire = (change: object) => JSON.stringify({ ...JSON.parse(encode(pageView())), ...change })
  const count = () => env.DB.prepare('SELECT count(*) AS n FROM pageviews').first('n')

  it.each(cases)('%s', async (_, request, status, field) => {
    const before = await count()
    const answer = await problemOf(await request())
    expect(answer).toMatchObject({ status, mediaType: 'application/problem+json', ...(field && { field }) })
    expect(await count()).toBe(before)
  })

  it('when one address sends too many, while others are heard', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.1' }
    let taken = 0
    while (taken < 700 && (await send('{', headers)).status === 400) taken++
    // Ten without asking, then the 300 of wrangler.toml; twice that where the minute ends in between.
    expect(taken).toBeGreaterThanOrEqual(310)
    expect(taken).toBeLessThanOrEqual(620)
    expect((await send(wire({}), { 'CF-Connecting-IP': '203.0.113.2' })).status).toBe(204)
    expect((await send(wire({}), { ...headers, ...admin })).status).toBe(204)
  })

  it('when it is a bot, in silence', async () => {
    const before = await count()
    const response = await send(wire({}), { 'User-Agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' })
    expect(response.status).toBe(204)
    expect(await count()).toBe(before)
  })
})

describe('an allowed origin', () => {
  it.each([
    [['https://*.shop.example'], 'https://a.b.shop.example'],
    [['https://*.shop.example:*'], 'https://eu.shop.example:8443'],
    [['https://shop.example:*'], 'https://shop.example'],
    [['https://shop.example:443', 'http://shop.example:80'], 'https://shop.example'],
    [['http://shop.example:80'], 'http://shop.example'],
  ])('%j stands for %s', (origins, origin) => {
    expect(isAllowed(origins, origin)).toBe(true)
  })

  it.each([
    ['https://*.shop.example', 'https://shop.example.evil.example'],
    ['https://*.shop.example', 'https://evil.example#.shop.example'],
    ['https://*.shop.example', 'https://evil.example/.shop.example'],
    ['https://*.shop.example', 'https://shop.example'],
    ['https://*.shop.example', 'https://eu.shop.example:8443'],
    ['https://shop.example', 'https://shopxexample'],
    ['https://shop.example', 'http://shop.example'],
    ['http://localhost:*', 'http://localhost:80.evil.example'],
    ['https://shop.example', undefined],
  ])('%s does not stand for %s', (allowed, origin) => {
    expect(isAllowed([allowed], origin)).toBe(false)
  })
})

describe('the answer', () => {
  it.each([ORIGIN, 'https://eu.shop.example', 'http://localhost:5173'])(
    'allows the origin %s by name',
    async origin => {
      const response = await send(encode(pageView()), { Origin: origin })
      expect(response.status).toBe(204)
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe(origin)
      expect(response.headers.get('Vary')).toBe('Origin')
    },
  )

  it('lets pages take it that embed only what allows it, or they would send once more', async () => {
    const answers = await Promise.all([
      send(encode(pageView())),
      send('{'),
      send(encode(pageView()), { Origin: 'https://elsewhere.example' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([204, 400, 403])
    for (const { headers } of answers)
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin')
  })

  it('never says no-store, which would use up Chrome’s keepalive budget', async () => {
    for (const response of [await send(encode(pageView())), await send('{')]) {
      expect(response.headers.get('Cache-Control')).toBe('private, max-age=0')
    }
  })

  it('to another method is 405 with Allow', async () => {
    const response = await exports.default.fetch('https://rum.example/f?site=shop')
    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toBe('POST, OPTIONS')
  })

  it('takes JSON as well as text, and a preflight', async () => {
    expect(
      (await send(encode(pageView()), { 'Content-Type': 'application/json', 'User-Agent': CHROME })).status,
    ).toBe(204)
    const preflight = await exports.default.fetch('https://rum.example/f?site=shop', {
      method: 'OPTIONS',
      headers: { Origin: ORIGIN },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('Content-Type')
  })
})
