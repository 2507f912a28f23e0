/**
 * web-vitals as it is published, beside the SDK in one page: the newest that both say of each page view must be the same.
 */

import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { METRICS, VITALS, type Vital } from '../../schema/metrics.ts'
import type { Navigation, PageView } from '../../schema/pageview.ts'
import type {} from '../../sdk/script.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { type Parts, type Site, startSite } from './site.ts'

const PUBLISHED = new URL('../../node_modules/web-vitals/dist/web-vitals.iife.js', import.meta.url)

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

/** Runs web-vitals, and notes what it says and what the SDK sends. */
const PEER = `
  window.said = []
  window.bodies = []
  for (const on of ['onCLS', 'onFCP', 'onINP', 'onLCP', 'onTTFB'])
    webVitals[on](
      ({ name, value, navigationType, navigationStartTime, navigationURL }) =>
        said.push({ name, value, navigationType, navigationStartTime, navigationURL }),
      { reportAllChanges: true, reportSoftNavs: true },
    )
  // It reports in the capture phase.
  addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') window.saidAtEnd = [...said]
  })
  const send = navigator.sendBeacon
  navigator.sendBeacon = (url, body) => {
    bodies.push(body)
    return send.call(navigator, url, body)
  }`

export const BOTH = `<script async src="/peer.js"></script><script async src="/fieldline.js" data-site="shop"></script>`

export interface Said {
  navigation: Navigation
  path: string
  vitals: Record<Vital, number | null>
}

export interface Oracle {
  site: Site
  chromium: Chromium
  /** Opens a page that holds both scripts, and waits until they run. */
  open(path: string, parts: Pick<Parts, 'head' | 'body'>): Promise<Page>
  /** Hides a page, for good; answers what both say of its page views, from the first on. */
  agreed(page: Page): Promise<Said[]>
}

/** Starts a site and a browser for the tests of a file. */
export function startOracle(): Oracle {
  let site: Site
  let chromium: Chromium
  beforeAll(async () => {
    ;[site, chromium] = await Promise.all([startSite(), startChromium()])
    site.file('/peer.js', 'text/javascript', readFileSync(PUBLISHED, 'utf8') + PEER)
    site.file('/hero.svg', 'image/svg+xml', HERO)
  })
  afterEach(() => {
    site.forget()
    expect(chromium.complaints.splice(0)).toEqual([])
  })
  afterAll(() => Promise.all([chromium.close(), site.close()]))

  return {
    get site() {
      return site
    },
    get chromium() {
      return chromium
    },
    async open(path, { head = '', body = '' }) {
      const page = await chromium.open(site.page(path, { head: head + BOTH, body }))
      await started(page)
      return page
    },
    async agreed(page) {
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
    },
  }
}

/** Loads both scripts into a page that has none yet. */
export async function bring(page: Page): Promise<void> {
  await page.evaluate(
    html => document.head.append(document.createRange().createContextualFragment(html)),
    BOTH,
  )
  await started(page)
}

/** Both scripts run. Polled, since a hidden tab has no animation frames. */
export async function started(page: Page): Promise<void> {
  await page.waitForFunction('window.fieldline && window.said', null, { polling: 20 })
}

function saidByUs({ navigation, route, vitals }: PageView): Said {
  return { navigation, path: route, vitals }
}

/** Its page views, with the newest value of each metric in our grains. */
function saidByPeer(reports: Report[]): Said[] {
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
