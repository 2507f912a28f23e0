import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BudgetAnswer, BudgetEventsAnswer, BudgetsAnswer } from '../../../schema/api/budgets.ts'
import type { NewWebhookAnswer } from '../../../schema/api/webhooks.ts'
import { HOUR } from '../../../schema/domain/hour.ts'
import { shareAbove } from '../../../schema/domain/ratio.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import { OUTCOMES } from '../../../schema/wire/pageview.ts'
import { signatureOf } from '../../../worker/budgets/signature.ts'
import { stateOf } from '../../../worker/budgets/state.ts'
import { watch } from '../../../worker/budgets/watch.ts'
import { admin, get, ORIGIN, problemOf, put } from '../../kit/worker/client.ts'
import { pageViewRow, store } from '../../kit/worker/rows.ts'

const NOW = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2
const QUARTER = 15 * 60_000

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, {
    method,
    headers: admin,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function made(site: string, budget: object): Promise<BudgetAnswer> {
  const response = await call('POST', `/v1/sites/${site}/budgets`, budget)
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
}

const list = async (site: string): Promise<BudgetsAnswer> => (await get(`/v1/budgets?site=${site}`)).json()
const events = async (site: string): Promise<BudgetEventsAnswer> =>
  (await get(`/v1/budget-events?site=${site}`)).json()
/** With statements enough for all budgets of a test. */
const judgeAt = (site: string, now: number) =>
  watch(env.DB, { id: site, rawDays: 14, hourDays: 35, dayDays: 760, created: 0 }, now, 200)

function traffic(site: string, count: number, given: Partial<PageViewRow>, began = NOW - HOUR) {
  return store(
    Array.from({ length: count }, (_, i) =>
      pageViewRow({ site, began: began - i, lcp: 2000 + (i % 100), ...given }),
    ),
  )
}

interface Received {
  headers: Record<string, string>
  body: string
}
const received = async (path: string): Promise<Received[]> =>
  (await fetch(`https://hooks.example/received?of=${path}`)).json()

async function hooked(site: string, path: string, given: object = {}): Promise<NewWebhookAnswer> {
  await put(`/v1/sites/${site}`, { origins: [ORIGIN] })
  const body = { url: `https://hooks.example${path}`, ...given }
  const response = await call('POST', `/v1/sites/${site}/webhooks`, body)
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
}

describe('a budget', () => {
  it('breaches and recovers on evidence, tells each once, and keeps its history', async () => {
    const { secret } = await hooked('strict', '/200/strict')
    const { id, state } = await made('strict', { metric: 'lcp', limit: 2500, window_hours: 6, minimum: 50 })
    expect(state).toBe('no-data')
    await judgeAt('strict', NOW)
    expect((await list('strict')).data[0]).toMatchObject({ state: 'no-data', samples: 0, value: null })

    await traffic('strict', 20, { release: '1' }, NOW - 9 * HOUR)
    await traffic('strict', 200, { release: '1' })
    await judgeAt('strict', NOW + QUARTER)
    expect((await list('strict')).data[0]).toMatchObject({ state: 'ok', samples: 200 })
    expect(await received('/200/strict')).toHaveLength(0)

    await traffic('strict', 900, { release: '2', lcp: 3000 })
    await judgeAt('strict', NOW + QUARTER + 60_000)
    expect((await list('strict')).data[0]?.state, 'judged again too soon').toBe('ok')
    for (const quarter of [2, 3]) await judgeAt('strict', NOW + quarter * QUARTER)
    const [breached] = (await list('strict')).data
    expect(breached).toMatchObject({ state: 'breached', release: '2', samples: 1100 })
    expect(breached?.low).toBeGreaterThan(2500)

    await traffic('strict', 5_000, { release: '2', lcp: 1000 })
    for (const quarter of [4, 5]) await judgeAt('strict', NOW + quarter * QUARTER)
    const told = await received('/200/strict')
    const bodies = told.map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ state, budget }) => [state, budget])).toEqual([
      ['breached', id],
      ['ok', id],
    ])
    expect(bodies[0].text).toBe(bodies[0].content)
    expect(bodies[0].text).toMatch(
      /^strict: p75 of lcp is over its budget of 2\.50 s: (2\.9|3\.0)\d s \(95% interval: .* to .*, 1100 samples in 6 h\)\. Release "2" began in that time\.$/,
    )
    expect(bodies[1].text).toMatch(/is back within its budget of 2\.50 s: /)
    await proveSignature(told[0], secret ?? '')
    expect(bodies.map(({ type }) => type)).toEqual(['budget.breached', 'budget.recovered'])
    const ids = told.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(2)

    const { data } = await events('strict')
    expect(data.map(({ state }) => state)).toEqual(['ok', 'breached', 'ok'])
  })

  it('is of the share of page views with an error, by the interval of that share', async () => {
    await hooked('erring', '/200/erring')
    const budget = { metric: 'errors', device: 'phone', limit: 0.05, minimum: 50 }
    await made('erring', budget)
    await made('erring', { ...budget, device: null, limit: 0.5 })
    await traffic('erring', 90, { device: 'phone', errors: 0 })
    await traffic('erring', 500, { device: 'desktop', errors: 0 }, NOW - 2 * HOUR)
    // Of these nobody looked for errors.
    await traffic('erring', 500, { device: 'phone', errors: null }, NOW - 3 * HOUR)
    await traffic('erring', 10, { device: 'phone', errors: 3 }, NOW - 4 * HOUR)
    await judgeAt('erring', NOW)
    const [strict, lax] = (await list('erring')).data
    // Wilson's interval of 10 in 100 begins at 5.5 %.
    expect(strict).toMatchObject({ state: 'breached', value: 0.1, samples: 100 })
    expect(strict?.low).toBeCloseTo(0.0552, 4)
    expect(strict?.high).toBeCloseTo(0.1744, 4)
    expect(lax).toMatchObject({ state: 'ok', samples: 600 })
    await judgeAt('erring', NOW + QUARTER)
    const [told] = await received('/200/erring')
    expect(JSON.parse(told?.body ?? '').text).toMatch(
      /^erring: errors, "phone" is over its budget of 5%: 10% \(95% interval: 5\.52% to 17\.4%, 100 samples in 24 h\)/,
    )
    const refused = { ...budget, endpoint: 'GET /a' }
    for (const [wrong, field] of [
      [{ ...budget, limit: 5 }, 'limit'],
      [{ ...budget, relative_to: 'week' }, 'relative_to'],
      [refused, 'endpoint'],
    ] as const)
      expect(await problemOf(await call('POST', '/v1/sites/erring/budgets', wrong))).toMatchObject({ field })
  })

  it('is of the share of calls that failed, which a few page views do not decide', async () => {
    await hooked('failing', '/200/failing')
    const budget = { metric: 'error_rate', endpoint: 'GET /pay', limit: 0.05 }
    await made('failing', budget)
    await made('failing', { metric: 'error_rate', limit: 0.1 })
    const [ok, http] = ['ok', 'http'].map(outcome => OUTCOMES.indexOf(outcome as 'ok'))
    const calls = (endpoint: string, outcome = 0, count = 1) =>
      JSON.stringify({ 0: Array(count).fill([endpoint, 1, 300, outcome, 200]) })
    await traffic('failing', 450, { calls: calls('GET /pay', ok) })
    await traffic('failing', 500, { calls: calls('GET /fast', ok) })
    await traffic('failing', 50, { calls: calls('GET /pay', http) }, NOW - 2 * HOUR)
    await judgeAt('failing', NOW)
    const [pay, all] = (await list('failing')).data
    // Wilson's interval of 50 in 500 begins at 7.7 %.
    expect(pay).toMatchObject({ state: 'breached', value: 0.1, samples: 500, effective_samples: 500 })
    expect(pay?.low).toBeCloseTo(0.0767, 4)
    expect(all).toMatchObject({ state: 'ok', value: 0.05, samples: 1_000 })
    await judgeAt('failing', NOW + QUARTER)
    const [told] = await received('/200/failing')
    expect(JSON.parse(told?.body ?? '').text).toMatch(
      /^failing: error_rate, "GET \/pay" is over its budget of 5%: 10% \(95% interval: 7\.67% to 12\.9%, 500 samples in 24 h\)/,
    )
    const preview = await call('POST', '/v1/sites/failing/budgets/preview', budget)
    expect(await preview.json()).toMatchObject({ samples: 500, highest: 0.1 })
    for (const [wrong, field] of [
      [{ ...budget, limit: 5 }, 'limit'],
      [{ ...budget, relative_to: 'week' }, 'relative_to'],
    ] as const)
      expect(await problemOf(await call('POST', '/v1/sites/failing/budgets', wrong))).toMatchObject({ field })

    // A fifth of all calls, in three page views.
    await put('/v1/sites/few', { origins: [ORIGIN] })
    await made('few', { metric: 'error_rate', limit: 0.05 })
    await traffic('few', 700, { calls: calls('GET /pay', ok) })
    await traffic('few', 3, { calls: calls('GET /pay', http, 64) }, NOW - 2 * HOUR)
    await judgeAt('few', NOW)
    const [few] = (await list('few')).data
    expect(few).toMatchObject({ state: 'no-data', samples: 892 })
    expect(few?.value).toBeCloseTo(0.2152, 4)
  })

  it('is of one endpoint, and one device, where it says so', async () => {
    await put('/v1/sites/narrow', { origins: [ORIGIN] })
    await made('narrow', { metric: 'api', endpoint: 'GET /slow', limit: 500, minimum: 10 })
    await made('narrow', { metric: 'api', limit: 500, minimum: 10 })
    await made('narrow', { metric: 'lcp', device: 'phone', limit: 1500, minimum: 10, percentile: 99.9 })
    const calls = JSON.stringify({
      0: [['GET /slow', 1, 900, 0, 200], ...Array(9).fill(['GET /fast', 1, 90, 0, 200])],
    })
    await traffic('narrow', 60, { calls, device: 'phone' })
    await traffic('narrow', 60, { device: 'desktop', lcp: 100 })
    await judgeAt('narrow', NOW)
    expect((await list('narrow')).data.map(({ state, samples }) => [state, samples])).toEqual([
      ['breached', 60],
      ['ok', 600],
      ['breached', 60],
    ])
  })

  it('stays as it was while the interval holds the limit', () => {
    const budget = (state: 'ok' | 'breached' | 'no-data', told: 'ok' | 'breached' = 'ok') => {
      return { state, told, max: 2500, minimum: 100 }
    }
    const around = { value: 2600, low: 2400, high: 2800 }
    expect(stateOf(budget('ok'), around, 500)).toBe('ok')
    expect(stateOf(budget('breached'), around, 500)).toBe('breached')
    expect(stateOf(budget('no-data'), around, 500)).toBe('ok')
    expect(stateOf(budget('no-data', 'breached'), around, 500), 'no evidence of recovery').toBe('breached')
    expect(stateOf(budget('breached'), around, 99)).toBe('no-data')
    expect(stateOf(budget('ok'), { value: 2600, low: 2501, high: null }, 500)).toBe('breached')
    expect(stateOf(budget('breached'), { value: 2600, low: null, high: 2500 }, 500)).toBe('ok')
  })

  it('that has no data any more neither breaches nor recovers', async () => {
    await hooked('quiet', '/200/quiet')
    await made('quiet', { metric: 'lcp', limit: 1000, window_hours: 1, minimum: 20 })
    await traffic('quiet', 100, {}, NOW - 60_000)
    for (const later of [0, QUARTER]) await judgeAt('quiet', NOW + later)
    for (const later of [5 * HOUR, 6 * HOUR]) await judgeAt('quiet', NOW + later)
    expect((await list('quiet')).data[0]?.state).toBe('no-data')
    expect(await received('/200/quiet')).toHaveLength(1)
  })

  it('holds up no other if it cannot be judged, and has its turn again', async () => {
    await hooked('broken', '/200/broken')
    const start = NOW / HOUR - 3.5
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO rollups (site, tier, dimension, start, value, lcp)
          VALUES ('broken', 'hour', 'route', ?1, '["/bad"]', '{"n":')`,
      ).bind(start),
      env.DB.prepare(
        "INSERT INTO periods (site, tier, start, state, rolled) VALUES ('broken', 'hour', ?1, 'clean', ?1)",
      ).bind(start),
    ])
    const { id } = await made('broken', { metric: 'lcp', limit: 1000, minimum: 20, route: '/bad' })
    await made('broken', { metric: 'lcp', limit: 1000, minimum: 20 })
    await traffic('broken', 100, {})
    await judgeAt('broken', NOW)
    const { data } = await list('broken')
    expect(data.map(({ state, checked }) => [state, Date.parse(checked ?? '')])).toEqual([
      ['no-data', NOW],
      ['breached', NOW],
    ])
    expect(await received('/200/broken')).toHaveLength(1)
    await env.DB.prepare("DELETE FROM rollups WHERE site = 'broken'").run()
    await traffic('broken', 100, { route: '/bad' })
    await judgeAt('broken', NOW + QUARTER)
    expect((await list('broken')).data.find(budget => budget.id === id)?.state).toBe('breached')
  })

  it('says when it was last judged if it cannot be any more', async () => {
    await put('/v1/sites/stuck', { origins: [ORIGIN] })
    const { id } = await made('stuck', { metric: 'lcp', limit: 1000, minimum: 20 })
    await made('stuck', { metric: 'lcp', limit: 2000, minimum: 20 })
    await judgeAt('stuck', NOW)
    await env.DB.prepare("UPDATE budgets SET segment = 'gone' WHERE id = ?").bind(id).run()
    await judgeAt('stuck', NOW + QUARTER)
    const { data } = await list('stuck')
    const last = data.map(budget => [budget.id === id, Date.parse(budget.checked ?? '')])
    expect(last.sort()).toEqual([
      [false, NOW + QUARTER],
      [true, NOW],
    ])
  })

  it('applies `minimum` to the estimated samples when rows are subsampled', async () => {
    await put('/v1/sites/crowd', { origins: [ORIGIN] })
    await made('crowd', { metric: 'lcp', limit: 1000, window_hours: 1, minimum: 6_000 })
    for (let i = 0; i < 7; i++) await traffic('crowd', 1_000, {}, NOW)
    await judgeAt('crowd', NOW)
    const [budget] = (await list('crowd')).data
    expect(budget?.samples).toBeLessThan(6_000)
    expect(budget?.state).toBe('breached')
  })

  it('judges a window beyond single page views by those that are left', async () => {
    await put('/v1/sites/short', { origins: [ORIGIN], raw_days: 2 })
    const terms = { metric: 'phase:load', limit: 1, route: '/x', device: 'phone', window_hours: 28 * 24 }
    await made('short', { ...terms, minimum: 20 })
    await traffic('short', 100, { route: '/x', device: 'phone', phases: '[1,2,3,4,5,6,7]' })
    await judgeAt('short', NOW)
    expect((await list('short')).data[0]).toMatchObject({ state: 'breached', samples: 100 })
  })

  it('begins anew where it changes, and goes with its deletion', async () => {
    await put('/v1/sites/changing', { origins: [ORIGIN] })
    const { id } = await made('changing', { metric: 'lcp', limit: 1000, minimum: 20 })
    await traffic('changing', 100, {})
    await judgeAt('changing', NOW)
    const changed = await call('PUT', `/v1/sites/changing/budgets/${id}`, {
      metric: 'cls',
      limit: 0.1,
      percentile: 90,
    })
    expect(await changed.json()).toMatchObject({
      id,
      metric: 'cls',
      limit: 0.1,
      state: 'no-data',
      value: null,
    })
    expect((await call('DELETE', `/v1/sites/changing/budgets/${id}`)).status).toBe(204)
    expect((await call('DELETE', `/v1/sites/changing/budgets/${id}`)).status).toBe(404)
    expect((await list('changing')).data).toEqual([])
  })

  it.each([
    [{ limit: 1 }, 'metric'],
    [{ metric: 'speed', limit: 1 }, 'metric'],
    [{ metric: 'lcp' }, 'limit'],
    [{ metric: 'lcp', limit: -1 }, 'limit'],
    [{ metric: 'cls', limit: 10.1 }, 'limit'],
    [{ metric: 'lcp', limit: 1, endpoint: 'GET /a' }, 'endpoint'],
    [{ metric: 'lcp', limit: 1, percentile: 100 }, 'percentile'],
    [{ metric: 'lcp', limit: 1, window_hours: 0 }, 'window_hours'],
    [{ metric: 'lcp', limit: 1, colour: 'red' }, 'colour'],
  ])('is refused as %o', async (budget, field) => {
    expect(await problemOf(await call('POST', '/v1/sites/narrow/budgets', budget))).toMatchObject({
      status: 400,
      field,
    })
  })
})

describe('a site that is not there, or no more,', () => {
  it('has neither budgets nor a webhook', async () => {
    const { id } = await hooked('gone', '/200/gone')
    await made('gone', { metric: 'lcp', limit: 1000 })
    expect((await call('DELETE', '/v1/sites/gone')).status).toBe(202)
    for (const site of ['gone', 'nobody']) {
      for (const path of [`budgets?site=${site}`, `budget-events?site=${site}`, `sites/${site}/webhooks`]) {
        expect(await problemOf(await get(`/v1/${path}`)), path).toMatchObject({ status: 404, field: 'site' })
      }
      expect((await call('DELETE', `/v1/sites/${site}/webhooks/${id}`)).status).toBe(404)
    }
  })
})

describe('a webhook', () => {
  it('that fails gets more tries, later each time, and then no more', async () => {
    await hooked('failing', '/500/failing')
    await made('failing', { metric: 'lcp', limit: 1000, window_hours: 24, minimum: 20 })
    await traffic('failing', 100, {})
    const minutes = [0, 0.5, 1, 2, 6, 7, 36, 37, 156, 516, 517, 1000]
    const attempts: number[] = []
    for (const minute of minutes) {
      await judgeAt('failing', NOW + minute * 60_000)
      attempts.push((await received('/500/failing')).length)
    }
    expect(attempts).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6])
    const { results } = await env.DB.prepare("SELECT * FROM messages WHERE site = 'failing'").all()
    expect(results).toEqual([])
  })

  it('hears once a run while it fails, and gets the messages of a budget in order', async () => {
    const { id } = await hooked('slow', '/500/slow')
    const message = env.DB.prepare(
      `INSERT INTO messages (site, at, budget, webhook, body, due) VALUES ('slow', ?1, ?2, '${id}', ?3, ?1)`,
    )
    await env.DB.batch(['a', 'a', 'b'].map((budget, i) => message.bind(NOW + i, budget, `${budget}${i}`)))
    await judgeAt('slow', NOW + 10)
    expect(await received('/500/slow')).toHaveLength(1)
    await call('PUT', `/v1/sites/slow/webhooks/${id}`, { url: 'https://hooks.example/200/slow' })
    for (const later of [30_000, HOUR]) await judgeAt('slow', NOW + later)
    expect((await received('/200/slow')).map(({ body }) => body)).toEqual(['b2', 'a0', 'a1'])
  })

  it('takes a test, shows its secret once, and must be https', async () => {
    const { id, secret } = await hooked('tested', '/204/tested')
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/)
    const path = `/v1/sites/tested/webhooks/${id}`
    const test = async () => (await call('POST', `${path}/test`)).json()
    expect(await test()).toEqual({ delivered: true, status: 204 })
    const [told] = await received('/204/tested')
    expect(JSON.parse(told?.body ?? '')).toMatchObject({ type: 'test', site: 'tested', state: 'test' })
    await proveSignature(told, secret ?? '')
    const shown = { id, kind: 'standard', url: 'https://hooks.example/204/tested', budgets: null }
    expect(await (await get('/v1/sites/tested/webhooks')).json()).toEqual({ data: [shown] })
    await call('PUT', path, { url: 'https://hooks.example/302/tested' })
    expect(await test()).toEqual({ delivered: false, status: 302 })
    // Of the machine itself only where the worker is asked there itself.
    const local = 'http://localhost:1/'
    for (const url of [
      'http://hooks.example/',
      'ftp://x/',
      'hooks',
      3,
      'https://10.0.0.1/',
      local,
      undefined,
    ]) {
      const refused = await call('PUT', path, { url })
      expect(await problemOf(refused)).toMatchObject({ status: 400, field: 'url' })
    }
    const own = await exports.default.fetch(`http://localhost:8787${path}`, {
      method: 'PUT',
      headers: admin,
      body: JSON.stringify({ url: local }),
    })
    expect(own.status).toBe(200)
    await env.DB.exec("UPDATE webhooks SET url = 'https://169.254.169.254/tested' WHERE site = 'tested'")
    expect(await test()).toEqual({
      delivered: false,
      status: expect.stringMatching(/must be a public address/),
    })
    expect(await received('/tested')).toEqual([])
    await call('DELETE', path)
    expect((await call('POST', `${path}/test`)).status).toBe(404)
  })

  it.each([
    [{ kind: 'pager' }, 'kind'],
    [{ kind: 'pagerduty' }, 'routing_key'],
    [{ kind: 'pagerduty', routing_key: 'a key' }, 'routing_key'],
    [{ url: 'https://hooks.example/', routing_key: 'R0123456789' }, 'routing_key'],
    [{ url: 'https://hooks.example/', budgets: [] }, 'budgets'],
    [{ url: 'https://hooks.example/', budgets: ['mine'] }, 'budgets.0'],
    [{ url: 'https://hooks.example/', budgets: ['0123456789ab'] }, 'budgets.0'],
    [{ url: 'https://hooks.example/', colour: 'red' }, 'colour'],
  ])('%j is a 400 that names %s', async (body, field) => {
    await put('/v1/sites/refused', { origins: [ORIGIN] })
    const problem = await problemOf(await call('POST', '/v1/sites/refused/webhooks', body))
    expect(problem).toMatchObject({ status: 400, field })
  })

  it('signs as the example of Standard Webhooks does', async () => {
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
    const signature = await signatureOf(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      id,
      1_614_265_330,
      '{"test": 2432232314}',
    )
    expect(signature).toBe('g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('can be written as it was read, though a budget of it is gone', async () => {
    await put('/v1/sites/left-hook', { origins: [ORIGIN] })
    const budget = await made('left-hook', { metric: 'lcp', limit: 2500 })
    const { id } = await hooked('left-hook', '/200/gone', { budgets: [budget.id] })
    await call('DELETE', `/v1/sites/left-hook/budgets/${budget.id}`)
    const path = '/v1/sites/left-hook/webhooks'
    const { data } = await (await get(path)).json<{ data: [{ url: string; budgets: string[] }] }>()
    const [{ url, budgets }] = data
    expect((await call('PUT', `${path}/${id}`, { url, budgets })).status).toBe(200)
    const strange = await call('PUT', `${path}/${id}`, { url, budgets: [...budgets, '0123456789ab'] })
    expect(await problemOf(strange)).toMatchObject({ status: 400, field: 'budgets.1' })
  })

  it('gets news of its own budgets only, and holds up no other when it fails', async () => {
    await put('/v1/sites/many', { origins: [ORIGIN] })
    const lcp = await made('many', { metric: 'lcp', limit: 2500, window_hours: 6, minimum: 50 })
    const fcp = await made('many', { metric: 'fcp', limit: 10, window_hours: 6, minimum: 50 })
    await hooked('many', '/500/many-broken')
    await hooked('many', '/200/many-all')
    await hooked('many', '/200/many-fcp', { budgets: [fcp.id] })
    const pager = await hooked('many', '/202/many-pager', {
      kind: 'pagerduty',
      routing_key: 'R0123456789',
      budgets: [lcp.id],
    })
    expect(pager).toMatchObject({ kind: 'pagerduty', secret: null })
    await traffic('many', 400, { lcp: 3000 })
    for (const minute of [0, 1]) await judgeAt('many', NOW + minute * 60_000)
    const toldOf = async (path: string) =>
      (await received(path)).map(({ body }) => JSON.parse(body).budget ?? JSON.parse(body).dedup_key)
    expect((await toldOf('/200/many-all')).sort()).toEqual([lcp.id, fcp.id].sort())
    expect(await toldOf('/200/many-fcp')).toEqual([fcp.id])
    expect((await received('/500/many-broken')).length).toBeGreaterThan(0)

    await traffic('many', 9_000, { lcp: 1000 })
    for (const minute of [16, 17, 18]) await judgeAt('many', NOW + minute * 60_000)
    const events = (await received('/202/many-pager')).map(({ headers, body }) => {
      expect(headers).not.toHaveProperty('webhook-signature')
      return JSON.parse(body)
    })
    expect(events).toMatchObject([
      {
        ...{ routing_key: 'R0123456789', event_action: 'trigger', dedup_key: `fieldline/many/${lcp.id}` },
        payload: {
          ...{ source: 'fieldline/many', severity: 'error', class: 'lcp' },
          summary: expect.stringMatching(/^many: p75 of lcp is over its budget of 2\.50 s/),
          custom_details: { limit: 2500, percentile: 75 },
        },
      },
      { event_action: 'resolve', dedup_key: `fieldline/many/${lcp.id}` },
    ])
  })

  it('cannot be made to mention people or to link by the names of a page', async () => {
    await hooked('hostile', '/200/hostile')
    const route = '/<!channel> @everyone <https://evil|click> [x](https://evil) `a` **b**'
    await made('hostile', { metric: 'lcp', limit: 1000, minimum: 20, route })
    await traffic('hostile', 100, { route })
    await judgeAt('hostile', NOW)
    const { text, route: whole } = JSON.parse((await received('/200/hostile'))[0]?.body ?? '{}')
    expect(text).not.toMatch(/[<>@`*[\]]/)
    expect(whole).toBe(route)
  })
})

/**
 * What a receiver would check: `v1,` and the HMAC of `<id>.<timestamp>.<body>` in base64, under the bytes of the secret; and the
 * one of before, `t=...,v1=hmac(t.body)`, under its text.
 */
async function proveSignature(message: Received | undefined, secret: string): Promise<void> {
  const { headers = {}, body = '' } = message ?? {}
  const encoder = new TextEncoder()
  const bytesOf = (base64: string) => Uint8Array.from(atob(base64), char => char.charCodeAt(0))
  const verify = async (key: Uint8Array, mac: Uint8Array, text: string) => {
    const hash = { name: 'HMAC', hash: 'SHA-256' }
    const imported = await crypto.subtle.importKey('raw', key, hash, false, ['verify'])
    return crypto.subtle.verify('HMAC', imported, mac, encoder.encode(text))
  }
  const [, time = '', mac = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['fieldline-signature'] ?? '') ?? []
  const hex = Uint8Array.from(mac.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
  expect(await verify(encoder.encode(secret), hex, `${time}.${body}`)).toBe(true)
  expect(await verify(encoder.encode(secret), hex, `${time}.{}`)).toBe(false)
  const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature = '' } = headers
  expect(signature).toMatch(/^v1,/)
  const standard = bytesOf(signature.slice(3))
  expect(await verify(bytesOf(secret.replace('whsec_', '')), standard, `${id}.${seconds}.${body}`)).toBe(true)
}

describe('a relative budget', () => {
  const WEEK = 7 * 24 * HOUR

  it('breaches above the week before, by the interval of the difference, and recovers', async () => {
    await hooked('weekly', '/200/weekly')
    const terms = { metric: 'lcp', relative_to: 'week', window_hours: 6, minimum: 50 }
    const { id } = await made('weekly', { ...terms, limit: 0.1 })
    await made('weekly', { ...terms, limit: 0.5 })
    await traffic('weekly', 600, { lcp: 2500 })
    await judgeAt('weekly', NOW)
    expect(
      (await list('weekly')).data.map(({ state }) => state),
      'nothing to compare with',
    ).toEqual(['no-data', 'no-data'])
    await traffic('weekly', 600, { lcp: 2000 }, NOW - WEEK - HOUR)
    for (const quarter of [1, 2]) await judgeAt('weekly', NOW + quarter * QUARTER)
    const [breached, kept] = (await list('weekly')).data.sort((a, b) => a.limit - b.limit)
    expect(breached).toMatchObject({
      id,
      state: 'breached',
      relative_to: 'week',
      release: null,
      baseline: null,
    })
    expect(breached?.value).toBeCloseTo(0.25, 1)
    expect(breached?.low).toBeGreaterThan(0.1)
    expect(kept).toMatchObject({ state: 'ok' })
    const [told] = await received('/200/weekly')
    expect(JSON.parse(told?.body ?? '')).toMatchObject({
      relative_to: 'week',
      limit: 0.1,
      text: expect.stringMatching(
        /^weekly: p75 of lcp is over its budget of 10% above the week before: 2\d(\.\d)?% \(95% interval: .*%, 600 samples in 6 h\)\.$/,
      ),
    })
    await traffic('weekly', 9_000, { lcp: 1900 })
    for (const quarter of [3, 4]) await judgeAt('weekly', NOW + quarter * QUARTER)
    expect((await list('weekly')).data.map(({ state }) => state)).toEqual(['ok', 'ok'])
    expect((await events('weekly')).data.map(({ state }) => state)).toContain('breached')
  })

  it('compares the newest release with the one that was busiest when it began', async () => {
    await put('/v1/sites/released', { origins: [ORIGIN] })
    const route = '/checkout'
    await made('released', {
      ...{ metric: 'lcp', relative_to: 'release', limit: 0.1, window_hours: 24, minimum: 50, route },
    })
    await traffic('released', 300, { release: '1.9', route, lcp: 900 }, NOW - 60 * HOUR)
    await traffic('released', 600, { release: '2.0', route, lcp: 2000 }, NOW - 3 * HOUR)
    await traffic('released', 20, { release: '1.8', route, lcp: 100 }, NOW - 3 * HOUR)
    await judgeAt('released', NOW)
    await traffic('released', 600, { release: '2.1', route, lcp: 2600 }, NOW - HOUR)
    await traffic('released', 5, { release: 'dev', route, lcp: 9000 }, NOW)
    await judgeAt('released', NOW + QUARTER)
    const [budget] = (await list('released')).data
    expect(budget).toMatchObject({ state: 'breached', release: '2.1', baseline: '2.0', samples: 600 })
    expect(budget?.value).toBeCloseTo(0.3, 1)
  })

  it.each([
    [{ metric: 'lcp', limit: 0.1, relative_to: 'month' }, 'relative_to'],
    [{ metric: 'delivery:lost', limit: 0.1, relative_to: 'week' }, 'relative_to'],
    [{ metric: 'lcp', limit: 2500, relative_to: 'week' }, 'limit'],
    [{ metric: 'lcp', limit: 0.1, relative_to: 'week', window_hours: 200 }, 'window_hours'],
  ])('%j is a 400 that names %s', async (budget, field) => {
    await put('/v1/sites/fitting', { origins: [ORIGIN] })
    const answer = await problemOf(await call('POST', '/v1/sites/fitting/budgets', budget))
    expect(answer).toMatchObject({ status: 400, field })
  })

  it('leaves out the limit exactly where the difference leaves out 0', () => {
    const at = (value: number, low: number, high: number) => ({ value, low, high })
    const before = at(2000, 1900, 2120)
    const after = at(2500, 2350, 2700)
    const share = shareAbove(before, after)
    for (const [end, side] of [
      [share?.low, -1],
      [share?.high, 1],
    ] as const) {
      const k = 1 + (end ?? Number.NaN)
      const spread =
        side < 0
          ? Math.hypot(after.value - after.low, k * (before.high - before.value))
          : Math.hypot(after.high - after.value, k * (before.value - before.low))
      expect(after.value - k * before.value + side * spread).toBeCloseTo(0, 6)
    }
    expect(share?.value).toBeCloseTo(0.25, 9)
    expect(shareAbove(at(0, 0, 10), after)).toBeNull()
    expect(shareAbove(at(100, 10, 250), at(300, 200, 400))).toMatchObject({ low: null })
  })
})

describe('a budget of delivery', () => {
  const hour = Math.floor(NOW / HOUR)
  const arrived = (site: string, counts: Record<string, number>) =>
    env.DB.prepare(
      `INSERT OR REPLACE INTO intake (site, hour, ${Object.keys(counts)}) VALUES (?, ?, ${Object.values(counts)})`,
    )
      .bind(site, hour - 1)
      .run()

  it('breaches on what the worker refused, and says so in words', async () => {
    await hooked('guarded', '/200/guarded')
    const refused = await made('guarded', { metric: 'delivery:refused', limit: 0.1, window_hours: 6 })
    const busiest = await made('guarded', { metric: 'delivery:busiest', limit: 0.5, window_hours: 6 })
    await arrived('guarded', { accepted: 50, refused_rate: 20 })
    await judgeAt('guarded', NOW)
    expect((await list('guarded')).data.map(({ state }) => state)).toEqual(['no-data', 'no-data'])
    await arrived('guarded', { accepted: 600, refused_rate: 150, refused_origin: 50, busiest: 100 })
    await judgeAt('guarded', NOW + QUARTER)
    const { data } = await list('guarded')
    expect(data.find(({ id }) => id === refused.id)).toMatchObject({
      state: 'breached',
      value: 0.25,
      samples: 800,
    })
    expect(data.find(({ id }) => id === busiest.id)).toMatchObject({ state: 'ok', value: 0.125 })
    const [told] = await received('/200/guarded')
    expect(JSON.parse(told?.body ?? '').text).toBe(
      'guarded: delivery:refused is over its budget of 10%: 25% (95% interval: 22.1% to 28.1%, 800 samples in 6 h).',
    )
  })

  it('of the loss changes its state only on the whole interval', async () => {
    await put('/v1/sites/losing', { origins: [ORIGIN] })
    await made('losing', { metric: 'delivery:lost', limit: 0.04, window_hours: 12, minimum: 100 })
    const delivered = (n: number, missing: number) =>
      env.DB.prepare(
        `INSERT OR REPLACE INTO deliveries (site, hour, pageviews, sent, received, dropped, followed, missing_squared,
          missing_before, before_squared) VALUES ('losing', ?1, ?2, ?2 * 2, ?2 * 2 - ?3, 0, ?2, ?3, ?3, ?2)`,
      )
        .bind(hour - 4, n, missing)
        .run()
    await delivered(100, 6)
    await judgeAt('losing', NOW)
    const [unsure] = (await list('losing')).data
    expect(unsure).toMatchObject({ state: 'ok', value: 0.06 })
    expect(unsure?.low).toBeLessThan(0.04)
    await delivered(5_000, 300)
    await judgeAt('losing', NOW + QUARTER)
    const [sure] = (await list('losing')).data
    expect(sure).toMatchObject({ state: 'breached', value: 0.06 })
    expect(sure?.low).toBeGreaterThan(0.04)
  })

  it.each([
    [{ metric: 'delivery:stolen', limit: 0.1 }, 'metric'],
    [{ metric: 'delivery:lost', limit: 5 }, 'limit'],
    [{ metric: 'delivery:lost', limit: 0.1, window_hours: 2 }, 'window_hours'],
    [{ metric: 'delivery:refused', limit: 0.1, route: '/' }, 'route'],
    [{ metric: 'delivery:refused', limit: 0.1, device: 'phone' }, 'device'],
    [{ metric: 'delivery:refused', limit: 0.1, endpoint: 'GET /a' }, 'endpoint'],
    [{ metric: 'lcp', limit: 2500, route: '(other)' }, 'route'],
    [{ metric: 'api', limit: 500, endpoint: '(rest)' }, 'endpoint'],
  ])('that does not fit is refused by its field: %j', async (budget, field) => {
    await put('/v1/sites/fitting', { origins: [ORIGIN] })
    const answer = await problemOf(await call('POST', '/v1/sites/fitting/budgets', budget))
    expect(answer).toMatchObject({ status: 400, field })
    expect((await list('fitting')).data).toEqual([])
  })
})
