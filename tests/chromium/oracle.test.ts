import type { Page } from 'playwright-core'
import { describe, expect } from 'vitest'
import { durations, interact, paints, shifts, slowest } from './fixture.ts'
import { agree, type Case, type Said, told, vital } from './oracle.ts'
import { chromium } from './started.ts'

// The vitals of one load.

/** The number that an act answered. */
const only = ([[value = Number.NaN] = []]: number[][]) => value

describe('LCP and FCP', () => {
  const HERO = '<img width="600" height="450" src="/hero.svg?delay=150">'

  /** Does what makes web-vitals tell an LCP, and waits until it has. */
  const nextLcp = async (page: Page, act: () => Promise<unknown>) => {
    const { length } = await page.evaluate(() => said)
    await act()
    await page.waitForFunction(length => said.slice(length).some(({ name }) => name === 'LCP'), length)
  }
  /** Paints what would be the LCP; answers when, in ms. */
  const paintsLate = async (page: Page) => {
    const now = await page.evaluate(() => performance.now())
    await paints(page, 120)
    return now
  }

  agree({
    'of a text are its paint': {
      body: '<p>A text</p>',
      says: views => expect(vital(views, 'lcp')).toBe(vital(views, 'fcp')),
    },
    'of a page without content are none': {
      body: '',
      says: ([view]) => expect(view?.vitals).toMatchObject({ lcp: null, fcp: null, cls: null }),
    },
    'of an image that comes late differ': {
      act: page =>
        nextLcp(page, () => page.evaluate(html => document.body.insertAdjacentHTML('beforeend', html), HERO)),
      says: views => expect(vital(views, 'lcp')).toBeGreaterThan(vital(views, 'fcp')),
    },
    'of texts that grow are the last and the first': {
      act: async page => {
        for (const size of [90, 120, 150]) {
          await nextLcp(page, () => paints(page, size))
        }
      },
      says: views => expect(vital(views, 'lcp')).toBeGreaterThan(vital(views, 'fcp')),
    },
    'pass over what is painted after a click': {
      act: async page => {
        await interact(page, 0)
        return paintsLate(page)
      },
      says: (views, acted) => expect(vital(views, 'lcp')).toBeLessThan(only(acted)),
    },
    'pass over what is painted after a key': {
      act: async page => {
        await interact(page, 0, 'key')
        return paintsLate(page)
      },
      says: (views, acted) => expect(vital(views, 'lcp')).toBeLessThan(only(acted)),
    },
    'take what is painted after a click of a script': {
      act: async page => {
        const from = await page.evaluate(() => {
          document.querySelector('button')?.click()
          return performance.now()
        })
        await paints(page, 120)
        await told(page, 'LCP', from)
      },
      says: views => expect(vital(views, 'lcp')).toBeGreaterThan(vital(views, 'fcp')),
    },
    'pass over what is painted after the tab was hidden': {
      act: async page => {
        await chromium.hide(page)
        await chromium.show(page)
        return paintsLate(page)
      },
      says: (views, acted) => expect(vital(views, 'lcp')).toBeLessThan(only(acted)),
    },
  })
})

describe('CLS', () => {
  agree({
    'of a page without shifts is 0': {
      act: page => told(page, 'CLS'),
      says: views => expect(vital(views, 'cls')).toBe(0),
    },
    'adds the shifts of a window': {
      act: page => shifts(page, [60], [60], [60]),
      says: (views, acted) => expect(vital(views, 'cls')).toBe(only(acted)),
    },
    'is that of the first window where it is the worst': {
      act: page => shifts(page, [90], [90], [30, 1100], [30]),
      says: (views, acted) => expect(vital(views, 'cls')).toBeLessThan(only(acted)),
    },
    'is that of the second window where it is the worst': {
      act: page => shifts(page, [30], [30], [90, 1100], [90], [30, 1100]),
      says: (views, acted) => expect(vital(views, 'cls')).toBeLessThan(only(acted)),
    },
    'of shifts without a pause falls into windows of 5 s': {
      act: page =>
        shifts(page, [20], ...Array.from({ length: 7 }, (): [number, number] => [20, 800]), [40], [40]),
      says: (views, acted) => expect(vital(views, 'cls')).toBeLessThan(only(acted)),
    },
    'passes over shifts just after a click': {
      act: async page => {
        await shifts(page, [10])
        await interact(page, 0)
        return shifts(page, [100], [10, 700])
      },
      says: (views, acted) => expect(vital(views, 'cls')).toBe(only(acted)),
    },
    'takes what has moved before something is painted': {
      // Empty boxes are not content: their shift is told, FCP waits for the text.
      body: `<div id="banner"></div><div style="width:400px;height:300px;background:red"></div><div id="page"></div><script>
        window.early = shift(100, 100).then(() => paint(40))
      </script>`,
      act: page => page.evaluate('early').then(() => told(page, 'CLS')),
      says: views => expect(vital(views, 'cls')).toBeGreaterThan(0),
    },
    'goes on after the tab was hidden': {
      act: async page => {
        await shifts(page, [10])
        await chromium.hide(page)
        await chromium.show(page)
        return shifts(page, [50])
      },
      says: (views, acted) => expect(vital(views, 'cls')).toBe(only(acted)),
    },
  })
})

describe('INP', () => {
  /** Slow interactions, and fast ones after each; answers the durations of those that are told. */
  const busy = async (page: Page, slow: number[], fast: number) => {
    for (const ms of slow) {
      await interact(page, ms, ms % 20 ? 'key' : 'click')
      for (let i = 0; i < fast; i++) await interact(page, 0, 'key')
    }
    // Where the browser does not count, the fast ones before it are counted by its id.
    await interact(page, 24)
    return [await durations(page)]
  }

  /** INP is that of the interaction that so many others are slower than: one for each 50. */
  const saysNth =
    (others: number) =>
    (views: Said[], [all = []]: number[][]) =>
      expect(vital(views, 'inp')).toBe(slowest(all, others))
  const many: Case = {
    act: page => busy(page, [600, 100, 60, 40], 18),
    says: saysNth(1),
  }

  agree({
    'of a page that nobody touches is none': {
      says: ([view]) => expect(view?.vitals.inp).toBe(null),
    },
    'of one slow click is its duration': {
      act: page => interact(page, 100),
      says: views => expect(vital(views, 'inp')).toBeGreaterThanOrEqual(96),
    },
    'of one slow key is its duration': {
      act: page => interact(page, 100, 'key'),
      says: views => expect(vital(views, 'inp')).toBeGreaterThanOrEqual(96),
    },
    'is the slowest of clicks and keys': {
      act: page => busy(page, [60, 130, 80, 50], 1),
      says: saysNth(0),
    },
    'of one fast click is what the browser says of the first input': {
      act: async page => {
        await interact(page, 0)
        await told(page, 'INP')
      },
      says: ([view]) => expect(view?.vitals.inp).not.toBe(null),
    },
    'passes over what is below the threshold, the first input excepted': {
      act: page => busy(page, [0, 20, 0, 24], 0),
      says: ([view]) => expect(view?.vitals.inp).not.toBe(null),
    },
    'of more than 50 interactions passes over the slowest': many,
    'of more than 50 interactions does so also where the browser does not count them': {
      ...many,
      head: '<script>delete Performance.prototype.interactionCount</script>',
    },
    'of a hundred interactions with more than ten slow ones is the third': {
      act: page => busy(page, [50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160], 8),
      says: saysNth(2),
    },
    'is told though the page hides at once': {
      act: async page => {
        await page.evaluate(() => {
          wait = 100
        })
        await page.click('#go')
      },
      says: ([view]) => expect(view?.vitals.inp).not.toBe(null),
    },
    'grows after the tab was hidden': {
      act: async page => {
        await interact(page, 60)
        await chromium.hide(page)
        await chromium.show(page)
        await interact(page, 120)
      },
      says: views => expect(vital(views, 'inp')).toBeGreaterThanOrEqual(120),
    },
  })
})
