import { env, exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { toCursor } from '../../schema/api/cursor.ts'
import { GROUP_KEYS } from '../../schema/api/filters.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { app } from '../../worker/app.ts'
import { rollUpHour } from '../../worker/histogram/rollup.ts'
import { pageView } from '../kit/pageview.ts'
import { admin, CHROME, ORIGIN, put } from '../kit/worker/client.ts'
import { pageViewRow, store } from '../kit/worker/rows.ts'
import { almost, anyText } from './hostile.ts'
import { REQUESTS, runs } from './runs.ts'

const ID = '0123456789ab'

const BODIES = {
  beacon: [encode(pageView()), encode(pageView({ sequence: 1 }))],
  site: [
    '{"origins":["https://shop.example","https://*.shop.example"],"rate":1,"raw_days":14}',
    '{"rate":2}',
  ],
  token: ['{"name":"ci"}', '{"name":"ci","expires":"2099-01-01T00:00:00Z"}'],
  budget: [
    '{"metric":"lcp","limit":2500}',
    '{"metric":"api","endpoint":"GET /a","limit":9,"percentile":99.9,"window_hours":6}',
  ],
  webhook: ['{"url":"https://hooks.example/200"}'],
  crux: [
    `{"origin":"${ORIGIN}"}`,
    `{"url":"${ORIGIN}/p/7","formFactor":"PHONE","metrics":["largest_contentful_paint","form_factors"]}`,
    `{"origin":"${ORIGIN}","collectionPeriodCount":3}`,
  ],
}

/** Values that some parameter takes. */
const VALUES: Record<string, readonly string[]> = {
  site: ['shop', 'shop', 'shop', 'nobody', 'SHOP'],
  from: ['-24h', '-7d', '2026-11-01T00:00:00Z', '-40d'],
  to: ['now', '-1h', '2026-11-02T00:00:00+01:00'],
  metrics: ['lcp', 'lcp,inp', 'api', 'phase:load', 'custom:ready', 'api,cls'],
  metric: ['lcp', 'inp', 'cls', 'ttfb'],
  percentiles: ['75', '50,99.9'],
  percentile: ['75', '99.9'],
  group_by: [...GROUP_KEYS, 'device,route', 'route,country', 'tag:plan', 'tag:tier', 'tag:plan,route'],
  tag: ['plan:pro', 'tier:x', 'plan'],
  'tag!': ['plan:pro'],
  baseline_tag: ['plan:free'],
  sort: ['busiest', 'slowest', 'failing', 'impact'],
  order: ['slowest', 'newest'],
  limit: ['1', '20', '200', '0'],
  minimum: ['1', '100'],
  interval: ['hour', 'day'],
  timezone: ['Z', '+01:00', '-12:00'],
  format: ['json', 'csv', 'ndjson', 'otlp'],
  cursor: [
    toCursor(['newest', 1, 2, 'ff']),
    toCursor(['slowest', 'lcp', 1, 2, 3, 'ff']),
    toCursor(['export', 1, 'ff']),
  ],
  baseline_release: ['1.0'],
  baseline_device: ['phone'],
  baseline_from: ['-2d', '-400d'],
  baseline_to: ['-1d'],
  budget: [ID],
  key: ['test-admin-token', 'fl_shop_x'],
  ...Object.fromEntries(GROUP_KEYS.map(key => [key, ['/', 'phone', 'GET /a', 'DE', 'Chrome', '4g']])),
  target: ['main>img.hero'],
  event: ['click'],
}

const PATHS = [...new Set(app.routes.map(({ path }) => path).filter(path => !path.includes('*')))]

/** A piece of an address: encoded as it should be, or as it stands. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed())
const raw = (text: string) => text.replace(/[#\p{Cc}\p{Surrogate}]/gu, '')
const piece = fc.tuple(anyText, fc.boolean()).map(([text, whole]) => (whole ? encoded(text) : raw(text)))

const parameter = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(...Object.entries(VALUES))
      .chain(([name, values]) => fc.constantFrom(...values).map(value => `${name}=${encoded(value)}`)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...Object.keys(VALUES)), piece).map(pair => pair.join('=')),
  },
  { weight: 1, arbitrary: fc.tuple(piece, piece).map(pair => pair.join('=')) },
)

const query = fc
  .tuple(fc.boolean(), fc.array(parameter, { maxLength: 4 }))
  .map(([own, parameters]) => (own ? ['site=shop', ...parameters] : parameters).join('&'))

const path = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...PATHS),
        fc.oneof(fc.constantFrom('shop', 'shop', 'other'), piece),
        fc.oneof(fc.constant(ID), piece),
      )
      .map(([path, site, id]) =>
        path
          .replace(/:call\{(.*)\}/, '$1')
          .replace(':site', () => site)
          .replace(':id', () => id),
      ),
  },
  { weight: 1, arbitrary: piece.map(text => `/v1/${text}`) },
  { weight: 1, arbitrary: piece.map(text => `/${text}`) },
)

/** What every client can put into a header. */
const header = anyText.map(text => text.replace(/[^\x20-\x7e]/g, '').trim())
const headers = fc.record(
  {
    Authorization: fc.oneof(
      { weight: 8, arbitrary: fc.constant(admin.Authorization) },
      { weight: 1, arbitrary: fc.constant(`Bearer fl_shop_${ID}_${'0'.repeat(40)}`) },
      { weight: 1, arbitrary: header },
    ),
    Accept: fc.oneof(fc.constantFrom('text/csv', 'application/json'), header),
    'Content-Type': fc.oneof(
      fc.constantFrom('text/plain', 'application/json', 'multipart/form-data'),
      header,
    ),
    'If-None-Match': fc.oneof(fc.constantFrom('*', '""', 'W/"x", "y"'), header),
    Origin: fc.oneof(fc.constantFrom(ORIGIN, 'null', 'https://evil.example'), header),
    'User-Agent': fc.oneof(fc.constantFrom(CHROME, 'Googlebot'), header),
    'CF-Connecting-IP': fc.oneof(fc.constantFrom('10.0.0.1', '2001:db8::1'), header),
    'CF-IPCountry': header,
    'Content-Length': fc.constantFrom('0', '999999999', 'x'),
  },
  { requiredKeys: ['Authorization'] },
)

function bodiesOf(path: string): readonly string[] {
  if (path === '/f') return BODIES.beacon
  if (path.includes('records')) return BODIES.crux
  if (path.includes('token')) return BODIES.token
  if (path.includes('budget')) return BODIES.budget
  return path.includes('webhook') ? BODIES.webhook : BODIES.site
}

const anyRequest = path.chain(path =>
  fc.record({
    path: fc.constant(path),
    method: fc.oneof(
      { weight: 3, arbitrary: fc.constant('GET') },
      { weight: 2, arbitrary: fc.constant('POST') },
      { weight: 2, arbitrary: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'FOO') },
    ),
    query,
    headers,
    body: fc.option(almost(bodiesOf(path)), { nil: undefined }),
  }),
)

beforeAll(async () => {
  for (const site of ['shop', 'other']) await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  await put('/v1/sites/shop/tags', { tags: ['plan'] })
  const began = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR
  const whole = {
    calls: '{"0":[["GET /a",1,100,0,200]]}',
    marks: '{"0":[["ready",50]]}',
    tags: '{"plan":"pro"}',
    why: '{"lcp":["main>img.hero",null,1,2,3]}',
  }
  for (const hour of [0, 2, 5]) {
    const rows = Array.from({ length: 30 }, () => pageViewRow({ began: began + hour * HOUR, ...whole }))
    await store(rows)
  }
  await rollUpHour(env.DB, 'shop', began / HOUR, Date.now())
})

it(`answers ${REQUESTS} requests without a fault of its own`, { timeout: 3_600_000 }, async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(anyRequest, async ({ path, method, query, headers, body }) => {
      // The site that the others ask for stays.
      if (method === 'DELETE' && /^\/v1\/sites\/shop\/?$/.test(path)) return
      const request = requestOf(`https://rum.example${path}?${query}`, method, headers, body)
      if (!request) return
      const response = await exports.default.fetch(request)
      const text = new TextDecoder().decode(await response.arrayBuffer())
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      prove(response, text, method)
    }),
    runs(REQUESTS),
  )
  console.log(`statuses: ${JSON.stringify(Object.fromEntries(statuses))}`)
  expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 100)
  expect(statuses.get(400) ?? 0).toBeGreaterThan(REQUESTS / 20)
})

/** Null for what no client can send. */
function requestOf(
  url: string,
  method: string,
  headers: HeadersInit,
  body: string | undefined,
): Request | null {
  try {
    return new Request(url, { method, headers, body: /^(GET|HEAD)$/.test(method) ? null : (body ?? null) })
  } catch {
    return null
  }
}

function prove({ status, headers }: Response, text: string, method: string): void {
  if (status >= 500) throw new Error(`answered ${status}: ${text}`)
  if (!headers.has('Cache-Control')) throw new Error(`${status} without Cache-Control`)
  if (status < 400 || method === 'HEAD') return
  const body = JSON.parse(text)
  // The protocol of assistants has errors of its own.
  if (body.jsonrpc && body.error?.code < 0 && body.error.message) return
  const google = body.error?.details?.[0].fieldViolations[0].field
  const known = body.status === status || body.error?.code === status
  if (!known) throw new Error(`${status} is not said in ${text}`)
  if (body.detail?.startsWith(`${body.field} ${body.field} `))
    throw new Error(`names its field twice: ${text}`)
  if (status === 400 && !(body.field || google)) throw new Error(`400 without its field: ${text}`)
}
