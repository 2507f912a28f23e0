import { expect, test } from 'vitest'
import { PHASES } from '../../schema/domain/metrics.ts'
import { truthOf, WITNESS } from '../kit/ground-truth.ts'
import { chromium, expectSilence, site } from './started.ts'

expectSilence()

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

test('counts an interaction just before the tab hides, without idle time since', async () => {
  const body = `<button id="go">Go</button><script>
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      const end = performance.now() + 5
      while (performance.now() < end);
      port2.postMessage(0)
    }
    go.addEventListener('click', () => {
      const end = performance.now() + 90
      while (performance.now() < end);
      port2.postMessage(0)
    })
  </script>`
  const page = await chromium.open(site.page('/busy', { tag: 'data-site="shop"', head: WITNESS, body }))
  await page.waitForFunction('window.fieldline')
  await page.click('#go')
  await page.waitForFunction(() => window.truth().inp, null, { polling: 10 })
  await chromium.hide(page)
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view.vitals.inp).toBeGreaterThanOrEqual(88)
  await page.close()
})

test('what changes after the first beacon is sent again, with the longest interaction', async () => {
  const body = `<button id="go">Go</button><script>
    const waits = [40, 120, 60]
    go.addEventListener('click', () => {
      const end = performance.now() + waits.shift()
      while (performance.now() < end);
    })
  </script>`
  const page = await chromium.open(site.page('/later', { tag: 'data-site="shop"', head: WITNESS, body }))
  await page.waitForFunction('window.fieldline')
  await page.waitForFunction(() => window.truth().lcp)
  await chromium.hide(page)
  await site.until(beacons => beacons.length === 1)
  await chromium.show(page)
  for (const longest of [40, 120]) {
    await page.click('#go')
    await page.waitForFunction(longest => (window.truth().inp ?? 0) >= longest, longest)
  }
  const truth = await truthOf(page)
  await page.click('#go')
  await chromium.hide(page)
  const [first, second] = await site.until(beacons => beacons.length === 2)
  expect(first?.view.vitals.inp).toBe(null)
  expect(second?.view).toMatchObject({ id: first?.view.id, sequence: 1 })
  expect(second?.view.vitals).toEqual({ ...first?.view.vitals, inp: truth.inp })
  await page.close()
})
