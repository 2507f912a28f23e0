import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { PHASES } from '../../schema/metrics.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { type Site, startSite } from './site.ts'
import { truthOf, WITNESS } from './truth.ts'

let site: Site
let chromium: Chromium

beforeAll(async () => {
  ;[site, chromium] = await Promise.all([startSite(), startChromium()])
})
afterEach(() => {
  site.forget()
  expect(chromium.complaints.splice(0)).toEqual([])
})
afterAll(() => Promise.all([chromium.close(), site.close()]))

/** A late banner shifts the page, a hero is painted late, a button blocks the main thread. */
const MISBEHAVING = `
  <div id="banner"></div>
  <button id="slow">Slow</button>
  <h1 id="hero"></h1>
  <p>Text that is pushed down, and is long enough to be seen as it moves over the page.</p>
  <script>
    setTimeout(() => { hero.innerHTML = '<span style="font-size:80px">A hero</span>' }, 120)
    setTimeout(() => { banner.style.height = '180px' }, 300)
    slow.addEventListener('click', () => {
      const end = performance.now() + 90
      while (performance.now() < end);
    })
  </script>`

test('a hidden tab sends the vitals that the page itself observes', async () => {
  const page = await chromium.open(
    site.page('/truth', { tag: 'data-site="shop"', head: WITNESS, body: MISBEHAVING }),
  )
  await page.waitForFunction(() => window.truth().cls > 0)
  await page.click('#slow')
  await page.waitForFunction(() => window.truth().inp)
  await chromium.hide(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  const truth = await truthOf(page)

  expect(beacon?.site).toBe('shop')
  const vitals = beacon?.view.vitals
  expect(vitals?.lcp).toBe(Math.round(truth.lcp ?? Number.NaN))
  expect(vitals?.fcp).toBe(Math.round(truth.fcp ?? Number.NaN))
  expect(vitals?.ttfb).toBe(Math.round(truth.ttfb ?? Number.NaN))
  expect(vitals?.cls).toBe(Math.round(truth.cls * 1000))
  expect(vitals?.cls).toBeGreaterThan(0)
  expect(vitals?.inp).toBe(truth.inp)
  expect(vitals?.inp).toBeGreaterThanOrEqual(88)
  expect(PHASES.map(phase => beacon?.view.phases?.[phase])).toEqual(truth.phases)
})
