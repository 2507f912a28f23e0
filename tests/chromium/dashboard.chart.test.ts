/**
 * Charts: labels stand clear of values and of each other, the cursor reads, pins and zooms, events lead to where they happened,
 * and two sides are compared.
 */

import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { runCron } from '../../demo/local/server.ts'
import { sendAll } from '../../demo/traffic/send.ts'
import { pageViews } from '../../demo/traffic/traffic.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { TrendsAnswer } from '../../schema/api/trends.ts'
import { format } from '../../schema/domain/metrics.ts'
import { api, dashboardPages, on, page, region } from './dashboard.page.ts'
import { HOSTILE, settled } from './dashboard.ts'

/** Every ninth page view of `slow` takes so long, in ms. */
const SLOW = 100_000
const BUDGET = 2_500
const DEPLOYED = '2.4.0-rc'

dashboardPages({
  traffic: false,
  page: { viewport: { width: 1280, height: 900 } },
  async prepare() {
    await api('/v1/sites/slow', 'PUT', { origins: ['*'] })
    const beacons = [...pageViews({ seed: 7, views: 160, days: 6, now: Date.now() })].map(
      ({ view, ...sender }, i) => {
        const lcp = view.vitals.lcp !== null && i % 9 === 0 ? SLOW : view.vitals.lcp
        const release = `release-${Math.floor(i / 10)}.0.0`
        const marks = [{ name: 'cart.ready', value: 100 + i }]
        return { ...sender, view: { ...view, release, marks, vitals: { ...view.vitals, lcp } } }
      },
    )
    await sendAll({ ...on.server, site: 'slow' }, beacons, () => {})
    await api('/v1/sites/slow/budgets', 'POST', {
      metric: 'lcp',
      limit: BUDGET,
      minimum: 10,
      device: 'phone',
    })
    const at = new Date(Date.now() - 30 * 3_600_000).toISOString()
    await api('/v1/sites/slow/deploys', 'POST', { release: DEPLOYED, note: HOSTILE[0], at })
    await runCron(on.server.url)
  },
})

const cursor = () => page.getByRole('slider')
const tip = () => page.locator('.tip')
const query = () => new URLSearchParams(new URL(page.url()).search)

interface Box {
  text: string
  left: number
  right: number
  top: number
  bottom: number
}

/** Where the words of a panel stand on the screen. */
const wordsOf = (panel: Locator, selector: string): Promise<Box[]> =>
  panel.locator(selector).evaluateAll(nodes =>
    nodes.map(node => {
      const { left, right, top, bottom } = node.getBoundingClientRect()
      return { text: node.textContent ?? '', left, right, top, bottom }
    }),
  )

const meet = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

/** Pairs of words of which one covers another. */
const covered = (words: Box[]) =>
  words.flatMap((a, i) =>
    words
      .slice(i + 1)
      .filter(b => meet(a, b))
      .map(b => `${a.text} | ${b.text}`),
  )

test.each([390, 1280, 2560])('labels cover no value and no other label at %i px', async width => {
  await page.setViewportSize({ width, height: 900 })
  await on.open(page, '?site=slow&range=7d&live=off')
  const chart = region('LCP over time')
  await chart.locator('.events .breach').first().waitFor({ state: 'attached' })
  const words = await wordsOf(chart, 'svg text, .events > li, .legend li')
  expect(words.filter(({ text }) => text === '100 s')).toHaveLength(1)
  expect(words.length).toBeGreaterThan(15)
  expect(covered(words)).toEqual([])
  // Lines begin right of the axis, and nothing is written where they are.
  const [lines] = await wordsOf(chart, 'svg .line.chosen')
  const [plot] = await wordsOf(chart, '.plot')
  if (!lines || !plot) throw new Error('There are no lines.')
  expect(words.filter(word => meet(word, lines)).map(({ text }) => text)).toEqual([])
  expect(words.filter(({ left, right }) => left < plot.left || right > plot.right + 1)).toEqual([])
})

test.each([390, 1280, 2560])(
  'the histogram has axes, marks and no label on another at %i px',
  async width => {
    await page.setViewportSize({ width, height: 900 })
    await on.open(page, '?site=slow&range=7d&live=off&chart=histogram')
    const chart = region('LCP distribution')
    await chart.getByText(/^p75 /).waitFor()
    const words = await wordsOf(chart, 'svg text')
    const texts = words.map(({ text }) => text)
    expect(texts).toEqual(expect.arrayContaining(['0%', 'good ≤ 2.50 s', 'poor > 4.00 s', '1 s']))
    expect(texts.filter(text => /^\d+%$/.test(text)).length).toBeGreaterThan(2)
    expect(covered(words)).toEqual([])
    const bars = await wordsOf(chart, 'svg rect')
    expect(words.filter(word => bars.some(bar => meet(word, bar))).map(({ text }) => text)).toEqual([])
    const [plot] = await wordsOf(chart, '.plot')
    if (!plot) throw new Error('There is no plot.')
    expect(words.filter(({ left, right }) => left < plot.left || right > plot.right + 1)).toEqual([])
    await cursor().focus()
    await cursor().press('Home')
    expect(await cursor().getAttribute('aria-valuetext')).toMatch(
      /^\d+ ms to \d+ ms: \d+ page views?, (< )?\d+%$/,
    )
    await tip()
      .getByText(/page views?/)
      .waitFor()
  },
)

/** Where the chart is, in the middle of the screen. */
async function plot() {
  await cursor().evaluate(node => node.scrollIntoView({ block: 'center' }))
  const box = await cursor().boundingBox()
  if (!box) throw new Error('There is no chart.')
  return box
}

/** Presses the pointer at one share of the chart's width and lifts it at another. */
async function drag(from: number, to: number): Promise<void> {
  const box = await plot()
  const at = (share: number) => [box.x + box.width * share, box.y + box.height / 2] as const
  await page.mouse.move(...at(from))
  await page.mouse.down()
  await page.mouse.move(...at((from + to) / 2))
  await page.mouse.move(...at(to))
  await page.mouse.up()
}

test('a drag zooms, the address says so, and Back returns', async () => {
  await on.open(page, '?site=slow&range=7d&live=off')
  // Out of sight nothing is drawn.
  await region('LCP over time').scrollIntoViewIfNeeded()
  const labels = () => region('LCP over time').locator('svg .middle').allTextContents()
  await expect.poll(labels).not.toEqual([])
  const before = await labels()
  await drag(0.7, 0.5)
  await page.waitForURL(/range=own/)
  await settled(page)
  const [from, to] = [query().get('from') ?? '', query().get('to') ?? '']
  expect(from).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00Z$/)
  const hours = (Date.parse(to) - Date.parse(from)) / 3_600_000
  expect(hours).toBeGreaterThan(24)
  expect(hours).toBeLessThan(48)
  expect(await page.getByRole('alert').count()).toBe(0)
  await region('LCP over time').getByText('Show as a table').click()
  await expect.poll(() => region('LCP over time').getByRole('rowheader').count()).toBe(hours)
  await page.getByRole('link', { name: 'Zoom out' }).click()
  await expect.poll(() => query().get('from')).not.toBe(from)
  await page.goBack()
  await page.goBack()
  await settled(page)
  expect(query().get('range')).toBe('7d')
  await expect.poll(labels).toEqual(before)
})

test('what stands at the pointer leaves with it, or stays where it is pinned', async () => {
  await on.open(page, '?site=slow&range=7d&live=off&interval=day')
  const address = page.url()
  const box = await plot()
  await page.mouse.move(box.x + box.width * 0.6, box.y + 80)
  await tip().waitFor()
  const said = await tip().textContent()
  expect(said).toMatch(/p50 .*p75 .*95% interval .*p95 .*page views, .*samples/)
  await page.mouse.move(box.x, box.y - 100)
  await expect.poll(() => tip().count()).toBe(0)
  await page.mouse.click(box.x + box.width * 0.6, box.y + 80)
  await page.mouse.move(box.x, box.y - 100)
  expect(await tip().textContent()).toContain(said)
  expect(page.url()).toBe(address)
  await tip().getByRole('button', { name: 'Unpin' }).click()
  expect(await tip().count()).toBe(0)
  await page.mouse.click(box.x + box.width * 0.6, box.y + 80)
  await tip().getByRole('link', { name: 'See page views' }).click()
  await settled(page)
  expect(query().get('view')).toBe('views')
  expect(Date.parse(query().get('to') ?? '') - Date.parse(query().get('from') ?? '')).toBe(86_400_000)
})

test('keys read, pin, select and zoom', async () => {
  await on.open(page, '?site=slow&range=7d&live=off&interval=day')
  await cursor().focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  const second = (await cursor().getAttribute('aria-valuetext')) ?? ''
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await tip().textContent()).toContain(second.split(':')[0])
  await cursor().focus()
  await page.keyboard.press('Escape')
  expect(await tip().count()).toBe(0)
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Shift+ArrowRight')
  expect(await cursor().getAttribute('aria-valuetext')).toContain(`${second} to `)
  await page.keyboard.press('Escape')
  expect(await page.locator('.zone').count()).toBe(0)
  await page.keyboard.press('Shift+ArrowLeft')
  await page.keyboard.press('Enter')
  await page.waitForURL(/range=own/)
  expect(Date.parse(query().get('to') ?? '') - Date.parse(query().get('from') ?? '')).toBe(2 * 86_400_000)
})

test('a zoom that waits or fails shows no line and no tip of before', async () => {
  await on.open(page, '?site=slow&range=7d&live=off')
  const held: (() => void)[] = []
  await page.route('**/v1/timeseries**', async route => {
    await new Promise<void>(done => held.push(done))
    await route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"detail":"No."}' })
  })
  await drag(0.5, 0.7)
  const chart = region('LCP over time')
  await chart.getByText('Loading').waitFor()
  expect(await chart.locator('svg').count()).toBe(0)
  expect(await tip().count()).toBe(0)
  for (const release of held) release()
  await chart.getByRole('alert').waitFor()
  expect(await chart.textContent()).not.toContain('no data')
})

test('a time in the address that is none breaks nothing', async () => {
  await page.goto(`${on.server.url}/?site=slow&range=own&from=xT&to=T#token=${on.server.token}`)
  await page.getByRole('alert').first().waitFor()
  expect(await page.getByRole('alert').first().textContent()).toContain('from must be RFC 3339')
})

test('marks lead to a release, and from a breach to its cause in one click', async () => {
  await on.open(page, '?site=slow&range=7d&live=off')
  const chart = region('LCP over time')
  const breach = chart.locator('a[aria-label^="breach of p75 ≤ 2.50 s, phone"]').first()
  await chart.locator('.events .breach').first().waitFor({ state: 'attached' })
  // It may stand among others, which one opens.
  if (!(await breach.isVisible())) await chart.locator('.events summary').last().click()
  await breach.click()
  await settled(page)
  expect(Object.fromEntries(query())).toMatchObject({ device: 'phone', range: 'own', at: 'cause' })
  const causes = region('LCP elements')
  await expect.poll(async () => (await causes.boundingBox())?.y ?? -1).toBeGreaterThanOrEqual(0)
  await expect.poll(async () => (await causes.boundingBox())?.y ?? 900).toBeLessThan(600)
  await on.open(page, '?site=slow&view=budgets')
  await region('History')
    .getByRole('link', { name: /^See the cause of p75 of LCP/ })
    .click()
  await page.waitForURL(/at=cause/)
})

test('does not take events that it could not ask for as none', async () => {
  await page.route('**/v1/budget-events**', route =>
    route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"detail":"No."}' }),
  )
  await on.open(page, '?site=slow&range=7d&live=off')
  await region('LCP over time').getByText('Some events are not known.').waitFor()
})

test.each([
  { stored: 1, read: 1, said: [], unsaid: ['Sampled', 'Read from', 'The worker kept'] },
  { stored: 8, read: 1, said: ['Sampled: each stored page view stands for 8.'], unsaid: ['Read from'] },
  { stored: 1, read: 4, said: ['Read from one in 4 of the stored'], unsaid: ['Sampled', 'The worker kept'] },
  { stored: 8, read: 4, said: ['stands for at least 8.', 'Read from one in 4'], unsaid: [] },
])('the notice tells 1 of $stored stored from 1 of $read read', async ({ stored, read, said, unsaid }) => {
  await page.route('**/v1/summary?**', async route => {
    const answer = await route.fetch()
    const { data, ...rest } = (await answer.json()) as SummaryAnswer
    const rows = data.map(row => ({ ...row, count: row.samples * stored * read }))
    await route.fulfill({ json: { ...rest, ...(read > 1 && { sampled: read }), data: rows } })
  })
  await on.open(page, '?site=slow&range=7d&live=off')
  const notice = (await page.getByText(/^From \d.* to \d/).textContent())?.replaceAll('\xa0', ' ')
  for (const text of said) expect(notice).toContain(text)
  for (const text of unsaid) expect(notice).not.toContain(text)
})

test('two devices stand side by side as the API compares them, by their address', async () => {
  await on.open(page, '?site=slow&view=compare&range=7d&live=off&on=device&a=phone&b=desktop')
  const path = '/v1/trends?site=slow&from=-7d&metrics=lcp&device=desktop&baseline_device=phone'
  const [row] = (await api<TrendsAnswer>(path)).data
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'LCP', exact: true }) })
  const text = (await card.textContent())?.replaceAll('\xa0', ' ')
  for (const side of [row?.before, row?.after]) expect(text).toContain(format('lcp', side?.value ?? null))
  const { value = 0, low = 0, high = 0 } = row?.change?.difference ?? {}
  const signed = (ms: number) => `${ms < 0 ? '−' : '+'}${format('lcp', Math.abs(ms))}`
  expect(text).toContain(`${signed(value)} 95% interval ${signed(low)} to ${signed(high)}`)
  const chart = region('LCP p75, compared')
  expect(await chart.locator('.line.a path').count()).toBeGreaterThan(0)
  expect(await chart.locator('.line.b path').count()).toBeGreaterThan(0)
  expect(await chart.locator('.legend').textContent()).toMatch(/^phone.*desktop/)
  await region('Causes of LCP, compared').getByRole('row').nth(2).waitFor()
  await page.getByRole('link', { name: 'Distribution' }).click()
  const bars = region('LCP distributions').locator('rect')
  await expect.poll(() => bars.count()).toBeGreaterThan(10)
  expect(covered(await wordsOf(region('LCP distributions'), 'svg text'))).toEqual([])
})

test('compares a period with the same hours of days before, and zooms both by a drag', async () => {
  await on.open(page, '?site=slow&view=compare&range=24h&live=off')
  expect(await page.getByLabel('Days before').inputValue()).toBe('1')
  await page.getByLabel('Days before').fill('2')
  await page.getByLabel('Days before').press('Enter')
  await page.waitForURL(/a=2/)
  await settled(page)
  const asked = page.waitForRequest(/v1\/trends.*baseline_from/)
  await drag(0.5, 0.7)
  const sent = new URL((await asked).url()).searchParams
  const time = (name: string) => Date.parse(sent.get(name) ?? '')
  expect(time('from') - time('baseline_from')).toBe(2 * 86_400_000)
  expect(time('to') - time('baseline_to')).toBe(2 * 86_400_000)
  expect(query().get('a')).toBe('2')
})

test('draws nothing of two sides until both are there', async () => {
  let release = () => {}
  const held = new Promise<void>(done => {
    release = done
  })
  await page.route(/v1\/timeseries.*device=phone/, async route => {
    await held
    await route.continue()
  })
  await page.route('**/v1/trends**', route =>
    route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"detail":"No."}' }),
  )
  await page.goto(
    `${on.server.url}/?site=slow&view=compare&range=7d&live=off&on=device&a=phone&b=desktop#token=${on.server.token}`,
  )
  const chart = region('LCP p75, compared')
  await region('Differences of p75').getByRole('alert').waitFor()
  expect(await region('Differences of p75').textContent()).not.toContain('no data')
  expect(await chart.locator('.line').count()).toBe(0)
  release()
  await chart.locator('.line.a').first().waitFor()
  const hostile = encodeURIComponent('<img src=x onerror="document.title=`owned`">')
  await on.open(page, `?site=slow&view=compare&range=7d&live=off&on=route&a=${hostile}&b=/`)
  expect(await page.locator('img').count()).toBe(0)
  expect(await page.title()).not.toBe('owned')
})

test('a release mark leads to the comparison with the release before', async () => {
  await on.open(page, '?site=slow&range=7d&live=off')
  const mark = region('LCP over time')
    .locator('.events > li > a', { has: page.locator('.release') })
    .first()
  const name = /^release (\S+) begins$/.exec((await mark.getAttribute('aria-label')) ?? '')?.[1]
  await mark.click()
  await settled(page)
  expect(Object.fromEntries(query())).toMatchObject({ view: 'compare', on: 'release', b: name })
  expect(query().get('a')).toMatch(/^release-/)
  await region('LCP p75, compared')
    .locator('.legend')
    .getByText(name ?? '?')
    .waitFor()
})

test('a deploy leads to the time after it against the same hours before', async () => {
  await on.open(page, '?site=slow&range=7d&live=off')
  const deploy = region('LCP over time').locator(`a[aria-label^="deploy of ${DEPLOYED}"]`)
  expect(await deploy.getAttribute('aria-label')).toContain(HOSTILE[0])
  if (!(await deploy.isVisible())) {
    await page
      .locator('.events details', { has: page.locator('.deploy') })
      .locator('summary')
      .click()
  }
  await deploy.click()
  await settled(page)
  expect(Object.fromEntries(query())).toMatchObject({ view: 'compare', range: 'own' })
  expect(Date.now() - Date.parse(query().get('from') ?? '')).toBeGreaterThanOrEqual(30 * 3_600_000)
  expect(Date.now() - Date.parse(query().get('from') ?? '')).toBeLessThan(32 * 3_600_000)
  expect(await page.locator('img').count()).toBe(0)
})

test('load phases and marks have their percentiles, and each its chart', async () => {
  await on.open(page, '?site=slow&view=timing&range=7d&live=off')
  const phases = region('Load phases')
  await region('Back/forward cache')
    .getByRole('link')
    .or(region('Back/forward cache').getByText('no data'))
    .waitFor()
  expect(await phases.getByRole('rowheader').allTextContents()).toContain('Response received')
  await region('Load event over time').getByRole('slider').waitFor()
  await region('Custom marks').getByRole('link', { name: 'cart.ready' }).click()
  await settled(page)
  const chart = region('cart.ready over time')
  await chart.getByRole('slider').focus()
  await page.keyboard.press('End')
  await expect.poll(() => chart.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/p75 \d+|no data/)
  expect(await page.getByRole('alert').count()).toBe(0)
  // Bars fit their table and columns are told apart, whichever percentile is chosen.
  for (const p of ['50', '95', '99']) {
    await page.getByLabel('Percentile').selectOption(p)
    await settled(page)
    const heads = await phases.getByRole('columnheader').allTextContents()
    expect(heads).toEqual(['Name', ...(p === '95' ? [] : [`p${p}`]), 'Timeline', 'p95', 'Count', 'Samples'])
    const widths = await phases
      .locator('.track')
      .evaluateAll(tracks =>
        tracks.map(track => [...track.children].map(bar => bar.clientWidth / track.clientWidth)),
      )
    expect(Math.max(...widths.flat())).toBeCloseTo(1, 1)
    // The shorter one is drawn over the longer one.
    for (const bars of widths) expect(bars).toEqual(bars.toSorted((a, b) => b - a))
  }
})
