import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { MAX_BYTES } from '../../schema/wire/beacon.ts'
import type {} from '../../sdk/tag.ts'
import { type Beacon, IMPORTS, TAG } from '../kit/site.ts'
import { chromium, expectSilence, site } from './started.ts'

expectSilence()

async function open(path: string, tag = TAG, head = ''): Promise<Page> {
  const page = await chromium.open(site.page(path, { tag, head }))
  await page.waitForFunction('window.fieldline')
  return page
}

/**
 * Beacons of pages that end: at least so many, and what else comes up to the beacon of a last page. Where none is to come,
 * the last page's is all that can be waited for.
 */
async function beaconsAfter(page: Page, least = 1): Promise<Beacon[]> {
  await page.goto(site.page('/last', { tag: TAG }))
  await page.waitForFunction('window.fieldline')
  await chromium.hide(page)
  const isLast = ({ view }: Beacon) => view.route === '/last'
  await site.until(
    beacons => beacons.some(isLast) && beacons.filter(beacon => !isLast(beacon)).length >= least,
  )
  await page.close()
  return site.beacons.filter(beacon => !isLast(beacon))
}

test('the script tag says all there is to say', async () => {
  const page = await open(
    '/tag',
    `data-site="a shop" data-release="2.4.0#7" data-route="/named" data-sample="1"`,
  )
  const [beacon] = await beaconsAfter(page)
  expect(beacon?.site).toBe('a shop')
  expect(beacon?.headers['content-type']).toMatch(/^text\/plain/)
  expect(beacon?.view).toMatchObject({
    route: '/named',
    release: '2.4.0#7',
    weight: 1,
    sequence: 0,
    touch: false,
  })
  expect(beacon?.view.connection).toMatch(/^(slow-2g|[234]g)$/)
})

test('a script tag without a site sends nothing and complains about nothing', async () => {
  expect(await beaconsAfter(await open('/tag', ''), 0)).toEqual([])
})

test('starting twice measures once', async () => {
  const page = await open('/twice', TAG, `<script src="/fieldline.js" ${TAG}></script>`)
  await page.evaluate(() => window.fieldline?.init({ site: 'other', endpoint: '/f' }))
  await page.evaluate(() => fetch('/api/a').then(response => response.text()))
  const beacons = await beaconsAfter(page)
  expect(beacons).toHaveLength(1)
  expect(beacons[0]?.site).toBe('shop')
  expect(beacons[0]?.view.calls).toHaveLength(1)
})

test('options that make no sense neither throw nor send', async () => {
  const page = await open('/nonsense', '')
  await page.evaluate(() => {
    const init: (options?: unknown) => void = Reflect.get(window.fieldline ?? {}, 'init')
    for (const options of [{}, undefined, null, 1, { site: 'shop' }, { site: 'shop', endpoint: 'http://[' }])
      init(options)
    window.fieldline?.setRoute('/x')
  })
  expect(await beaconsAfter(page, 0)).toEqual([])
  expect(chromium.complaints.splice(0)).toEqual([
    'warning: fieldline: wrong options: {site: undefined, endpoint: undefined, sample: 1}',
  ])
})

const ODD = {
  'a BigInt': '3n',
  'a Symbol': 'Symbol("odd")',
  'an object': '({ a: 1 })',
  'an object without a text': 'Object.create(null)',
  'an object that throws': '({ toString() { throw new Error("odd") } })',
  'a window': 'window',
  'a list': '[Symbol("odd"), 3n]',
  'a function': '() => { throw new Error("odd") }',
  null: 'null',
  'a number': '7',
  'no text': '""',
  'a long text': '"x".repeat(30_000)',
  'no address': '"http://["',
}

for (const [kind, value] of Object.entries(ODD))
  test(`options that are ${kind} never cost the page view`, async () => {
    const odd = ['release', 'route', 'routeBy', 'ignore', 'errors', 'api', 'fallback', 'tagPlan', 'more']
    const page = await open(
      '/odd',
      '',
      `<script src="/fieldline.js"></script><script>
        fieldline.init({ site: 'shop', endpoint: '/f', ${odd.map(name => `${name}: ${value}`)} })
      </script>`,
    )
    await page.waitForFunction('performance.getEntriesByType("paint")[1]')
    const [beacon] = await beaconsAfter(page)
    expect(beacon?.bytes).toBeLessThanOrEqual(MAX_BYTES)
    expect(beacon?.view.vitals.fcp).toEqual(expect.any(Number))
  })

test('long names of a route and of marks never cost the page view', async () => {
  const page = await open('/long')
  await page.evaluate(() => {
    window.fieldline?.setRoute('/x'.repeat(30_000))
    window.fieldline?.mark('m'.repeat(30_000), 1)
    window.fieldline?.mark('short', 1)
  })
  const [beacon] = await beaconsAfter(page)
  expect(beacon?.bytes).toBeLessThanOrEqual(MAX_BYTES)
  expect(beacon?.view.route).toMatch(/^[/]x[/]x/)
  expect(beacon?.view.marks).toEqual([{ name: 'short', value: 1 }])
})

for (const [said, tag] of [
  ['site: undefined', 'data-release="1"'],
  ['sample: often', `${TAG} data-sample="often"`],
  ['sample: 10', `${TAG} data-sample="10"`],
] as const)
  test(`init says only on the developer's machine that ${said} is wrong`, async () => {
    await open('/wrong', tag)
    const [line, ...more] = chromium.complaints.splice(0)
    expect(line).toMatch(/^warning: fieldline: wrong options: /)
    expect(line).toContain(said)
    expect(more).toEqual([])
    const away = await chromium.open()
    await away.route('http://shop.test/**', async route => {
      const url = route.request().url().replace('http://shop.test', site.origin)
      await route.fulfill({ response: await route.fetch({ url }) })
    })
    await away.goto('http://shop.test/wrong')
    await away.waitForFunction('window.fieldline')
    expect(chromium.complaints.splice(0)).toEqual([])
    await away.close()
  })

for (const [name, owner, property] of [
  ['a fetch that outlives its page', 'Request.prototype', 'keepalive'],
  ['observers of performance', 'window', 'PerformanceObserver'],
  ['the last of a list', 'Array.prototype', 'at'],
])
  test(`leaves a browser without ${name} alone`, async () => {
    // The test's own driver needs what is taken away.
    const page = await chromium.open(
      site.page('/old', {
        head: `<script>{
            const own = Object.getOwnPropertyDescriptor(${owner}, '${property}')
            delete ${owner}.${property}
            addEventListener('load', () => Object.defineProperty(${owner}, '${property}', own))
          }</script><script src="/fieldline.js" ${TAG}></script>`,
      }),
    )
    await page.evaluate(() => fetch('/api/a').then(response => response.text()))
    expect(await page.evaluate(() => String(fetch))).toContain('function fetch()')
    expect(await beaconsAfter(page, 0)).toEqual([])
  })

const LOADED = `window.ready = (window.ready ?? 0) + 1`
const TWO = {
  'the tag and the package': [
    `<script src="/fieldline.js" ${TAG}></script>`,
    `<script type="module">import * as fieldline from '/index.js'; window.copy = fieldline
      fieldline.init({ site: 'other', endpoint: '/f' }); ${LOADED}</script>`,
  ],
  'the package and the tag': [
    `<script type="module">import * as fieldline from '/index.js'; window.copy = fieldline
      fieldline.init({ site: 'shop', endpoint: '/f' }); ${LOADED}</script>`,
    `<script defer src="/fieldline.js" data-site="other"></script>`,
  ],
  'the package and its core': [
    `<script type="module">import { init } from '/index.js'; init({ site: 'shop', endpoint: '/f' })</script>`,
    `<script type="module">import * as fieldline from '/core.js'; window.copy = fieldline
      fieldline.init({ site: 'other', endpoint: '/f' }); ${LOADED}</script>`,
  ],
}
for (const [name, scripts] of Object.entries(TWO))
  test(`${name} on one page measure once, and act as one`, async () => {
    const page = await chromium.open(site.page('/two', { head: IMPORTS + scripts.join('') }))
    await page.waitForFunction('window.ready')
    await page.evaluate(async () => {
      const copy = Reflect.get(window, 'copy')
      await fetch('/api/a').then(response => response.text())
      copy.setRoute('/named')
      copy.mark('a', 1)
    })
    const beacons = await beaconsAfter(page)
    expect(beacons.map(({ site }) => site)).toEqual(['shop'])
    expect(beacons[0]?.view).toMatchObject({
      route: '/named',
      marks: [{ name: 'a', value: 1 }],
      calls: [{ endpoint: 'GET /api/a' }],
    })
  })

test('a no to one copy is a no to the other', async () => {
  const page = await chromium.open(
    site.page('/no', {
      head: `${IMPORTS}<script type="module">import { consent } from '/index.js'; consent(false); ${LOADED}</script>
        <script defer src="/fieldline.js" ${TAG}></script>`,
    }),
  )
  await page.waitForFunction('window.ready && window.fieldline')
  expect(await beaconsAfter(page, 0)).toEqual([])
})

test('a tag of a module starts', async () => {
  const head = `<script type="module" src="/fieldline.js" data-site="module" data-release="1"></script>`
  const page = await chromium.open(site.page('/module', { head }))
  await page.waitForFunction('window.fieldline')
  const [beacon] = await beaconsAfter(page)
  expect(beacon).toMatchObject({ site: 'module', view: { route: '/module', release: '1' } })
})

test('the package works by import', async () => {
  const head = `${IMPORTS}<script type="module">
    import { init, setRoute } from '/index.js'
    init({ site: 'npm', endpoint: new URL('/f', location.href).href, release: '1.0.0' })
    setRoute('/by/[import]')
    window.ready = true
  </script>`
  const page = await chromium.open(site.page('/import', { head }))
  await page.waitForFunction('window.ready')
  const [beacon] = await beaconsAfter(page)
  expect(beacon).toMatchObject({ site: 'npm', view: { route: '/by/[import]', release: '1.0.0' } })
})

test('leaves nothing global but fieldline', async () => {
  const page = await open('/globals')
  expect(await page.evaluate(GLOBALS)).toEqual(['fieldline'])
  expect(await page.evaluate(() => Object.keys(window.fieldline ?? {}))).toEqual([
    'init',
    'setRoute',
    'mark',
    'tag',
    'consent',
  ])
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual([
    '',
    0,
    0,
  ])
  await beaconsAfter(page)
})

const luck = (value: number) => `<script>Math.random = () => ${value}</script>`

test('keeps one of k page views, which stands for k', async () => {
  const page = await open('/kept', `${TAG} data-sample="0.1"`, luck(0.0999))
  const [kept] = await beaconsAfter(page)
  expect(kept?.view).toMatchObject({ route: '/kept', weight: 10 })
})

for (const [name, sample, value] of [
  ['that is not drawn', '0.1', 0.1001],
  ['of a sample of none', '0', 0],
] as const)
  test(`does not send a page view ${name}`, async () => {
    const page = await open('/dropped', `${TAG} data-sample="${sample}"`, luck(value))
    expect(await beaconsAfter(page, 0)).toEqual([])
  })

for (const [name, property, value] of [
  ['Global Privacy Control', 'globalPrivacyControl', true],
  ['Do Not Track', 'doNotTrack', '1'],
] as const)
  test(`leaves a visitor with ${name} alone`, async () => {
    const wish = `<script>Object.defineProperty(navigator, '${property}', { value: ${JSON.stringify(value)} })</script>`
    const page = await open('/private', TAG, wish)
    expect(await page.evaluate(() => String(fetch))).toContain('function fetch()')
    expect(await beaconsAfter(page, 0)).toEqual([])
  })

/** Beacons of a page with this `beforeSend`. */
async function beaconsBy(beforeSend: string, least = 1): Promise<Beacon[]> {
  const head = `<script src="/fieldline.js"></script>
    <script>fieldline.init({ site: 'shop', endpoint: '/f', beforeSend: ${beforeSend} })</script>`
  return beaconsAfter(await chromium.open(site.page('/before', { head })), least)
}

test('beforeSend may change a beacon', async () => {
  const [changed] = await beaconsBy(`view => ({ ...view, route: '/changed?secret#part', release: 'r' })`)
  expect(changed?.view).toMatchObject({ route: '/changed', release: 'r', sequence: 0 })
})

for (const beforeSend of ['() => null', '() => undefined', '() => { throw new Error("no") }', '() => 7'])
  test(`a beforeSend drops the beacon by ${beforeSend}`, async () => {
    expect(await beaconsBy(beforeSend, 0)).toEqual([])
  })

test('what is too long for one beacon goes in several, without loss', async () => {
  const page = await open('/long')
  await page.evaluate(async () => {
    for (let i = 0; i < 60; i++) {
      const path = Array.from({ length: 25 }, () => String.fromCharCode(97 + (i % 26)).repeat(10)).join('/')
      await fetch(`/api/${path}`, { method: i % 2 ? 'GET' : 'OPTIONS' }).then(response => response.text())
    }
    await new Promise(resolve => setTimeout(resolve, 50))
    // Full-width letters take three bytes each.
    window.fieldline?.setRoute(`/${'\uff21'.repeat(190)}`)
  })
  const beacons = await beaconsAfter(page, 2)
  expect(beacons.length).toBeGreaterThan(1)
  expect(beacons.every(({ bytes }) => bytes <= MAX_BYTES)).toBe(true)
  expect(beacons.map(({ view }) => view.sequence).sort()).toEqual(beacons.map((_, i) => i))
  expect(new Set(beacons.map(({ view }) => view.id)).size).toBe(1)
  expect(beacons.flatMap(({ view }) => view.calls)).toHaveLength(60)
})

test('beacons carry no cookie and are text', async () => {
  const page = await open('/plain', TAG, `<script>document.cookie = 'a=1'</script>`)
  const [beacon] = await beaconsAfter(page)
  expect(beacon?.headers).toMatchObject({ 'content-type': expect.stringMatching(/^text\/plain/) })
  expect(beacon?.headers.cookie).toBe(undefined)
  await chromium.context.clearCookies()
})

test('a beacon leaves though another library uses up what may outlive the page', async () => {
  const page = await open('/quota')
  await page.evaluate(() => {
    void fetch('/api/other?until=/api/free', { method: 'POST', body: 'x'.repeat(65_500), keepalive: true })
  })
  await chromium.hide(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view).toMatchObject({ route: '/quota', sequence: 0, vitals: { lcp: expect.any(Number) } })
  await page.evaluate(() => fetch('/api/free'))
  await page.close()
})

test('a beacon leaves though the browser lets none wait and none outlive the page', async () => {
  const page = await open(
    '/refused',
    TAG,
    `<script>{
      const { fetch } = window
      window.fetchLater = () => { throw new DOMException('', 'QuotaExceededError') }
      window.fetch = (url, init) => init?.keepalive ? Promise.reject(new TypeError('no')) : fetch(url, init)
    }</script>`,
  )
  await page.evaluate(() => window.fieldline?.mark('a', 1))
  await chromium.hide(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view).toMatchObject({ sequence: 0, marks: [{ name: 'a', value: 1 }] })
  await page.close()
})

test('where nothing can be sent, the page does not notice', async () => {
  const page = await open('/nothing', `${TAG} data-endpoint="http://127.0.0.1:1/f"`)
  const errors = await page.evaluate(() => {
    const errors: string[] = []
    addEventListener('unhandledrejection', event => errors.push(String(event.reason)))
    Reflect.set(window, 'errors', errors)
    return errors
  })
  await chromium.hide(page)
  await chromium.show(page)
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 100)))
  expect(errors).toEqual([])
  expect(await page.evaluate(() => Reflect.get(window, 'errors'))).toEqual([])
  await page.close()
  // Chromium itself writes the line of a refused connection; no page can prevent it.
  const lines = chromium.complaints.splice(0)
  expect(lines.length).toBeLessThanOrEqual(2)
  expect(lines.every(line => line.includes('net::ERR'))).toBe(true)
})

test('the beacon of an ordinary page view with ten calls stays under 1 KB', async () => {
  const page = await open('/ordinary/article-with-a-name')
  await page.evaluate(async () => {
    for (let i = 0; i < 10; i++)
      await fetch(`/api/${['products', 'reviews', 'cart', 'user'][i % 4]}/${1000 + i}?q=1`).then(r =>
        r.text(),
      )
    await new Promise(resolve => setTimeout(resolve, 50))
  })
  const [beacon] = await beaconsAfter(page)
  console.log(`beacon with ${beacon?.view.calls.length} calls: ${beacon?.bytes} B\n${beacon?.body}`)
  expect(beacon?.view.calls).toHaveLength(10)
  expect(beacon?.bytes).toBeLessThan(1024)
})

/** Names that a fresh frame does not have, and this page does. */
const GLOBALS = `(() => {
  const frame = document.body.appendChild(document.createElement('iframe'))
  const fresh = new Set(Object.getOwnPropertyNames(frame.contentWindow))
  frame.remove()
  return Object.getOwnPropertyNames(window).filter(name => !fresh.has(name) && isNaN(name))
})()`
