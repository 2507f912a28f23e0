/** The ways in which a page view begins. */

import { describe, expect } from 'vitest'
import { evaluate, recorded, reload, type Tab, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

/** ms within which leaving cuts off calls. */
const CUT = 200
/** No browser keeps so many pages in its back/forward cache. */
const MORE_THAN_RESTS = 10

const back = (tab: Tab) => evaluate(tab, () => void setTimeout(() => history.back()))

/** Waits until the page that came back has been painted. */
const painted = (tab: Tab) =>
  evaluate(
    tab,
    () => new Promise<void>(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )

export function views(test: BrowserTest): void {
  describe('a page view', () => {
    test('of a reload says so', async ({ visit, engine }) => {
      const tab = await visit.open('/again')
      await reload(tab)
      await engine.hide(tab)
      const views = await visit.beacons(2)
      expect(views.map(({ navigation }) => navigation).sort()).toEqual(['navigate', 'reload'])
      expect(new Set(views.map(({ id }) => id)).size).toBe(2)
    })

    test('that comes back from the back/forward cache is a new one, each time', async ({ visit, engine }) => {
      visit.allow(/Failed to load resource/)
      const head = `<script>
        window.restored = 0
        addEventListener('pageshow', event => { window.restored += event.persisted })
      </script>`
      const tab = await visit.open('/list', { tag: 'data-route="/[category]"', head })
      const detail = visit.page('/detail')
      for (const time of [1, 2]) {
        await evaluate(tab, url => void setTimeout(() => location.assign(url)), detail)
        // Nobody is back within the ms in which leaving cuts off calls.
        await until(
          tab,
          ms => location.pathname === '/detail' && 'fieldline' in window && performance.now() > ms,
          CUT,
        )
        await back(tab)
        await until(tab, time => Reflect.get(window, 'restored') === time, time)
        await painted(tab)
        await evaluate(tab, () => fetch('/api/again?status=500').then(response => response.text()))
        await recorded(tab, time)
      }
      await engine.hide(tab)
      const views = await visit.beacons(5)
      expect(views.map(({ route }) => route).sort()).toEqual([
        ...['/[category]', '/[category]', '/[category]', '/detail', '/detail'],
      ])
      expect(new Set(views.map(({ id }) => id)).size).toBe(5)
      const returns = views.filter(({ navigation }) => navigation === 'back-forward-cache')
      expect(returns).toHaveLength(2)
      for (const { vitals, phases, calls, age } of returns) {
        expect(vitals).toMatchObject({ ttfb: 0, fcp: expect.any(Number) })
        expect(phases).toBe(null)
        expect(calls).toMatchObject([{ endpoint: 'GET /api/again', outcome: 'http', status: 500 }])
        expect(calls[0]?.start).toBeLessThanOrEqual(age)
      }
      expect(views.flatMap(({ calls }) => calls)).toHaveLength(2)
    })

    test('has its true age though the clock is set back meanwhile', async ({ visit, engine }) => {
      const tab = await visit.open('/clock')
      const age = await evaluate(tab, () => {
        const { now } = Date
        Date.now = () => now() - 3_600_000
        return performance.now()
      })
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      expect(view?.age).toBeGreaterThanOrEqual(Math.floor(age))
    })

    test('that is loaded anew by going back says so', async ({ visit, engine, site }) => {
      const tab = await visit.open('/old')
      const others = Array.from({ length: MORE_THAN_RESTS }, (_, i) => site.page(`/other/${i}`, {}))
      for (const other of others) await tab.goto(other)
      await evaluate(tab, steps => void setTimeout(() => history.go(-steps)), others.length)
      await until(tab, () => location.pathname === '/old' && 'fieldline' in window)
      await engine.hide(tab)
      const views = await visit.beacons(2)
      expect(views.map(({ navigation }) => navigation).sort()).toEqual(['back-forward', 'navigate'])
      expect(new Set(views.map(({ id }) => id)).size).toBe(2)
    })

    test('of a document that is all in its address says nothing of it', async ({ visit, engine, site }) => {
      const text = `<h1>secret</h1><script src="${site.origin}/fieldline.js" data-site="${visit.name}"></script>`
      const body = `<iframe src="data:text/html,${encodeURIComponent(text)}"></iframe>`
      const tab = await visit.open('/around', { body })
      await engine.hide(tab)
      const views = await visit.beacons(2)
      expect(views.map(({ route }) => route).sort()).toEqual(['/around', 'data:'])
      expect(site.beacons.map(({ body }) => body).join()).not.toContain('secret')
    })

    test('begins and counts errors in a document that the page has written anew', async ({
      visit,
      engine,
    }) => {
      visit.allow(/late/)
      const tab = await visit.open('/written')
      await evaluate(tab, () => {
        document.open()
        document.write(
          `<!doctype html><button id="go">Go</button><script>
          go.addEventListener('click', () => {
            history.pushState({}, '', '/next')
            setTimeout(() => { throw new Error('late') })
            setTimeout(() => { window.thrown = true })
          })
        </` + 'script>',
        )
        document.close()
      })
      await tab.click('#go')
      await until(tab, () => 'thrown' in window)
      await engine.hide(tab)
      const views = await visit.beacons(2)
      expect(
        views
          .toSorted((a, b) => b.age - a.age)
          .map(({ route, navigation, errors }) => [route, navigation, errors?.count]),
      ).toEqual([
        ['/written', 'navigate', 0],
        ['/next', 'soft-navigation', 1],
      ])
    })

    for (const way of ['history', 'navigation'])
      test(`has its own route and calls when the page moves its address on by ${way}`, async ({
        visit,
        engine,
      }) => {
        const body = `<button id="go">Go</button><script>
          go.addEventListener('click', async () => {
            if ('${way}' === 'history') history.pushState({}, '', '/shop/shoes/58213?token=secret')
            else if (window.navigation) {
              navigation.addEventListener('navigate', event => event.intercept())
              await navigation.navigate('/shop/shoes/58213?token=secret').finished
            }
            fieldline.setRoute('/shop/[category]/[product]')
            await fetch('/api/product/58213').then(response => response.text())
          })
        </script>`
        const tab = await visit.open('/shop/shoes', { body })
        await evaluate(tab, async () => {
          window.fieldline?.setRoute('/shop/[category]')
          await fetch('/api/list').then(response => response.text())
        })
        await tab.click('#go')
        await recorded(tab, 2)
        await engine.hide(tab)
        const calls = ['GET /api/list', 'GET /api/product/[id]']
        // WebKit 2.50 has no Navigation API: there the address stays.
        if (await evaluate(tab, () => location.pathname !== '/shop/shoes')) {
          const [first, second] = (await visit.beacons(2)).toSorted((a, b) => a.route.length - b.route.length)
          expect([first?.route, second?.route]).toEqual(['/shop/[category]', '/shop/[category]/[product]'])
          expect([first?.navigation, second?.navigation]).toEqual(['navigate', 'soft-navigation'])
          expect([first, second].map(view => view?.calls.map(call => call.endpoint))).toEqual(
            calls.map(call => [call]),
          )
          expect(second?.vitals).toMatchObject({ ttfb: null })
        } else {
          const [view] = await visit.beacons(1)
          expect(view?.route).toBe('/shop/[category]/[product]')
          expect(view?.calls.map(call => call.endpoint)).toEqual(calls)
        }
      })
  })
}
