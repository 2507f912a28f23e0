/**
 * The site and the Chromium of a test file: whoever imports them has them from before its first test to after its last.
 * What one test's pages sent is forgotten before the next.
 */

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Chromium, startChromium } from '../kit/chromium.ts'
import { type Site, startSite } from '../kit/site.ts'

export let site: Site
export let chromium: Chromium

beforeAll(async () => {
  ;[site, chromium] = await Promise.all([startSite(), startChromium()])
})
afterEach(() => site.forget())
afterAll(() => Promise.all([chromium.close(), site.close()]))

/** After each test of the file: no page has printed a line, or thrown what nobody caught. */
export function expectSilence(): void {
  afterEach(() => expect(chromium.complaints.splice(0)).toEqual([]))
}
