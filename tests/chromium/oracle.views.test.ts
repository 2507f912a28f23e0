import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { BODY, durations, HEAD, interact, paints, shifts, slowest } from './fixture.ts'
import { agree, agreed, BOTH, bring, type Said, started, told, vital } from './oracle.ts'
import { prerender } from './prerender.ts'
import { chromium, site } from './started.ts'

// The vitals of each page view of a document, however the visitor came to it.

/** ms from which on web-vitals is told of an interaction, the first one apart. */
const SLOW = 40

const hideAndShow = async (page: Page) => {
  await chromium.hide(page)
  await chromium.show(page)
}

/** Leaves the page and comes back, by the back/forward cache. */
async function revisit(page: Page, views = 1, leave = (next: string): Promise<unknown> => page.goto(next)) {
  // Each reads the clock for itself after the first frame: within a frame it stands still.
  await page.evaluate(() => {
    performance.now = () => Number(document.timeline.currentTime)
  })
  await leave(site.page('/next', {}))
  await page.goBack({ waitUntil: 'commit' })
  await told(page, 'FCP', 0, 'back-forward-cache', views)
}

/**
 * So many interactions that the slowest is passed over, then two in the next page view. The first is slow enough to be told:
 * where the browser does not count, the fast ones after it are counted by its id.
 */
async function manyBefore(page: Page, next: () => Promise<void>): Promise<number[][]> {
  await interact(page, 40)
  for (let i = 0; i < 52; i++) await interact(page, 0, 'key')
  await interact(page, 160)
  await interact(page, 80)
  const before = await durations(page)
  await next()
  await interact(page, 120)
  await interact(page, 60)
  const since = (await durations(page)).slice(before.length)
  return [before, since.slice(0, -2), since.slice(-2)]
}

/** Of a return or a soft navigation; a busy machine may make any interaction slow enough to be told as it is. */
function eightIfFast(views: Said[]): void {
  expect(vital(views, 'inp', 1)).toSatisfy(inp => inp === 8 || inp >= SLOW)
}

/** The click that leads to the next page view, if there is one, may count in either. */
function fewSince(views: Said[], [before = [], next = [], since = []]: number[][]): void {
  expect([slowest(before, 1), slowest([...before, ...next], 1)]).toContain(vital(views, 'inp'))
  expect([slowest(since), slowest([...next, ...since])]).toContain(vital(views, 'inp', 1))
}

describe('scripts that come late', () => {
  /** When the tab was hidden first. */
  let hidden = Number.NaN
  const noteHidden = async (page: Page) => {
    hidden = await page.evaluate(() => {
      const states = performance.getEntriesByType('visibility-state')
      return states.find(({ name }) => name === 'hidden')?.startTime ?? Number.NaN
    })
  }

  agree({
    'read what was before them': {
      before: async page => {
        await shifts(page, [60], [60])
        await paints(page, 90, 120)
        await interact(page, 160)
      },
      says: ([view]) => {
        expect(view?.vitals.lcp).toBeGreaterThan(view?.vitals.fcp ?? Number.NaN)
        expect(view?.vitals.cls).toBeGreaterThan(0)
        expect(view?.vitals.inp).toBeGreaterThanOrEqual(152)
      },
    },
    'pass over what was painted after the tab had been hidden': {
      before: async page => {
        await hideAndShow(page)
        await noteHidden(page)
        await paints(page, 120)
        await shifts(page, [60])
      },
      says: views => {
        expect(vital(views, 'lcp')).toBeLessThan(hidden)
        expect(vital(views, 'cls')).toBeGreaterThan(0)
      },
    },
    'take a tab that is hidden now for one that was shown': {
      before: async page => {
        await chromium.hide(page)
        await noteHidden(page)
      },
      act: page => chromium.show(page),
      says: views => expect(vital(views, 'lcp')).toBeLessThan(hidden),
    },
  })
})

describe('a tab that was hidden before it was painted', () => {
  const NONE = { lcp: null, fcp: null, cls: null }

  /** Opened behind others, and shown later: that resizes it, so that shifts at once are not counted. */
  const openBehind = async () => {
    const url = site.page('/page', { head: HEAD + BOTH, body: BODY })
    const page = await chromium.openBehind(url)
    await started(page)
    await chromium.show(page)
    return page
  }

  test('has no paints, and no shifts', async () => {
    const page = await openBehind()
    expect(await shifts(page, [60, 700])).toBeGreaterThan(0)
    await interact(page, 100)
    const [view] = await agreed(page)
    expect(view?.vitals).toMatchObject(NONE)
    expect(view?.vitals.inp).toBeGreaterThanOrEqual(96)
  })

  for (const late of [false, true])
    test(`nor has it where it was shown first${late ? ', and the scripts come late' : ''}`, async () => {
      const block = `<link rel="stylesheet" href="/api/style?type=text/css&until=/api/go">`
      const page = await chromium.open()
      const url = site.page('/page', { head: (late ? '' : BOTH) + block + HEAD, body: BODY })
      await page.goto(url, { waitUntil: 'commit' })
      if (!late) await started(page)
      await hideAndShow(page)
      await fetch(`${site.origin}/api/go`)
      await page.waitForLoadState()
      await paints(page, 120)
      await shifts(page, [60])
      if (late) await bring(page)
      const [view] = await agreed(page)
      expect(view?.vitals).toMatchObject(NONE)
    })

  test('has them when it comes back', async () => {
    const page = await openBehind()
    await revisit(page)
    await shifts(page, [60, 700])
    const views = await agreed(page)
    expect(views[0]?.vitals).toMatchObject(NONE)
    expect(vital(views, 'cls', 1)).toBeGreaterThan(0)
  })
})

describe('a page that comes back from the back/forward cache', () => {
  agree({
    'once has paints of its own': {
      act: page => revisit(page),
      says: views => {
        expect(views.map(({ navigation }) => navigation)).toEqual(['navigate', 'back-forward-cache'])
        expect(views[1]?.vitals).toMatchObject({ cls: 0, ttfb: 0, inp: null })
        expect(vital(views, 'lcp', 1)).toBeGreaterThan(0)
      },
    },
    'twice is two page views more': {
      act: async page => {
        await revisit(page)
        await revisit(page, 2)
      },
      says: views => expect(views).toHaveLength(3),
    },
    'has shifts and interactions of its own, and the first load keeps its own': {
      act: async page => {
        await shifts(page, [60], [60])
        await interact(page, 160)
        await revisit(page)
        await interact(page, 100)
        await interact(page, 60, 'key')
        await shifts(page, [60, 700])
        await revisit(page, 2)
        await shifts(page, [60])
        await interact(page, 80)
      },
      says: views => {
        expect(views.map(({ vitals }) => (vitals.cls ?? 0) > 0)).toEqual([true, true, true])
        expect(views.map(({ vitals }) => (vitals.inp ?? 0) >= 76)).toEqual([true, true, true])
      },
    },
    'takes an interaction that is too fast for the browser for 8 ms': {
      act: async page => {
        await interact(page, 60)
        await revisit(page)
        await interact(page, 0, 'key')
      },
      says: eightIfFast,
    },
    'takes one that is the first of all as the browser tells it': {
      act: async page => {
        await revisit(page)
        await interact(page, 0)
      },
      says: ([, back]) => expect(back?.vitals.inp).not.toBe(null),
    },
    'counts its interactions anew': {
      act: page => manyBefore(page, () => revisit(page)),
      says: fewSince,
    },
    'keeps the click that left it where it belongs': {
      body: `${BODY}<a href="/next" onclick="busy(100)">Next</a>`,
      act: page =>
        revisit(page, 1, async next => {
          await page.click('a')
          await page.waitForURL(next)
        }),
      says: views => expect(views[1]?.vitals.inp).toBe(null),
    },
    'after the tab was hidden': {
      act: async page => {
        await hideAndShow(page)
        await revisit(page)
        await shifts(page, [60])
        await hideAndShow(page)
        await shifts(page, [60])
      },
      says: views => expect(vital(views, 'cls', 1)).toBeGreaterThan(0),
    },
  })
})

describe('a soft navigation', () => {
  /** A click leads to the next path, as in a router; the page grows again when the browser has told what it painted. */
  const ROUTER = `${BODY}<button id="next" onclick="next()">Next</button><a href="#" onclick="history.back(); return false">Back</a>
    <script>
      const paths = ['/first', '/second', '/third']
      let grown = 0
      const show = async () => {
        const type = 'interaction-contentful-paint'
        await entry(type, () => { page.innerHTML = '<h2>' + location.pathname + '</h2>' })
        await entry(type, () => { page.innerHTML += '<h2 style="font-size:60px">A text that is larger</h2>' })
        grown++
      }
      const next = () => {
        busy(wait)
        history.pushState({}, '', paths.shift())
        show()
      }
      onpopstate = show
    </script>`
  const go = async (page: Page, nth: number, ms = 0) => {
    await page.evaluate(ms => {
      wait = ms
    }, ms)
    await page.click('#next')
    await page.waitForFunction(`grown === ${nth}`)
    await told(page, 'LCP', 0, 'soft-navigation', nth)
  }
  const paths = (views: { path: string }[]) => views.map(({ path }) => path)

  agree({
    'has paints of its own': {
      body: ROUTER,
      act: page => go(page, 1),
      says: views => {
        expect(paths(views)).toEqual(['/page', '/first'])
        expect(vital(views, 'lcp', 1)).toBeGreaterThan(vital(views, 'fcp', 1))
        expect(views[1]?.vitals).toMatchObject({ cls: 0, ttfb: null })
      },
    },
    'after another has shifts and interactions of its own': {
      body: ROUTER,
      act: async page => {
        await interact(page, 60)
        await shifts(page, [60, 700])
        await go(page, 1, 120)
        await interact(page, 80)
        await shifts(page, [60, 700])
        await go(page, 2)
        await interact(page, 100, 'key')
        await go(page, 3)
      },
      says: views => expect(paths(views)).toEqual(['/page', '/first', '/second', '/third']),
    },
    'that follows another at once': {
      body: ROUTER,
      act: async page => {
        for (const path of ['/first', '/second', '/third']) {
          await page.click('#next')
          await page.waitForURL(`**${path}`)
        }
        await told(page, 'LCP', 0, 'soft-navigation', 3)
      },
      says: views => expect(views).toHaveLength(4),
    },
    'takes an interaction that is too fast for the browser for 8 ms': {
      body: ROUTER,
      act: async page => {
        await go(page, 1)
        await interact(page, 0, 'key')
      },
      says: eightIfFast,
    },
    'counts its interactions anew': {
      body: ROUTER,
      act: page => manyBefore(page, () => go(page, 1)),
      says: fewSince,
    },
    'by the back button': {
      body: ROUTER,
      act: async page => {
        await go(page, 1)
        await page.click('a')
        await told(page, 'LCP', 0, 'soft-navigation', 2)
      },
      says: views => expect(paths(views)).toEqual(['/page', '/first', '/page']),
    },
    'after the tab was hidden': {
      body: ROUTER,
      act: async page => {
        await hideAndShow(page)
        await go(page, 1)
        await hideAndShow(page)
        await shifts(page, [60])
        await go(page, 2)
      },
      says: views => expect(views).toHaveLength(3),
    },
    'before a return from the back/forward cache, and after it': {
      body: ROUTER,
      act: async page => {
        await go(page, 1)
        await revisit(page)
        await interact(page, 60)
        await shifts(page, [60, 700])
        await go(page, 2)
      },
      says: views => expect(paths(views)).toEqual(['/page', '/first', '/first', '/second']),
    },
    'is told by scripts that come late': {
      body: ROUTER,
      before: async page => {
        await page.click('#next')
        await page.waitForFunction('performance.getEntriesByType("soft-navigation").length')
        await page.waitForFunction('page.children.length > 1')
        await shifts(page, [60, 700])
      },
      act: page => told(page, 'LCP', 0, 'soft-navigation'),
      says: views => expect(paths(views)).toEqual(['/page', '/first']),
    },
  })
})

test('a prerendered page says what web-vitals says', async () => {
  // What web-vitals says goes along as marks.
  const { navigation, vitals, marks } = await prerender(site, {
    head: HEAD + BOTH,
    body: `${BODY}<img id="late" width="600" height="300"><script>
      // It is the LCP in any case, since it comes after the paint of what was prerendered.
      document.addEventListener('prerenderingchange', () => { late.src = '/hero.svg?delay=300' })
      let grown, early
      const timer = setInterval(() => {
        if (window.fieldline) early ??= fieldline.mark('early') ?? fetch('/api/ready')
        const { LCP, FCP, CLS, TTFB } = Object.fromEntries((window.said ?? []).map(({ name, value }) => [name, value]))
        if (LCP > FCP && CLS >= 0) grown ??= shift(60)
        if (!window.fieldline || !CLS || TTFB === undefined) return
        clearInterval(timer)
        for (const [name, value] of Object.entries({ LCP, FCP, CLS: CLS * 1000, TTFB })) fieldline.mark(name, value)
        location.href = '/end'
      }, 20)
    </script>`,
  })
  const { early, ...marked } = Object.fromEntries(marks.map(({ name, value }) => [name.toLowerCase(), value]))
  // What was done before anybody asked for the page took its visitor no time.
  expect(early).toBe(0)
  expect(navigation).toBe('prerender')
  expect(vitals).toEqual({ ...marked, inp: null })
  expect(vitals).toMatchObject({ ttfb: 0, cls: expect.any(Number), fcp: expect.any(Number) })
})

describe('a browser', () => {
  /** As Firefox and WebKit: no such entries, so no soft navigations. */
  const without = (types: string) => `<script>
    const { supportedEntryTypes } = PerformanceObserver
    const known = supportedEntryTypes.filter(type => !/${types}|soft-navigation|interaction-contentful/.test(type))
    Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', { get: () => known })
    delete window.PerformanceSoftNavigation
    if (!known.includes('largest-contentful-paint')) delete window.LargestContentfulPaint
    if (!known.includes('layout-shift')) delete window.LayoutShift
  </script>`
  const UNCOUNTED = '<script>delete Performance.prototype.interactionCount</script>'

  const returns = async (page: Page) => {
    await interact(page, 100)
    await shifts(page, [60, 700])
    await revisit(page)
    await interact(page, 60)
    await shifts(page, [60, 700])
  }

  agree({
    'without LCP and layout shifts has neither, not after a return either': {
      head: without('largest|shift'),
      first: 'FCP',
      act: returns,
      says: views =>
        expect(views.map(({ vitals }) => vitals)).toEqual(
          [0, 1].map(() => ({
            ...{ lcp: null, cls: null, fcp: expect.any(Number), inp: expect.any(Number) },
            ttfb: expect.any(Number),
          })),
        ),
    },
    'without soft navigations has the rest': {
      head: without('nothing'),
      act: returns,
      says: views => expect(views.map(({ vitals }) => (vitals.cls ?? 0) > 0)).toEqual([true, true]),
    },
    'without paints has no CLS': {
      head: without('^paint'),
      act: page => shifts(page, [60]),
      says: ([view]) => expect(view?.vitals).toMatchObject({ fcp: null, cls: null }),
    },
    'without ids of interactions has no INP': {
      head: '<script>delete PerformanceEventTiming.prototype.interactionId</script>',
      act: page => page.click('#go'),
      says: ([view]) => expect(view?.vitals.inp).toBe(null),
    },
    'without idle callbacks has INP': {
      head: '<script>delete window.requestIdleCallback; delete window.cancelIdleCallback</script>',
      act: async page => {
        await interact(page, 100)
        await interact(page, 60)
      },
      says: views => expect(vital(views, 'inp')).toBeGreaterThanOrEqual(96),
    },
    'that does not count interactions tells nothing of one that is too fast': {
      head: UNCOUNTED,
      act: async page => {
        await interact(page, 60)
        await revisit(page)
        await interact(page, 0, 'key')
      },
      says: views => expect(views).toHaveLength(2),
    },
    'that does not count interactions is counted for, anew after each return': {
      head: UNCOUNTED,
      act: page => manyBefore(page, () => revisit(page)),
      says: fewSince,
    },
  })
})
