import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../demo/local/browser.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { OUTCOMES } from '../../schema/wire/pageview.ts'
import { truthOf, WITNESS } from '../kit/ground-truth.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { type Site, startSite } from '../kit/site.ts'

// The whole line: a script tag in a real browser, the worker in workerd, a row in D1, a percentile by curl.

let worker: Local
let pages: Site
let browser: Awaited<ReturnType<typeof launchBrowser>>

const admin = { Authorization: `Bearer ${ADMIN_TOKEN}` }

beforeAll(async () => {
  ;[worker, pages, browser] = await Promise.all([startLocal('worker/index.ts'), startSite(), launchBrowser()])
  const made = await fetch(new URL('/v1/sites/line', worker.url), {
    method: 'PUT',
    headers: admin,
    body: JSON.stringify({ origins: ['http://127.0.0.1:*'] }),
  })
  expect(made.status).toBe(201)
})
afterAll(() => Promise.all([browser.close(), pages.close(), worker.stop()]))

const BODY = `
  <div id="banner"></div>
  <button id="slow">Slow</button>
  <p>Text that is pushed down, and is long enough to be seen as it moves over the page.</p>
  <script>
    setTimeout(() => { banner.style.height = '180px' }, 200)
    slow.addEventListener('click', () => {
      const end = performance.now() + 120
      while (performance.now() < end);
    })
    const watched = new Promise(resolve => new PerformanceObserver(list => {
      const calls = list.getEntries().filter(entry => entry.name.includes('/api/'))
      if (calls.length) resolve(calls[0].duration)
    }).observe({ type: 'resource', buffered: true }))
    const called = fetch('/api/orders/4711?token=secret&delay=150').then(answer => answer.text()).then(() => watched)
  </script>`

test('what the page observes is what D1 holds and what the summary says', async () => {
  const endpoint = new URL('/f', worker.url).href
  const address = pages.page('/orders/4711', {
    tag: `data-site="line" data-endpoint="${endpoint}" data-release="1.2.3"`,
    head: WITNESS,
    body: BODY,
  })
  const page = await browser.newPage()
  await page.goto(`${address}?token=secret`)
  await page.waitForFunction(() => window.truth().cls > 0)
  await page.click('#slow')
  await page.waitForFunction(() => window.truth().inp)
  const duration = await page.evaluate<number>('called')
  const truth = await truthOf(page)
  await page.goto('about:blank')

  const rows = () =>
    worker.db
      .prepare(`SELECT * FROM pageviews WHERE site = 'line'`)
      .all<Record<string, string | number | null>>()
  await expect.poll(async () => (await rows()).results.length, { timeout: 10_000 }).toBe(1)
  const [row] = (await rows()).results
  if (!row) throw new Error('no row')

  expect(row).toMatchObject({
    route: '/orders/[id]',
    release: '1.2.3',
    browser: 'Chrome',
    device: 'desktop',
    navigation: 'navigate',
    weight: 1,
    lcp: Math.round(truth.lcp ?? Number.NaN),
    fcp: Math.round(truth.fcp ?? Number.NaN),
    ttfb: Math.round(truth.ttfb ?? Number.NaN),
    cls: Math.round(truth.cls * 1000),
  })
  expect(Math.abs(Number(row.inp) - (truth.inp ?? Number.NaN))).toBeLessThanOrEqual(8)
  expect(JSON.stringify(row)).not.toContain('secret')

  const calls = Object.values(JSON.parse(String(row.calls)) as Record<string, unknown[][]>).flat()
  expect(calls).toHaveLength(1)
  const [name, , took, outcome, status] = calls[0] ?? []
  expect([name, outcome, status]).toEqual(['GET /api/orders/[id]', OUTCOMES.indexOf('ok'), 200])
  expect(Math.abs(Number(took) - duration)).toBeLessThanOrEqual(10)

  const answer = await fetch(new URL('/v1/summary?site=line&metrics=lcp,api&percentiles=75', worker.url), {
    headers: admin,
  })
  const { data }: SummaryAnswer = await answer.json()
  expect(data).toMatchObject([
    { metric: 'lcp', count: 1, samples: 1 },
    { metric: 'api', count: 1, error_rate: 0 },
  ])
  const p75 = data[0]?.percentiles.p75?.value ?? Number.NaN
  expect(Math.abs(p75 - Number(row.lcp))).toBeLessThanOrEqual(Number(row.lcp) * (RELATIVE_ERROR + 5e-6))
})

test('the trace that an answer names becomes a link in list, CSV and export', async () => {
  const ids = ['4bf92f3577b34da6a3ce929d0e0e4736', 'a3ce929d0e0e4736', '00f067aa0ba902b7']
  const link = (id = '') => ({ id, url: `https://tempo.example/trace/${id}` })
  await fetch(new URL('/v1/sites/line', worker.url), {
    method: 'PATCH',
    headers: admin,
    body: JSON.stringify({ trace_link: link('{trace}').url }),
  })
  const endpoint = new URL('/f', worker.url).href
  const address = pages.page('/traced', {
    tag: `data-site="line" data-endpoint="${endpoint}"`,
    body: '<h1>Traced</h1>',
    headers: { 'server-timing': `app;dur=12.3, traceparent;desc="00-${ids[0]}-00f067aa0ba902b7-01"` },
  })
  const page = await browser.newPage()
  await page.goto(address)
  await page.waitForFunction('window.fieldline')
  await page.evaluate(async ([, failed = '', fast = '']) => {
    const call = (query: string, id: string) =>
      fetch(`/api/x?${query}&timing=${encodeURIComponent(`db;dur=1, trace-id;desc="${id}"`)}`)
    for (const answer of [await call('status=500', failed), await call('status=200', fast)])
      await answer.text()
  }, ids)
  await page.goto('about:blank')

  const ask = async (path: string) =>
    (await fetch(new URL(`${path}&site=line&route=/traced`, worker.url), { headers: admin })).text()
  const told = {
    server: { app: 12 },
    trace: link(ids[0]),
    calls: [
      { status: 500, server: { db: 1 }, trace: link(ids[1]) },
      { status: 200, server: { db: 1 }, trace: null },
    ],
  }
  await expect
    .poll(async () => JSON.parse(await ask('/v1/pageviews?order=newest')).data, { timeout: 10_000 })
    .toMatchObject([told])
  const [line = ''] = (await ask('/v1/export?format=ndjson')).split('\n')
  expect(JSON.parse(line)).toMatchObject(told)
  expect(await ask('/v1/pageviews?order=newest&format=csv')).toContain(link(ids[0]).url)
})
