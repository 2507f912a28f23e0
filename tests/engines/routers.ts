/** What a change of address is: the same page views by the same names in each browser, with the Navigation API and without. */

import { describe, expect } from 'vitest'
import { type Engine, evaluate, type Tab, until } from './engine.ts'
import type { BrowserTest, Visit } from './visit.ts'

/** A page that routes as its buttons say. What a click does is over when `done` counts it. */
const PAGE = `
  <style>body { margin: 0; min-height: 6000px }</style>
  ${['push', 'tidy', 'guard', 'pushes', 'swap', 'query', 'hash', 'slow', 'back', 'accept', 'next']
    .map(id => `<button id="${id}">${id}</button>`)
    .join('')}
  <main>A list</main>
  <script>
    window.done = 0
    const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
    const show = text => { document.querySelector('main').innerHTML = '<h2>' + text + '</h2>' + (text + ' ').repeat(200) }
    const to = (how, url) => { history[how + 'State']({}, '', url); show(url) }
    const act = {
      push: () => to('push', '/shop/shoes'),
      tidy: () => { to('push', '/a'); to('replace', '/en/a') },
      guard: async () => { to('push', '/check'); await sleep(300); to('replace', '/dash') },
      pushes: async () => { to('push', '/first'); await sleep(300); to('push', '/second') },
      swap: async () => { await sleep(100); to('replace', '/swapped') },
      query: () => to('push', '?view=cart&token=secret&n=' + done),
      hash: () => to('push', '#/users/58213?token=secret'),
      slow: async () => { await sleep(1500); to('push', '/slow') },
      back: () => new Promise(resolve => { addEventListener('popstate', () => resolve(show('back')), { once: true }); history.back() }),
      accept: () => show('accepted'),
      next: () => to('push', '/photo/' + 'abcdefghijkl'[done]),
    }
    for (const [id, run] of Object.entries(act))
      document.getElementById(id).addEventListener('click', async () => { await run(); done++ })
  </script>`

const WITHOUT = `<script>Object.defineProperty(window, 'navigation', { value: undefined })</script>`

export function routers(test: BrowserTest): void {
  for (const [name, head] of Object.entries({ '': '', ', without the Navigation API': WITHOUT }))
    describe(`page views of a router${name}`, () => {
      for (const [title, { clicks, tag = '', routes }] of Object.entries<Case>({
        'a push by a click is one': { clicks: ['push'], routes: ['/list', '/shop/shoes'] },
        'a push that is tidied at once is one, by its last name': {
          clicks: ['tidy'],
          routes: ['/list', '/en/a'],
        },
        'a guard that redirects is one, by where the visitor ends': {
          clicks: ['guard'],
          routes: ['/list', '/dash'],
        },
        'so is one that pushes twice': { clicks: ['pushes'], routes: ['/list', '/second'] },
        'a click that replaces the path is one': { clicks: ['swap'], routes: ['/list', '/swapped'] },
        'a push long after its click is one': { clicks: ['slow'], routes: ['/list', '/slow'] },
        'each of several clicks has its own': {
          clicks: ['push', 'guard', 'tidy'],
          routes: ['/list', '/shop/shoes', '/dash', '/en/a'],
        },
        'each of twelve clicks in a row has its own': {
          clicks: Array(12).fill('next'),
          routes: ['/list', ...Array.from('abcdefghijkl', name => `/photo/${name}`)],
        },
        'a step back is one': { clicks: ['push', 'back'], routes: ['/list', '/shop/shoes', '/list'] },
        'a query or a hash is none': { clicks: ['query', 'hash', 'query'], routes: ['/list'] },
        'a hash is one where the page is routed by it': {
          tag: 'data-route-by="hash"',
          clicks: ['hash', 'query'],
          routes: ['/list', '/list/users/[id]', '/list'],
        },
        'a query is one where the page is routed by it': {
          tag: 'data-route-by="query:view"',
          clicks: ['query', 'query', 'hash', 'push'],
          routes: ['/list', '/list/cart', '/shop/shoes'],
        },
      }))
        test(title, async ({ visit, engine }) => {
          const tab = await visit.open('/list', { tag, head, body: PAGE })
          for (const [i, id] of clicks.entries()) {
            await tab.click(`#${id}`)
            await until(tab, count => Reflect.get(window, 'done') === count, i + 1)
          }
          expect(await routesOf(tab, visit, engine)).toEqual(routes.toSorted())
        })

      test('a path that follows the scroll is none, also after a click', async ({ visit, engine }) => {
        const tab = await visit.open('/list', { head, body: PAGE })
        await tab.click('#accept')
        await evaluate(tab, async () => {
          addEventListener('scroll', () => {
            setTimeout(
              () => history.replaceState({}, '', `/article/${'abcdef'[Math.floor(scrollY / 500)]}`),
              20,
            )
          })
          for (let step = 1; step <= 5; step++) {
            scrollTo(0, step * 500)
            while (location.pathname !== `/article/${'abcdef'[step]}`)
              await new Promise(resolve => setTimeout(resolve, 10))
          }
        })
        expect(await evaluate(tab, () => location.pathname)).toBe('/article/f')
        expect(await routesOf(tab, visit, engine)).toEqual(['/list'])
      })

      test('a redirect before the first click is none, and names the load', async ({ visit, engine }) => {
        const tab = await visit.open('/', {
          head,
          body: `${PAGE}<script>
            addEventListener('load', () => setTimeout(() => { to('replace', '/en/'); to('push', '/en/home') }))
          </script>`,
        })
        await until(tab, () => location.pathname === '/en/home')
        expect(await routesOf(tab, visit, engine)).toEqual(['/en/home'])
      })
    })
}

interface Case {
  /** Buttons, one after the other. */
  clicks: string[]
  /** Of the script tag. */
  tag?: string
  routes: string[]
}

/** The page views that a tab has sent when it hides, each by its last name; sorted, as they leave together. */
async function routesOf(tab: Tab, visit: Visit, engine: Engine): Promise<string[]> {
  await engine.hide(tab)
  const last = await visit.open('/last')
  await engine.hide(last)
  const routes = new Map<string, string>()
  for (let count = 1; ![...routes.values()].includes('/last'); ) {
    const views = await visit.beacons(count)
    for (const { id, route } of views) routes.set(id, route)
    count = views.length + 1
  }
  return [...routes.values()].filter(route => route !== '/last').sort()
}
