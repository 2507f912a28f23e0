/**
 * Uncaught errors and unhandled rejections: each browser's are counted, the page's own handlers and the console see what they
 * see without, and no value of a form or the query leaves, whatever is thrown.
 */

import { describe, expect } from 'vitest'
import type { PageView } from '../../schema/wire/pageview.ts'
import { evaluate, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

declare global {
  /** What the page's own handlers heard, and which traps and getters of what was thrown were called. */
  var heard: string[]
  var touched: string[]
  /** Throws each in a task of its own, and says `over` behind the last. */
  function toss(throws: (() => unknown)[]): void
}

const HEAD = `<script>
  var heard = [], touched = []
  onerror = (...told) => { heard.push('onerror ' + told.slice(0, 4)) }
  onunhandledrejection = ({ defaultPrevented, eventPhase }) => heard.push('rejection ' + defaultPrevented + eventPhase)
  addEventListener('error', event => heard.push('error ' + event.message + (event.error === undefined) + event.defaultPrevented))
  addEventListener('error', event => { if (/prevented/.test(event.message)) event.preventDefault() }, true)
  var toss = ([act, ...others]) => setTimeout(() => {
    // Behind the task in which the browser tells of a rejection.
    setTimeout(() => setTimeout(() => others.length ? toss(others) : heard.push('over')))
    act()
  })
  // Each key that is asked of it is noted, and none is answered.
  var trap = name => new Proxy({}, new Proxy({}, { get(_, asked) {
    return (_, key) => { touched.push(name + ' ' + asked + ' ' + String(key)); throw 'trap' }
  } }))
  var getters = name => Object.defineProperties(new Error('kept'), Object.fromEntries(
    ['message', 'name', 'stack', 'cause', 'toString', Symbol.toPrimitive].map(key =>
      [key, { get() { touched.push(name + ' ' + String(key)); throw key } }])))
  // Of its kind V8 writes a stack as it is first read.
  var Named = class extends Error { get name() { touched.push('name'); return 'Named' } }
  var revoked = () => { const { proxy, revoke } = Proxy.revocable(new Error('gone'), {}); revoke(); return proxy }
</script><img src="data:image/png,broken" alt="">`

export function errors(test: BrowserTest): void {
  describe('errors', () => {
    test('are not what leaving cuts off, which some browsers reject', async ({ visit, site }) => {
      visit.allow(/NetworkError|Load failed|before/)
      for (const api of ['on', 'off']) {
        const tab = await visit.open(`/left-${api}`, { tag: `data-api="${api}"` })
        const to = `${site.page('/elsewhere', {})}?delay=700`
        await evaluate(
          tab,
          to => {
            fetch('/api/open?silent')
            const leave = () => {
              location.href = to
            }
            addEventListener('unhandledrejection', () => setTimeout(leave), { once: true })
            Promise.reject('before')
          },
          to,
        )
        await until(tab, () => location.pathname === '/elsewhere')
      }
      const views = await visit.beacons(2)
      expect(views.map(({ errors }) => errors?.list.map(({ message }) => message))).toEqual([
        ['before'],
        ['before'],
      ])
    })

    test('are counted, and handlers and console see the same as without', async ({ visit, engine }) => {
      visit.allow(/^/)
      const seen = []
      let heard: string[] = []
      const field = `<input value="cart"><script>
        Object.defineProperty(document.querySelector('input'), 'value', { get() { touched.push('field') } })</script>`
      for (const tag of ['data-errors="off"', '']) {
        const tab = await visit.open('/errors', { tag, head: HEAD, body: field })
        engine.complaints.splice(0)
        await evaluate(tab, () => {
          const made = (kind: string, ...given: unknown[]) => Reflect.get(window, kind)(...given)
          const text = { toString: () => touched.push('text') && 'no' }
          const angry = {
            toString() {
              touched.push('angry')
              throw new Error('no text')
            },
          }
          const bare = Object.create(null)
          const all = [
            text,
            angry,
            bare,
            null,
            undefined,
            7,
            10n,
            Symbol('odd'),
            Object.freeze(new Error('frozen')),
          ]
          toss([
            () => Reflect.get(window, 'missing').total,
            () => dispatchEvent(new ErrorEvent('error', { message: 'the page says so' })),
            () => {
              const event = new PromiseRejectionEvent('unhandledrejection', { promise: Promise.resolve() })
              const get = () => touched.push('event')
              for (const key of ['type', 'target', 'reason', 'message'])
                Object.defineProperty(event, key, { get })
              dispatchEvent(event)
            },
            () => {
              throw new RangeError('prevented by the page')
            },
            ...['trap', 'getters', 'revoked'].flatMap(kind => [
              () => {
                throw made(kind, 'thrown')
              },
              () => Promise.reject(made(kind, 'rejected')),
            ]),
            ...all.flatMap(value => [
              () => {
                throw value
              },
              () => Promise.reject(value),
            ]),
            () => Promise.reject(Reflect.construct(Reflect.get(window, 'Named'), ['by its class'])),
            () => Promise.reject(new TypeError('Failed to load the list')),
            () => Promise.reject(new Error(`huge ${'x'.repeat(1_000_000)}`)),
          ])
        })
        await until(tab, () => heard.at(-1) === 'over')
        const page = await evaluate(tab, () => ({ heard, touched }))
        heard = page.heard
        seen.push(page, engine.complaints.splice(0).length)
        await engine.hide(tab)
        await visit.beacons(seen.length / 2)
      }
      expect(seen.slice(2)).toEqual(seen.slice(0, 2))
      const views = await visit.beacons(2)
      expect(views[0]?.errors).toBe(null)
      const { count, list } = found(views)
      // All that the page heard of but what it said itself: what is thrown, and what is thrown as that is read.
      const told = heard.filter(line => /^(onerror|rejection)/.test(line))
      expect(told.length).toBeGreaterThan(29)
      expect(count).toBe(told.length - 1)
      expect(list).toHaveLength(8)
      expect(list).toContainEqual(
        expect.objectContaining({ kind: 'error', message: 'RangeError: prevented by the page', count: 1 }),
      )
      const [first] = list
      expect(first).toMatchObject({ kind: 'error', message: expect.stringMatching(/^TypeError: /), count: 1 })
      // WebKit calls the script without an address so.
      expect(first?.script).toMatch(/^\/(errors|undefined)$|^$/)
    })

    test('tell script, line and column, and of a rejection its message', async ({ visit, engine, site }) => {
      visit.allow(/^/)
      site.file('/app.js', 'text/javascript', '\n\n  var fail = () => { throw new Error("no stock") }\n')
      site.file('/far.js', 'text/javascript', 'setTimeout(() => { throw new Error("far away") })')
      const head = `${HEAD}<script src="/app.js"></script>`
      const tab = await visit.open('/place', { head })
      await evaluate(tab, () =>
        toss([
          () => Promise.reject(new TypeError('Failed to load the cart')),
          () => Promise.reject(new DOMException('Failed to play the film', 'NotAllowedError')),
        ]),
      )
      await until(tab, () => heard.includes('over'))
      await evaluate(
        tab,
        other => {
          for (let i = 0; i < 40; i++) setTimeout('fail()')
          const script = document.createElement('script')
          script.src = `${other}/far.js`
          document.head.append(script)
        },
        site.other,
      )
      await until(tab, () => heard.filter(line => line.startsWith('onerror')).length === 41)
      await engine.hide(tab)
      const { count, list } = found(await visit.beacons(1))
      expect(count).toBe(43)
      expect(list).toContainEqual({
        ...{ kind: 'error', message: 'Error: no stock', script: '/app.js', line: 3 },
        ...{ column: expect.any(Number), count: expect.any(Number) },
      })
      expect(list.find(({ script }) => script)?.column).toBeGreaterThan(20)
      // Browsers that cannot tell an error from a Proxy tell no message.
      const rejected = list.filter(({ kind }) => kind === 'unhandledrejection')
      for (const one of rejected) expect(one).toMatchObject({ script: '', line: 0, column: 0 })
      const knows = await evaluate(tab, () => 'isError' in Error)
      expect(rejected.map(({ message }) => message)).toEqual([
        knows ? 'Failed to load the cart' : '',
        'Failed to play the film',
      ])
    })

    test('bring no value of a form or the query', async ({ visit, engine }) => {
      visit.allow(/^/)
      const body = `<form><input value="Wilhelmina Tremblay"><input type="hidden" value="Bo">
        <textarea>tell Kwame</textarea><select><option>Ljubljana</option></select></form>`
      const address = visit.page('/form', { head: HEAD, body })
      const tab = await engine.open(`${address}?q=Oluwaseun%20Adeyemi&mail=zoe%40shop.example#/x?to=Quetzal`)
      await until(tab, () => 'fieldline' in window && document.readyState === 'complete')
      await evaluate(tab, () => {
        const texts = [
          'no user Wilhelmina',
          'no USER_WILHELMINA found',
          "no 'Wilhelmina Tremblay' here",
          'who is "Kwame',
          'not Bo',
          'not: Someone Else',
          'from Ljubljana',
          'hello Oluwaseun',
          'hello zoe@shop.example',
          'bye Quetzal',
          'order 4711 of 0x5f',
          'at https://shop.example/u/Kwame:1:2',
          'née Zoë',
          'no wilhelm',
          'undefined WILHELMINA.value',
        ]
        const stack = (text: string) =>
          Object.assign(new Error(text), { stack: `Error: ${text}\n at https://x.example/Kwame:1:2` })
        toss([
          ...texts.map(text => () => {
            throw new Error(text)
          }),
          ...texts.map(text => () => Promise.reject(stack(text))),
          ...texts.map(text => () => Promise.reject(text)),
        ])
      })
      await until(tab, () => heard.at(-1) === 'over')
      await engine.hide(tab)
      const views = await visit.beacons(1)
      const { list } = found(views)
      expect(list.map(({ message }) => message)).toEqual(
        expect.arrayContaining(['Error: no user', 'Error: not']),
      )
      expect(JSON.stringify(list)).not.toMatch(
        /wilhelmina|tremblay|kwame|\bbo\b|ljub|oluwa|adeyemi|zo[eë]|quetzal|4711|someone/i,
      )
      await tab.close()
    })

    test('bring no value of fields out of sight, nor of a query that is gone', async ({ visit, engine }) => {
      visit.allow(/^/)
      const body = `<div contenteditable>dear <b>Guadalupe</b></div><p contenteditable="plaintext-only">Thessaloniki</p>
        <form><input name="querySelectorAll"><select><option value="1">Reykjavik</option></select></form>
        <div id="host"></div>`
      const address = visit.page('/gone', { head: HEAD, body })
      const tab = await engine.open(`${address}?who=Persephone%2BOdysseus`)
      await until(tab, () => 'fieldline' in window && document.readyState === 'complete')
      await evaluate(tab, () => {
        // A field within a shadow tree within another.
        const open = (host: Element | null) => host?.attachShadow({ mode: 'open' }) as ShadowRoot
        const outer = open(document.querySelector('#host'))
        outer.innerHTML = '<textarea>Archibald</textarea><p><span></span></p>'
        open(outer.querySelector('span')).innerHTML = '<input value="Montgomery">'
        Object.defineProperty(outer.host, 'shadowRoot', { get: () => touched.push('host') })
        history.replaceState(null, '', location.pathname)
        location.hash = 'to=Clementine'
        // All begin alike, so that each one that brings more is a message of its own.
        const texts = [
          'no Guadalupe',
          'no Thessaloniki',
          'no Reykjavik',
          'no Archibald',
          'no Montgomery',
          'no Persephone',
          'no Odysseus',
          'no Clementine',
          'no Persephone%2BOdysseus',
          'no who%20is%20Persephone',
          'no 1,234.56 or 1 234',
          'no {"name":"Jane","city":Rome}',
          'no [Jane]',
          'no "Jane" in JSON',
          'no name=Jane&city=Rome',
        ]
        toss(
          texts.flatMap(text => [
            () => {
              throw new Error(text)
            },
            () => Promise.reject(text),
          ]),
        )
      })
      await until(tab, () => heard.at(-1) === 'over')
      expect(await evaluate(tab, () => touched)).toEqual([])
      await engine.hide(tab)
      const { list } = found(await visit.beacons(1))
      expect(new Set(list.map(({ message }) => message))).toEqual(new Set(['Error: no', 'no']))
      await tab.close()
    })
  })
}

function found(views: readonly PageView[]): NonNullable<PageView['errors']> {
  const all = views.flatMap(({ errors }) => errors ?? [])
  return all.sort((a, b) => b.count - a.count)[0] ?? { count: 0, list: [] }
}
