/** The page finds what got worse: at its top, in each table, and by filters of several values; its address keeps it all. */

import { expect, test } from 'vitest'
import { runCron } from '../../demo/local/server.ts'
import { sendAll } from '../../demo/traffic/send.ts'
import type { Sent } from '../../demo/traffic/traffic.ts'
import { HOUR } from '../../schema/domain/hour.ts'
import { pageView } from '../kit/pageview.ts'
import { api, dashboardPages, on, open, page, region, troubles } from './dashboard.page.ts'
import { HOSTILE, settled } from './dashboard.ts'

const DESKTOP =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
const PHONE =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36'
const ROUTES = ['/', '/p/[id]', '/c/a,b', ...Array.from({ length: 9 }, (_, i) => `/page-${i}`)]

/** In the last day phones on /p/[id] are slower by two thirds; in the day before nothing is. */
function* traffic(): Generator<Sent> {
  for (const [hours, factor] of [
    [36, 1],
    [12, 1.66],
  ] as const)
    for (const route of ROUTES)
      for (const [userAgent, touch] of [
        [PHONE, true],
        [DESKTOP, false],
      ] as const)
        for (let n = 0; n < (route === '/p/[id]' ? (touch ? 90 : 40) : 6); n++) {
          const slow = route === '/p/[id]' && touch ? factor : 1
          const lcp = Math.round((1_400 + ((n * 7_919) % 90) * 20) * slow)
          const parts = { loadDelay: lcp - 650, loadDuration: 300, renderDelay: 200 }
          const why = { lcp: { target: 'article>img.product', url: null, ...parts }, inp: null, cls: null }
          const age = Math.round((hours - 3 + (n % 6)) * HOUR)
          const vitals = { lcp, inp: null, cls: 20, fcp: 800, ttfb: 150 }
          yield {
            view: pageView({ route, touch, age, vitals, why, release: '1' }),
            userAgent,
            country: n % 2 ? 'DE' : 'FR',
          }
        }
}

dashboardPages({
  async prepare() {
    await api('/v1/sites/worse', 'PUT', { origins: ['*'] })
    await sendAll({ ...on.server, site: 'worse' }, traffic(), () => {})
    await runCron(on.server.url)
  },
})

const query = () => new URL(page.url()).searchParams
const names = (table: string) => region(table).getByRole('rowheader').allTextContents()

test('a newcomer sees what changed, its cause and a page view in three clicks', async () => {
  await open('?site=worse')
  const panel = region('What changed')
  const first = panel.getByRole('listitem').first()
  expect(await first.textContent()).toMatch(
    /^↑ LCP \d+% slower phone on \/p\/\[id\].* s → .* s, 95% interval \+\d+% to \+\d+%, \d+ page views no longer good$/,
  )
  // Its route, its device and its countries are part of it.
  expect(await panel.getByRole('listitem').count()).toBe(1)
  await first.getByRole('link').click()
  await settled(page)
  expect(Object.fromEntries(query())).toEqual({
    site: 'worse',
    route: '/p/[id]',
    device: 'phone',
    by: 'release',
  })
  expect(
    await page.locator('.metrics').evaluate(cards => cards.getBoundingClientRect().top < innerHeight),
  ).toBe(true)
  await region('LCP elements')
    .getByRole('link', { name: /See page views/ })
    .first()
    .click()
  await settled(page)
  await region('Slowest page views by LCP').getByRole('rowheader').first().getByRole('link').click()
  expect(await region('Page view').textContent()).toContain('article>img.product')
  expect(troubles).toEqual([])
})

test('what changed is calm where nothing did', async () => {
  await open('?site=worse&device=desktop')
  expect(await region('What changed').textContent()).toMatch(
    /Nothing changed in \d+ comparisons with the period before\./,
  )
  await open('?site=demo')
  expect(await region('What changed').getByRole('listitem').count()).toBe(0)
})

test('another question waits under its own heading, and a failure is no calm', async () => {
  await open('?site=worse')
  const panel = region('What changed')
  let release = () => {}
  const held = new Promise<void>(done => {
    release = done
  })
  await page.route('**/v1/changes**', async route => {
    await held
    await route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: '{"detail":"The database is overloaded."}',
    })
  })
  await panel.getByRole('link', { name: 'Release before' }).click()
  await expect.poll(() => panel.getByRole('listitem').count()).toBe(0)
  expect(await panel.textContent()).not.toContain('Nothing changed')
  release()
  await panel.getByRole('alert').waitFor()
  expect(await panel.textContent()).not.toContain('Nothing changed')
  expect(query().get('against')).toBe('release')
})

test('a table says what changed in each group, sorts, and searches', async () => {
  await open('?site=worse')
  const table = region('LCP by route')
  const row = table
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: '/p/[id]', exact: true }) })
  await expect.poll(() => row.textContent()).toMatch(/↑ \d+% slower/)
  await table.getByRole('button', { name: 'Change', exact: true }).click()
  await settled(page)
  expect(query().get('col')).toBe('-Change')
  expect((await names('LCP by route'))[0]).toBe('/p/[id]')
  await table.getByRole('button', { name: 'Route', exact: true }).click()
  await table.getByRole('button', { name: 'Route', exact: true }).click()
  await settled(page)
  const sorted = await names('LCP by route')
  expect(sorted).toEqual(sorted.toSorted())
  expect(await table.getByRole('columnheader', { name: 'Route' }).getAttribute('aria-sort')).toBe('ascending')
  const field = table.getByRole('searchbox')
  await field.fill('PAGE-7')
  await expect.poll(() => names('LCP by route')).toEqual(['/page-7'])
  await page.reload()
  await settled(page)
  expect(await names('LCP by route')).toEqual(['/page-7'])
  await field.fill(HOSTILE[0])
  await table.getByText(/^No name has “.*” in it\.$/).waitFor()
  expect(troubles).toEqual([])
})

test('several endpoints have one chart, which leaves some out', async () => {
  await open('?site=demo&range=7d&view=api&rows=50')
  const table = region('API endpoints')
  await table.getByRole('link', { name: 'GET /api/products', exact: true }).click()
  await settled(page)
  await table.getByRole('link', { name: 'Add GET /api/search', exact: true }).click()
  await settled(page)
  expect(query().getAll('api')).toEqual(['GET /api/products', 'GET /api/search'])
  await region('2 endpoints over time').getByRole('slider').waitFor()
  await region('2 endpoints by route').getByRole('table').waitFor()
  const asked = page.waitForRequest(/v1\/summary.*group_by=endpoint/)
  await table.getByRole('link', { name: 'Exclude GET /api/account', exact: true }).click()
  expect(new URL((await asked).url()).searchParams.getAll('endpoint!')).toEqual(['GET /api/account'])
  await settled(page)
  expect(await names('API endpoints')).not.toContain('GET /api/account')
  await page.getByRole('button', { name: 'Endpoint not GET /api/account' }).click()
  await page.getByRole('button', { name: 'Endpoint GET /api/search' }).click()
  await settled(page)
  expect(Object.fromEntries(query())).toEqual({
    ...{ site: 'demo', range: '7d', view: 'api', rows: '50' },
    api: 'GET /api/products',
  })
  expect(troubles).toEqual([])
})

test('filters by several groups, or leaves them out, whatever their names hold', async () => {
  await open('?site=worse&range=7d')
  const table = region('LCP by route')
  await table.getByRole('link', { name: '/c/a,b', exact: true }).click()
  await settled(page)
  await table.getByRole('link', { name: 'Add /page-1', exact: true }).click()
  await settled(page)
  expect(query().getAll('route')).toEqual(['/c/a,b', '/page-1'])
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'LCP', exact: true }) })
  expect(await card.textContent()).toContain('48 page views')
  await page.getByRole('button', { name: /Route \/c\/a,b/ }).click()
  await page.getByRole('button', { name: /Route \/page-1/ }).click()
  await table.getByRole('link', { name: 'Exclude /', exact: true }).click()
  await settled(page)
  expect(query().getAll('route!')).toEqual(['/'])
  expect(await names('LCP by route')).not.toContain('/')
  await page.getByRole('button', { name: 'Route not /' }).click()
  await settled(page)
  expect([...query().keys()]).toEqual(['site', 'range'])
  expect(troubles).toEqual([])
})
