/**
 * Each option of fetch and each way in which a call can end: what the page saw is what is told of it, once, in every
 * browser.
 */

import { describe, expect } from 'vitest'
import { evaluate, type Tab, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

/** What browsers themselves write of calls that fail. */
const IN_VAIN =
  /^error: |Failed to read data|CORS|Cross-Origin|connect-src|Content.Security.Policy|ntegrity|nsafe|ot allowed|efused|access control|Failed to load/

declare global {
  /** How each call ended, from what the page alone knows. */
  var seen: Record<string, string>
  /** Makes a call by that name and reads its answer, or does not. */
  function see(
    name: string,
    call: () => Promise<Response>,
    read?: 'read',
    signal?: AbortSignal | null,
  ): Promise<void>
  /** An ordinary one. */
  function plain(name: string, init?: RequestInit, query?: string, origin?: string): Promise<void>
  function xhr(
    name: string,
    query?: string,
    run?: (xhr: XMLHttpRequest) => void,
    sync?: boolean,
  ): Promise<void>
  function abortIn(ms: number, reason?: unknown): AbortSignal
}

const HEAD = `<script>
  var seen = {}
  var see = (name, call, read, signal) => ends(name, (async () => {
    try {
      const answer = await call()
      if (read) await answer.text()
      seen[name] = answer.status >= 400 ? 'http' : 'ok'
    } catch (error) {
      const kind = Object(signal?.reason ?? error).name
      seen[name] = { TimeoutError: 'timeout', TypeError: 'network', SyntaxError: 'ok' }[kind] ?? 'aborted'
    }
  })())
  // A call that never ends is one to hear of.
  const ends = (name, call) => Promise.race([call, new Promise(resolve => setTimeout(resolve, 4000))]).then(() => {
    seen[name] ??= 'nothing, ever'
  })
  var plain = (name, init, query = '', origin = '') =>
    see(name, () => fetch(origin + '/api/' + name + '?' + query, init), undefined, init?.signal)
  var xhr = (name, query = '', run, sync) => ends(name, new Promise(resolve => {
    const request = new XMLHttpRequest()
    request.open('GET', '/api/' + name + '?' + query, !sync)
    const end = outcome => { seen[name] = outcome; resolve() }
    request.onload = () => end(request.status >= 400 ? 'http' : 'ok')
    request.onabort = () => end('aborted')
    request.onerror = () => end('network')
    request.ontimeout = () => end('timeout')
    run?.(request)
    request.send()
  }))
  var abortIn = (ms, reason) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), ms)
    return controller.signal
  }
</script>`

export function outcomes(test: BrowserTest): void {
  const told = test.extend('told', async ({ visit, engine, site }) => {
    visit.allow(IN_VAIN)
    const policy = `connect-src 'self' data: blob: about: odd: ${site.other} http://127.0.0.1:9 http://127.0.0.1:1`
    const tab = await visit.open('/outcomes', { head: HEAD, headers: { 'content-security-policy': policy } })
    return {
      tab,
      /** Runs calls; answers how they ended, once that is what is told. */
      async by(calls: (other: string) => Promise<void>): Promise<Record<string, string>> {
        await evaluate(tab, calls, site.other)
        const ended = await evaluate(tab, () => globalThis.seen)
        await last(tab)
        await engine.hide(tab)
        const [view] = await visit.beacons(1)
        const endings = (view?.calls ?? []).map(({ endpoint, outcome }) => [
          endpoint.replace(/.*\/api\//, ''),
          outcome,
        ])
        expect(Object.fromEntries(endings)).toEqual({ ...ended, last: 'ok' })
        expect(endings).toHaveLength(Object.keys(ended).length + 1)
        expect(view?.dropped).toBe(0)
        return ended
      },
    }
  })

  describe('API calls', () => {
    told('with each option of fetch are told as the page saw them', async ({ told }) => {
      const seen = await told.by(async other => {
        await plain('plain')
        await see('reading', () => fetch('/api/reading'), 'read')
        await see('address', () => fetch(new URL('/api/address', location.href)))
        await see('object', () => fetch(new Request('/api/object', { method: 'POST', body: 'x' })))
        await see('relative', () => fetch('api/relative'))
        await see('fragment', () => fetch('/api/fragment#part'))
        await plain('missing', {}, 'status=404')
        await plain('broken', {}, 'status=500')
        await plain('strange', {}, 'status=599')
        await plain('empty', {}, 'status=204')
        await plain('head', { method: 'HEAD' })
        await plain('patch', { method: 'patch', body: 'x' })
        await plain('stored', {}, 'cache=no-store&size=300000')
        await plain('unread', { method: 'POST', body: 'x' }, 'cache=no-store&status=500')
        await plain('opaque', { mode: 'no-cors' }, '', other)
        await plain('opaque-error', { mode: 'no-cors' }, 'status=500', other)
        await plain('cors', {}, '', other)
        await plain('cors-refused', {}, 'cors=no', other)
        await plain('cors-error', {}, 'status=500', other)
        await plain('same-origin', { mode: 'same-origin' })
        await plain('same-origin-refused', { mode: 'same-origin' }, '', other)
        await plain('credentials', { credentials: 'include' })
        await plain('credentials-refused', { credentials: 'include' }, '', other)
        await plain('redirect', {}, 'to=/api/elsewhere')
        await plain('redirect-manual', { redirect: 'manual' }, 'to=/api/elsewhere')
        await plain('redirect-error', { redirect: 'error' }, 'to=/api/elsewhere')
        await plain('integrity', { integrity: 'sha256-AAAA' })
        await plain('only-if-cached', { cache: 'only-if-cached', mode: 'same-origin' })
        for (const cache of ['no-store', 'reload', 'no-cache', 'force-cache'] as const)
          await plain(`cache-${cache}`, { cache })
        await plain('keepalive', { keepalive: true, method: 'POST', body: 'x' })
        await plain('priority', { priority: 'low' })
        await plain('window', { window: null })
        await plain('referrer', { referrer: '/other', referrerPolicy: 'no-referrer' })
        await plain('headers', { headers: [['x-a', 'b']] })
      })
      expect(seen).toMatchObject({
        unread: 'http',
        stored: 'ok',
        opaque: 'ok',
        'opaque-error': 'ok',
        'cors-refused': 'network',
        'redirect-manual': 'ok',
        'redirect-error': 'network',
        integrity: 'network',
      })
    })

    told('that fail, are called off or given up are told as the page saw them', async ({ told }) => {
      const seen = await told.by(async () => {
        // What is refused before it is sent failed for the page all the same.
        await plain('body-of-get', { body: 'x' })
        await plain('method-refused', { method: 'TRACE' })
        await plain('mode-refused', { mode: 'navigate' })
        await plain('header-refused', { headers: { 'a b': 'c' } })
        await see('used', async () => {
          const request = new Request('/api/used', { method: 'POST', body: 'x' })
          await request.text()
          return fetch(request)
        })
        await see('policy', () => fetch('http://127.0.0.1:2/api/policy'))
        await see('closed', () => fetch('http://127.0.0.1:9/api/closed'))
        await see('unsafe', () => fetch('http://127.0.0.1:1/api/unsafe'))
        await plain('destroyed', {}, 'destroy')
        // Called off, and given up.
        await plain('aborted-before', { signal: AbortSignal.abort() })
        await plain('aborted-before-why', { signal: AbortSignal.abort('why') })
        await plain('aborted', { signal: abortIn(20) }, 'silent')
        await plain('aborted-why', { signal: abortIn(20, { my: 'reason' }) }, 'silent')
        await plain('aborted-odd', { signal: abortIn(20, { name: Symbol('odd') }) }, 'silent')
        await see('aborted-object', () =>
          fetch(new Request('/api/aborted-object?silent', { signal: abortIn(20) })),
        )
        // What is said beside a Request is what counts.
        const request = (name: string, init: RequestInit) => new Request(`/api/${name}?silent`, init)
        await see('aborted-beside', () =>
          fetch(request('aborted-beside', { signal: abortIn(9e6) }), { signal: abortIn(20) }),
        )
        await see('aborted-not', () =>
          fetch(new Request('/api/aborted-not?delay=50', { signal: abortIn(20) }), { signal: null }),
        )
        await see('uploaded', () =>
          fetch('/api/uploaded', {
            method: 'POST',
            body: new ReadableStream({
              start(controller) {
                controller.error(new Error('no more'))
              },
            }),
            ...{ duplex: 'half' },
          }),
        )
        // WebKit rejects with the page's own error. Firefox sends no stream, but its name as a text.
        if (seen.uploaded === 'aborted') seen.uploaded = 'network'
        // A page's own kind of promise, which is none.
        const { Promise: Native } = window
        Reflect.set(window, 'Promise', class {})
        const answer = fetch('/api/odd-promise?status=500')
        window.Promise = Native
        await see('odd-promise', () => answer)
        await plain('timeout', { signal: AbortSignal.timeout(30) }, 'silent')
        await plain('timeout-before', { signal: AbortSignal.abort(new DOMException('', 'TimeoutError')) })
        await plain('timeout-reason', { signal: abortIn(20, new DOMException('', 'TimeoutError')) }, 'silent')
        if (AbortSignal.any)
          await plain(
            'timeout-any',
            { signal: AbortSignal.any([AbortSignal.timeout(30), abortIn(9e6)]) },
            'silent',
          )
        await see('done', async () => {
          const controller = new AbortController()
          const answer = await fetch('/api/done', { signal: controller.signal })
          await answer.text()
          controller.abort()
          return answer
        })
        // What never leaves the browser is no call.
        await see('data', () => fetch('data:,x'))
        await see('blob', () => fetch(URL.createObjectURL(new Blob(['x']))))
        await see('about', () => fetch('about:blank'))
        await see('scheme', () => fetch('odd://api/scheme'))
        await see('nowhere', () => fetch('http://'))
        for (const name of ['data', 'blob', 'about', 'scheme', 'nowhere']) delete seen[name]

        await xhr('xhr')
        await xhr('xhr-error', 'status=500')
        await xhr('xhr-stored', 'cache=no-store&size=1000')
        await xhr('xhr-destroyed', 'destroy')
        await xhr('xhr-cut', 'cut')
        await xhr('xhr-aborted', 'silent', request => setTimeout(() => request.abort(), 20))
        await xhr('xhr-aborted-in-body', 'open=x&type=a/b', request => {
          request.onreadystatechange = () => {
            if (request.readyState === 2) request.abort()
          }
        })
        await xhr('xhr-timeout', 'silent', request => {
          request.timeout = 50
        })
        await xhr('xhr-sync', '', undefined, true)
        await xhr('xhr-sync-error', 'status=500', undefined, true)
        try {
          await xhr('xhr-sync-destroyed', 'destroy', undefined, true)
        } catch {
          seen['xhr-sync-destroyed'] = 'network'
        }
        // A library that answers for the browser, and fails at it. The page hears of no more.
        await new Promise(resolve => {
          const request = new XMLHttpRequest()
          request.open('GET', '/api/xhr-own')
          Object.defineProperty(request, 'status', {
            get() {
              throw new Error('no status of mine')
            },
          })
          request.onloadend = resolve
          request.send()
        })
        // Opened anew as the page hears of an answer, aborted then, and opened anew while it waits.
        await new Promise<void>(resolve => {
          const request = new XMLHttpRequest()
          const calls = [
            'xhr-again',
            'xhr-again-error?status=500',
            'xhr-late-abort?status=500',
            'xhr-new?silent',
          ]
          const open = () => request.open('GET', `/api/${calls[0]}`)
          const heard = (outcome: string) => {
            seen[`${calls.shift()}`.replace(/[?].*/, '')] = outcome
          }
          open()
          request.onreadystatechange = () => {
            if (request.readyState < 4) return
            heard(request.status < 400 ? 'ok' : 'http')
            if (calls.length === 1) request.abort()
            open()
            request.send()
            if (calls.length > 1) return
            request.onreadystatechange = null
            setTimeout(() => {
              heard('aborted')
              calls.push('xhr-newest')
              request.onload = () => {
                heard('ok')
                resolve()
              }
              open()
              request.send()
            }, 50)
          }
          request.send()
        })
      })
      expect(seen).toMatchObject({
        policy: 'network',
        used: 'network',
        timeout: 'timeout',
        'timeout-reason': 'timeout',
        'aborted-why': 'aborted',
        'xhr-timeout': 'timeout',
        'xhr-aborted-in-body': 'aborted',
      })
    })

    told(
      'that break off, or are called off, as they are read are told as the page saw them',
      async ({ told }) => {
        const seen = await told.by(async () => {
          const read = (
            name: string,
            how: (answer: Response) => unknown,
            signal: AbortSignal | null = null,
            query = 'open=x',
          ) =>
            see(
              name,
              async () => {
                const answer = await fetch(`/api/${name}?${query}`, { signal })
                await how(answer)
                return answer
              },
              undefined,
              signal,
            )
          for (const how of ['text', 'json', 'blob', 'arrayBuffer'] as const) {
            await read(`${how}-aborted`, answer => answer[how](), abortIn(100))
            await read(`${how}-timeout`, answer => answer[how](), AbortSignal.timeout(100))
            await read(`${how}-cut`, answer => answer[how](), null, 'cut')
          }
          await read('aborted-why', answer => answer.text(), abortIn(100, { my: 'reason' }))
          // An error stays one, whatever the page does with its body.
          const unread = new AbortController()
          const half = new AbortController()
          await read(
            'error-aborted',
            answer => {
              const text = answer.text()
              half.abort()
              return text
            },
            half.signal,
            'open=x&status=500',
          )
          await read('error-unread', () => unread.abort(), unread.signal, 'open=x&status=500')
          for (const name of ['error-aborted', 'error-unread']) seen[name] = 'http'
          // What is read is no JSON: that is the page's own affair.
          await read('no-json', answer => answer.json().catch(() => {}), null, 'size=9')
          await read(
            'twice',
            answer => answer.text().then(() => answer.text().catch(() => {})),
            null,
            'size=9',
          )
          const whole = new AbortController()
          await read('whole', answer => answer.text().then(() => whole.abort()), whole.signal, 'size=9')
          seen.whole = 'ok'
          await read(
            'stream-released',
            async ({ body }) => {
              const first = body?.getReader()
              await first?.read()
              first?.releaseLock()
              const second = body?.getReader()
              while (!(await second?.read())?.done);
            },
            null,
            'pause=50',
          )
        })
        expect(seen).toMatchObject({
          'text-aborted': 'aborted',
          'text-timeout': 'timeout',
          'json-aborted': 'aborted',
          'no-json': 'ok',
          'stream-released': 'ok',
        })
      },
    )

    told('whose answers are streams are told as the page saw them', async ({ told }) => {
      const seen = await told.by(async () => {
        const drain = async (stream: ReadableStream | null | undefined) => {
          const reader = stream?.getReader()
          while (!(await reader?.read())?.done);
        }
        const hows: Record<string, (answer: Response) => unknown> = {
          reader: ({ body }) => drain(body),
          // Whoever reads ahead, and hands the rest on.
          handed: async ({ body }) => {
            const reader = body?.getReader()
            await reader?.read()
            reader?.releaseLock()
            await drain(body)
          },
          through: ({ body }) => drain(body?.pipeThrough(new TextDecoderStream())),
          // Libraries that count what comes, or name it anew.
          anew: ({ body, status }) => new Response(body, { status }).text(),
          'anew-through': ({ body }) => new Response(body?.pipeThrough(new TransformStream())).text(),
          to: ({ body }) => body?.pipeTo(new WritableStream()),
          ...(Symbol.asyncIterator in ReadableStream.prototype && {
            async iterated({ body }) {
              for await (const _ of body ?? []);
            },
            async values({ body }) {
              for await (const _ of body?.values({ preventCancel: true }) ?? []);
            },
          }),
          tee: async ({ body }) => {
            const [one, other] = body?.tee() ?? []
            await Promise.all([drain(one), drain(other)])
          },
        }
        const read = (
          name: string,
          how: (answer: Response) => unknown,
          query: string,
          signal?: AbortSignal,
        ) =>
          see(
            name,
            async () => {
              const answer = await fetch(`/api/${name}?${query}`, { signal: signal ?? null })
              await how(answer)
              return answer
            },
            undefined,
            signal,
          )
        for (const [name, how] of Object.entries(hows)) {
          await read(`${name}-whole`, how, 'pause=50')
          await read(`${name}-cut`, how, 'cut')
          await read(`${name}-aborted`, how, 'open=x', abortIn(100))
          await read(`${name}-timeout`, how, 'open=x', AbortSignal.timeout(100))
          await read(`${name}-error`, how, 'cut&status=500')
          seen[`${name}-error`] = 'http'
        }
        await read(
          'anew-twice',
          async ({ body }) => {
            const answer = new Response(body)
            await answer.text()
            await answer.text().catch(() => {})
          },
          'pause=50',
        )
        // What the page itself makes of it is no failure of the call.
        await read(
          'no-json',
          ({ body }) =>
            drain(
              body?.pipeThrough(new TextDecoderStream()).pipeThrough(
                new TransformStream({
                  transform(text) {
                    JSON.parse(text)
                  },
                }),
              ),
            ),
          'size=9',
        )
        await read(
          'released',
          async ({ body }) => {
            const reader = body?.getReader()
            await reader?.read()
            const waiting = reader?.read().catch(() => {})
            reader?.releaseLock()
            await waiting
            await drain(body)
          },
          'pause=50',
        )
        await read('cancelled', ({ body }) => body?.cancel(), 'open=x')
        if ('iterated' in hows)
          await read(
            'left',
            async ({ body }) => {
              for await (const _ of body ?? []) break
            },
            'open=x',
          )
        await read(
          'cancelled-reader',
          async ({ body }) => {
            const reader = body?.getReader()
            await reader?.read()
            await reader?.cancel('enough')
          },
          'open=x',
        )
      })
      expect(seen).toMatchObject({
        'reader-whole': 'ok',
        'through-aborted': 'aborted',
        'tee-timeout': 'timeout',
        'no-json': 'ok',
      })
    })

    test('behind a service worker take as long as they take', async ({ visit, engine, site }) => {
      site.file('/worker.js', 'text/javascript', WORKER)
      const tab = await visit.open('/behind')
      const controlled = await evaluate(tab, async () => {
        const { serviceWorker } = navigator
        if (!serviceWorker) return false
        const changed = new Promise(resolve => serviceWorker.addEventListener('controllerchange', resolve))
        await serviceWorker.register('/worker.js')
        await changed
        await fetch('/api/slow?delay=300', { method: 'POST' }).then(answer => answer.text())
        return true
      })
      await last(tab)
      // The next tests are not behind it.
      await evaluate(tab, async () => (await navigator.serviceWorker?.getRegistration())?.unregister())
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const slow = view?.calls.filter(call => call.endpoint === 'POST /api/slow') ?? []
      expect(slow).toHaveLength(controlled ? 1 : 0)
      for (const { duration } of slow) expect(duration).toBeGreaterThanOrEqual(300)
    })
  })
}

/** Behind a service worker that hands calls on. */
const WORKER = `addEventListener('install', () => skipWaiting())
  addEventListener('activate', event => event.waitUntil(clients.claim()))
  addEventListener('fetch', event => {
    if (event.request.url.includes('/api/')) event.respondWith(fetch(event.request))
  })`

/** A call whose entry comes after those of all others. */
async function last(tab: Tab): Promise<void> {
  await evaluate(tab, () => fetch('/api/last').then(answer => answer.text()))
  await until(tab, () => performance.getEntriesByType('resource').some(({ name }) => /last/.test(name)))
}
