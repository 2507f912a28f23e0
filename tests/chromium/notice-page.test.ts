import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { type Beacon, TAG } from '../kit/site.ts'
import { same } from './differential.ts'
import { chromium, site } from './started.ts'

declare global {
  interface Window {
    /** The next pageshow. */
    resting: Promise<PageTransitionEvent>
  }
}

describe('with the SDK on the page', () => {
  test('every global, its prototype and their properties look as before', async () => {
    const transcript = await same(page =>
      page.evaluate(() => {
        const described = (value: unknown) =>
          typeof value === 'function'
            ? [
                value.name,
                value.length,
                /\[native code\]/.test(String(value)),
                ...Reflect.ownKeys(value).map(String),
              ].join()
            : typeof value
        const shape = (owner: object) =>
          Reflect.ownKeys(owner)
            .filter(key => key !== 'fieldline' && key !== Symbol.for('fieldline'))
            .map(key => {
              const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(owner, key) ?? {}
              return [String(key), ...Object.values(flags), ...[value, get, set].map(described)].join()
            })
        const shapes = Object.values(Object.getOwnPropertyDescriptors(window)).flatMap(({ value }) =>
          typeof value === 'function' && value.prototype
            ? [value.name, ...shape(value), ...shape(value.prototype)]
            : [],
        )
        return [...shape(window), ...shapes, ...shape(navigator), ...shape(document), ...shape(performance)]
      }),
    )
    expect(transcript).toContain('fetch,true,true,true,fetch,1,true,length,name,undefined,undefined')
    expect(transcript).toContain('open,true,true,true,open,2,true,length,name,undefined,undefined')
    expect(transcript.length).toBeGreaterThan(10_000)
  })

  test('a page can tell only a method’s source, a read of init, and a longer stack', async () => {
    const page = await chromium.open(site.page('/told', { tag: TAG }))
    const [sources, reads, stack] = await page.evaluate(async () => {
      const { open, send, abort } = XMLHttpRequest.prototype
      const reads: Record<string, number> = {}
      const init = new Proxy({ method: 'POST', cache: 'no-store' } satisfies RequestInit, {
        get(target, name) {
          reads[String(name)] = (reads[String(name)] ?? 0) + 1
          return Reflect.get(target, name)
        },
      })
      await fetch('/api/a', init)
      let stack: string[] = []
      try {
        new XMLHttpRequest().open('GET', 'http://[')
      } catch (error) {
        stack = error instanceof Error ? (error.stack ?? '').split('\n') : []
      }
      return [[fetch, open, send, abort].map(String), reads, stack] as const
    })
    expect(sources).toEqual([
      ...Array(3).fill('function () { [native code] }'),
      'function abort() { [native code] }',
    ])
    expect(Object.keys(reads).filter(name => reads[name] !== 1)).toEqual([
      'body',
      'headers',
      'method',
      'signal',
    ])
    expect(stack.filter(line => line.includes('/fieldline.js'))).toHaveLength(1)
    await page.close()
  })

  test('adds nothing to the document, and stores nothing', async () => {
    const transcript = await same(async page => {
      const before = await page.evaluate(() => history.length)
      await exercise(page)
      return page.evaluate(
        async before => [
          [...document.querySelectorAll('*:not([data-site])')].map(({ tagName, attributes }) =>
            [tagName, ...[...attributes].map(({ name }) => name)].join(),
          ),
          [document.cookie, localStorage.length, sessionStorage.length, history.state],
          [
            await indexedDB.databases(),
            await caches.keys(),
            await navigator.serviceWorker.getRegistrations(),
          ],
          ['mark', 'measure'].map(type => performance.getEntriesByType(type).length),
          [document.title, location.href, document.activeElement?.tagName],
          history.length - before,
        ],
        before,
      )
    })
    expect(transcript.slice(0, 2)).toEqual([
      ['HTML', 'HEAD', 'TITLE', 'SCRIPT', 'BODY', 'H1'],
      ['', 0, 0, 'state'],
    ])
  })

  test('works in frames: cross-origin, sandboxed, srcdoc, and with document.domain', async () => {
    const transcript = await same(
      async page => {
        await page.evaluate(async other => {
          const add = (attributes: Partial<HTMLIFrameElement>, sandbox?: string) =>
            new Promise(resolve => {
              const frame = Object.assign(document.createElement('iframe'), attributes)
              if (sandbox !== undefined) frame.setAttribute('sandbox', sandbox)
              frame.onload = resolve
              document.body.append(frame)
            })
          const { outerHTML: srcdoc } = document.documentElement
          await add({ src: '/page' })
          await add({ src: `${other}/page` })
          await add({ src: '/page' }, 'allow-scripts')
          await add({ src: `${other}/page` }, 'allow-scripts allow-same-origin')
          await add({ srcdoc })
          await add({ srcdoc }, 'allow-scripts')
        }, site.other)
        const logs: unknown[] = []
        for (const frame of page.frames()) logs.push(frame.url(), await exercise(frame))
        return logs
      },
      {
        head: '<script>try { document.domain = location.hostname } catch {}</script>',
        headers: { 'origin-agent-cluster': '?0' },
      },
    )
    expect(transcript).toHaveLength(14)
    expect(transcript).toContain('about:srcdoc')
  })

  test('an element named fieldline does not keep it from starting', async () => {
    const body = `<div id="fieldline"></div><script src="/fieldline.js" ${TAG}></script>`
    const page = await chromium.open(site.page('/named', { body }))
    expect(await page.evaluate(() => Object.keys(window.fieldline ?? {}))).toContain('init')
    await page.close()
  })

  test('leaves the page in the back/forward cache, without a listener of unload', async () => {
    const transcript = await same(async page => {
      await page.evaluate(() => {
        window.resting = new Promise(resolve => addEventListener('pageshow', resolve, { once: true }))
      })
      await page.goto(site.page('/elsewhere', {}))
      await page.goBack({ waitUntil: 'commit' })
      return page.evaluate(() => window.resting.then(event => event.persisted))
    })
    expect(transcript).toBe(true)
    const page = await chromium.open(site.page('/listeners', { tag: TAG }))
    const commands = await chromium.context.newCDPSession(page)
    const { result } = await commands.send('Runtime.evaluate', { expression: 'window' })
    const { listeners } = await commands.send('DOMDebugger.getEventListeners', {
      objectId: result.objectId ?? '',
    })
    expect(listeners.map(({ type }) => type)).toContain('pagehide')
    expect(listeners.map(({ type }) => type)).not.toContain('unload')
    await page.close()
  })
})

describe('with the SDK on the page, nothing breaks and nothing is logged', () => {
  const missing = (owner: string, name: string) =>
    `Object.defineProperty(${owner}, '${name}', { value: undefined, configurable: true, writable: true })`
  const throwing = (owner: string, name: string) =>
    `Object.defineProperty(${owner}, '${name}', { value() { throw new Error('hostile') }, configurable: true, writable: true })`
  for (const [name, code] of Object.entries({
    'fetchLater is missing': missing('window', 'fetchLater'),
    'fetchLater throws': throwing('window', 'fetchLater'),
    'fetchLater and sendBeacon are missing': `${missing('window', 'fetchLater')}; ${missing('navigator', 'sendBeacon')}`,
    'fetchLater and sendBeacon throw': `${throwing('window', 'fetchLater')}; ${throwing('navigator', 'sendBeacon')}`,
    'crypto is missing': missing('window', 'crypto'),
    'crypto throws': throwing('crypto', 'getRandomValues'),
    'performance is missing': missing('window', 'performance'),
    'performance.getEntriesByType is missing': missing('performance', 'getEntriesByType'),
    'performance.getEntriesByType throws': throwing('performance', 'getEntriesByType'),
    'performance.now throws': throwing('performance', 'now'),
    'PerformanceObserver is missing': missing('window', 'PerformanceObserver'),
    'PerformanceObserver throws': throwing('window', 'PerformanceObserver'),
    'PerformanceObserver observes nothing': throwing('PerformanceObserver.prototype', 'observe'),
    'PerformanceResourceTiming is missing': missing('window', 'PerformanceResourceTiming'),
    'fetch is missing': missing('window', 'fetch'),
    'fetch cannot be replaced': `Object.defineProperty(window, 'fetch', { writable: false, configurable: false })`,
    'fetch refuses to be replaced': `{ const { fetch } = window
      Object.defineProperty(window, 'fetch', { get: () => fetch, set() { throw new Error('hostile') } }) }`,
    'XMLHttpRequest is missing': missing('window', 'XMLHttpRequest'),
    'XMLHttpRequest is frozen': 'Object.freeze(XMLHttpRequest.prototype); Object.freeze(XMLHttpRequest)',
    'XMLHttpRequest is another': `{
      const Native = XMLHttpRequest
      window.XMLHttpRequest = function () {
        const xhr = new Native()
        xhr.onloadend = () => { own.responseText = xhr.responseText; own.onloadend() }
        const own = { open: (...args) => xhr.open(...args), send: (...args) => xhr.send(...args) }
        return own
      }
    }`,
    'Reflect is missing': missing('window', 'Reflect'),
    'Proxy is missing': missing('window', 'Proxy'),
    'URL is the name of something else': 'var URL = "https://api.example"',
    'JSON.stringify throws': throwing('JSON', 'stringify'),
    'JSON.stringify answers nothing': 'JSON.stringify = () => undefined',
    'Array.prototype.toJSON is there': 'Array.prototype.toJSON = function () { return "[" + this + "]" }',
    'Object.prototype.toJSON is there': 'Object.prototype.toJSON = function () { return String(this) }',
    'every prototype has a toJSON': `for (const { prototype } of [Array, Object, String, Number, Boolean])
      prototype.toJSON = function () { return 'odd' }`,
    'Object.prototype has been given properties': `for (const name of ['get', 'set', 'url', 'href', 'api', 'site', 'type'])
      Object.prototype[name] = () => 0`,
    'Object.prototype has been given a value, and an init of fetch': `for (const name of ['value', 'apply', 'method', 'signal'])
      Object.prototype[name] = 0`,
    'Array.prototype has been given methods': 'Array.prototype.contains = function () {}',
    'events cannot be listened to': `{ const { addEventListener } = EventTarget.prototype
      EventTarget.prototype.addEventListener = function (type, ...args) {
        if (/page|visib/.test(type)) throw new Error('hostile')
        addEventListener.call(this, type, ...args)
      } }`,
    'the clock stands still': 'Date.now = () => 0; performance.now = () => 0',
  }))
    test(`where ${name}`, async () => {
      const log = await same(exercise, { head: `<script>${code}</script>` })
      expect(log).toHaveLength(6)
      if (!name.includes('toJSON')) return
      // Nothing in the console is not all: what arrives is as the API describes it, which the site checks.
      const toldIn = (beacons: Beacon[]) =>
        beacons.flatMap(({ view }) => view.calls.map(call => call.endpoint))
      // A return is a page view of its own, whose beacon may come first.
      const loadIn = (beacons: Beacon[]) => beacons.find(({ view }) => view.navigation === 'navigate')
      const beacons = await site.until(beacons => toldIn(beacons).length > 1 && !!loadIn(beacons))
      expect(toldIn(beacons).sort()).toEqual(['GET /api/xhr', 'POST /api/a'])
      expect(loadIn(beacons)?.view.vitals).toMatchObject({
        ttfb: expect.any(Number),
        fcp: expect.any(Number),
      })
    })
})

test('calls work where a later script calls something of its own performance', async () => {
  const log = await same(async page => {
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'const performance = { ytd: 3 }'
      document.head.append(script)
      script.remove()
    })
    return exercise(page)
  })
  expect(log.slice(0, 2)).toEqual(['POST x', 'GET '])
  const beacons = await site.until(beacons => beacons.some(({ view }) => view.calls.length > 1))
  const calls = beacons.flatMap(({ view }) => view.calls.map(({ endpoint }) => endpoint))
  expect(calls.sort()).toEqual(['GET /api/xhr', 'POST /api/a'])
})

test.each(['XMLHttpRequest', 'Performance.prototype.getEntriesByName'])(
  'without %s all the rest arrives',
  async name => {
    const head = `<script>delete ${name.includes('.') ? name : `window.${name}`}</script>`
    const page = await chromium.open(site.page('/without', { tag: TAG, head }))
    await page.waitForFunction('window.fieldline && performance.getEntriesByType("paint")[1]')
    await page.evaluate(async () => {
      const { body } = await fetch('/api/stream?open=first', { method: 'POST' })
      await body?.getReader().read()
      const answer = await fetch('/api/a', { method: 'POST', body: 'x' })
      await answer.text()
    })
    await chromium.hide(page)
    const [beacon] = await site.until(beacons => beacons.length > 0)
    expect(beacon?.view.vitals.fcp).toEqual(expect.any(Number))
    expect(beacon?.view.errors).toEqual({ count: 0, list: [] })
    expect(beacon?.view.calls.map(({ endpoint }) => endpoint)).toContain('POST /api/a')
    await page.close()
  },
)

/** What an ordinary page does, to its end; answers what came of it. */
function exercise(page: Pick<Page, 'evaluate'>): Promise<unknown[]> {
  return page.evaluate(async () => {
    const log: unknown[] = []
    const errors: string[] = []
    addEventListener('error', event => errors.push(event.message))
    addEventListener('unhandledrejection', event => errors.push(String(event.reason)))
    log.push(await attempt(() => text(fetch('/api/a', { method: 'POST', body: 'x' }))))
    log.push(
      await attempt(async () => {
        const xhr = new XMLHttpRequest()
        xhr.open('GET', '/api/xhr')
        await new Promise<void>(resolve => {
          xhr.onloadend = () => resolve()
          xhr.send()
        })
        return xhr.responseText
      }),
    )
    log.push(await attempt(() => history.pushState('state', '', '/page?pushed')))
    document.body.click()
    dispatchEvent(new Event('beforeunload'))
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    let state: DocumentVisibilityState = 'hidden'
    const shown = { get: () => state, configurable: true }
    Object.defineProperty(document, 'visibilityState', Object.assign(Object.create(null), shown))
    for (state of ['hidden', 'visible', 'hidden'] as const)
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))
    // Entries are handed out in a task of their own.
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 20)))
    log.push(location.search, errors, document.readyState)
    return log
  })
}
