/** What a daily user needs of the dashboard: page views, budgets, sites, phones, paper, and words where they stand. */

import { expect, test } from 'vitest'
import { runCron } from '../../demo/local/server.ts'
import { api, dashboardPages, on, open, page, region, rowOf, troubles } from './dashboard.page.ts'
import { settled } from './dashboard.ts'

dashboardPages()

test.each([
  [1280, 720],
  [390, 844],
])('at %i px a page view opens beside its list, and Escape gives back the focus', async (width, height) => {
  await page.setViewportSize({ width, height })
  await open('?site=demo&range=7d&view=views')
  const list = region('Slowest page views by LCP')
  await list.getByRole('button', { name: 'Show more page views' }).click()
  await list.getByRole('rowheader').nth(49).waitFor()
  const link = list.getByRole('rowheader').nth(30).getByRole('link')
  await link.click()
  const detail = region('Page view')
  await detail.waitFor()
  for (const shown of [link, detail.getByRole('heading')]) {
    const { y = -1, height: tall = 0 } = (await shown.boundingBox()) ?? {}
    expect(y).toBeGreaterThanOrEqual(0)
    expect(y + tall).toBeLessThanOrEqual(height)
  }
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H2')
  expect(await detail.textContent()).toMatch(/LCP [\d.]+ m?s.*, of which [\d.]+ m?s were .* \S+\./)
  expect(await detail.textContent()).toMatch(/, (Chrome|Safari|Firefox|Microsoft Edge) \d+, /)
  // Rows stay as low as they are without it.
  const heights = await list.locator('tbody tr').evaluateAll(rows => rows.map(row => row.clientHeight))
  expect(Math.max(...heights)).toBeLessThan(60)
  const bars = detail.locator('.track').first()
  const { x = -1, width: wide = 0 } = (await bars.boundingBox()) ?? {}
  expect(x).toBeGreaterThanOrEqual(0)
  expect(x + wide).toBeLessThanOrEqual(width)
  await page.keyboard.press('Escape')
  await detail.waitFor({ state: 'detached' })
  expect(await link.evaluate(element => element === document.activeElement)).toBe(true)
  expect(troubles).toEqual([])
})

test('a link to a page view that is not in the list opens it, and one to none says so', async () => {
  const { data } = await api<{ data: { id: string; route: string }[] }>(
    '/v1/pageviews?site=demo&from=-7d&order=newest&limit=1&device=phone',
  )
  await open(`?site=demo&range=7d&view=views&device=desktop&id=${data[0]?.id}`)
  expect(await region('Page view').getByRole('heading').textContent()).toContain(data[0]?.route)
  await page.goto(`${on.server.url}/?site=demo&range=7d&view=views&id=0123456789abcdef`)
  const alert = region('Page view').getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toBe(
    'Site demo has no page view 0123456789abcdef. They are kept for 14 days. (404)',
  )
})

test('tries a budget before it makes it, and says what is wrong beside the field', async () => {
  await open('?site=demo&range=7d&view=budgets')
  const form = region('New budget')
  const routes = () =>
    form
      .getByLabel('Route')
      .evaluate((input: HTMLInputElement) => [...(input.list?.options ?? [])].map(({ value }) => value))
  await expect.poll(routes).toContain('/p/[id]')
  const status = form.getByRole('status')
  await form.getByLabel('Metric').fill('lcp')
  await form.getByLabel('Limit').fill('1')
  await form.getByLabel('Minimum').fill('10')
  await form.getByLabel('Route').fill('/p/[id]')
  await form.getByLabel('Endpoint').focus()
  await expect
    .poll(() => status.textContent())
    .toMatch(/In the last 28 days it would have been breached 1 time, for \d+% of the time/)
  await form.getByLabel('Route').fill('/nowhere')
  await form.getByLabel('Endpoint').focus()
  await form.getByText('Nothing in the last 28 days matches this budget.').waitFor()
  await form.getByLabel('Endpoint').fill('GET /x')
  await form.getByLabel('Route').focus()
  await form.getByText('needs metric api or error_rate').waitFor()
  const endpoint = form.getByLabel('Endpoint')
  expect(await endpoint.getAttribute('aria-invalid')).toBe('true')
  const described = (await endpoint.getAttribute('aria-describedby')) ?? ''
  expect(await page.locator(`[id="${described}"]`).textContent()).toBe('needs metric api or error_rate')
  await endpoint.fill('')
  await form.getByRole('button', { name: 'Create budget' }).click()
  const row = rowOf('p75 of LCP ≤ 1 ms in 24 h, /nowhere')
  await row.waitFor()
  expect(await row.textContent()).toContain('not judged yet')
  page.once('dialog', dialog => dialog.accept())
  await row.getByRole('button', { name: /^Delete/ }).click()
  await row.waitFor({ state: 'detached' })

  await form.getByLabel('Metric').fill('pageviews')
  await form.getByLabel('Limit').fill('100000')
  await form.getByLabel('Minimum').focus()
  await expect
    .poll(() => status.textContent())
    .toMatch(/breached 1 time, for 100% of the time.* Its value was /)
  await form.getByRole('button', { name: 'Create budget' }).click()
  await rowOf('pageviews at least 100000 in 24 h').waitFor()
})

test('a read token sees budgets and sites, and nothing that it may not use', async () => {
  const { token } = await api<{ token: string }>('/v1/sites/demo/tokens', 'POST', { name: 'reader' })
  for (const view of ['budgets', 'sites']) {
    await page.goto(`${on.server.url}/?view=${view}&site=demo&range=7d#token=${token}`)
    await settled(page)
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(await page.locator('main form, main button').count()).toBe(0)
  }
  expect(await region('Sites').textContent()).toContain('demo')
})

test('makes, sets and deletes a site from the list of all, with a token of its own', async () => {
  await runCron(on.server.url)
  await open('?site=demo&view=sites')
  const row = rowOf('demo')
  expect(await row.textContent()).toMatch(/^demo[\d.]+ m?s/)
  const form = region('There is no site yet.').or(region('New site'))
  await form.getByLabel('Name').fill('second')
  await form.getByLabel('Origins').fill('not an origin')
  await form.getByRole('button', { name: 'Create site' }).click()
  await form.getByText('must be * or an origin').waitFor()
  await form.getByLabel('Origins').fill('https://a.example https://b.example')
  await form.getByRole('button', { name: 'Create site' }).click()
  await region('Measure your pages').waitFor()

  await open('?site=second&view=sites')
  await page.getByRole('link', { name: 'Settings of second' }).click()
  const settings = region('Settings of second')
  await settings.getByLabel('Days of single page views').fill('40')
  await settings.getByRole('button', { name: 'Save settings' }).click()
  await settings.getByText('must be more than raw_days').waitFor()
  await settings.getByLabel('Days of single page views').fill('7')
  await settings.getByLabel('Address of a trace').fill('https://tempo.example/trace/')
  await settings.getByRole('button', { name: 'Save settings' }).click()
  await settings.getByText('must be an address with {trace} in it').waitFor()
  await settings.getByLabel('Address of a trace').fill('https://tempo.example/trace/{trace}')
  await settings.getByRole('button', { name: 'Save settings' }).click()
  await settings.getByText('Saved.').waitFor()
  expect(await api('/v1/sites/second')).toMatchObject({
    raw_days: 7,
    trace_link: 'https://tempo.example/trace/{trace}',
    origins: ['https://a.example', 'https://b.example'],
  })

  const tokens = region('Read tokens of second')
  await tokens.getByLabel('Name of the token').fill('ci')
  await tokens.getByRole('button', { name: 'Create token' }).click()
  const token = await tokens.getByText(/^fl_second_/).textContent()
  page.once('dialog', dialog => dialog.accept())
  await tokens.getByRole('button', { name: 'Revoke ci' }).click()
  await tokens.getByText('Revoked.').waitFor()
  await tokens.getByText('No read tokens yet.').waitFor()
  expect(token).toMatch(/^fl_second_[0-9a-f]{12}_[0-9a-f]{40}$/)

  const collectors = region('Collectors of second')
  await collectors.getByLabel('Address').fill('http://10.0.0.1:4318')
  await collectors.getByRole('button', { name: 'Create collector' }).click()
  await collectors.getByText(/^must be .*https/).waitFor()
  await collectors.getByLabel('Address').fill('https://otlp.example.com/v1/metrics')
  await collectors.getByLabel('Authorization').fill('Bearer secret')
  await collectors.getByLabel('By, at most two').fill('route device')
  await collectors.getByRole('button', { name: 'Create collector' }).click()
  const collector = rowOf('https://otlp.example.com/v1/metrics')
  await collector.waitFor()
  expect(await collector.textContent()).toContain('by route, device')
  expect(await api('/v1/sites/second/collectors')).toMatchObject({ data: [{ headers: ['Authorization'] }] })
  page.once('dialog', dialog => dialog.accept())
  await collector.getByRole('button', { name: 'Remove collector' }).click()
  await collector.waitFor({ state: 'detached' })

  page.once('dialog', dialog => dialog.accept('second'))
  await settings.getByRole('button', { name: 'Delete second' }).click()
  await row.waitFor()
  await rowOf('second').waitFor({ state: 'detached' })
  expect(troubles.filter(line => !line.includes('400'))).toEqual([])
})

test('a phone has a head of less than 120 px, with all that a wide page has', async () => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open('?site=demo&range=7d&device=phone&country=DE&release=2.4.0')
  expect(await page.locator('header').evaluate(header => header.getBoundingClientRect().height)).toBeLessThan(
    120,
  )
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByLabel('Theme').selectOption('dark')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
})

test('uses 2560 px, and shows the figures alone on paper', async () => {
  await page.setViewportSize({ width: 2560, height: 1400 })
  await open('?site=demo&range=7d')
  const right = await page.locator('main').evaluate(main => main.getBoundingClientRect().right)
  expect(right).toBeGreaterThan(2_400)
  await open('?site=demo&range=7d&view=timing')
  const boxOf = (name: string) => region(name).boundingBox()
  const [tall, marks, cache, chart] = await Promise.all(
    ['Load phases', 'Custom marks', 'Back/forward cache', 'Load event over time'].map(boxOf),
  )
  expect(marks?.x).toBeGreaterThan(1_200)
  expect(cache?.x).toBe(marks?.x)
  expect(cache?.y).toBeLessThan((tall?.y ?? 0) + (tall?.height ?? 0))
  expect(chart?.width).toBeGreaterThan(2_400)
  await open('?site=demo&range=7d')
  await page.setViewportSize({ width: 800, height: 1100 })
  await page.emulateMedia({ media: 'print' })
  const seen = await page.evaluate(
    () =>
      [...document.querySelectorAll('button:not(.chip, th *), nav, .exports')].filter(e =>
        e.checkVisibility(),
      ).length,
  )
  expect(seen).toBe(0)
  expect(await page.locator('.cards').isVisible()).toBe(true)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(800)
  expect(await page.getByRole('searchbox').count()).toBe(0)
  expect(await region('LCP by route').getByRole('button', { name: 'Share of page views' }).isVisible()).toBe(
    true,
  )
  // Each title has at most a line a word: none breaks within one.
  const broken = await page.locator('thead button').evaluateAll(titles =>
    titles
      .filter(title => {
        const lines = title.clientHeight / Number.parseFloat(getComputedStyle(title).lineHeight)
        return Math.round(lines) > (title.textContent ?? '').split(' ').length
      })
      .map(title => title.textContent),
  )
  expect(broken).toEqual([])
  // Nothing draws a chart anew while a page is printed: a copy is not watched either.
  const printed = await page
    .locator('.plot')
    .first()
    .evaluate(plot => {
      const paper = document.createElement('div')
      paper.style.width = '500px'
      paper.append(plot.cloneNode(true))
      document.body.append(paper)
      const { width, height } = paper.querySelector('svg')?.getBoundingClientRect() ?? {}
      const texts = [...paper.querySelectorAll('text')].map(text => text.getBoundingClientRect().right)
      const right = paper.getBoundingClientRect().left + 500
      paper.remove()
      return { width, height, right, rightmost: Math.max(...texts) }
    })
  expect(printed.width).toBe(500)
  expect(printed.rightmost).toBeLessThanOrEqual(printed.right)
  // All that it says stands on the paper: on the screen it may be scrolled.
  const [seenOf, whole] = await region('What changed').evaluate(({ clientHeight, scrollHeight }) => [
    clientHeight,
    scrollHeight,
  ])
  expect(seenOf).toBe(whole)
})

test('forced colours leave every bar, and right-to-left paths begin with their slash', async () => {
  const beacon = `/\u05e9\u05dc\u05d5\u05dd/\u05e2\u05d5\u05dc\u05dd`
  await page.route('**/v1/summary**group_by=route**', async route => {
    const answer = await route.fetch()
    const json = await answer.json()
    json.data[0].group.route = beacon
    await route.fulfill({ response: answer, json })
  })
  await page.emulateMedia({ forcedColors: 'active' })
  await open('?site=demo&range=7d')
  const colours = await page
    .locator('.bar span')
    .evaluateAll(bars => bars.map(bar => getComputedStyle(bar).backgroundColor))
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  expect(new Set(colours).size).toBeGreaterThan(2)
  expect(colours).not.toContain(ground)
  const [slash = 0, letter = 0] = await page
    .getByText(beacon, { exact: true })
    .first()
    .evaluate(element => {
      const text = element.firstChild ?? element
      return [0, 1].map(at => {
        const range = new Range()
        range.setStart(text, at)
        range.setEnd(text, at + 1)
        return range.getBoundingClientRect().left
      })
    })
  expect(slash).toBeLessThan(letter)
})

test('explains words where they stand, with a link to more', async () => {
  await open('?site=demo&range=7d')
  for (const [name, text] of [
    ['LCP', 'Up to 2.5 s is good'],
    ['impact', 'and not good'],
    ['an interval', 'in 95 of 100 cases'],
    ['sampling', 'Counts and percentiles stay true'],
  ]) {
    const button = page.getByRole('button', { name: `What is ${name}?` }).first()
    await button.click()
    const said = page.locator(':popover-open')
    await said.getByText(text ?? '').waitFor()
    const [mark, box] = await Promise.all([button.boundingBox(), said.boundingBox()])
    if (!mark || !box) throw new Error(`${name} is not drawn.`)
    // It touches its mark from above or below, and lies within the window.
    expect(
      Math.min(Math.abs(box.y - mark.y - mark.height), Math.abs(mark.y - box.y - box.height)),
    ).toBeLessThan(8)
    expect(box.x).toBeGreaterThanOrEqual(0)
    expect(box.x).toBeLessThan(mark.x + mark.width)
    expect(box.x + box.width).toBeGreaterThan(mark.x)
    expect(box.x + box.width).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
    const link = await said.getByRole('link').getAttribute('href')
    await page.keyboard.press('Escape')
    expect(link).toMatch(/^\/help#\w+$/)
    const help = await (await fetch(`${on.server.url}${link}`)).text()
    expect(help).toContain(`id="${link?.split('#')[1]}"`)
  }
})

test('an error leads to the page views in which it came', async () => {
  await open('?site=demo&range=7d&view=errors')
  const first = region('Errors').getByRole('row').nth(1)
  const message = (await first.getByRole('rowheader').locator('bdi').first().textContent()) ?? ''
  await first.getByRole('link').click()
  const list = region('Newest page views')
  await list.getByRole('rowheader').first().getByRole('link').click()
  await region('Page view').getByText(message).first().waitFor()
  expect(new URL(page.url()).searchParams.get('error')).toBe(message)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: `Error ${message}` }).click()
  await region('Newest page views by LCP').waitFor()
})

test('a day of another year says which', async () => {
  await page.clock.setFixedTime(new Date('2031-03-01T12:00:00Z'))
  await open('?site=demo&range=7d&view=views')
  const year = new Date(Date.now()).getFullYear()
  expect(await page.getByRole('rowheader').first().textContent()).toMatch(
    new RegExp(`\\d+ \\w+ ${year}, \\d\\d:`),
  )
})

test('declares a tag among the settings, as a breakdown and a filter', async () => {
  await api('/v1/sites/tagged', 'PUT', { origins: ['*'] })
  await open('?site=tagged&view=sites&id=tagged')
  await page.getByLabel('Tags that are kept').fill('plan variant')
  await page.getByRole('button', { name: 'Save tags' }).click()
  await page.getByText('Saved.').waitFor()
  const tags = ['pro', 'pro', 'free'].map(plan => [
    ['plan', plan],
    ['variant', 'B'],
  ])
  for (const [i, list] of tags.entries()) {
    const body = JSON.stringify({
      ...{ v: 1, id: `ab${i}`, sequence: 0, weight: 1, age: 0, navigation: 'navigate', route: '/' },
      ...{ vitals: { lcp: 1000 + i }, tags: list },
    })
    const headers = {
      ...{ Authorization: `Bearer ${on.server.token}`, 'Content-Type': 'text/plain' },
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36',
    }
    expect((await fetch(`${on.server.url}/f?site=tagged`, { method: 'POST', body, headers })).status).toBe(
      204,
    )
  }
  await open('?site=tagged&tag=variant:B')
  await page.getByRole('link', { name: 'plan', exact: true }).click()
  await rowOf('pro').getByRole('link', { name: 'pro', exact: true }).click()
  await page.getByRole('button', { name: 'Tag plan:pro' }).waitFor()
  await settled(page)
  expect(new URL(page.url()).searchParams.getAll('tag')).toEqual(['variant:B', 'plan:pro'])
  // The other values stay to be chosen.
  await rowOf('free').getByRole('link', { name: 'Exclude free' }).click()
  await page.getByRole('button', { name: 'Tag not plan:free' }).waitFor()
  await page.getByRole('button', { name: 'Tag plan:pro' }).click()
  await settled(page)
  expect(new URL(page.url()).searchParams.getAll('tag')).toEqual(['variant:B'])
  await page.getByRole('link', { name: 'LCP', exact: true }).waitFor()

  await open('?site=tagged&view=compare&on=device&tag=variant:B')
  const compared = page.waitForRequest(/v1\/trends/)
  await page.getByRole('link', { name: 'plan', exact: true }).click()
  const asked = new URL((await compared).url()).searchParams
  expect([asked.getAll('tag'), asked.get('baseline_tag')]).toEqual([['variant:B', 'plan:pro'], 'plan:free'])
  await region('Differences of p75').getByText('pro', { exact: true }).first().waitFor()

  await open('?site=tagged&view=budgets')
  const tag = page.getByLabel('Tag (name:value)')
  const options = () =>
    tag.evaluate((input: HTMLInputElement) => [...(input.list?.options ?? [])].map(({ value }) => value))
  await expect.poll(options).toEqual(['plan:pro', 'plan:free', 'variant:B'])
  await page.getByLabel('Metric').fill('lcp')
  await page.getByLabel('Limit').fill('2500')
  await tag.fill('plan:pro')
  await page.getByRole('button', { name: 'Create budget' }).click()
  await rowOf('p75 of LCP ≤ 2.50 s in 24 h, plan:pro').waitFor()
  // A budget of some page views is no line over all of them.
  await open('?site=tagged')
  expect(await page.getByText('budget p75 ≤ 2.50 s').count()).toBe(0)
  await open('?site=tagged&tag=plan:pro')
  expect(await page.getByText('budget p75 ≤ 2.50 s').count()).toBe(1)
  expect(troubles).toEqual([])
})

test('makes a segment of filters, then chooses, narrows, promises and deletes it', async () => {
  await open('?site=demo&range=7d&device=phone&route=/&route=/cart')
  const figures = () => region('Metrics').textContent()
  const before = await figures()
  await page.getByRole('button', { name: 'Segments', exact: true }).click()
  const panel = region('Segments of demo')
  await panel.getByLabel('Save as a segment: Route / or /cart, Device phone').fill('Phones: Home & cart')
  // A double click saves once.
  const saves: string[] = []
  page.on('request', request => request.method() === 'PUT' && saves.push(request.url()))
  await panel.getByRole('button', { name: 'Save segment' }).dblclick()
  const chip = page.getByRole('button', { name: 'Segment phones-home-cart' })
  await chip.waitFor()
  expect(new URL(page.url()).search).toBe('?site=demo&range=7d&panel=segments&segment=phones-home-cart')
  await settled(page)
  expect(saves).toHaveLength(1)
  expect(await figures()).toBe(before)
  expect(await rowOf('Phones: Home & cart').textContent()).toContain('Route / or /cart, Device phone')

  expect(troubles).toEqual([])

  // What narrows a segment is saved with it; what contradicts it is refused, as is what deletes it while it is used.
  await on.open(page, '?site=demo&range=7d&panel=segments&segment=phones-home-cart&route=/cart&country!=FR')
  await panel.getByLabel('Save as a segment: Route /cart, Country not FR, Device phone').waitFor()
  await page.goto(`${on.server.url}/?site=demo&range=7d&segment=phones-home-cart&device=desktop`)
  await page.getByText('device contradicts segment phones-home-cart, whose device is phone').first().waitFor()

  await open('?site=demo&range=7d&view=budgets&panel=segments')
  const form = region('New budget')
  await form.getByLabel('Metric').fill('lcp')
  await form.getByLabel('Limit').fill('9000')
  await form.getByLabel('Segment').fill('phones-home-cart')
  await form.getByRole('button', { name: 'Create budget' }).click()
  const budget = rowOf('p75 of LCP ≤ 9.00 s in 24 h, phones-home-cart')
  await budget.waitFor()
  // It is a line on the chart of its segment alone.
  await open('?site=demo&range=7d')
  expect(await page.getByText('budget p75 ≤ 9.00 s').count()).toBe(0)
  await open('?site=demo&range=7d&segment=phones-home-cart')
  expect(await page.getByText('budget p75 ≤ 9.00 s').count()).toBe(1)
  await open('?site=demo&range=7d&view=budgets&panel=segments')
  page.on('dialog', dialog => dialog.accept())
  await panel.getByRole('button', { name: 'Delete Phones: Home & cart' }).click()
  await panel.getByText(/is used by budget [0-9a-f]{12}: change or delete that first/).waitFor()
  await budget.getByRole('button', { name: /^Delete/ }).click()
  await budget.waitFor({ state: 'detached' })
  await panel.getByRole('button', { name: 'Delete Phones: Home & cart' }).click()
  await panel.getByText('No segments yet.').waitFor()
  expect(troubles.filter(text => !/ 40[09] /.test(text))).toEqual([])
})

test('a site beyond the first page of sites is found, set, and opened by its address', async () => {
  const names = Array.from({ length: 104 }, (_, i) => `many-${String(i).padStart(3, '0')}`)
  for (const name of names) await api(`/v1/sites/${name}`, 'PUT', { origins: ['*'] })
  await open('?site=demo&view=sites')
  const list = region('Sites')
  expect(await rowOf('many-103').count()).toBe(0)
  await list.getByRole('link', { name: 'More sites' }).click()
  await rowOf('many-103').getByRole('link', { name: 'Settings of many-103' }).click()
  const settings = region('Settings of many-103')
  await settings.getByLabel('Days of single page views').waitFor()
  expect(await settings.evaluate(element => element.getBoundingClientRect().top < innerHeight)).toBe(true)
  // The list stays where it is.
  expect(await rowOf('many-103').count()).toBe(1)

  await open('?site=demo&view=sites&id=many-102')
  await region('Settings of many-102').getByLabel('Days of single page views').waitFor()
  const field = list.getByRole('searchbox', { name: 'Find a site' })
  await field.pressSequentially('y-10')
  await rowOf('many-103').waitFor()
  await settled(page)
  expect(await list.getByRole('rowheader').allTextContents()).toEqual(names.slice(100))
  expect(await field.evaluate(element => element === document.activeElement)).toBe(true)
  await rowOf('many-101').getByRole('link', { name: 'Settings of many-101' }).click()
  await region('Settings of many-101').getByLabel('Days of single page views').waitFor()
  expect(troubles).toEqual([])

  await page.goto(`${on.server.url}/?site=demo&view=sites&id=nobody`)
  await region('Settings of nobody').getByText('There is no site nobody.').waitFor()
  expect(await region('Read tokens of nobody').count()).toBe(0)
})

test('a comparison beyond what is kept leads to one that is kept', async () => {
  // Two filters need single page views, which are kept for 14 days.
  const [from, to] = [1.5, 0.5].map(ago => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 16))
  const own = `&range=own&from=${from}Z&to=${to}Z&country=DE&browser=Chrome`
  const notice = region('What is kept')
  for (const [days, name] of [
    [12, 'Compare with 12 days before'],
    [6, 'Compare the last 6 days of the range with the 6 days before'],
  ] as const) {
    await open(`?site=demo&view=compare&a=20${own}`)
    await notice.getByRole('link', { name }).click()
    await region('LCP p75, compared').getByRole('slider').waitFor()
    await settled(page)
    expect(new URL(page.url()).searchParams.get('a')).toBe(`${days}`)
    expect(await region('Differences of p75').textContent()).toContain(`${days} days before`)
    expect(await notice.count()).toBe(0)
    expect(await page.getByRole('alert').count()).toBe(0)
  }
})

test('another site keeps the range, and nothing that only the one before has', async () => {
  await api('/v1/sites/other', 'PUT', { origins: ['*'] })
  await open(
    '?site=demo&range=7d&p=42&device=watch&segment=mine&tag=plan:pro&by=tag:plan&view=compare&on=tag:plan&a=x',
  )
  const chosen = (name: string) =>
    page.getByLabel(name).evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.text)
  expect([await chosen('Percentile'), await chosen('Device')]).toEqual(['p42', 'watch'])
  await page.getByLabel('Site').selectOption('other')
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
    ...{ site: 'other', range: '7d', p: '42', device: 'watch', view: 'compare' },
  })
})

test('a comparison that reaches back before its tag was declared says so in words', async () => {
  await api('/v1/sites/young', 'PUT', { origins: ['*'] })
  await api('/v1/sites/young/tags', 'PUT', { tags: ['plan'] })
  await open('?site=young&range=7d&view=compare&tag=plan:pro')
  const notice = region('What is kept')
  expect(await notice.textContent()).toMatch(
    /is kept since \d+ \w+, \d\d:00: a tag from when it was declared/,
  )
  expect(await notice.textContent()).toMatch(/A day can be compared with the day before from \d+ \w+/)
  const main = page.locator('main')
  expect(await main.textContent()).not.toMatch(/must be after|\(400\)/)
  expect(await region('LCP p75, compared').count()).toBe(0)

  await open('?site=young&range=own&from=2026-01-01&to=2026-01-02&tag=plan:pro')
  const said = await main.getByRole('alert').first().textContent()
  expect(said).toMatch(
    /^Nothing is kept of this range\. It must end after \d+ \w+, \d\d:00: the tag was declared then\.$/,
  )
})

test('a site without data says so where figures will stand, and explains none', async () => {
  await api('/v1/sites/quiet', 'PUT', { origins: ['*'] })
  await open('?site=quiet')
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'INP', exact: true }) })
  const [own, said] = [await card.boundingBox(), await card.getByText('no data').boundingBox()]
  expect((said?.y ?? 999) - (own?.y ?? 0)).toBeLessThan(80)
  await region('LCP elements').scrollIntoViewIfNeeded()
  await page.getByText('There is too little data to compare with.').waitFor()
  const text = await page.locator('main').textContent()
  expect(text).not.toMatch(/Corrected for|most harmful|of 0 page views/)
})
