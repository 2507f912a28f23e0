/** The page at `/` shows what the API says, in words and never as markup; its address is its state. */

import { expect, test } from 'vitest'
import { summary } from '../../demo/visit/report.ts'
import { format, VITALS } from '../../schema/domain/metrics.ts'
import { VIEWS } from '../../worker/dashboard/url-state.ts'
import {
  api,
  context,
  dashboardPages,
  link,
  on,
  open,
  page,
  region,
  rowOf,
  troubles,
} from './dashboard.page.ts'
import { HOSTILE, settled } from './dashboard.ts'

dashboardPages()

const query = () => new URL(page.url()).search

test('a link with the token opens signed in, and the token leaves the address', async () => {
  await open('?site=demo&range=7d')
  expect(page.url()).toBe(`${on.server.url}/?site=demo&range=7d`)
  await page.reload()
  await settled(page)
  expect(troubles).toEqual([])
})

test('the description of the API is there for anyone, from anywhere, without a token', async () => {
  const response = await fetch(`${on.server.url}/v1/openapi.json`)
  expect(response.status).toBe(200)
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
  expect(response.headers.get('ETag')).toMatch(/\w/)
  expect(await response.json()).toMatchObject({ openapi: '3.1.1' })
  expect((await fetch(`${on.server.url}/v1/summary?site=demo`)).status).toBe(401)
})

test('cards show percentile, rating, count, interval and shares of the API', async () => {
  await open('?site=demo&range=7d')
  const answer = await summary(on.server, { from: '-7d', percentiles: '75' })
  for (const vital of VITALS) {
    const row = answer.find(({ metric }) => metric === vital)
    const { value = null, low = null, high = null } = row?.percentiles.p75 ?? {}
    const card = page.getByRole('listitem').filter({ has: link(vital.toUpperCase()) })
    // What belongs together is held by a space that does not break.
    const text = (await card.textContent())?.replaceAll('\xa0', ' ')
    expect(text).toContain(`${format(vital, value)} p75`)
    expect(text).toContain(`95% interval ${format(vital, low)} to ${format(vital, high)}`)
    expect(text).toContain(`${row?.count} page views, ${row?.samples} samples`)
    expect(text).toContain(
      { good: 'Good', 'needs-improvement': 'Needs improvement', poor: 'Poor' }[row?.rating ?? 'poor'],
    )
    expect(text).toContain(`${Math.round((row?.shares?.good ?? 0) * 100)}% good`)
    expect(text).toMatch(/ (faster|slower|lower|higher)\b|too little data to compare/)
  }
})

test('the first view asks all it needs before the first answer, and nobody else', async () => {
  const asked: string[] = []
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  page.on('request', request => expect(new URL(request.url()).origin).toBe(on.server.url))
  await page.route('**/v1/**', async route => {
    asked.push(new URL(route.request().url()).pathname)
    await released
    await route.continue()
  })
  const opened = open('?site=demo&range=7d')
  await expect.poll(() => asked.toSorted()).toEqual(FIRST_QUESTIONS)
  release()
  await opened
  expect(asked.toSorted()).toEqual(FIRST_QUESTIONS)
})

const FIRST_QUESTIONS = [
  '/v1/budget-events',
  '/v1/budgets',
  '/v1/causes',
  '/v1/changes',
  '/v1/delivery',
  '/v1/deploys',
  '/v1/sites',
  '/v1/sites/demo/rules',
  '/v1/sites/demo/tags',
  ...['/v1/summary', '/v1/summary', '/v1/timeseries', '/v1/timeseries', '/v1/trends', '/v1/trends'],
]

test('leads from a slow metric to its element to a page view in 3 clicks, and back', async () => {
  await open('?site=demo&range=7d')
  await link('INP').click()
  await region('INP interactions').getByRole('link', { name: 'See page views' }).first().waitFor()
  await link('LCP').click()
  const causes = region('LCP elements')
  await causes.getByRole('link', { name: 'See page views with article>img.product' }).click()
  await region('Slowest page views by LCP').getByRole('rowheader').first().getByRole('link').click()
  const waterfall = region('Page view')
  expect(await waterfall.textContent()).toContain('article>img.product')
  expect(await waterfall.getByRole('rowheader').count()).toBeGreaterThan(5)
  const seen = await waterfall.textContent()
  const address = page.url()
  await page.goBack()
  await page.goBack()
  await causes.waitFor()
  await page.goBack()
  await region('INP interactions').waitFor()
  await open(new URL(address).search)
  expect(await waterfall.textContent()).toBe(seen)
  expect(troubles).toEqual([])
})

test('a row of a breakdown filters everything, and its chip takes the filter away', async () => {
  await open('?site=demo&range=7d')
  await link('Country').click()
  await region('LCP by country').getByRole('link', { name: 'DE', exact: true }).click()
  await settled(page)
  expect(query()).toBe('?site=demo&range=7d&by=country&country=DE')
  const [row] = await summary(on.server, { from: '-7d', percentiles: '75', metrics: 'lcp', country: 'DE' })
  const card = page.getByRole('listitem').filter({ has: link('LCP') })
  expect(await card.textContent()).toContain(`${row?.count} page views`)
  await page.getByRole('button', { name: /Country DE/ }).click()
  await settled(page)
  expect(query()).toBe('?site=demo&range=7d&by=country')
})

test('chooses percentile, device and range in the head, and keeps them in the address', async () => {
  await open('?site=demo&range=7d')
  await page.getByLabel('Percentile').selectOption('95')
  await page.getByLabel('Device').selectOption('phone')
  await page.getByLabel('Range').selectOption('28d')
  await settled(page)
  expect(query()).toBe('?site=demo&range=28d&p=95&device=phone')
  const [row] = await summary(on.server, { from: '-28d', percentiles: '95', metrics: 'lcp', device: 'phone' })
  const card = page.getByRole('listitem').filter({ has: link('LCP') })
  expect(await card.textContent()).toContain(`${format('lcp', row?.percentiles.p95?.value ?? null)} p95`)
  await page.goBack()
  expect(await page.getByLabel('Range').inputValue()).toBe('7d')
  await page.getByLabel('Range').selectOption('own')
  await page.getByLabel('From').fill(new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10))
  await settled(page)
  expect(await page.getByRole('alert').count()).toBe(0)
  await page
    .getByRole('listitem')
    .filter({ has: link('LCP') })
    .getByText('page views')
    .first()
    .waitFor()
})

test.each(Object.keys(VIEWS))('the view %s offers a percentile exactly where it asks for one', async view => {
  const asked: string[] = []
  page.on('request', request => asked.push(request.url()))
  await open(`?site=demo&range=7d&p=90&view=${view}`)
  const asks = asked.some(url => /[?&]percentiles?=([^&]*%2C)?90\b/.test(url))
  const head = page.getByRole('form', { name: 'Filters' })
  expect(await head.getByLabel('Percentile').count()).toBe(asks ? 1 : 0)
})

test('the histogram counts every page view once', async () => {
  await open('?site=demo&range=7d&chart=histogram')
  const [row] = await summary(on.server, { from: '-7d', metrics: 'lcp' })
  const panel = region('LCP distribution')
  expect(await panel.textContent()).toContain(`${row?.count} page views in `)
  await panel.getByText('Show as a table').click()
  const cells = await panel.getByRole('cell').allTextContents()
  for (const cell of cells) expect(cell).toMatch(/^(1 page view|(?!1 )[\d,]+ page views), /)
  const counts = cells.map(cell => Number.parseInt(cell, 10))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(row?.count)
})

test('lists endpoints of the API in four orders, and gives one a chart of its own', async () => {
  await open('?site=demo&range=7d')
  await link('API').first().click()
  await open('?site=demo&range=7d&view=api&rows=50')
  const calls = await summary(on.server, { from: '-7d', metrics: 'api', group_by: 'endpoint', limit: '50' })
  for (const row of calls) {
    // Marks that turn the direction are written out.
    const name = (row.group.endpoint ?? '').replace('\u202e', '\\u202e').replace('\u2066', '\\u2066')
    const text = await rowOf(name).first().textContent()
    expect(text).toContain(format('api', row.percentiles.p75?.value ?? null))
  }
  for (const order of ['Busiest', 'Slowest', 'Failing', 'Impact']) {
    await link(order).click()
    await settled(page)
    expect(await page.getByRole('alert').count()).toBe(0)
  }
  await link('GET /api/products').click()
  await region('GET /api/products over time').getByRole('slider').waitFor()
  await region('GET /api/products by route').getByRole('rowheader', { name: '/c/[slug]' }).waitFor()
  expect(troubles).toEqual([])
})

test('hostile names are text, in every view', async () => {
  for (const view of ['?rows=50', '?view=views&order=newest', '?view=api&rows=50']) {
    await open(`${view}&site=demo&range=7d`)
    expect(await page.getByText(HOSTILE[0]).count()).toBeGreaterThan(0)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.title()).not.toBe('owned')
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  }
  await open(`?site=demo&range=7d&route=${encodeURIComponent(HOSTILE[2])}`)
  expect(await page.getByRole('button', { name: HOSTILE[2] }).count()).toBe(1)
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
})

test('saves what is shown as CSV and JSON, and copies a curl line without the token', async () => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open('?site=demo&range=7d')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV of LCP by route' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('demo-lcp-by-route-7d.csv')
  await page.getByRole('button', { name: 'Copy as curl of LCP by route' }).click()
  await page.getByText('Copied.').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toContain(`'${on.server.url}/v1/summary?site=demo&from=-7d`)
  expect(copied).not.toContain(on.server.token)
})

test('shows an error of the API, with its field once', async () => {
  await page.goto(`${on.server.url}/?site=nowhere#token=${on.server.token}`)
  await page.getByRole('alert').first().waitFor()
  expect(await page.getByRole('alert').first().textContent()).toMatch(
    /^There is no site nowhere\. \(404\) Choose another site or range\.$/,
  )
  await open('?site=demo&range=own&from=2026-11-10&to=2026-11-01')
  expect(await page.getByRole('alert').first().textContent()).toBe('from must be before to (400)')
})

test('asks for a token where there is none, and refuses a wrong one', async () => {
  await page.goto(on.server.url)
  const field = page.getByLabel('Token')
  await field.fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toBe('This token is not valid.')
  await field.fill(on.server.token)
  await field.press('Enter')
  await settled(page)
  expect(query()).toBe('?site=demo')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await field.waitFor()
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
})

test('a read token shows its own site', async () => {
  const { token } = await api<{ token: string }>('/v1/sites/demo/tokens', 'POST', { name: 'dashboard' })
  await page.goto(`${on.server.url}/#token=${token}`)
  await settled(page)
  expect(query()).toBe('?site=demo')
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('a new site shows the snippet, and the dashboard once the first beacon arrives', async () => {
  await api('/v1/sites/empty', 'PUT', { origins: ['*'] })
  await open('?site=empty')
  await page.getByText('Waiting for the first beacon').waitFor()
  const snippet = `<script async src="${on.server.url}/fieldline.js" data-site="empty"></script>`
  expect(await page.getByText(snippet).count()).toBe(1)
  const visitor = await context.newPage()
  const shop = `${on.server.url}/shop`
  await visitor.route(shop, route =>
    route.fulfill({ contentType: 'text/html', body: `<h1>Shop</h1>${snippet}` }),
  )
  await visitor.goto(shop)
  await visitor.goto('about:blank')
  await visitor.close()
  await page.getByText('1 page view, 1 sample').first().waitFor()
  expect(await page.getByText('Waiting for the first beacon').count()).toBe(0)
})

test('the delivery panel shows fates of beacons by the hour, or that there are none', async () => {
  // By the name of a visitor's browser, since what names itself as a program is a bot.
  const headers = { Origin: on.server.url, 'User-Agent': await page.evaluate(() => navigator.userAgent) }
  const refused = await fetch(`${on.server.url}/f?site=demo`, { method: 'POST', body: '{', headers })
  expect(refused.status).toBe(400)
  await open('?site=demo&range=7d')
  const panel = region('Delivery')
  await panel.getByText('Accepted', { exact: true }).first().waitFor()
  await panel.getByText('By day').first().click()
  await page.getByRole('table', { name: 'Delivery by day' }).waitFor()
  expect(troubles).toEqual([])
  expect(await panel.textContent()).not.toMatch(/Queued|whatever the filters/)
  // What few have is shown where there is any, and filters are no part of it.
  await page.route('**/v1/delivery?**', async route => {
    const answer = await route.fetch()
    const json = await answer.json()
    await route.fulfill({ json: { ...json, queued: 1, late: 2, ignored: 3, lake_failed: 4 } })
  })
  await open('?site=demo&range=7d&device=phone')
  expect(await panel.textContent()).toMatch(/Queued1.*Late2.*Ignored3.*Missing in the lake4/)
  expect(await panel.textContent()).toContain('All of demo, whatever the filters.')
  // The panels of single page views have their own word for a range that is older than what is kept.
  await open('?site=demo&range=own&from=2020-01-01&to=2020-01-02')
  await panel.getByText('No beacons in this range.').waitFor()
})
