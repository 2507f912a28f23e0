/** The page says how sure it is, of what, and as of when; and an open page stays as it was. */

import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { sendAll } from '../../demo/traffic/send.ts'
import type { CausesAnswer } from '../../schema/api/causes.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TimeseriesAnswer } from '../../schema/api/timeseries.ts'
import { VIEWS } from '../../worker/dashboard/url-state.ts'
import { pageView } from '../kit/pageview.ts'
import { api, context, dashboardPages, newPage, on, page, region } from './dashboard.page.ts'
import { settled } from './dashboard.ts'

/** How often a live page asks anew, in ms. */
const BEAT = 60_000

dashboardPages()

/** Changes what the API answers to some questions. */
async function answering<T>(path: RegExp, change: (answer: T) => object): Promise<void> {
  await page.route(path, async route => {
    const response = await route.fetch()
    await route.fulfill({ response, json: change(await response.json()) })
  })
}

/** Sends page views to a site of its own. */
async function send(site: string, given: Parameters<typeof pageView>[0][]): Promise<void> {
  await api(`/v1/sites/${site}`, 'PUT', { origins: ['*'] })
  const userAgent = await page.evaluate(() => navigator.userAgent)
  const sent = given.map(view => ({ view: pageView(view), userAgent, country: 'DE' }))
  await sendAll({ ...on.server, site }, sent, () => {})
}

test('an overview that is left open holds no tree that it drew before', async () => {
  await page.clock.install()
  await on.open(page, '?site=demo&range=7d')
  const devtools = await context.newCDPSession(page)
  const held = async () => {
    await devtools.send('HeapProfiler.collectGarbage')
    return (await devtools.send('Runtime.getHeapUsage')).usedSize
  }
  const live = async (beats: number) => {
    for (let beat = 0; beat < beats; beat++) {
      await page.clock.runFor(BEAT)
      await settled(page)
    }
  }
  await live(4)
  const before = await held()
  await live(12)
  // A tree of the overview takes some 160 KB, and a beat draws two.
  expect((await held()) - before).toBeLessThan(1_000_000)
})

test('a page that was hidden asks as soon as it is seen, and not before', async () => {
  await page.clock.install()
  await on.open(page, '?site=demo&range=7d')
  const show = (hidden: boolean) =>
    page.evaluate(hidden => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    }, hidden)
  const asked: string[] = []
  page.on('request', request => asked.push(request.url()))
  await show(true)
  await show(false)
  await page.clock.runFor(1_000)
  expect(asked).toEqual([])
  await show(true)
  await page.clock.runFor(5 * BEAT)
  expect(asked).toEqual([])
  await show(false)
  await expect.poll(() => asked.filter(url => url.includes('/v1/summary')).length).toBeGreaterThan(0)
})

test('a server that takes a question and never answers is said to be silent', async () => {
  await page.addInitScript(() => {
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    AbortSignal.timeout = ms => timeout(ms / 100)
  })
  await page.clock.install()
  await on.open(page, '?site=demo&range=7d')
  await page.route('**/v1/**', () => {})
  await page.clock.runFor(BEAT)
  const metrics = region('Metrics')
  await metrics
    .getByText(/^Not updated since \d\d:\d\d\. The server cannot be reached\. Trying again\.$/)
    .waitFor()
  expect(await metrics.textContent()).toContain(' p75')
})

test('a list that was continued loses no page view when new ones come', async () => {
  await page.clock.install()
  await send(
    'list',
    Array.from({ length: 60 }, (_, i) => ({ route: `/old/${i}`, age: 1_000 })),
  )
  await on.open(page, '?site=list&view=views&order=newest')
  const list = region('Newest page views by LCP')
  await list.getByRole('button', { name: 'Show more page views' }).click()
  await expect.poll(() => list.getByRole('rowheader').count()).toBe(50)
  const names = () => list.getByRole('rowheader').getByRole('link').allTextContents()
  const before = await names()
  await send(
    'list',
    Array.from({ length: 30 }, (_, i) => ({ route: `/new/${i}` })),
  )
  const again = page.waitForResponse(response => /\/v1\/pageviews/.test(response.url()))
  await page.clock.runFor(BEAT)
  await again
  await settled(page)
  expect(await names()).toEqual(before)
  expect(await list.textContent()).toMatch(/As of \d\d:\d\d\./)
})

/** Where a shape of a chart is, in its pixels. */
function boxOf(shape: Locator): Promise<Record<'y' | 'height' | 'width', number>> {
  return shape.evaluate(element => {
    const { y, height, width } = (element as SVGGraphicsElement).getBBox()
    return { y, height, width }
  })
}

const UNBOUND = { value: 1_000, low: null, high: null }
const points = (figures: { [hour: number]: object }) => (answer: TimeseriesAnswer) => ({
  ...answer,
  data: answer.data.slice(0, 1).map(row => ({
    ...row,
    points: Object.entries(figures).map(([hour, figure]) => ({
      ...row.points[0],
      time: new Date(Date.parse(answer.from) + Number(hour) * 3_600_000).toISOString(),
      percentiles: { p50: figure, p75: figure, p95: figure },
    })),
  })),
})
const OVER_TIME = /\/v1\/timeseries\?(?!.*group_by)/

test('an interval without a bound reaches the rim of the chart, of a lone point, too', async () => {
  await answering(OVER_TIME, points({ 1: UNBOUND, 5: UNBOUND, 6: UNBOUND }))
  await on.open(page, '?site=demo&range=24h&live=off')
  const bands = region('LCP over time').locator('svg .line.chosen path')
  await expect.poll(() => bands.count()).toBe(2)
  for (const band of await bands.all()) {
    const { y, height, width } = await boxOf(band)
    // From top to bottom of the frame.
    expect([y, height]).toEqual([8, 266])
    expect(width).toBeGreaterThan(5)
  }
})

test('the axis of values reaches as far as the intervals', async () => {
  const wide = { value: 4_000, low: 3_000, high: 5_500 }
  await answering(OVER_TIME, points({ 1: wide, 2: wide }))
  await on.open(page, '?site=demo&range=24h&live=off')
  const band = region('LCP over time').locator('svg .line.chosen path')
  await band.waitFor()
  expect((await boxOf(band)).y).toBeGreaterThan(8)
})

test.each(Object.keys(VIEWS))('the view %s says in which zone its times are', async view => {
  for (const [timezoneId, zone] of [
    ['Asia/Kathmandu', 'UTC'],
    ['America/Sao_Paulo', 'UTC-03:00'],
  ] as const) {
    await newPage({ timezoneId })
    await on.open(page, `?site=demo&view=${view}`)
    expect(await page.getByText(`Times are ${zone}`, { exact: true }).count()).toBe(1)
  }
})

test('names that differ look different, whatever their letters are', async () => {
  const names = [
    '/pay',
    '/pay\u200b',
    '/p\u00aday',
    '/\u202eyap',
    '/\u3164',
    '/日本\u200b',
    '/می\u200cخواهم',
    '/👩\u200d👧',
  ]
  // As stored before beacons were freed of them, or given by an import.
  await answering<SummaryAnswer>(/\/v1\/summary\?.*group_by=(route|release)/, ({ data, ...answer }) => ({
    ...answer,
    data: names.map(name => ({ ...data[0], group: { route: name, release: name } })),
  }))
  await on.open(page, '?site=demo&range=7d&rows=50')
  const shown = await region('LCP by route').getByRole('rowheader').allTextContents()
  expect(shown.toSorted()).toEqual(
    [
      ...['/pay', '/pay\\u200b', '/p\\u00aday', '/\\u202eyap', '/\\u3164', '/日本\\u200b'],
      // What joins letters of its own script is seen by what it does.
      ...['/می\u200cخواهم', '/👩\u200d👧'],
    ].toSorted(),
  )
  await region('LCP by route').getByRole('link', { name: '/pay\\u200b', exact: true }).click()
  await page.getByRole('button', { name: 'Route /pay\\u200b' }).waitFor()
  expect(new URL(page.url()).searchParams.get('route')).toBe('/pay\u200b')
  await on.open(page, '?site=demo&view=compare&on=release')
  const options = await page.getByLabel('First').getByRole('option').allTextContents()
  expect(options.filter(text => text === '/pay')).toHaveLength(1)
})

test('causes say how many page views they rest on, and that some are left out', async () => {
  await answering<CausesAnswer>(/\/v1\/causes/, answer => ({ ...answer, left_out: 3 }))
  await on.open(page, '?site=demo&range=7d')
  const causes = region('LCP elements')
  expect(await causes.textContent()).toContain('3 causes of less than 5 samples left out.')
  expect(await causes.getByRole('listitem').first().textContent()).toMatch(
    /% of page views, [\d,]+ samples, impact/,
  )
  await page.unroute(/\/v1\/causes/)
  await answering<CausesAnswer>(/\/v1\/causes/, answer => ({ ...answer, left_out: 1, data: [] }))
  await page.reload()
  await settled(page)
  expect(await causes.textContent()).toContain('1 cause of less than 5 samples left out.')
  expect(await causes.textContent()).not.toContain('no data')
})

test('a count that is an estimate has its interval beside it', async () => {
  const interval = { low: 1_234, high: 5_678 }
  await answering<SummaryAnswer>(/\/v1\/summary/, answer => ({
    ...answer,
    data: answer.data.map(row => ({ ...row, count_interval: interval })),
  }))
  await on.open(page, '?site=demo&range=7d')
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'LCP', exact: true }) })
  expect(await card.textContent()).toMatch(/ page views 95% interval 1,234 to 5,678, [\d,]+ samples/)
  expect(await region('LCP by route').getByRole('row').nth(1).textContent()).toContain('1,234 – 5,678')
})

test.each([
  ['?view=compare', /\/v1\/trends/, 'Differences of p75'],
  ['?chart=histogram', /\/v1\/summary/, 'LCP distribution'],
])('what %s shows of a sample says so', async (query, path, panel) => {
  await answering(path, (answer: object) => ({ ...answer, sampled: 16 }))
  await on.open(page, `${query}&site=demo&range=7d`)
  await region(panel).getByText('Read from one in 16 page views.').waitFor()
})

test('an error’s first and last time are those of the range', async () => {
  await on.open(page, '?site=demo&range=7d&view=errors')
  const heads = await region('Errors').getByRole('columnheader').allTextContents()
  expect(heads).toContain('First in range')
  expect(heads).toContain('Last in range')
})

test.each(['75.0', '75,95', '', 'abc'])('the percentile %j of an address is no lack of data', async p => {
  await on.open(page, `?site=demo&range=7d&p=${p}`)
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'LCP', exact: true }) })
  expect(await card.textContent()).toMatch(/ p75/)
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('a change that could not be asked for is not known', async () => {
  await page.route(/\/v1\/trends\?.*group_by/, route =>
    route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"detail":"No."}' }),
  )
  await on.open(page, '?site=demo&range=7d')
  expect(await region('LCP by route').locator('.change').first().textContent()).toBe('not known')
})

test('a search says among how many names it found none', async () => {
  await answering<SummaryAnswer>(/\/v1\/summary\?.*group_by=route/, ({ data, ...answer }) => ({
    ...answer,
    data: [...data, { ...data[0], rest: true, group: { route: '(rest)' } }],
  }))
  await on.open(page, '?site=demo&range=7d&q=nowhere')
  await region('LCP by route')
    .getByText(/^None of these \d+ names has “nowhere” in it\.$/)
    .waitFor()
})

test('where all comparisons are unclear it is not said that nothing changed', async () => {
  const found = { data: [], compared: 12 }
  await answering(/\/v1\/changes/, (answer: object) => ({ ...answer, ...found, unclear: 12 }))
  await on.open(page, '?site=demo&range=7d')
  const said = await region('What changed').textContent()
  expect(said).toContain('Nothing can be told in 12 comparisons with the period before: too few page views.')
  await page.unroute(/\/v1\/changes/)
  await answering(/\/v1\/changes/, (answer: object) => ({ ...answer, ...found, unclear: 11 }))
  await page.reload()
  await settled(page)
  expect(await region('What changed').textContent()).toContain('Nothing changed in 12 comparisons')
})

test('a budget that nobody has judged yet does not say that it has no samples', async () => {
  await api('/v1/sites/demo/budgets', 'POST', { metric: 'lcp', limit: 2_500 })
  await on.open(page, '?site=demo&view=budgets')
  const said = await page.getByRole('table', { name: 'Budgets' }).textContent()
  expect(said).toContain('not judged yet')
  expect(said).not.toContain('0 samples')
})

test('a search of endpoints hides no row of the breakdown beneath', async () => {
  await on.open(page, '?site=demo&range=7d&view=api&api=GET+/api/products&q=products&col=Count')
  const rows = region('GET /api/products by route').getByRole('rowheader')
  expect(await rows.count()).toBeGreaterThan(0)
  expect(await page.getByText('No name has').count()).toBe(0)
  expect(await region('API endpoints').getByRole('searchbox').count()).toBe(1)
  expect(await page.getByRole('searchbox').count()).toBe(1)
})

test('a webhook is removed only where one says so', async () => {
  const asked: string[] = []
  page.on('dialog', dialog => {
    asked.push(dialog.message())
    return asked.length > 1 ? dialog.accept() : dialog.dismiss()
  })
  await on.open(page, '?site=demo&view=budgets')
  await page.getByLabel('Address').fill('https://hooks.example/budgets')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  const remove = page.getByRole('button', { name: 'Remove webhook' })
  await remove.click()
  await expect.poll(() => asked).toEqual(['Remove the webhook https://hooks.example/budgets?'])
  await remove.click()
  await remove.waitFor({ state: 'detached' })
  expect(asked).toHaveLength(2)
})
