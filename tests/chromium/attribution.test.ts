import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { PageView } from '../../schema/wire/pageview.ts'
import type {} from '../../sdk/script.ts'
import { type Beacon, type Site, TAG } from '../kit/site.ts'
import { prerender } from './prerender.ts'
import { chromium, expectSilence, site } from './started.ts'

/** The build of web-vitals that says why, to compare with. */
const ATTRIBUTION = new URL('../../node_modules/web-vitals/dist/web-vitals.attribution.js', import.meta.url)
/** Long enough to count as content: LCP passes over images of less than 0.05 bits a pixel. */
const IMAGE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3"/><!--${'x'.repeat(20_000)}--></svg>`

expectSilence()
beforeEach(() => {
  site.file('/attribution.js', 'text/javascript', readFileSync(ATTRIBUTION, 'utf8'))
  for (const name of 'abcdefgh') site.file(`/image/${name}.svg`, 'image/svg+xml', IMAGE)
})

/** What web-vitals' attribution build says on the same page, by metric: the newest of each navigation's. */
interface Peer {
  name: string
  value: number
  navigationType: string
  attribution: Attribution
}

interface Attribution {
  url?: string
  timeToFirstByte?: number
  resourceLoadDelay?: number
  resourceLoadDuration?: number
  elementRenderDelay?: number
  interactionTime?: number
  inputDelay?: number
  processingDuration?: number
  presentationDelay?: number
  script?: number
  largestShiftTime?: number
  largestShiftValue?: number
}

declare global {
  var peers: Peer[]
}

const PEER = `<script type="module">
  import { onCLS, onINP, onLCP } from '/attribution.js'
  window.peers = []
  const plain = ({ name, value, navigationType, attribution: a }) => {
    const { url, timeToFirstByte, resourceLoadDelay, resourceLoadDuration, elementRenderDelay } = a
    const { interactionTime, inputDelay, processingDuration, presentationDelay } = a
    const { largestShiftTime, largestShiftValue, longestScript } = a
    const script = longestScript?.intersectingDuration
    const parts = { timeToFirstByte, resourceLoadDelay, resourceLoadDuration, elementRenderDelay }
    const phases = { interactionTime, inputDelay, processingDuration, presentationDelay, script }
    const attribution = { url, ...parts, ...phases, largestShiftTime, largestShiftValue }
    return { name, value, navigationType, attribution }
  }
  for (const on of [onCLS, onINP, onLCP])
    on(metric => peers.push(plain(metric)), { reportAllChanges: true, reportSoftNavs: true })
</script>`

async function open(path: string, body: string, head = ''): Promise<Page> {
  const page = await chromium.open(site.page(path, { tag: TAG, head: PEER + head, body }))
  await page.waitForFunction('window.fieldline && window.peers')
  return page
}

const peersOf = (page: Page) => page.evaluate(() => peers)
const seen = (page: Page, metric: string) =>
  page.waitForFunction(metric => peers.some(({ name }) => name === metric), metric)

/** The beacon of a page that is hidden now. */
async function hidden(page: Page): Promise<PageView> {
  const sent = site.beacons.length
  await chromium.hide(page)
  const beacons = await site.until(beacons => beacons.length > sent)
  return (beacons.at(-1) as Beacon).view
}

/** Both say the same of LCP, to the millisecond that rounding may take, and the parts make up the whole. */
function expectParts({ vitals, why: { lcp } }: PageView, peer: Pick<Peer, 'attribution'> | undefined): void {
  const { timeToFirstByte, resourceLoadDelay, resourceLoadDuration, elementRenderDelay } =
    (peer?.attribution ?? {}) as Record<string, number>
  expect(lcp).not.toBe(null)
  if (!lcp) return
  expect([vitals.ttfb ?? 0, lcp.loadDelay, lcp.loadDuration, lcp.renderDelay]).toEqual(
    [timeToFirstByte, resourceLoadDelay, resourceLoadDuration, elementRenderDelay].map(near),
  )
  expect((vitals.ttfb ?? 0) + lcp.loadDelay + lcp.loadDuration + lcp.renderDelay).toBe(vitals.lcp)
}

const near = (value: number | undefined) => expect.closeTo(value ?? Number.NaN, -0.4)

const IMG = (url: string, more = '') => `<img id="hero" width="400" height="300" src="${url}" ${more}>`

describe('LCP', () => {
  const pages: [name: string, body: (site: Site) => string, head?: string][] = [
    ['text', () => '<h1>A heading</h1>'],
    ['an image', () => IMG('/image/a.svg?delay=150')],
    [
      'a preloaded image',
      () => `${IMG('/image/b.svg?delay=150')}`,
      '<link rel="preload" as="image" href="/image/b.svg?delay=150">',
    ],
    [
      'an image that a script adds late',
      () =>
        `<script>setTimeout(() => { document.body.innerHTML = \`${IMG('/image/c.svg?delay=80')}\` }, 200)</script>`,
    ],
    ['a lazy image', () => IMG('/image/d.svg?delay=50', 'loading="lazy"')],
    [
      'an image of another origin without Timing-Allow-Origin',
      site => IMG(`${site.other}/image/e.svg?delay=100`),
    ],
    [
      'an image of the page itself',
      () =>
        IMG(
          `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg"><!--${'x'.repeat(9000)}--></svg>`)}`,
        ),
    ],
    [
      'an image that was loaded before',
      () => `<script>
      const early = new Image()
      early.src = '/image/f.svg?delay=50'
      early.onload = () => setTimeout(() => { document.body.innerHTML = \`${IMG('/image/f.svg?delay=50')}\` }, 200)
    </script>`,
    ],
  ]
  for (const [name, body, head] of pages)
    test(`of ${name} falls into the parts that web-vitals' attribution build tells`, async () => {
      const page = await open('/lcp', body(site), head)
      if (name !== 'text') await page.waitForFunction(() => peers.some(({ attribution }) => attribution.url))
      await seen(page, 'LCP')
      const view = await hidden(page)
      const peer = (await peersOf(page)).filter(({ name }) => name === 'LCP').at(-1)
      expectParts(view, peer)
      await page.close()
    })

  test('of a prerendered page counts from its activation', async () => {
    const tell = `<script>
      fetch('/api/ready')
      const wait = setInterval(() => {
        const peer = window.peers?.find(({ attribution }) => attribution.url)
        if (!peer || !window.fieldline) return
        clearInterval(wait)
        const { url, ...parts } = peer.attribution
        fieldline.setRoute(JSON.stringify(parts))
        location.href = '/end'
      }, 20)
    </script>`
    const view = await prerender(site, { tag: TAG, head: PEER, body: tell + IMG('/image/h.svg?delay=900') })
    expect(view.navigation).toBe('prerender')
    expect(view.why.lcp).toMatchObject({ target: '#hero', url: '/image/h.svg', loadDelay: 0 })
    expect(view.why.lcp?.loadDuration).toBeGreaterThan(0)
    expectParts(view, { attribution: JSON.parse(view.route) })
  })

  test('of a soft navigation counts from its click', async () => {
    const page = await open(
      '/list',
      `<button id="go">Go</button><main>A list</main><script>
        go.onclick = () => {
          history.pushState({}, '', '/p/1')
          setTimeout(() => { document.querySelector('main').innerHTML = \`${IMG('/image/g.svg?delay=100')}\` }, 60)
        }
      </script>`,
    )
    await seen(page, 'LCP')
    await page.click('#go')
    await page.waitForFunction(() =>
      peers.some(
        ({ name, navigationType, attribution }) =>
          name === 'LCP' && navigationType === 'soft-navigation' && attribution.url,
      ),
    )
    await hidden(page)
    const soft = (
      await site.until(beacons => beacons.some(({ view }) => view.navigation === 'soft-navigation'))
    )
      .map(({ view }) => view)
      .filter(({ navigation }) => navigation === 'soft-navigation')
      .at(-1) as PageView
    expect(soft.why.lcp).toMatchObject({ target: '#hero', url: '/image/g.svg' })
    expect(soft.why.lcp?.loadDelay).toBeGreaterThanOrEqual(60)
    expect(soft.why.lcp?.loadDuration).toBeGreaterThanOrEqual(100)
    expectParts(
      soft,
      (await peersOf(page))
        .filter(({ name, navigationType }) => name === 'LCP' && navigationType === 'soft-navigation')
        .at(-1),
    )
    await page.close()
  })

  test('finds its image though the list of resources is full, and cleared', async () => {
    const page = await open(
      '/full',
      `<h1>A heading</h1><script>
        const requests = async () => {
          for (let i = 0; i < 300; i++) await fetch('/api/' + i).then(answer => answer.text())
          performance.clearResourceTimings()
          performance.setResourceTimingBufferSize(0)
          document.body.innerHTML = \`${IMG('/image/b.svg?delay=120')}\`
        }
        requests()
      </script>`,
    )
    await page.waitForFunction(() => peers.some(({ attribution }) => attribution.url))
    const view = await hidden(page)
    expect(view.why.lcp?.loadDuration).toBeGreaterThanOrEqual(120)
    expectParts(view, (await peersOf(page)).filter(({ name }) => name === 'LCP').at(-1))
    await page.close()
  })

  test('of an element that was gone before the script came is told by its id', async () => {
    const page = await chromium.open(site.page('/gone', { body: '<h1 id="headline">A heading</h1>' }))
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length)
    await page.evaluate(() => {
      document.querySelector('h1')?.remove()
      const script = document.createElement('script')
      script.src = '/fieldline.js'
      script.dataset.site = 'shop'
      document.head.append(script)
    })
    await page.waitForFunction('window.fieldline')
    await page.evaluate(
      () =>
        new Promise<void>(resolve => {
          new PerformanceObserver(() => resolve()).observe({ type: 'navigation', buffered: true })
        }),
    )
    expect((await hidden(page)).why.lcp?.target).toBe('#headline')
    await page.close()
  })

  test('waits for an API call: the call lies in the load delay', async () => {
    const page = await open(
      '/shop',
      `<script>
        fetch('/api/products?delay=300').then(answer => answer.text()).then(() => {
          document.body.innerHTML = \`${IMG('/image/a.svg?delay=20')}\`
        })
      </script>`,
    )
    await page.waitForFunction(() => peers.some(({ attribution }) => attribution.url))
    const { vitals, why, calls } = await hidden(page)
    const [call] = calls
    expect(call?.endpoint).toBe('GET /api/products')
    const { start = Number.NaN, duration = Number.NaN } = call ?? {}
    const from = vitals.ttfb ?? 0
    const to = from + (why.lcp?.loadDelay ?? Number.NaN)
    // What a row can say: LCP waited so long for GET /api/products.
    const waited = Math.min(to, start + duration) - Math.max(from, start)
    expect(waited).toBeGreaterThanOrEqual(300)
    expect(waited).toBeLessThanOrEqual(why.lcp?.loadDelay ?? Number.NaN)
    await page.close()
  })
})

describe('INP', () => {
  const SLOW = `
    buy.addEventListener('click', () => {
      const end = performance.now() + 120
      while (performance.now() < end);
      fetch('/api/cart', { method: 'POST' })
    })`

  test('reports element, event, phases and longest script like the attribution build', async () => {
    site.file('/slow/7f3a9c21.js', 'text/javascript', SLOW)
    const page = await open(
      '/inp',
      '<main><button id="buy" class="mt-4 primary">Buy</button></main><script src="/slow/7f3a9c21.js?token=secret#x"></script>',
    )
    await page.click('#buy')
    // The press may be told before the click, which is the slow one.
    await page.waitForFunction(() =>
      peers.some(({ name, attribution }) => name === 'INP' && (attribution.processingDuration ?? 0) >= 120),
    )
    await page.waitForFunction(() =>
      performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/api/cart')),
    )
    const { vitals, why, calls } = await hidden(page)
    const peer = (await peersOf(page)).filter(({ name }) => name === 'INP').at(-1)
    const { interactionTime, inputDelay, processingDuration, presentationDelay, script } =
      peer?.attribution ?? {}
    const inp = why.inp
    expect(inp).toMatchObject({
      target: '#buy',
      event: expect.stringMatching(/^(click|pointer|mouse)/),
      time: near(interactionTime),
      inputDelay: near(inputDelay),
      processing: near(processingDuration),
      presentation: near(presentationDelay),
      script: { url: '/slow/[id]', invoker: 'BUTTON#buy.onclick', duration: near(script) },
    })
    expect(inp?.processing).toBeGreaterThanOrEqual(120)
    expect((inp?.inputDelay ?? 0) + (inp?.processing ?? 0) + (inp?.presentation ?? 0)).toBe(vitals.inp)
    // The call that the interaction made: it began within it.
    const { start = Number.NaN } = calls.find(({ endpoint }) => endpoint === 'POST /api/cart') ?? {}
    expect(start).toBeGreaterThanOrEqual(inp?.time ?? Number.NaN)
    expect(start).toBeLessThanOrEqual((inp?.time ?? 0) + (vitals.inp ?? 0))
    await page.close()
  })
})

describe('INP of a mouse click', () => {
  /** Presses the button's middle; Playwright's own click would have Chromium look for targets. */
  const press = async (page: Page) => {
    const { x, y, width, height } = (await page.locator('button').boundingBox()) ?? {
      ...{ x: 0, y: 0, width: 0, height: 0 },
    }
    await page.mouse.move(x + width / 2, y + height / 2)
    await page.mouse.down()
    await page.mouse.up()
    await page.waitForFunction(() => peers.some(({ name, value }) => name === 'INP' && value >= 104))
  }
  const busy = `const end = performance.now() + 120; while (performance.now() < end);`

  test('has its element where no one listens for pointers', async () => {
    const page = await open(
      '/mouse',
      `<main><button class="buy">Buy</button></main>
      <script>document.querySelector('button').onclick = () => { ${busy} }</script>`,
    )
    await press(page)
    expect((await hidden(page)).why.inp?.target).toBe('body>main>button.buy')
    await page.close()
  })

  test('has its element where the slow event is another one than the click', async () => {
    const page = await open(
      '/mouse-down',
      `<main><button class="buy">Buy</button></main>
      <script>document.querySelector('button').onmousedown = () => { ${busy} }</script>`,
    )
    await press(page)
    expect((await hidden(page)).why.inp?.target).toBe('body>main>button.buy')
    await page.close()
  })

  for (const type of ['pointerdown', 'click'])
    test(`has its element where that is removed during its own ${type}`, async () => {
      const page = await open(
        '/removed',
        `<main><dialog open><button class="close">Close</button></dialog></main>
      <script>addEventListener('${type}', () => {
        document.querySelector('dialog').remove()
        ${busy}
      })</script>`,
      )
      await press(page)
      const { inp } = (await hidden(page)).why
      expect(inp?.target).toBe('body>main>dialog>button.close')
      await page.close()
    })
})

describe('CLS', () => {
  test('names what moved, though it is gone when its window becomes the worst', async () => {
    const page = await open(
      '/cls-later',
      `<div id="space"></div><p class="mover" style="height:200px;background:red">Text that is pushed down, and is long enough to be seen.</p>`,
    )
    await seen(page, 'CLS')
    const shift = (height: number) =>
      page.evaluate(
        height =>
          new Promise<void>(resolve => {
            new PerformanceObserver((_, observer) => {
              observer.disconnect()
              resolve()
            }).observe({ type: 'layout-shift' })
            const space = document.getElementById('space')
            if (space) space.style.height = `${height}px`
          }),
        height,
      )
    await shift(60)
    await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1100)))
    await shift(115)
    await page.evaluate(() => {
      const mover = document.querySelector('.mover')
      const copy = document.createElement('div')
      copy.style.cssText = 'height:200px;background:blue'
      mover?.replaceWith(copy)
      // What was never painted does not shift.
      return new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    })
    await shift(165)
    const { why, vitals } = await hidden(page)
    expect(vitals.cls).toBeGreaterThan(why.cls?.value ?? Number.NaN)
    expect(why.cls?.target).toBe('body>p.mover')
    await page.close()
  })

  test('reports element, time and score of the largest shift, even if it is gone', async () => {
    const page = await open(
      '/cls',
      `<div id="ad-5f2"></div>
      <section class="offers x1"><p>Text that is pushed down, and is long enough to be seen.</p></section>`,
    )
    await seen(page, 'CLS')
    for (const height of [30, 330, 350]) {
      await page.evaluate(height => {
        const ad = document.querySelector('div')
        if (ad) ad.style.height = `${height}px`
        peers.length = 0
      }, height)
      await page.waitForFunction(() => peers.some(({ name, value }) => name === 'CLS' && value))
    }
    await page.evaluate(() => document.querySelector('section')?.remove())
    const peer = (await peersOf(page)).filter(({ name }) => name === 'CLS').at(-1)
    const { vitals, why } = await hidden(page)
    const { largestShiftTime, largestShiftValue = 0 } = peer?.attribution ?? {}
    expect(why.cls).toEqual({
      target: 'body>section.offers',
      value: Math.round(largestShiftValue * 1000),
      time: Math.round(largestShiftTime ?? 0),
    })
    expect(vitals.cls).toBeGreaterThan(why.cls?.value ?? Number.NaN)
    await page.close()
  })
})

test('what called a script is named without an id that no person gave', async () => {
  const page = await open(
    '/invoker',
    `<button id="zoe@shop.example">Buy</button><script>
      document.querySelector('button').onclick = () => {
        const end = Date.now() + 300
        while (Date.now() < end);
      }
    </script>`,
  )
  await page.click('button')
  await page.waitForFunction(() => peers.some(({ name, value }) => name === 'INP' && value >= 200))
  const { inp } = (await hidden(page)).why
  expect(inp).toMatchObject({ target: 'body>button', script: { invoker: 'BUTTON.onclick' } })
  await page.close()
})

test('an element that hides its own properties, and an event its target, throw nothing', async () => {
  const page = await open(
    '/hidden',
    '<button>Buy</button><form style="height: 99px"><input name="classList" type="hidden"></form>',
  )
  await page.click('form')
  await page.evaluate(() => {
    const event = new MouseEvent('click')
    const get = () => {
      throw new Error('no target')
    }
    dispatchEvent(Object.defineProperty(event, 'target', { get }))
  })
  await page.click('button')
  expect((await hidden(page)).errors).toEqual({ count: 0, list: [] })
  await page.close()
})

test('a script of an impossible name stays out of the way', async () => {
  const page = await open(
    '/named',
    `<button id="buy">Buy</button><script>
      buy.onclick = new Function('const end = Date.now() + 300; while (Date.now() < end);\\n//# sourceURL=http://[bad')
    </script>`,
  )
  await page.click('#buy')
  await page.waitForFunction(() => peers.some(({ name, value }) => name === 'INP' && value >= 200))
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 500)))
  const { vitals } = await hidden(page)
  expect(vitals.inp).toBeGreaterThanOrEqual(200)
  await page.close()
})

test('what has no cause has none', async () => {
  const page = await chromium.open(site.page('/none', { tag: TAG, body: '' }))
  await page.waitForFunction('window.fieldline')
  const { why } = await hidden(page)
  expect(why).toEqual({ lcp: null, inp: null, cls: null })
  await page.close()
})

describe('a selector', () => {
  const names: [name: string, body: string, target: string][] = [
    [
      'of many utility classes is cut',
      `<h1 class="${'flex items-center justify-between rounded-lg shadow-md tracking-tight antialiased '.repeat(3)}">A</h1>`,
      'body>h1.flex.items-center',
    ],
    ['of one endless class is cut', `<h1 class="${'word-'.repeat(60)}x">A</h1>`, `h1.${'word-'.repeat(25)}`],
    [
      'leaves out what tools have generated',
      '<main class="sc-bdVaJa hCdbBR"><h1 class="css-qwerty Button_root__x7Yz ng-tns-c1-0 svelte-xyzabc w-[12px] title">A</h1></main>',
      'body>main>h1.title',
    ],
    ['keeps an id with one digit', '<section id="tab-2"><h1>A</h1></section>', '#tab-2>h1'],
    ['leaves out an id of data', '<section id="order-58213"><h1>A</h1></section>', 'body>section>h1'],
    ['leaves out an id of two digits', '<section id="user-42"><h1>A</h1></section>', 'body>section>h1'],
  ]
  for (const [name, body, target] of names)
    test(name, async () => {
      const page = await open('/selector', body)
      await seen(page, 'LCP')
      expect((await hidden(page)).why.lcp?.target).toBe(target)
      await page.close()
    })
})

describe('blocking time', () => {
  const spin = (ms: number) => `for (const end = performance.now() + ${ms}; performance.now() < end; );`
  /** What frames say of it, added up by another hand: until the load, after it, and of both by those of the other origin. */
  const TRUTH = `new Promise(resolve => new PerformanceObserver(list => {
    const frames = list.getEntries()
    const loaded = performance.getEntriesByType('navigation')[0].loadEventEnd
    const sum = (part, of) => part.reduce((sum, frame) => sum + of(frame), 0)
    const all = frame => frame.blockingDuration
    const of = scripts => frame => frame.blockingDuration / frame.duration *
      sum(frame.scripts.filter(({ sourceURL }) => scripts(sourceURL)), ({ duration }) => duration)
    const [other, own] = [of(url => url.includes('/third.js')), of(url => !url || url.startsWith(location.origin))]
    const [before, after] = [frames.filter(frame => frame.startTime <= loaded), frames.filter(frame => frame.startTime > loaded)]
    resolve([sum(before, all), sum(after, all), sum(before, other), sum(after, other), sum(before, own)])
  }).observe({ type: 'long-animation-frame', buffered: true }))`

  test('counts until the load and after it, by the hosts of its scripts', async () => {
    site.file(
      '/third.js',
      'text/javascript',
      `${spin(150)} addEventListener('load', () => setTimeout(() => {
        ${spin(200)} requestAnimationFrame(() => setTimeout(() => { window.over = true }))
      }, 100))`,
    )
    const page = await open(
      '/blocked',
      `<h1>Blocked</h1><script>${spin(120)}</script><script src="${site.other}/third.js"></script>`,
    )
    await page.waitForFunction('window.over')
    const least = await page.evaluate<number[]>(TRUTH)
    const { blocking } = await hidden(page)
    const most = await page.evaluate<number[]>(TRUTH)
    const { host } = new URL(site.other)
    const [own, other] = ['', host].map(host => blocking?.hosts.find(one => one.host === host))
    // A busy machine may add a frame in between. A script of the page's own that the browser does not name has no host.
    const sums = [blocking?.load, blocking?.after, other?.load, other?.after, own?.load ?? 0]
    for (const [i, told] of sums.entries()) {
      expect(told).toBeGreaterThanOrEqual((least[i] ?? Number.NaN) - 1)
      expect(told).toBeLessThanOrEqual((most[i] ?? Number.NaN) + 1)
    }
    expect(other?.load).toBeGreaterThan(50)
    expect(other?.after).toBeGreaterThan(100)
    await page.close()
  })

  test('of a soft navigation is all after the load, and of its own scripts', async () => {
    const page = await open(
      '/list',
      `<button id="go">Go</button><main>A list</main><script>
        go.onclick = () => {
          history.pushState({}, '', '/p/1')
          document.querySelector('main').textContent = 'A product'
          ${spin(180)}
        }
      </script>`,
    )
    await page.click('#go')
    await seen(page, 'INP')
    await hidden(page)
    const soft = await site.until(beacons =>
      beacons.some(({ view }) => view.navigation === 'soft-navigation' && view.blocking?.after),
    )
    const { blocking } = soft.findLast(({ view }) => view.navigation === 'soft-navigation')?.view ?? {}
    expect(blocking).toMatchObject({ load: null, hosts: [{ host: '', load: 0 }] })
    expect(blocking?.after).toBeGreaterThan(80)
    await page.close()
  })
})
