/**
 * web-vitals as it is published, beside the SDK in one page: the newest that both say of each page view must be the same.
 * web-vitals measures in the SDK, too, so this tests what the SDK adds: the right page view, rounding, delivery. Beside
 * the version that the SDK has, the newest of the registry is asked, so that an update comes with its evidence.
 *
 * Two differences are right. INP is compared as the page hides: until then each waits for an idle moment of its own.
 * The time to first byte that web-vitals tells of a soft navigation, a dummy of 0, is left out.
 */

import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { METRICS, VITALS, type Vital } from '../../schema/domain/metrics.ts'
import type { Navigation, PageView } from '../../schema/wire/pageview.ts'
import type {} from '../../sdk/script.ts'
import { BODY, HEAD } from './fixture.ts'
import { chromium, expectSilence, site } from './started.ts'
import { type Published, publishedWebVitals } from './web-vitals.ts'

const PEERS = publishedWebVitals()

/** Long enough to count as content: LCP passes over images of less than 0.05 bits a pixel. */
const HERO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3"/><!--${'x'.repeat(20_000)}--></svg>`

/** What web-vitals reported, in order. */
export interface Report {
  name: string
  value: number
  navigationType: Navigation
  navigationStartTime: number
  navigationURL: string
}

declare global {
  var said: Report[]
  /** What web-vitals had said when the page hid last. */
  var saidAtEnd: Report[]
  /** Bodies of the beacons that the page sent, in order. */
  var bodies: string[]
}

/** Runs web-vitals, and notes what it says. */
const PEER = `
  window.said = []
  for (const on of ['onCLS', 'onFCP', 'onINP', 'onLCP', 'onTTFB'])
    webVitals[on](
      ({ name, value, navigationType, navigationStartTime, navigationURL }) =>
        said.push({ name, value, navigationType, navigationStartTime, navigationURL }),
      { reportAllChanges: true, reportSoftNavs: true },
    )
  // It reports in the capture phase.
  addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') window.saidAtEnd = [...said]
  })`

/** Notes what the SDK sends, of which it takes the page's fetch. */
const SENT = `<script>
  window.bodies = []
  const send = fetch
  window.fetch = (url, init) => {
    if (/\\/f\\?site=/.test(url)) bodies.push(init.body)
    return send(url, init)
  }
</script>`

export const BOTH = `${SENT}<script async src="/peer.js"></script><script async src="/fieldline.js" data-site="shop"></script>`

/** A page view, as both say it. */
export interface Said {
  navigation: Navigation
  path: string
  vitals: Record<Vital, number | null>
}

/** What happens on a page, and what its page views are then. */
export interface Case {
  head?: string
  body?: string
  /** Comes before both scripts. */
  before?: (page: Page) => Promise<unknown>
  /** What web-vitals tells first; by default LCP, on a page without content nothing. */
  first?: 'FCP'
  act?: (page: Page) => Promise<unknown>
  /** `acted` are the lists that `act` answered, if it did; a number is a list of one. */
  says: (views: Said[], acted: number[][]) => void
}

expectSilence()
beforeEach(() => {
  load(PEERS[0])
  site.file('/hero.svg', 'image/svg+xml', HERO)
})

/** Opens each page, lets it happen, and compares. */
export function agree(cases: Record<string, Case>): void {
  for (const [name, { head = '', body = BODY, before, first = 'LCP', act, says }] of Object.entries(cases))
    test.each(PEERS)(`${name} (web-vitals $version)`, async peer => {
      load(peer)
      const page = await chromium.open(site.page('/page', { head: HEAD + head + (before ? '' : BOTH), body }))
      if (before) {
        await page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length")
        await before(page)
        await bring(page)
      } else await started(page)
      if (body) await told(page, first)
      const acted = await act?.(page)
      says(await agreed(page), typeof acted === 'number' ? [[acted]] : Array.isArray(acted) ? acted : [])
    })
}

/** Hides a page, for good; answers what both say of its page views, from the first on. */
export async function agreed(page: Page): Promise<Said[]> {
  await chromium.hide(page)
  const [said, sent] = await page.evaluate(() => [saidAtEnd, bodies] as const)
  const beacons = await site.until(beacons =>
    sent.every(body => beacons.some(beacon => beacon.body === body)),
  )
  const views = sent.flatMap(body => beacons.find(beacon => beacon.body === body)?.view ?? [])
  const ours = newest(views.map(view => [view.id, view])).map(saidByUs)
  expect(ours).toEqual(saidByPeer(said))
  await page.close()
  return ours
}

function load({ code }: Published): void {
  site.file('/peer.js', 'text/javascript', code + PEER)
}

export function vital(views: Said[], name: Vital, index = 0): number {
  return views[index]?.vitals[name] ?? Number.NaN
}

/** web-vitals has told a value of at least so much, of so many page views of a type. */
export async function told(page: Page, name: string, least = 0, navigationType?: Navigation, views = 1) {
  await page.waitForFunction(
    ([name, least, type, views]) =>
      new Set(
        said
          .filter(report => report.name === name && report.value >= least)
          .filter(({ navigationType }) => !type || navigationType === type)
          .map(({ navigationStartTime }) => navigationStartTime),
      ).size >= views,
    [name, least, navigationType, views] as const,
    { polling: 20 },
  )
}

/** Loads both scripts into a page that has none yet. */
export async function bring(page: Page): Promise<void> {
  await page.evaluate(
    html => document.head.append(document.createRange().createContextualFragment(html)),
    BOTH,
  )
  await started(page)
}

/** Both scripts run, and have been told what was before them. Polled, since a hidden tab has no animation frames. */
export async function started(page: Page): Promise<void> {
  await page.waitForFunction('window.fieldline && window.said', null, { polling: 20 })
  // Observers are told in order: when this one is, those of the scripts have been.
  await page.evaluate(() =>
    new Promise(resolve => {
      new PerformanceObserver(resolve).observe({ type: 'navigation', buffered: true })
    }).then(() => {}),
  )
}

function saidByUs({ navigation, route, vitals }: PageView): Said {
  return { navigation, path: route, vitals }
}

/** Its page views, with the newest value of each metric in our grains. */
function saidByPeer(all: Report[]): Said[] {
  // The CLS that begins at a return, since nothing was painted before, it tells with the start of the load.
  const back = all.find(
    report => report.navigationStartTime && report.navigationType === 'back-forward-cache',
  )
  const reports = all.map(report =>
    report.navigationStartTime || report.navigationType !== 'back-forward-cache'
      ? report
      : { ...report, navigationStartTime: back?.navigationStartTime ?? 0 },
  )
  const starts = new Set(reports.map(report => report.navigationStartTime))
  return [...starts]
    .sort((a, b) => a - b)
    .map(start => {
      const own = reports.filter(report => report.navigationStartTime === start)
      const values = new Map(own.map(({ name, value }) => [name, value]))
      const [{ navigationType, navigationURL }] = own as [Report]
      // The time to first byte that it tells of a soft navigation is a dummy of 0.
      if (navigationType === 'soft-navigation') values.delete('TTFB')
      const grains = (vital: Vital) => {
        const value = values.get(vital.toUpperCase())
        return [vital, value === undefined ? null : Math.round(value * METRICS[vital].grains)]
      }
      return {
        navigation: navigationType,
        path: new URL(navigationURL).pathname,
        vitals: Object.fromEntries(VITALS.map(grains)) as Said['vitals'],
      }
    })
}

/** The last value of each key, in the order in which the keys came. */
function newest<T>(entries: (readonly [string, T])[]): T[] {
  return [...new Map(entries).values()]
}
