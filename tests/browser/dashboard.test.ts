/** The page at `/` shows what the API says, in words and never as markup. */

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../../demo/browser.ts'
import { type LocalServer, startLocal } from '../../demo/local-server.ts'
import { summary } from '../../demo/report.ts'
import { sendAll } from '../../demo/send.ts'
import { pageViews } from '../../demo/traffic.ts'
import { format, VITALS } from '../../schema/metrics.ts'

const HOSTILE = '/<img src=x onerror="document.title=`owned`">'

let server: LocalServer
let browser: Browser
let context: BrowserContext
let page: Page
let troubles: string[]

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startLocal({ port: 0 }), launchBrowser()])
  const beacons = [...pageViews({ seed: 5, views: 300, days: 6, now: Date.now() })]
  const hostile = beacons.slice(-1).map(sent => {
    const calls = sent.view.calls.map(call => ({ ...call, endpoint: `GET ${HOSTILE}` }))
    return { ...sent, view: { ...sent.view, id: 'f'.repeat(16), route: HOSTILE, calls } }
  })
  await sendAll({ ...server, site: 'demo' }, [...beacons, ...hostile], () => {})
})
afterAll(async () => {
  await browser.close()
  await server.stop()
})

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  troubles = []
  page.on('pageerror', error => troubles.push(error.message))
  page.on('console', message => message.type() === 'error' && troubles.push(message.text()))
})
afterEach(() => context.close())

const open = (query: string) => page.goto(`${server.url}/${query}#token=${server.token}`)
const rowOf = (name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })

test('a link with the token opens signed in, and the token leaves the address', async () => {
  await open('?range=7d')
  await page.getByRole('table').first().waitFor()
  expect(page.url()).toBe(`${server.url}/?range=7d`)
  await page.reload()
  await page.getByRole('table').first().waitFor()
  expect(troubles).toEqual([])
})

test('cards show p75, rating, count and interval of the API', async () => {
  await open('?range=7d')
  const answer = await summary(server, { from: '-7d', percentiles: '75' })
  for (const vital of VITALS) {
    const row = answer.find(({ metric }) => metric === vital)
    const { value = null, low = null, high = null } = row?.percentiles.p75 ?? {}
    const text = await page
      .getByRole('listitem')
      .filter({ hasText: vital.toUpperCase() })
      .first()
      .textContent()
    expect(text).toContain(`${format(vital, value)} p75`)
    expect(text).toContain(`95 % between ${format(vital, low)} and ${format(vital, high)}`)
    expect(text).toContain(`${row?.count} page views, ${row?.samples} samples`)
    expect(text).toContain(
      { good: 'Good', 'needs-improvement': 'Needs improvement', poor: 'Poor' }[row?.rating ?? 'poor'],
    )
    expect(text).toContain(`${Math.round((row?.shares?.good ?? 0) * 100)} % good`)
  }
})

test('tables show routes and endpoints of the API', async () => {
  await open('?range=7d')
  const routes = await summary(server, { from: '-7d', percentiles: '75', metrics: 'lcp', group_by: 'route' })
  expect(routes.length).toBe(8)
  for (const row of routes) {
    const text = await rowOf(row.group.route ?? '')
      .first()
      .textContent()
    expect(text).toContain(format('lcp', row.percentiles.p75?.value ?? null))
  }
  const calls = await summary(server, { from: '-7d', metrics: 'api', group_by: 'endpoint', limit: '50' })
  for (const row of calls) {
    const text = await rowOf(row.group.endpoint ?? '')
      .first()
      .textContent()
    expect(text).toContain(format('api', row.percentiles.p75?.value ?? null))
  }
})

test('a hostile route is text', async () => {
  await open('?range=7d')
  await rowOf(HOSTILE).waitFor()
  expect(await page.locator('img').count()).toBe(0)
  expect(await page.title()).toBe('fieldline')
})

test('site and range are in the address, and back goes back', async () => {
  await open('?range=7d')
  await page.getByLabel('Range').selectOption('28d')
  await page.getByText('demo, last 28 days').waitFor()
  expect(page.url()).toBe(`${server.url}/?site=demo&range=28d`)
  await page.goBack()
  await page.getByText('demo, last 7 days').waitFor()
  expect(await page.getByLabel('Range').inputValue()).toBe('7d')
})

test('a site without page views says so', async () => {
  await fetch(`${server.url}/v1/sites/empty`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ origins: ['*'] }),
  })
  await open('?site=empty')
  await page.getByText('no page view arrived in this range').waitFor()
  expect(await page.getByText('no data', { exact: true }).count()).toBe(VITALS.length + 2)
})

test('an error of the API is shown', async () => {
  await open('?site=nowhere')
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toContain('There is no site nowhere here. (404)')
})

test('without a token the page asks for one, and a wrong one is refused', async () => {
  await page.goto(server.url)
  const field = page.getByLabel('Token')
  await field.fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toBe('This token is not valid here.')
  await field.fill(server.token)
  await field.press('Enter')
  await page.getByRole('table').first().or(page.getByText('no data').first()).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await field.waitFor()
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
})

test('nothing scrolls sideways at 320 px but the tables', async () => {
  await page.setViewportSize({ width: 320, height: 700 })
  await open('?range=7d')
  await page.getByRole('table').first().waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
})

test('no request goes to anyone else', async () => {
  const hosts = new Set<string>()
  page.on('request', request => hosts.add(new URL(request.url()).origin))
  await open('?range=7d')
  await page.getByRole('table').first().waitFor()
  expect([...hosts]).toEqual([server.url])
})
