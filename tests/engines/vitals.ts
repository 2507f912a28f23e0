/** What a page load measures in a browser: what the browser itself observes, and null where it cannot. */

import { describe, expect } from 'vitest'
import { PHASES, VITALS, type Vital } from '../../schema/domain/metrics.ts'
import { WITNESS } from '../kit/ground-truth.ts'
import { evaluate, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

/** The entries that a vital is made of. */
const ENTRIES: Record<Vital, string> = {
  lcp: 'largest-contentful-paint',
  inp: 'event',
  cls: 'layout-shift',
  fcp: 'paint',
  ttfb: 'navigation',
}

const MISBEHAVING = `
  <div id="banner"></div>
  <button id="slow">Slow</button>
  <p>Text that is pushed down, and is long enough to be seen as it moves over the page.</p>
  <script>
    setTimeout(() => { banner.style.height = '180px' }, 200)
    slow.addEventListener('click', () => {
      const end = performance.now() + 90
      while (performance.now() < end);
      slow.textContent = 'Done'
    })
  </script>`

export function vitals(test: BrowserTest): void {
  describe('a page load', () => {
    test('reports what the browser observes, and null for what it cannot', async ({
      visit,
      engine,
      abilities,
    }) => {
      const tab = await visit.open('/truth', { head: WITNESS, body: MISBEHAVING })
      const offered = await evaluate(tab, () => [...PerformanceObserver.supportedEntryTypes])
      const can = (vital: Vital) => offered.includes(ENTRIES[vital])
      expect(
        abilities.vitals.filter(vital => !can(vital)),
        'known to be measured, but not offered',
      ).toEqual([])

      await until(tab, () => document.getElementById('banner')?.clientHeight === 180)
      if (can('cls')) await until(tab, () => window.truth().cls > 0)
      await tab.click('#slow')
      await until(tab, () => document.getElementById('slow')?.textContent === 'Done')
      if (can('inp')) await until(tab, () => (window.truth().inp ?? 0) >= 88)
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const truth = await evaluate(tab, () => window.truth())

      const observed: Record<Vital, number | null> = { ...truth, cls: truth.cls * 1000 }
      for (const vital of VITALS) {
        const value = observed[vital]
        expect(view?.vitals[vital], vital).toBe(can(vital) && value !== null ? Math.round(value) : null)
        if (abilities.vitals.includes(vital)) expect(view?.vitals[vital], vital).not.toBe(null)
      }
      expect(PHASES.map(phase => view?.phases?.[phase])).toEqual(truth.phases)
      expect(view).toMatchObject({ navigation: 'navigate', route: '/truth', sequence: 0, weight: 1 })
      expect(view?.connection === null || typeof view?.connection === 'string').toBe(true)
    })

    test('opened behind another tab counts once it is shown, without paints', async ({ visit, engine }) => {
      const tab = await visit.openBehind('/behind')
      await engine.show(tab)
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.vitals).toMatchObject({ lcp: null, fcp: null, ttfb: expect.any(Number) })
    })
  })
}
