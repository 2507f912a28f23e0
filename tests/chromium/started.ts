/**
 * The site and the Chromium of a test file: whoever imports them has them in each of its tests. Each test has a site of
 * its own, at an origin of its own: a beacon that an earlier test's page sends as it ends comes to nobody else.
 */

import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type Chromium, startChromium } from '../kit/chromium.ts'
import { type Site, startSite } from '../kit/site.ts'

export let site: Site
export let chromium: Chromium

const sites: Site[] = []

beforeAll(async () => {
  chromium = await startChromium()
})
beforeEach(async () => {
  site = await startSite()
  sites.push(site)
})
afterEach(() => chromium.closeTabs())
afterAll(async () => {
  await chromium.close()
  // Until now each has answered whoever was late: what is refused, the browser writes into a console.
  for (const site of sites) await site.close()
})

/** After each test of the file: no page has printed a line, or thrown what nobody caught. */
export function expectSilence(): void {
  afterEach(() => expect(chromium.complaints.splice(0)).toEqual([]))
}
