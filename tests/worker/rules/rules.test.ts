import { env, exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RulesAnswer, RulesPreview, RulesSuggestions } from '../../../schema/api/rules.ts'
import { namer } from '../../../schema/domain/naming.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import { newId, pageView } from '../../kit/pageview.ts'
import { admin, get, ORIGIN, problemOf, put, send, sendViews, summary } from '../../kit/worker/client.ts'

const post = (path: string, body: unknown) =>
  exports.default.fetch(`https://rum.example${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: admin,
  })

async function siteWith(site: string, rules?: object): Promise<string> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  if (rules) expect((await put(`/v1/sites/${site}/rules`, rules)).status).toBe(200)
  return site
}

const call = {
  start: 10,
  duration: 90,
  outcome: 'ok',
  status: 200,
  ttfb: 80,
  bytes: 1,
  server: null,
} as const
const visit = (route: string, ...endpoints: string[]) =>
  pageView({ id: newId(), route, calls: endpoints.map(endpoint => ({ endpoint, ...call })) })

async function namesOf(site: string, key: 'route' | 'endpoint'): Promise<Record<string, number>> {
  const metric = key === 'route' ? 'pageviews' : 'api'
  const { data } = await summary(`site=${site}&metrics=${metric}&group_by=${key}&limit=50`)
  return Object.fromEntries(data.map(row => [row.group[key], row.count]))
}

describe('naming rules', () => {
  it('replace none that somebody else has set since they were read', async () => {
    const site = await siteWith('shared')
    const path = `/v1/sites/${site}/rules`
    const save = (pattern: string, tag: string) =>
      exports.default.fetch(`https://rum.example${path}`, {
        method: 'PUT',
        body: JSON.stringify({ rules: [{ kind: 'route', pattern }] }),
        headers: { ...admin, 'If-Match': tag },
      })
    const none = (await get(path)).headers.get('ETag') ?? ''
    const early = await save('/a/:x', '"2026-11-01T00:00:00.000Z"')
    expect(early.status).toBe(412)
    expect(await early.json()).toMatchObject({ detail: expect.stringMatching(/^No rules are set\. Read /) })
    const answers = await Promise.all([save('/a/:x', none), save('/b/:x', none), save('/c/:x', none)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    const refused = answers.find(({ status }) => status === 412)
    expect(await refused?.json()).toMatchObject({ detail: expect.stringContaining('If-Match') })
    const stored: RulesAnswer = await (await get(path)).json()
    expect(stored.rules).toHaveLength(1)
    const saved = answers.find(({ status }) => status === 200)
    expect(await saved?.json()).toEqual(stored)
    expect((await save('/d/:x', saved?.headers.get('ETag') ?? '')).status).toBe(200)
    expect((await save('/d/:x', none)).status, 'of before').toBe(412)
    const tag = (await get(path)).headers.get('ETag')
    expect((await save('/e/:x', `"other", W/${tag}`)).status, 'made weak on its way').toBe(200)
    expect((await put(path, { rules: [] })).status, 'whatever is there').toBe(200)
  })

  it('name what arrives, and nothing in storage', async () => {
    const site = await siteWith('named')
    await sendViews([visit('/products/blue-kettle', 'GET /api/stock/blue-kettle')], {}, site)
    const answer = await put(`/v1/sites/${site}/rules`, {
      rules: [
        { kind: 'route', pattern: '/products/new' },
        { kind: 'route', pattern: '/products/:slug' },
        { kind: 'endpoint', pattern: '/api/stock/:slug', method: 'GET' },
        { kind: 'endpoint', pattern: '/v:version/:rest+', host: 'api.shop.example', name: '/v:version/*' },
        { kind: 'endpoint', pattern: '/ping', ignore: true },
        { kind: 'route', pattern: '/internal/*', ignore: true },
      ],
    })
    const saved: RulesAnswer = await answer.json()
    expect(saved).toMatchObject({ site, trailing_slash: 'strip', case: 'keep', parameters: 'fold' })
    expect(saved.changes).toEqual([saved.since])

    const endpoints = [
      'GET /api/stock/red-mug',
      'POST /api/stock/red-mug',
      'GET api.shop.example/v2/a/b',
      'GET /ping',
    ]
    await sendViews(
      [visit('/products/red-mug/', ...endpoints), visit('/products/:id'), visit('/products/new')],
      {},
      site,
    )
    await sendViews([visit('/internal/admin/users', 'GET /api/stock/x')], {}, site)
    expect(await namesOf(site, 'route')).toEqual({
      '/products/[slug]': 2,
      '/products/blue-kettle': 1,
      '/products/new': 1,
    })
    expect(await namesOf(site, 'endpoint')).toEqual({
      'GET /api/stock/[slug]': 1,
      'GET /api/stock/blue-kettle': 1,
      'GET api.shop.example/v2/*': 1,
      'POST /api/stock/red-mug': 1,
    })
    const rows = await env.DB.prepare('SELECT count(*) AS n FROM pageviews WHERE site = ?1')
      .bind(site)
      .first('n')
    expect(rows).toBe(4)
  })

  it('cut a name that they make too long between letters', async () => {
    const rules = [{ kind: 'route', pattern: '/p/:slug', name: '/products-of-the-shop/:slug' }]
    const site = await siteWith('cut', { rules })
    for (const length of [170, 171]) {
      const answer = await send(encode(visit(`/p/${'x'.repeat(length)}${'👍'.repeat(10)}`)), {}, site)
      expect(answer.status).toBe(204)
    }
    const names = Object.keys(await namesOf(site, 'route'))
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).toMatch(/^\/products-of-the-shop\/x{170,171}👍+$/u)
  })

  it('leave a site that has none as it is, and write one row a beacon', async () => {
    const site = await siteWith('plain')
    await sendViews([visit('/p/:id/', 'GET /a/{id}/')], {}, site)
    expect(await namesOf(site, 'route')).toEqual({ '/p/:id/': 1 })
    const none = await (await get(`/v1/sites/${site}/rules`)).json<RulesAnswer>()
    expect(none).toEqual({
      ...{ site, since: null, changes: [] },
      ...{ trailing_slash: 'keep', case: 'keep', parameters: 'keep', rules: [] },
    })
  })

  it('write names alike by their settings', async () => {
    const site = await siteWith('alike', {
      case: 'lower',
      rules: [{ kind: 'route', pattern: '/Shop/:item' }],
    })
    await sendViews([visit('/P/{id}/'), visit('/p/:id'), visit('/SHOP/Tea')], {}, site)
    expect(await namesOf(site, 'route')).toEqual({ '/p/[id]': 2, '/shop/[item]': 1 })
  })

  it('hold from the next beacon on, and count as ignored', async () => {
    const site = await siteWith('soon')
    const beacon = () => send(encode(visit('/health')), {}, site)
    expect((await beacon()).status).toBe(204)
    await put(`/v1/sites/${site}/rules`, { rules: [{ kind: 'route', pattern: '/health', ignore: true }] })
    expect((await beacon()).status).toBe(204)
    expect(await namesOf(site, 'route')).toEqual({ '/health': 1 })
  })

  it('note a change, and no change where there is none', async () => {
    const site = await siteWith('noted', { rules: [] })
    const set = async (rules: object[]) =>
      (await put(`/v1/sites/${site}/rules`, { rules })).json<RulesAnswer>()
    const first = await set([])
    expect(first.changes).toHaveLength(1)
    const second = await set([{ kind: 'route', pattern: '/a/:b' }])
    expect(second.changes).toEqual([second.since, first.since])
  })

  it.each([
    [{ rules: [{ kind: 'route', pattern: '/*' }] }, 'rules.0.pattern', 'matches everything'],
    [
      { rules: [{ kind: 'endpoint', pattern: '/:a/:b?', method: 'GET' }] },
      'rules.0.pattern',
      'matches everything',
    ],
    [
      {
        rules: [
          { kind: 'route', pattern: '/a' },
          { kind: 'route', pattern: 'products/:slug' },
        ],
      },
      'rules.1.pattern',
      'begin with /',
    ],
    [{ rules: [{ kind: 'route', pattern: '/a/:b(' }] }, 'rules.0.pattern', 'neither text nor one part'],
    [{ rules: [{ kind: 'route', pattern: '/a/:b([)' }] }, 'rules.0.pattern', 'no regular expression'],
    [{ rules: [{ kind: 'route', pattern: '/a/:b(\\w+\\w+)' }] }, 'rules.0.pattern', 'one repetition'],
    [{ rules: [{ kind: 'route', pattern: '/a/:b/:b' }] }, 'rules.0.pattern', 'two parts alike'],
    [{ rules: [{ kind: 'route', pattern: '/a/:b', name: '/a/:c' }] }, 'rules.0.name', 'does not have'],
    [{ rules: [{ kind: 'endpoint', pattern: '/a/:b', name: 'A' }] }, 'rules.0.name', 'begin with /'],
    [{ rules: [{ kind: 'route', pattern: '/a', method: 'GET' }] }, 'rules.0.method', 'endpoints'],
    [{ rules: [{ kind: 'page', pattern: '/a' }] }, 'rules.0.kind', 'route or endpoint'],
    [{ rules: Array.from({ length: 201 }, (_, i) => ({ kind: 'route', pattern: `/${i}` })) }, 'rules', '200'],
    [{ case: 'upper', rules: [] }, 'case', 'keep or lower'],
    [{}, 'rules', 'missing'],
  ])('%j is a 400 that names %s', async (body, field, detail) => {
    await siteWith('refused')
    const problem = await problemOf(await put('/v1/sites/refused/rules', body))
    expect(problem).toMatchObject({ status: 400, field, detail: expect.stringContaining(detail) })
  })

  it('match as URLPattern does', () => {
    const segment = fc.constantFrom(
      'a',
      'b.c',
      ':x',
      'item-:y',
      ':z.html',
      ':lang(en|de)',
      ':n(\\d+)',
      ':w([a-c]{2})',
    )
    const end = fc.constantFrom('', '/*', '/:rest+', '/:rest*', '{/:more}?', '/:more?', '/')
    const text = fc.constantFrom('a', 'b.c', 'en', 'item-', 'item-7', '.html', 'q.html', '12', 'ab', '', '~')
    let matched = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(segment, { minLength: 1, maxLength: 4 }),
        end,
        fc.array(text, { maxLength: 5 }),
        (given, tail, name) => {
          const pattern = `/${given.join('/')}${tail}`
          const path = `/${name.join('/')}`
          const naming = { trailing_slash: 'keep', case: 'keep', parameters: 'keep' } as const
          const ours = namer({ ...naming, rules: [{ kind: 'route', pattern }] })('route', path).rule !== null
          matched += Number(ours)
          expect(ours, `${pattern} ${path}`).toBe(
            new URLPattern({ pathname: pattern }).test({ pathname: path }),
          )
        },
      ),
      { numRuns: 3_000 },
    )
    expect(matched).toBeGreaterThan(20)
  })
})

describe('before naming rules are set', () => {
  beforeAll(async () => {
    await siteWith('shop')
    const slugs = ['blue-kettle', 'red-mug', 'tea', 'pot', 'spoon', 'bowl', 'plate', 'cup', 'tray']
    await sendViews([
      ...slugs.flatMap(slug => [
        visit(`/products/${slug}`, `GET /api/stock/${slug}/left`),
        visit(`/products/${slug}/reviews`),
      ]),
      visit('/about'),
      visit('/products/tea', 'GET /api/cart'),
    ])
  })

  it('a preview says what each rule would catch, and what stays', async () => {
    const rules = [
      { kind: 'route', pattern: '/products/tea' },
      { kind: 'route', pattern: '/products/:slug' },
      { kind: 'endpoint', pattern: '/api/cart', ignore: true },
      { kind: 'route', pattern: '/nowhere' },
    ]
    const answer = await post('/v1/sites/shop/rules/preview', { rules })
    const preview: RulesPreview = await answer.json()
    expect(preview).toMatchObject({
      routes: { before: 19, after: 12 },
      endpoints: { before: 10, after: 9 },
      rules: [
        { names: 1, count: 2, examples: [{ name: '/products/tea', becomes: '/products/tea', count: 2 }] },
        { names: 8, count: 8 },
        {
          names: 1,
          count: 1,
          examples: [{ kind: 'endpoint', name: 'GET /api/cart', becomes: null, count: 1 }],
        },
        { names: 0, count: 0, examples: [] },
      ],
      settings: { names: 0 },
      stays: { names: 19 },
    })
    expect(preview.rows_read).toBeLessThan(20_000)
    expect(await (await get('/v1/sites/shop/rules')).json()).toMatchObject({ since: null })
    const bad = await post('/v1/sites/shop/rules/preview', { rules: [{ kind: 'route', pattern: '/*' }] })
    expect(await problemOf(bad)).toMatchObject({ status: 400, field: 'rules.0.pattern' })
  })

  it('suggestions make one name of a segment with many values', async () => {
    const { data, rows_read } = await (await get('/v1/sites/shop/rules/suggestions')).json<RulesSuggestions>()
    expect(data.map(({ rule, names, count }) => [rule.kind, rule.pattern, rule.name, names, count])).toEqual([
      ['route', '/products/:product', '/products/[product]', 9, 10],
      ['route', '/products/:product/reviews', '/products/[product]/reviews', 9, 9],
      ['endpoint', '/api/stock/:stock/left', '/api/stock/[stock]/left', 9, 9],
    ])
    expect(rows_read).toBeLessThan(20_000)
    const rules = data.map(({ rule }) => rule)
    const preview = await post('/v1/sites/shop/rules/preview', { rules })
    expect(await preview.json()).toMatchObject({ routes: { after: 3 }, endpoints: { after: 2 } })
  })

  it('a reader sees the rules, and changes none', async () => {
    const made = await post('/v1/sites/shop/tokens', { name: 'reader' })
    const { token } = await made.json<{ token: string }>()
    const headers = { Authorization: `Bearer ${token}` }
    expect((await get('/v1/sites/shop/rules', headers)).status).toBe(200)
    expect((await get('/v1/sites/plain/rules', headers)).status).toBe(403)
    expect((await get('/v1/sites/shop/rules/suggestions', headers)).status).toBe(403)
    const body = JSON.stringify({ rules: [] })
    const set = exports.default.fetch('https://rum.example/v1/sites/shop/rules', {
      method: 'PUT',
      body,
      headers,
    })
    expect((await set).status).toBe(403)
  })
})
