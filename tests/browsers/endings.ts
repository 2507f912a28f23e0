/** The ways in which a page ends: its beacon arrives from each. */

import { describe, expect } from 'vitest'
import { evaluate, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

/** Works only from a script with the nonce, sends only to its own origin, and allows no text to become code. */
const STRICT = [
  "default-src 'none'",
  "script-src 'nonce-once'",
  "connect-src 'self'",
  // The icon, which the browser asks for by itself.
  "img-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

export function endings(test: BrowserTest): void {
  describe('a beacon arrives', () => {
    test('when another tab hides the page, and again only with what is new', async ({ visit, engine }) => {
      const tab = await visit.open('/hidden')
      await engine.hide(tab)
      const [first] = await visit.beacons(1)
      await engine.show(tab)
      await evaluate(tab, () => fetch('/api/a').then(response => response.text()))
      await until(tab, () =>
        performance.getEntriesByType('resource').some(entry => entry.name.includes('/api/a')),
      )
      await engine.hide(tab)
      const [, second] = await visit.beacons(2)
      await engine.show(tab)
      await engine.hide(tab)
      await tab.goto(visit.page('/after'))
      await until(tab, () => location.pathname === '/after' && 'fieldline' in window)
      await engine.show(tab)
      await engine.hide(tab)
      const views = await visit.beacons(3)
      expect(second).toMatchObject({ id: first?.id, sequence: 1, calls: [{ endpoint: 'GET /api/a' }] })
      expect(views.map(view => view.route)).toEqual(['/hidden', '/hidden', '/after'])
    })

    test('when a visitor goes to another page', async ({ visit, site }) => {
      const tab = await visit.open('/left')
      await tab.goto(site.page('/elsewhere', {}))
      const [view] = await visit.beacons(1)
      expect(view).toMatchObject({ route: '/left', navigation: 'navigate', phases: expect.anything() })
    })

    test('when a visitor closes the tab', async ({ visit, abilities }) => {
      for (let closed = 0; closed < abilities.closed; closed++) {
        const tab = await visit.open('/closed')
        await tab.close()
      }
      const [view] = await visit.beacons(1)
      expect(view).toMatchObject({ route: '/closed', sequence: 0 })
    })

    test('from a page with a strict content security policy', async ({ visit, engine }) => {
      const tab = await visit.open('/strict', {
        tag: 'nonce="once"',
        headers: { 'content-security-policy': STRICT },
      })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.route).toBe('/strict')
    })
  })
}
