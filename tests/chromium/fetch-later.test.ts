import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { decode } from '../../schema/wire/decode.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import type {} from '../../sdk/tag.ts'
import { TAG } from '../kit/site.ts'
import { chromium, expectSilence, site } from './started.ts'

// What waits in the browser by fetchLater, and how a page's end lets it go.

expectSilence()

/** Notes each body that is given to fetchLater, and whether it was taken back. */
const WATCH = `<script>
  window.held = []
  const later = fetchLater
  window.fetchLater = (url, init) => {
    const one = { body: init.body, back: false }
    held.push(one)
    init.signal.addEventListener('abort', () => { one.back = true })
    return later(url, init)
  }
</script>`
/** A minute is a second. */
const HASTE = `<script>
  const interval = setInterval
  window.setInterval = (act, ms, ...args) => interval(act, ms / 60, ...args)
</script>`

async function open(path: string, { head = '', tag = TAG } = {}): Promise<Page> {
  const page = await chromium.open(site.page(path, { tag, head: WATCH + head }))
  await page.waitForFunction('window.fieldline')
  return page
}

interface Held {
  body: string
  back: boolean
}

/** What was held so far, once it is as it should be. */
async function heldBy(page: Page, condition: string): Promise<(Held & { view: PageView })[]> {
  await page.waitForFunction(condition, null, { polling: 20 })
  const held = await page.evaluate<Held[]>('window.held')
  return held.map(one => {
    const decoded = decode(one.body)
    if ('error' in decoded) throw new Error(`${decoded.error.field}: ${one.body}`)
    return { ...one, view: decoded.ok }
  })
}

/** Ends the process of a page, so that none of its events fire. */
async function kill(page: Page): Promise<void> {
  const session = await chromium.context.newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  void session.send('Page.crash').catch(() => {})
  await crashed
}

test('what a page has measured arrives though its process is killed', async () => {
  const page = await open('/killed')
  await page.evaluate(() => fetch('/api/a').then(response => response.text()))
  await page.evaluate(() => window.fieldline?.mark('cart', 3))
  const [first] = await heldBy(page, 'held.length && held.at(-1).body.includes("/api/a")')
  expect(first?.back).toBe(false)
  expect(site.beacons).toEqual([])
  await kill(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view).toMatchObject({
    route: '/killed',
    sequence: 0,
    calls: [{ endpoint: 'GET /api/a' }],
    marks: [{ name: 'cart', value: 3 }],
  })
  expect(beacon?.view.vitals.lcp).toBeGreaterThan(0)
  expect(beacon?.headers).toMatchObject({ 'content-type': expect.stringMatching(/^text\/plain/) })
  expect(beacon?.headers.cookie).toBe(undefined)
  await page.close()
})

test('replaces what is held as the page view changes, and takes it back as it hides', async () => {
  const page = await open('/replaced')
  await heldBy(page, 'held.length === 1')
  await page.evaluate(() => window.fieldline?.setRoute('/named'))
  const [first, second] = await heldBy(page, 'held.length === 2')
  expect(first).toMatchObject({ back: true, view: { sequence: 0, route: '/replaced' } })
  expect(second).toMatchObject({ back: false, view: { sequence: 0, route: '/named' } })
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 1)
  const held = await heldBy(page, 'held.length === 2')
  expect(held.map(({ back }) => back)).toEqual([true, true])
  await chromium.show(page)
  await page.evaluate(() => window.fieldline?.mark('late'))
  const [, , third] = await heldBy(page, 'held.length === 3')
  expect(third?.view).toMatchObject({ sequence: 1, marks: [{ name: 'late' }] })
  await kill(page)
  await site.until(beacons => beacons.length === 2)
  expect(site.beacons.map(({ view }) => view.sequence)).toEqual([0, 1])
  expect(new Set(site.beacons.map(({ view }) => view.id)).size).toBe(1)
  await page.close()
})

test('what is too long to be held leaves at once, and once', async () => {
  const page = await open('/long')
  await page.evaluate(async () => {
    for (let i = 0; i < 64; i++)
      await fetch(`/api/${'of-many-words-'.repeat(50)}${i % 9}`).then(response => response.text())
  })
  const calls = () => site.beacons.flatMap(({ view }) => view.calls)
  await site.until(() => calls().length >= 64)
  await page.evaluate(() => window.fieldline?.mark('a'))
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 2500)))
  await chromium.hide(page)
  await site.until(beacons => beacons.some(({ view }) => view.marks.length > 0))
  expect(calls()).toHaveLength(64)
  await page.close()
})

test('renews each minute what it holds, so that its age is true', async () => {
  const page = await open('/renewed', { head: HASTE })
  const held = await heldBy(page, 'held.length > 2')
  const [first, ...others] = held.map(({ view }) => view)
  expect(held.slice(0, -1).every(({ back }) => back)).toBe(true)
  for (const other of others) expect(other).toMatchObject({ sequence: 0, vitals: first?.vitals })
  const ages = held.map(({ view }) => view.age)
  expect(ages).toEqual([...ages].sort((a, b) => a - b))
  expect(new Set(ages).size).toBe(ages.length)
  expect(site.beacons).toEqual([])
  await page.close()
})

test('what the browser has let go already counts as sent', async () => {
  // As a browser does that sends before the page hides: at once.
  const page = await open('/gone', {
    head: `<script>
      const watched = fetchLater
      window.fetchLater = (url, init) => watched(url, { ...init, activateAfter: 0 })
    </script>`,
  })
  await page.evaluate(() => fetch('/api/a').then(response => response.text()))
  await site.until(beacons => beacons.some(({ view }) => view.calls.length > 0))
  await page.evaluate(() => window.fieldline?.mark('next'))
  await site.until(beacons => beacons.some(({ view }) => view.marks.length > 0))
  expect(site.beacons.map(({ view }) => view.sequence)).toEqual(site.beacons.map((_, i) => i))
  expect(site.beacons.flatMap(({ view }) => view.calls)).toHaveLength(1)
  await page.close()
})

test('what beforeSend drops is never held', async () => {
  const head = `<script src="/fieldline.js"></script>
    <script>fieldline.init({ site: 'shop', endpoint: '/f', beforeSend: view => { window.asked = view; return null } })</script>`
  const page = await chromium.open(site.page('/dropped', { head: WATCH + head }))
  await page.waitForFunction('window.asked')
  expect(await page.evaluate('held')).toEqual([])
  await page.close()
})

test('where fetchLater throws, beacons leave as the page hides', async () => {
  const page = await open('/throws', {
    head: `<script>window.fetchLater = () => { window.thrown = true; throw new DOMException('', 'QuotaExceededError') }</script>`,
  })
  await page.waitForFunction('window.thrown')
  await chromium.hide(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view).toMatchObject({ route: '/throws', sequence: 0 })
  await page.close()
})

const POLICY = `<meta http-equiv="Content-Security-Policy" content="connect-src 'self'">`

for (const [name, head] of [
  ['', ''],
  [', without fetchLater too', '<script>delete window.fetchLater</script>'],
])
  test(`sends all beacons to the fallback where a policy refuses the endpoint${name}`, async () => {
    const tag = `${TAG} data-endpoint="${site.other}/f" data-fallback="/f"`
    const page = await open('/refused', { tag, head: POLICY + head })
    await page.evaluate(() => fetch('/api/a').then(response => response.text()))
    if (!head) await heldBy(page, 'held.at(-1)?.body.includes("/api/a")')
    await chromium.hide(page)
    const [beacon] = await site.until(beacons => beacons.length > 0)
    expect(beacon?.headers.host).toBe(new URL(site.origin).host)
    expect(beacon?.site).toBe('shop')
    expect(beacon?.view).toMatchObject({ sequence: 0, calls: [{ endpoint: 'GET /api/a' }] })
    await chromium.show(page)
    await page.evaluate(() => window.fieldline?.mark('next'))
    await chromium.hide(page)
    await site.until(beacons => beacons.some(({ view }) => view.sequence === 1))
    expect(site.beacons).toHaveLength(2)
    // Chromium itself writes these lines, for the first refusal and no more.
    const lines = chromium.complaints.splice(0)
    expect(lines.filter(line => line.includes('The action has been blocked'))).toHaveLength(1)
    expect(lines.every(line => line.includes('Content Security Policy'))).toBe(true)
    await page.close()
  })

test('tries nothing more where a policy refuses the endpoint and there is no fallback', async () => {
  const page = await open('/refused', { tag: `${TAG} data-endpoint="${site.other}/f"`, head: POLICY + HASTE })
  const refused = page.waitForEvent('console', line => line.text().includes('has been blocked'))
  await refused
  for (const name of ['a', 'b']) {
    await page.evaluate(name => window.fieldline?.mark(name), name)
    await chromium.hide(page)
    await chromium.show(page)
  }
  const lines = chromium.complaints.splice(0)
  expect(lines.filter(line => line.includes('The action has been blocked'))).toHaveLength(1)
  expect(site.beacons).toEqual([])
  await page.close()
})

test('a policy that only reports changes nothing', async () => {
  const page = await open('/reported', { tag: `${TAG} data-fallback="/other"` })
  await page.evaluate(() => {
    const init = { blockedURI: new URL('/f?site=shop', location.href).href, disposition: 'report' as const }
    dispatchEvent(
      new SecurityPolicyViolationEvent('securitypolicyviolation', {
        ...init,
        documentURI: location.href,
        violatedDirective: 'connect-src',
        effectiveDirective: 'connect-src',
        originalPolicy: 'x',
        statusCode: 200,
      }),
    )
  })
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 1)
  await page.close()
})
