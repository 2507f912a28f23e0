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

    test('though the page stops the event from spreading', async ({ visit, engine }) => {
      const head = `<script>
        document.addEventListener('visibilitychange', event => event.stopPropagation())
      </script>`
      const tab = await visit.open('/stopped', { head })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.route).toBe('/stopped')
    })

    test('though the page has written itself anew, which takes all listeners away', async ({
      visit,
      engine,
    }) => {
      const tab = await visit.open('/written')
      await evaluate(tab, () => {
        document.open()
        document.write('<!doctype html><title>New</title><h1>New</h1>')
        document.close()
      })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.route).toBe('/written')
    })

    for (const [name, forge] of Object.entries({
      'says that it is never hidden': `Object.defineProperty(document, 'hidden', { value: false })
        Object.defineProperty(Document.prototype, 'hidden', { get: () => false })`,
      'has an image of the name': `document.documentElement.insertAdjacentHTML('beforeend', '<img name=hidden><form name=prerendering></form>')`,
      'hears of the last moments first': `for (const type of ['visibilitychange', 'freeze'])
        addEventListener(type, event => event.stopImmediatePropagation(), true)`,
    }))
      test(`from a page that ${name}, as the visitor leaves`, async ({ visit, site }) => {
        const tab = await visit.open('/forged', { head: `<script>${forge}</script>` })
        await tab.goto(site.page('/elsewhere', {}))
        const [view] = await visit.beacons(1)
        expect(view?.route).toBe('/forged')
      })

    test('once it can leave, with what came since, if the page lives on', async ({ visit, engine }) => {
      const head = `<script>
        delete window.fetchLater
        window.refuse = true
        {
          const { fetch } = window
          window.fetch = (url, init) => refuse && /\\/f\\?/.test(url) ? Promise.reject(new TypeError('no')) : fetch(url, init)
        }
      </script>`
      const tab = await visit.open('/refused', { head })
      await evaluate(tab, () => fetch('/api/a').then(response => response.text()))
      await until(tab, () =>
        performance.getEntriesByType('resource').some(({ name }) => name.includes('/api/a')),
      )
      await engine.hide(tab)
      // Both tries are over.
      await evaluate(tab, () => new Promise(resolve => setTimeout(resolve, 2500)))
      await engine.show(tab)
      await evaluate(tab, () => {
        Reflect.set(window, 'refuse', false)
        window.fieldline?.mark('late', 1)
      })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view).toMatchObject({
        sequence: 0,
        calls: [{ endpoint: 'GET /api/a' }],
        marks: [{ name: 'late', value: 1 }],
      })
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

  describe('no Referer tells more than the origin', () => {
    for (const policy of ['unsafe-url', 'no-referrer-when-downgrade', 'same-origin', 'no-referrer'])
      for (const [place, parts] of Object.entries({
        'a meta element': { head: `<meta name="referrer" content="${policy}">` },
        'a header': { headers: { 'referrer-policy': policy } },
      }))
        test(`on a page with ${policy} in ${place}`, async ({ visit, engine, site }) => {
          for (const [name, endpoint] of [
            ['own', '/f'],
            ['other', `${site.other}/f`],
          ]) {
            const tab = await visit.open(`/orders/4711/${name}`, {
              ...parts,
              tag: `data-endpoint="${endpoint}"`,
            })
            await engine.hide(tab)
          }
          await visit.beacons(2)
          const beacons = site.beacons.filter(beacon => beacon.site === visit.name)
          expect(beacons.map(({ headers }) => headers.referer)).toEqual([
            `${site.origin}/`,
            `${site.origin}/`,
          ])
          // What the worker admits a page by.
          expect(beacons.map(({ headers }) => headers.origin)).toEqual([site.origin, site.origin])
        })
  })

  describe('elements with names of the browser', () => {
    test('neither lead beacons astray nor switch them off', async ({ visit, engine, site }) => {
      const evil = `data-site="evil" data-endpoint="${site.other}/evil"`
      const tab = await visit.open('/clobbered', {
        head: `<base href="${site.other}/">
          <script>document.documentElement.insertAdjacentHTML('beforeend', \`
            <img name="currentScript" ${evil}><form id="fieldline"><input name="init"><input name="q"></form>
            <form name="baseURI"></form><nav id="navigation"></nav><a id="Zone"></a><form id="fetchLater"></form>\`)</script>
          <script src="${site.origin}/fieldline.js" data-site="${visit.name}" data-endpoint="/f"></script>`,
      })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.route).toBe('/clobbered')
      expect(site.beacons.some(beacon => beacon.site === 'evil')).toBe(false)
    })
  })
}
