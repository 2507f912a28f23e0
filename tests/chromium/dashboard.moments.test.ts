/** The page is true at every moment: while answers are under way, when requests fail, and after they work again. */

import type { Locator, Route } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { api, context, dashboardPages, link, newPage, on, page, region } from './dashboard.page.ts'
import { settled } from './dashboard.ts'

dashboardPages()
beforeEach(async () => {
  await page.addInitScript(() => {
    const shifts: number[] = []
    Reflect.set(window, 'shifts', shifts)
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) shifts.push(Reflect.get(entry, 'value'))
    }).observe({ type: 'layout-shift', buffered: true })
  })
})

const main = () => page.locator('main').textContent()
const shifted = () =>
  page.evaluate(() => (Reflect.get(window, 'shifts') as number[]).reduce((sum, value) => sum + value, 0))

/** Holds every answer of the API back until it is released. */
async function hold(): Promise<() => Promise<void>> {
  const held: Route[] = []
  await page.route('**/v1/**', route => void held.push(route))
  return async () => {
    await page.unroute('**/v1/**')
    await Promise.all(held.map(route => route.continue().catch(() => {})))
  }
}

const fail = (status: number) =>
  page.route('**/v1/**', route =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ status, title: 'Trouble', detail: 'The database is overloaded.' }),
    }),
  )

/** Answers work again, and in time the trouble is gone from the page. */
async function recovers(trouble: Locator): Promise<void> {
  await page.unroute('**/v1/**')
  await expect
    .poll(async () => {
      await page.clock.runFor(5_000)
      return trouble.count()
    })
    .toBe(0)
}

test('the page moves by less than 0.02 while it loads', async () => {
  await on.open(page, '?site=demo&range=7d')
  await region('Delivery').waitFor()
  expect(await shifted()).toBeLessThan(0.02)
})

test('asks the first questions once, before the code of the page is there', async () => {
  const asked: string[] = []
  page.on('request', request => {
    const { pathname, search } = new URL(request.url())
    if (pathname.startsWith('/v1/')) asked.push(pathname + search)
  })
  const held: Route[] = []
  await page.route('**/app.js', route => void held.push(route))
  const query = '?site=demo&range=7d&p=90&device=phone&device=desktop&against=release'
  // The page has not loaded while its code is held back.
  await page.goto(`${on.server.url}/${query}#token=${on.server.token}`, { waitUntil: 'commit' })
  await expect
    .poll(() => asked.map(path => path.split('?')[0]))
    .toEqual(['/v1/changes', '/v1/summary', '/v1/trends'])
  expect(held.length).toBe(1)
  await held[0]?.continue()
  await settled(page)
  await region('Delivery').waitFor()
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted())
  expect(await page.locator('.card .value').first().textContent()).toMatch(/\d.* p90/)
  // What was asked early is no answer to a later question.
  await link('Names').click()
  await link('Overview').click()
  await expect
    .poll(() => asked.filter(path => path.startsWith('/v1/summary?site=demo&from=-7d&device')).length)
    .toBe(4)
})

test('shares of groups that were read from a sample add up to all of them', async () => {
  await page.route(/\/v1\/summary\?.*endpoint=.*group_by=route/, async route => {
    const answer = await (await route.fetch()).json()
    for (const row of answer.data) row.count *= 2
    await route.fulfill({ json: { ...answer, sampled: 16 } })
  })
  await on.open(page, '?site=demo&range=7d&view=api&api=GET+/api/products')
  const table = region('GET /api/products by route')
  const cells = await table.locator('tbody td:nth-child(6)').allTextContents()
  const shares = cells.map(text => Number(/\d+/.exec(text)?.[0]))
  expect(shares.length).toBeGreaterThan(0)
  expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThanOrEqual(shares.length)
})

test('another metric waits under its own name, in a panel as tall as before', async () => {
  await on.open(page, '?site=demo&range=7d')
  const tall = async (name: string) => (await region(name).boundingBox())?.height ?? 0
  const before = await tall('LCP over time')
  const release = await hold()
  await link('CLS').click()
  const chart = region('CLS over time')
  await chart.getByText('Loading').waitFor()
  expect(await chart.locator('svg').count()).toBe(0)
  expect(await tall('CLS over time')).toBeCloseTo(before, 0)
  const causes = region('Elements that shifted')
  expect(await causes.textContent()).not.toMatch(/\ds\b|impact/)
  await release()
  await settled(page)
  expect(await chart.locator('svg').count()).toBeGreaterThan(0)
  expect(await causes.textContent()).toContain('impact')
})

test('another site shows nothing of the one before', async () => {
  await api('/v1/sites/empty', 'PUT', { origins: ['https://shop.example'] })
  await on.open(page, '?site=demo&range=7d')
  const value = (await page.locator('.card .value').first().textContent()) ?? ''
  expect(value).toMatch(/\d/)
  const release = await hold()
  await page.evaluate(() => {
    history.pushState(null, '', '?site=empty&range=7d')
    dispatchEvent(new PopStateEvent('popstate'))
  })
  await expect.poll(() => page.locator('.card .value').allTextContents()).toEqual(Array(6).fill('…'))
  expect(await main()).not.toContain(value)
  await release()
  await region('Measure your pages').waitFor()
})

test('a refresh that fails keeps the numbers, says since when, and recovers by itself', async () => {
  await page.clock.install()
  await page.goto(`${on.server.url}/?site=demo&range=7d#token=${on.server.token}`)
  await settled(page)
  await region('LCP by route').scrollIntoViewIfNeeded()
  const scroll = async () => (await region('LCP by route').boundingBox())?.y ?? 0
  const cards = () => page.locator('.card').allTextContents()
  const empty = async () => (await main())?.split('no data').length
  const [shown, place, empties] = [await cards(), await scroll(), await empty()]
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0)
  await fail(503)
  await page.clock.runFor(60_000)
  await expect
    .poll(() => region('LCP over time').getByText('Not updated').textContent())
    .toMatch(/^Not updated since \d\d:\d\d\. The database is overloaded\. \(503\) Trying again\.$/)
  expect(await cards()).toEqual(shown)
  expect(await empty()).toBe(empties)
  expect(Math.abs((await scroll()) - place)).toBeLessThan(10)
  await recovers(page.getByText('Not updated since'))
})

test('a request that never worked says why and what to do, not that there is no data', async () => {
  await page.clock.install()
  await fail(503)
  await page.goto(`${on.server.url}/?site=demo&range=7d#token=${on.server.token}`)
  await page.getByRole('alert').first().waitFor()
  const text = await main()
  expect(text).toContain('The database is overloaded. (503) Trying again.')
  expect(text).not.toContain('no data')
  await recovers(page.getByRole('alert'))
  await settled(page)
  expect(await page.locator('.card .value').first().textContent()).toMatch(/\d/)
})

test('takes what is no answer of the API for a failure, not for no data', async () => {
  const troubles: string[] = []
  page.on('pageerror', ({ message }) => troubles.push(message))
  await page.clock.install()
  await on.open(page, '?site=demo&range=7d')
  const cards = () => page.locator('.card').allTextContents()
  const shown = await cards()
  const bodies = [
    '<!doctype html><h1>Sign in to the Wi-Fi</h1>',
    '{"site":"demo","da',
    '{"error":"boom"}',
    'null',
  ]
  for (const body of bodies) {
    await page.route('**/v1/**', route => route.fulfill({ contentType: 'application/json', body }))
    await page.clock.runFor(60_000)
    await expect
      .poll(() => region('LCP over time').getByText('Not updated').textContent())
      .toMatch(/^Not updated since \d\d:\d\d\. What came is no answer of this server\. Trying again\.$/)
    expect(await cards()).toEqual(shown)
    await recovers(page.getByText('Not updated since'))
  }
  await page.route(/v1\/.*(rules|budgets)/, route => route.fulfill({ json: { error: 'boom' } }))
  for (const view of ['names', 'budgets']) {
    await page.goto(`${on.server.url}/?site=demo&view=${view}`)
    await page.getByRole('alert').first().waitFor()
    expect(await main()).not.toMatch(/No (rules|budgets) yet/)
  }
  expect(troubles).toEqual([])
})

test.each([
  [403, 'Sign in with a token that may see it.'],
  [404, 'Choose another site or range.'],
])('a %i says what to do', async (status, remedy) => {
  await fail(status)
  await page.goto(`${on.server.url}/?site=demo&range=7d#token=${on.server.token}`)
  await expect.poll(main).toContain(remedy)
  expect(await main()).not.toContain('no data')
})

test('a refused token leads to a sign-in of one heading', async () => {
  await page.goto(`${on.server.url}/?site=demo#token=wrong`)
  await page.getByText('This token is not valid.').waitFor()
  expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['fieldline'])
})

test('a view whose code does not load says so beside the head, and a retry brings it', async () => {
  await on.open(page, '?site=demo&range=7d')
  await page.route('**/app/budgets-*.js', route => route.fulfill({ status: 404 }))
  await link('Budgets').click()
  const said = page.getByRole('alert')
  await expect
    .poll(() => said.allTextContents())
    .toEqual(['This part could not be loaded. The server cannot be reached, or has a new version.'])
  expect(await link('Overview').isVisible()).toBe(true)
  // Where nothing answers, another page would be an empty one.
  await context.setOffline(true)
  await page.getByRole('button', { name: 'Try again' }).click()
  await said.getByText('It still cannot be reached.').waitFor()
  await context.setOffline(false)
  await page.unroute('**/app/budgets-*.js')
  await page.getByRole('button', { name: 'Try again' }).click()
  await region('New budget').waitFor()
  expect(page.url()).toContain('view=budgets')
})

test('code that loads later may be kept for ever, and what is not there may not', async () => {
  const loaded = page.waitForResponse(/\/app\/names-/)
  await on.open(page, '?site=demo&view=names')
  expect((await loaded).headers()).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  })
  const missing = await fetch(`${on.server.url}/app/names-00000000.js`)
  expect(missing.status).toBe(404)
  expect(missing.headers.get('Cache-Control')).not.toContain('immutable')
})

test('the picture of the head and of the tab is fetched once', async () => {
  const { headers } = await fetch(`${on.server.url}/favicon.svg`)
  // Chromium asks for both at once. Without an age each would be asked for by itself.
  expect(headers.get('Cache-Control')).toBe('public, max-age=86400')
})

test('load phases read from a sample say why, and how to read more', async () => {
  await page.route(/\/v1\/(summary|timeseries)\?.*phase/, async route => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), sampled: 32 } })
  })
  await on.open(page, '?site=demo&view=timing&range=7d')
  for (const name of ['Load phases', 'Load event over time']) {
    const said = await region(name).textContent()
    expect(said).toContain('Read from one in 32 page views. Load phases come from single page views')
    expect(said).toContain('A shorter range reads more of them.')
  }
})

test.each(['America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'])(
  '90 days are told by the day of UTC in %s',
  async timezoneId => {
    await newPage({ timezoneId })
    await on.open(page, '?site=demo&range=90d')
    expect(await page.getByRole('alert').count()).toBe(0)
    const chart = region('LCP over time')
    const today = new Date().toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
    await chart.getByText('Show as a table').click()
    expect(await chart.getByRole('rowheader').last().textContent()).toBe(today)
    const said = await chart.locator('.readout').textContent()
    if (timezoneId === 'Asia/Kolkata') await page.getByText('Times are UTC', { exact: true }).waitFor()
    else expect(said).toContain('Days begin at midnight in UTC.')
    // A custom range ends with the day that it is in the page's zone, which may not be that of the visitor.
    await page.clock.setFixedTime(new Date('2026-06-15T20:00:00Z'))
    await page.getByLabel('Range').selectOption('own')
    expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe(
      timezoneId === 'Pacific/Auckland' ? '2026-06-16' : '2026-06-15',
    )
  },
)

test('7 days show hours, with dates on the axis', async () => {
  await on.open(page, '?site=demo&range=7d')
  // Out of sight nothing is drawn.
  await region('LCP over time').scrollIntoViewIfNeeded()
  const drawn = region('LCP over time').locator('svg text.middle')
  await expect.poll(() => drawn.count()).toBeGreaterThan(4)
  const labels = await drawn.allTextContents()
  expect(labels.filter(text => /^\d+ \w{3}$/.test(text)).length).toBeGreaterThan(4)
  await region('LCP over time').getByText('Show as a table').click()
  await expect.poll(() => region('LCP over time').getByRole('row').count()).toBeGreaterThan(7 * 24)
})
