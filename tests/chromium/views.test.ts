import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type {} from '../../sdk/tag.ts'
import { truthOf, WITNESS } from '../kit/ground-truth.ts'
import type { Beacon } from '../kit/site.ts'
import { prerender } from './prerender.ts'
import { chromium, expectSilence, site } from './started.ts'

expectSilence()

const sequences = (beacons: Beacon[]) => beacons.map(({ view }) => view.sequence)
const routes = (beacons: Beacon[]) => beacons.map(({ view }) => view.route)
/** The SDK runs. Polled, since a hidden tab has no animation frames. */
const started = (page: Page) => page.waitForFunction('window.fieldline', null, { polling: 20 })
const painted = (page: Page) =>
  page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0)
const loaded = (page: Page) => Promise.all([started(page), painted(page)])

test('leaving sends one beacon, with what was reported at the last moment', async () => {
  const page = await chromium.open(site.page('/from/12345', { tag: 'data-site="shop"', head: WITNESS }))
  await loaded(page)
  await page.goto('about:blank')
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view.route).toBe('/from/[id]')
  expect(beacon?.view.navigation).toBe('navigate')
  expect(beacon?.view.vitals).toMatchObject({
    lcp: expect.any(Number),
    fcp: expect.any(Number),
    cls: 0,
    inp: null,
  })
  // The next page's beacon would come after a second one of this page.
  await page.goto(site.page('/next', { tag: 'data-site="shop"' }))
  await loaded(page)
  await page.goto('about:blank')
  expect(routes(await site.until(beacons => routes(beacons).includes('/next')))).toEqual([
    '/from/[id]',
    '/next',
  ])
})

test('leaving before the page has loaded keeps the time to first byte', async () => {
  const page = await chromium.open()
  site.page('/early', { tag: 'data-site="shop"', body: '<h1>Early</h1><img src="/api/slow?silent">' })
  await page.goto(`${site.origin}/early`, { waitUntil: 'commit' })
  await loaded(page)
  await page.goto('about:blank')
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view.vitals.ttfb).toEqual(expect.any(Number))
  expect(beacon?.view.phases).toBe(null)
})

test('a tab that hides again and again numbers its beacons and repeats none', async () => {
  const page = await chromium.open(site.page('/again', { tag: 'data-site="shop"' }))
  await loaded(page)
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 1)
  await chromium.show(page)
  await chromium.hide(page)
  await chromium.show(page)
  await page.evaluate(() => fetch('/api/a').then(response => response.text()))
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 2)
  await page.close()
  expect(sequences(site.beacons)).toEqual([0, 1])
  expect(site.views()).toHaveLength(1)
  const [first, second] = [0, 1].map(n => site.beacons.find(({ view }) => view.sequence === n))
  expect(second?.view.vitals).toEqual(first?.view.vitals)
  expect(second?.view.calls.map(call => call.endpoint)).toEqual(['GET /api/a'])
  expect(second?.view.age).toBeGreaterThan(first?.view.age ?? Number.NaN)
})

test('a page that comes back from the back/forward cache is a page view of its own', async () => {
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop" data-route="/[category]"' }))
  await loaded(page)
  const start = Date.now()
  await page.goto(site.page('/detail', { tag: 'data-site="shop"' }))
  await loaded(page)
  await page.goBack({ waitUntil: 'commit' })
  await page.waitForFunction(() => document.visibilityState === 'visible')
  await page.evaluate(
    () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  )
  await page.goto('about:blank')
  await site.until(beacons => beacons.length === 3)
  const views = site.beacons.map(({ view }) => view)
  expect(views.map(({ route }) => route).sort()).toEqual(['/[category]', '/[category]', '/detail'])
  const [list, back] = ['navigate', 'back-forward-cache'].map(way =>
    views.find(({ route, navigation }) => route === '/[category]' && navigation === way),
  )
  expect([list, back]).not.toContain(undefined)
  expect(back?.id).not.toBe(list?.id)
  expect(back?.vitals).toMatchObject({ ttfb: 0, cls: 0, fcp: expect.any(Number), lcp: expect.any(Number) })
  expect(back?.phases).toBe(null)
  expect(back?.age).toBeLessThanOrEqual(Date.now() - start)
})

/** Frames as the browser may tell of them: two of the page's own, and one of another site. */
const TREE = `{ reasons: [{ reason: 'masked' }], children: [
  { id: 'whose', name: 'whose', src: '/whose', url: '/whose', reasons: [{ reason: 'lock' }, { reason: 'masked' }], children: [] },
  { id: 'whose', name: null, src: '/whose', url: null, reasons: null, children: null }] }`

test.each([
  ['the page itself', '', ['masked']],
  [
    'with its frames',
    `Object.defineProperty(PerformanceNavigationTiming.prototype, 'notRestoredReasons', { get: () => (${TREE}) })`,
    ['masked', 'lock'],
  ],
])('a return that loads the page anew says why: %s', async (_, script, reasons) => {
  const list = site.page('/list', {
    tag: 'data-site="shop"',
    head: `<script>addEventListener('unload', () => {});${script}</script>`,
    headers: { 'cache-control': 'no-store' },
  })
  const page = await chromium.open(list)
  await loaded(page)
  await page.goto(site.page('/detail', {}))
  await page.goBack()
  await loaded(page)
  await page.goto('about:blank')
  await site.until(beacons => beacons.length === 2)
  const [first, back] = site.beacons
  expect(first?.view).toMatchObject({ navigation: 'navigate' })
  expect(first?.view).not.toHaveProperty('bfcache')
  expect(back?.view).toMatchObject({ navigation: 'back-forward', bfcache: reasons })
  expect(back?.body).not.toContain('whose')
})

test('what is painted long after a return is not the LCP of the return', async () => {
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', body: '<p>A list</p>' }))
  await loaded(page)
  await page.goto(site.page('/detail', {}))
  await page.goBack({ waitUntil: 'commit' })
  await page.evaluate(
    () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  )
  const time = await page.evaluate(
    () =>
      new Promise<number>(resolve => {
        new PerformanceObserver(list => resolve(list.getEntries()[0]?.startTime ?? 0)).observe({
          type: 'largest-contentful-paint',
        })
        document.body.insertAdjacentHTML('beforeend', '<h1 style="font-size:90px">A text that is larger</h1>')
      }),
  )
  await page.goto('about:blank')
  await site.until(beacons => beacons.length === 2)
  const [, back] = site.beacons.map(({ view }) => view)
  expect(back?.navigation).toBe('back-forward-cache')
  expect(back?.vitals.lcp).toBeGreaterThan(0)
  expect(back?.vitals.lcp).toBeLessThan(time)
  expect((back?.vitals.lcp ?? 0) - (back?.vitals.fcp ?? 0)).toBeLessThan(20)
})

/** A click changes the address, then the page, as a router does. */
const ROUTER = `
  <button id="go">Go</button><main>A list</main>
  <script>
    go.addEventListener('click', async () => {
      history.pushState({}, '', '/p/58213?token=secret')
      window.fieldline.setRoute?.(window.named ?? '')
      const text = await (await fetch('/api/product/58213?token=secret')).text()
      document.querySelector('main').innerHTML = '<h2>A product</h2><p>' + 'with a long text '.repeat(100) + text
    })
  </script>`

test('a soft navigation is a page view of its own, with the calls that the click made', async () => {
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', body: ROUTER }))
  await loaded(page)
  await page.click('#go')
  // The page view before is sent without waiting for the tab to hide.
  await site.until(beacons => beacons.length === 1)
  expect(await page.evaluate(() => document.visibilityState)).toBe('visible')
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 2)
  const [hard, soft] = site.beacons.map(({ view }) => view)
  expect([hard?.route, soft?.route]).toEqual(['/list', '/p/[id]'])
  expect([hard?.navigation, soft?.navigation]).toEqual(['navigate', 'soft-navigation'])
  expect(hard?.vitals.inp).toEqual(expect.any(Number))
  expect(hard?.calls).toEqual([])
  expect(soft?.vitals).toMatchObject({ ttfb: null, cls: 0, fcp: expect.any(Number), lcp: expect.any(Number) })
  expect(soft?.phases).toBe(null)
  expect(soft?.sequence).toBe(0)
  expect(soft?.calls.map(call => call.endpoint)).toEqual(['GET /api/product/[id]'])
  expect(soft?.calls[0]?.start).toBeLessThan(1000)
  expect(site.beacons.map(({ body }) => body).join()).not.toContain('secret')
})

test('soft navigations in a row leave earlier vitals alone, and have no load', async () => {
  const body = `<button id="go">Go</button><main>A list</main><script>
    let step = 0
    go.addEventListener('click', () => {
      history.pushState({}, '', ['/first', '/second'][step++])
      document.querySelector('main').innerHTML = '<h2>' + step + '</h2>' + 'with a long text '.repeat(100 * step)
    })
  </script>`
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', head: WITNESS, body }))
  await started(page)
  await page.waitForFunction(() => window.truth().lcp)
  const { lcp, fcp, ttfb } = await truthOf(page)
  await page.click('#go')
  await page.waitForURL('**/first')
  await page.click('#go')
  await page.waitForURL('**/second')
  await site.until(beacons => beacons.length === 2)
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 3)
  const [hard, ...soft] = site.beacons.map(({ view }) => view)
  expect(hard?.vitals).toMatchObject({
    lcp: Math.round(lcp ?? Number.NaN),
    fcp: Math.round(fcp ?? Number.NaN),
    ttfb: Math.round(ttfb ?? Number.NaN),
  })
  expect(soft.map(({ route, vitals, phases }) => [route, vitals.ttfb, phases])).toEqual([
    ['/first', null, null],
    ['/second', null, null],
  ])
  expect(soft.every(({ vitals }) => vitals.fcp && vitals.lcp)).toBe(true)
})

test('sends a late vital with the next number, even when another page view has begun', async () => {
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', body: ROUTER }))
  await loaded(page)
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 1)
  await chromium.show(page)
  await page.click('#go')
  await site.until(beacons => beacons.length === 2)
  await chromium.hide(page)
  const [before, after, soft] = (await site.until(beacons => beacons.length === 3)).map(({ view }) => view)
  expect(before?.vitals.inp).toBe(null)
  expect(after).toMatchObject({ id: before?.id, sequence: 1, vitals: { inp: expect.any(Number) } })
  expect(after?.vitals).toEqual({ ...before?.vitals, inp: after?.vitals.inp })
  expect(soft).toMatchObject({ route: '/p/[id]', sequence: 0 })
})

test('setRoute names the page view that it was called in, and only that', async () => {
  const head = '<script>window.named = "/p/[slug]?x=1"</script>'
  const page = await chromium.open(
    site.page('/list', { tag: 'data-site="shop" data-route="/[category]"', head, body: ROUTER }),
  )
  await loaded(page)
  await page.click('#go')
  await site.until(beacons => beacons.length === 1)
  await page.goto('about:blank')
  expect(routes(await site.until(beacons => beacons.length === 2))).toEqual(['/[category]', '/p/[slug]'])
})

test('a page view keeps its name though the next one is named again and again', async () => {
  const page = await chromium.open(
    site.page('/list', { tag: 'data-site="shop" data-route="/[category]"', body: ROUTER }),
  )
  await loaded(page)
  await page.click('#go')
  await site.until(beacons => beacons.length === 1)
  await page.evaluate(() => {
    for (let i = 0; i < 20; i++) window.fieldline?.setRoute('/p/[slug]')
  })
  await chromium.hide(page)
  expect(routes(await site.until(beacons => routes(beacons).includes('/p/[slug]')))).toEqual([
    '/[category]',
    '/p/[slug]',
  ])
})

test('a soft navigation has calls with methods, even if the page view before is full', async () => {
  const body = `<button id="go">Go</button><main>A list</main>
    <script>
      go.addEventListener('click', () => {
        history.pushState({}, '', '/full/next')
        fetch('/api/cart?delay=1000', { method: 'POST' })
        document.querySelector('main').innerHTML = '<h2>A product</h2><p>' + 'with a long text '.repeat(100)
      })
    </script>`
  const page = await chromium.open(site.page('/full', { tag: 'data-site="shop"', body }))
  await loaded(page)
  await page.evaluate(async () => {
    for (let i = 0; i < 70; i++) await fetch(`/api/${i}`).then(response => response.text())
  })
  await page.click('#go')
  await site.until(beacons => beacons.length === 1)
  await chromium.hide(page)
  const beacons = await site.until(beacons => routes(beacons).includes('/full/next'))
  expect(beacons.at(-1)?.view.calls.map(({ endpoint }) => endpoint)).toEqual(['POST /api/cart'])
})

test('a page that was seen and left before the script came is a page view', async () => {
  const page = await chromium.open(site.page('/late', {}))
  await painted(page)
  await chromium.hide(page)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.src = '/fieldline.js'
    script.dataset.site = 'shop'
    document.head.append(script)
  })
  await started(page)
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 100)))
  await page.goto('about:blank')
  expect(routes(await site.until(beacons => beacons.length > 0))).toEqual(['/late'])
})

test('a redirect of a page that nobody has touched renames its page view', async () => {
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"' }))
  await loaded(page)
  await page.evaluate(() => {
    window.fieldline?.setRoute('/[category]')
    history.pushState({}, '', '/p/1')
    window.fieldline?.setRoute('/p/[slug]')
  })
  await chromium.hide(page)
  expect(routes(await site.until(beacons => beacons.length > 0))).toEqual(['/p/[slug]'])
})

test('a page opened in the background counts from when it is shown, without paints', async () => {
  const behind = await chromium.openBehind(site.page('/behind', { tag: 'data-site="shop"' }))
  await started(behind)
  await chromium.show(behind)
  await chromium.hide(behind)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view.vitals).toMatchObject({ lcp: null, fcp: null, ttfb: expect.any(Number) })
})

test('a page opened in the background and never shown is no page view', async () => {
  const front = await chromium.open(site.page('/front', { tag: 'data-site="shop"' }))
  await loaded(front)
  const behind = await chromium.openBehind(site.page('/unseen', { tag: 'data-site="shop"' }))
  await started(behind)
  await behind.goto('about:blank')
  await chromium.hide(front)
  expect(routes(await site.until(beacons => beacons.length > 0))).toEqual(['/front'])
})

/** Asks for what fails while nobody sees the page, then to be shown; leaves as it is painted and has the script. */
const READY = `<h1>Ready</h1><script>
  addEventListener('load', () => setTimeout(async () => {
    await fetch('/api/early?status=500').then(response => response.text())
    fetch('/api/ready')
  }))
  new PerformanceObserver(list => {
    if (list.getEntriesByName('first-contentful-paint').length) setTimeout(leave)
  }).observe({ type: 'paint', buffered: true })
  const leave = () => { if (window.fieldline) location.href = '/end'; else setTimeout(leave, 20) }
</script>`

test('measures a prerendered page from its activation, with the calls before', async () => {
  const view = await prerender(site, { tag: 'data-site="shop"', body: READY })
  expect(view).toMatchObject({ navigation: 'prerender', vitals: { ttfb: 0 }, phases: { load: 0 } })
  expect(view.vitals.fcp).toEqual(expect.any(Number))
  expect(view.calls.filter(({ outcome }) => outcome !== 'ok')).toMatchObject([
    { endpoint: 'GET /api/early', outcome: 'http', status: 500, start: 0 },
  ])
})

test('a prerendered page that is never shown is no page view', async () => {
  site.page('/other', { tag: 'data-site="shop"', body: READY })
  const view = await prerender(site, { tag: 'data-site="shop"', body: READY }, '/other')
  expect(view.route).toBe('/other')
  expect(site.views()).toHaveLength(1)
})

test('a key that is held begins one page view, named by where it ends', async () => {
  const body = `<h1>A photo</h1><script>
    let photo = 0
    addEventListener('keydown', () => history.pushState({}, '', '/photo/' + 'abcdefghijkl'[photo++]))
  </script>`
  const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', body }))
  await loaded(page)
  for (let times = 0; times < 12; times++) await page.keyboard.down('ArrowRight')
  await page.keyboard.up('ArrowRight')
  await page.waitForURL('**/photo/l')
  await chromium.hide(page)
  await site.until(beacons => routes(beacons).includes('/photo/l'))
  expect(
    site
      .views()
      .map(beacons => beacons.at(-1)?.view.route)
      .sort(),
  ).toEqual(['/list', '/photo/l'])
})

describe('where the browser knows no soft navigations', () => {
  const HEAD = '<script>delete window.PerformanceSoftNavigation</script>'

  test('a new path begins a page view with its own route and calls, without vitals', async () => {
    const page = await chromium.open(
      site.page('/list', { tag: 'data-site="shop"', head: HEAD, body: ROUTER }),
    )
    await loaded(page)
    await page.evaluate(() => fetch('/api/list').then(response => response.text()))
    await page.click('#go')
    await page.waitForFunction(() => document.querySelector('main h2'))
    await page.goBack()
    await page.evaluate(() => fetch('/api/list').then(response => response.text()))
    await chromium.hide(page)
    const latest = await site
      .until(beacons => new Set(beacons.map(({ view }) => view.id)).size === 3)
      .then(() => site.views().map(beacons => beacons.map(({ view }) => view)))
    // Beacons that leave together may arrive in any order.
    const told = latest.map(views => [
      views[0]?.navigation,
      views.at(-1)?.route,
      views.flatMap(({ calls }) => calls.map(({ endpoint }) => endpoint)),
    ])
    expect(told.sort()).toEqual([
      ['navigate', '/list', ['GET /api/list']],
      ['soft-navigation', '/list', ['GET /api/list']],
      ['soft-navigation', '/p/[id]', ['GET /api/product/[id]']],
    ])
    const last = latest.flatMap(views => views.at(-1) ?? [])
    const hard = last.find(({ navigation }) => navigation === 'navigate')
    const soft = last.filter(view => view !== hard)
    expect(soft).toHaveLength(2)
    expect(hard?.vitals).toMatchObject({ lcp: expect.any(Number), inp: expect.any(Number) })
    for (const view of soft)
      expect(view.vitals).toEqual({ lcp: null, inp: null, cls: null, fcp: null, ttfb: null })
    await page.close()
  })

  test('ignores new queries, new fragments, and what a page does before it is touched', async () => {
    // As the SDK has started: what is evaluated later counts as a touch.
    const head = `${HEAD}<script>
      document.addEventListener('load', () => {
        window.started = 'fieldline' in window
        history.replaceState({}, '', '/en/list')
        history.pushState({}, '', '/en/start')
      }, { capture: true, once: true })
    </script>`
    const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', head, body: ROUTER }))
    await loaded(page)
    expect(await page.evaluate('[started, location.pathname]')).toEqual([true, '/en/start'])
    await page.click('main')
    await page.evaluate(() => {
      history.pushState({}, '', '?page=2')
      history.replaceState({}, '', '#part')
      location.hash = 'other'
    })
    await chromium.hide(page)
    expect(routes(await site.until(beacons => beacons.length > 0))).toEqual(['/en/start'])
    expect(site.views()).toHaveLength(1)
    await page.close()
  })

  test('without the Navigation API, detects pushState and popstate', async () => {
    const head = `${HEAD}<script>Object.defineProperty(window, 'navigation', { value: undefined })</script>`
    const page = await chromium.open(site.page('/list', { tag: 'data-site="shop"', head, body: ROUTER }))
    await loaded(page)
    await page.click('#go')
    await page.waitForFunction(() => document.querySelector('main h2'))
    await page.goBack()
    await chromium.hide(page)
    await site.until(beacons => new Set(beacons.map(({ view }) => view.id)).size === 3)
    // Beacons that leave together may arrive in any order.
    const told = site.views().map(([first]) => `${first?.view.navigation} ${first?.view.route}`)
    expect(told.sort()).toEqual(['navigate /list', 'soft-navigation /list', 'soft-navigation /p/[id]'])
    await page.close()
  })
})
