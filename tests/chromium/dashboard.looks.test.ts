/** Every view of the dashboard is accessible, in light, in dark and on a phone, and fits every width. */

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, settled, stage } from './dashboard.ts'

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const WIDTHS = [320, 375, 768, 1280, 2560]
const WAIT = '&site=demo&range=7d&live=off'
const VIEWS = {
  overview: `?metric=lcp${WAIT}`,
  'overview of CLS': `?metric=cls&interval=hour&by=country${WAIT}`,
  histogram: `?metric=inp&chart=histogram&by=release${WAIT}`,
  'page views': `?view=views${WAIT}`,
  API: `?view=api&api=GET+/api/products${WAIT}`,
  budgets: `?view=budgets${WAIT}`,
  compare: `?view=compare&on=device&chart=histogram${WAIT}`,
  timing: `?view=timing${WAIT}`,
  'third parties': `?view=parties${WAIT}`,
  errors: `?view=errors${WAIT}`,
  names: `?view=names${WAIT}`,
  sites: `?view=sites&id=demo${WAIT}`,
  segments: `?panel=segments&route=/cart${WAIT}`,
  'first run': '?site=fresh',
} as const

/** All that one can use and see, as a script. */
const CONTROLS = `(() => [...document.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"]')]
  .filter(control => control.checkVisibility()))`

let on: Stage
let hooks: Server
let heard: unknown[]

beforeAll(async () => {
  on = await stage()
  heard = []
  hooks = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      heard.push(JSON.parse(body))
      response.end()
    })
  })
  await new Promise<void>(done => hooks.listen(0, '127.0.0.1', done))
  const created = await fetch(`${on.server.url}/v1/sites/fresh`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${on.server.token}` },
    body: JSON.stringify({ origins: ['*'] }),
  })
  expect(created.status).toBe(201)
})
afterAll(async () => {
  hooks.close()
  await on.close()
})

/** What axe finds, in words. */
async function violations(page: Page): Promise<string[]> {
  // By the debugger: the page's policy lets no script in.
  return page.evaluate(`${AXE}; axe.run().then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(node => id + ' ' + node.target + ' ' + node.failureSummary)))`)
}

describe.each([
  ['in light', { colorScheme: 'light' }],
  ['in dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 } }],
] as const)('%s', (_, look) => {
  test.each(Object.entries(VIEWS))('%s has no violation', async (_, query) => {
    const { page, context, troubles } = await on.page({ ...look })
    await on.open(page, query)
    expect(await violations(page)).toEqual([])
    expect(troubles).toEqual([])
    await context.close()
  })

  test('the waterfall and the sign-in have no violation', async () => {
    const { page, context } = await on.page({ ...look })
    await page.goto(on.server.url)
    await page.getByLabel('Token').waitFor()
    expect(await violations(page)).toEqual([])
    await on.open(page, VIEWS['page views'])
    await page.getByRole('rowheader').first().getByRole('link').click()
    await page.getByRole('region', { name: 'Page view', exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    await context.close()
  })
})

test('a chosen theme wins over the system’s', async () => {
  const { page, context } = await on.page({ colorScheme: 'light' })
  await on.open(page, VIEWS.budgets)
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await ground()
  await page.getByLabel('Theme').selectOption('dark')
  await page.waitForFunction(light => getComputedStyle(document.body).backgroundColor !== light, light)
  expect(page.url()).toContain('theme=dark')
  await context.close()
})

test.each(WIDTHS)('nothing scrolls sideways at %i px but the tables', async width => {
  const { page, context } = await on.page({ viewport: { width, height: 800 } })
  for (const query of Object.values(VIEWS)) {
    await on.open(page, query)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), query).toBe(width)
  }
  await context.close()
})

test('no table of a breakdown, of endpoints or of errors is cut off at 1280 px', async () => {
  const { page, context } = await on.page({ viewport: { width: 1280, height: 800 } })
  for (const query of [VIEWS.overview, VIEWS.API, VIEWS.errors, `${VIEWS.overview}&route=/cart`]) {
    await on.open(page, query)
    const cut = await page
      .locator('.scroll:visible')
      .evaluateAll(tables => tables.filter(table => table.scrollWidth > table.clientWidth).length)
    expect(cut, query).toBe(0)
  }
  await context.close()
})

test('a chosen endpoint and a chosen group are marked in their tables', async () => {
  const { page, context } = await on.page()
  for (const [query, name] of [
    [VIEWS.API, 'GET /api/products'],
    [`${VIEWS.overview}&route=/cart`, '/cart'],
  ] as const) {
    await on.open(page, query)
    const rows = page.locator('tr').filter({ has: page.getByRole('link', { name, exact: true }) })
    const ground = () => rows.first().evaluate(row => getComputedStyle(row).backgroundColor)
    expect(await ground(), query).not.toBe('rgba(0, 0, 0, 0)')
  }
  await context.close()
})

test('on a phone the tab of the view that is shown is in view', async () => {
  const { page, context } = await on.page({ viewport: { width: 390, height: 844 } })
  await on.open(page, VIEWS.errors)
  const tab = page.getByRole('link', { name: 'Errors', exact: true })
  const { x = 0, width = 0 } = (await tab.boundingBox()) ?? {}
  expect(x).toBeGreaterThan(0)
  expect(x + width).toBeLessThan(390)
  for (const query of [VIEWS.errors, VIEWS.overview, VIEWS.timing]) {
    await on.open(page, query)
    expect(await page.evaluate(() => scrollY), query).toBe(0)
  }
  await context.close()
})

test('the keyboard reaches every control, which shows that it has the focus', async () => {
  const { page, context } = await on.page()
  await on.open(page, VIEWS.overview)
  const controls = await page.evaluate(`${CONTROLS}().length`)
  const reached = new Set<number>()
  for (let i = 0; i < Number(controls); i++) {
    await page.keyboard.press('Tab')
    const [index, outline] = (await page.evaluate(`[
      ${CONTROLS}().indexOf(document.activeElement),
      getComputedStyle(document.activeElement).outlineStyle,
    ]`)) as [number, string]
    expect(outline, `control ${index}`).not.toBe('none')
    reached.add(index)
  }
  expect(reached.size).toBe(controls)
  await context.close()
})

test('makes, changes and deletes a budget, and tests the webhook', async () => {
  const { page, context, troubles } = await on.page()
  page.on('dialog', dialog => dialog.accept())
  await on.open(page, VIEWS.budgets)
  await page.getByLabel('Metric').fill('api')
  await page.getByLabel('Limit').fill('800')
  await page.getByLabel('Endpoint').fill('GET /api/products')
  await page.getByRole('button', { name: 'Create budget' }).click()
  const name = 'p75 of API ≤ 800 ms in 24 h, GET /api/products'
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  await row.waitFor()
  expect(await row.textContent()).toContain('no data')
  await row.getByRole('link', { name: `Change ${name}` }).click()
  await page.getByLabel('Limit').fill('700')
  await page.getByRole('button', { name: 'Change budget' }).click()
  const changed = page.getByRole('rowheader', { name: name.replace('800', '700'), exact: true })
  await changed.waitFor()

  await page.getByRole('link', { name: 'API', exact: true }).click()
  await page.getByRole('link', { name: 'GET /api/products', exact: true }).click()
  await settled(page)
  await page.getByText('budget p75 ≤ 700 ms').waitFor()
  await on.open(page, VIEWS.budgets)

  const { port } = hooks.address() as AddressInfo
  await page.getByLabel('Address').fill(`http://localhost:${port}/hook`)
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText(/whsec_\S+/).waitFor()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Test delivered.').waitFor()
  expect(heard).toMatchObject([{ site: 'demo', state: 'test' }])

  await page.getByRole('button', { name: /^Delete / }).click()
  await page.getByText('No budgets yet').waitFor()
  expect(troubles).toEqual([])
  await context.close()
})

test('a click on a form counts once, whatever the form says meanwhile', async () => {
  const { page, context } = await on.page()
  await on.open(page, VIEWS.budgets)
  const past = page.getByText(/ 28 days/)
  await page.getByLabel('Metric').fill('api')
  await page.getByLabel('Limit').fill('900')
  await page.getByLabel('Endpoint').focus()
  await past.waitFor()
  // The last field is left by the click itself: what was said of the form before goes, and its next preview takes long.
  await page.getByLabel('Endpoint').fill('GET /api/products')
  await page.route(/\/preview$/, () => {})
  await page.getByRole('button', { name: 'Create budget' }).hover()
  await page.mouse.down()
  await past.waitFor({ state: 'detached' })
  const sent: (() => Promise<void>)[] = []
  await page.route(/\/budgets$/, route => void sent.push(() => route.continue()))
  await page.mouse.up()
  await page.mouse.down()
  await page.mouse.up()
  await expect.poll(() => sent.length).toBe(1)
  await sent[0]?.()
  const name = 'p75 of API ≤ 900 ms in 24 h, GET /api/products'
  page.on('dialog', dialog => dialog.accept())
  await page.getByRole('button', { name: `Delete ${name}`, exact: true }).click()
  await page.getByText('No budgets yet').waitFor()
  expect(sent.length).toBe(1)
  await context.close()
})

test('tries, keeps and marks naming rules', async () => {
  const { page, context, troubles } = await on.page()
  await on.open(page, VIEWS.names)
  await page.getByLabel('Pattern').fill('/products/:slug')
  await page.getByRole('button', { name: 'Add rule' }).click()
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByText(/routes become/).waitFor()
  await page.getByLabel('Pattern').fill('/not-added-yet')
  await page.getByRole('button', { name: 'Save rules' }).click()
  await page.getByText(/^Rules name .* Changed /).waitFor()
  await page.getByText('Saved. Everywhere within 20 seconds.').waitFor()
  expect(await page.getByLabel('Pattern').inputValue()).toBe('/not-added-yet')
  await on.open(page, VIEWS.overview)
  await page.getByText('Naming rules changed').waitFor()
  expect(troubles).toEqual([])

  await on.open(page, VIEWS.names)
  await page.getByRole('button', { name: 'Remove /products/:slug' }).waitFor()
  const path = `${on.server.url}/v1/sites/demo/rules`
  const headers = { Authorization: `Bearer ${on.server.token}` }
  const theirs = { rules: [{ kind: 'route', pattern: '/theirs/:x' }] }
  expect((await fetch(path, { method: 'PUT', headers, body: JSON.stringify(theirs) })).status).toBe(200)
  await page.getByRole('button', { name: 'Save rules' }).click()
  await page.getByText(/^The rules were changed at .*\(412\)$/).waitFor()
  expect(await (await fetch(path, { headers })).json()).toMatchObject(theirs)
  await context.close()
})
