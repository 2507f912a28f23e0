import { describe, expect, test } from 'vitest'
import { same } from './differential.ts'
import { chromium, site } from './started.ts'

describe('with the SDK on the page, fetch', () => {
  test('takes what it took, and refuses what it refused', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const call = (...args: unknown[]) => text(Reflect.apply(fetch, undefined, args))
        const post = () =>
          new Request('/api/a?echo', { method: 'POST', body: 'request', headers: { a: 'b' } })
        const used = post()
        return [
          await text(fetch('/api/a?echo')),
          await text(fetch('api/a?echo#part')),
          await text(fetch(new URL('/api/a?echo', location.href))),
          await text(fetch(post())),
          await text(fetch(used)),
          used.bodyUsed,
          await text(fetch(used)),
          await text(fetch(post(), { method: 'put', headers: { c: 'd' } })),
          await text(fetch(post(), { body: 'init' })),
          await text(fetch('/api/a?echo', { method: 'delete' })),
          await text(fetch('/api/a?echo', { method: 'patch' })),
          await call({ toString: () => '/api/a?echo' }),
          await call('/api/a?echo', undefined),
          await call('/api/a?echo', null, 'more'),
          await call(null),
          await call(),
          await call('/api/a', 7),
          await call(Symbol('no')),
          await text(fetch('http://[')),
          await text(fetch('http://jane:secret@127.0.0.1/')),
          await text(fetch('/api/a', { method: 'TRACE' })),
          await text(fetch('/api/a', { method: 'a b' })),
          await text(fetch('/api/a', { body: 'of a GET' })),
          await text(fetch('data:text/plain,data')),
          await text(fetch(URL.createObjectURL(new Blob(['blob'])))),
          await text(fetch('/api/gone?destroy')),
        ]
      }),
    )
    expect(transcript.at(-1)).toEqual(['TypeError', 'Failed to fetch'])
    expect(transcript[4]).toContain('request')
    expect(transcript.slice(5, 7)).toEqual([
      true,
      ['TypeError', expect.stringContaining('already been used')],
    ])
  })

  test('sends every kind of body', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const form = new FormData()
        form.append('name', 'value')
        form.append('file', new File(['content'], 'a.txt', { type: 'text/plain' }))
        const bodies: BodyInit[] = [
          'text',
          new Blob(['{}'], { type: 'application/json' }),
          new URLSearchParams({ a: 'b c' }),
          form,
          new TextEncoder().encode('bytes'),
          new Uint8Array([1, 2, 3]).buffer,
        ]
        const post = (body: BodyInit) => text(fetch('/api/a?echo', { method: 'POST', body }))
        const stream = () => new Blob(['streamed']).stream()
        const half = { method: 'POST', duplex: 'half' }
        const streamed = stream()
        const locked = stream()
        locked.getReader()
        return [
          await Promise.all(bodies.map(post)),
          // Chromium streams up over HTTP/2 only, and says so; a data address takes it.
          await text(fetch('/api/a', { ...half, body: stream() })),
          await text(fetch('data:,streamed', { ...half, body: streamed })),
          streamed.locked,
          await text(fetch('/api/a', { method: 'POST', body: stream() })),
          await text(fetch('/api/a', { ...half, body: locked })),
        ]
      }),
    )
    expect(transcript[0]).toHaveLength(6)
    expect(String(transcript[0])).toContain('Content-Disposition: form-data; name=\\"file\\"')
  })

  test('gives responses that are read whole, in part, twice, or not at all', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const read = async (body: ReadableStream<Uint8Array> | null, parts: number) => {
          const reader = body?.getReader()
          const seen: unknown[] = []
          for (let i = 0; i < parts; i++) {
            const { done, value } = (await reader?.read()) ?? {}
            seen.push(done, new TextDecoder().decode(value))
          }
          await reader?.cancel('enough')
          seen.push(await reader?.closed.then(tell, tell))
          return seen
        }
        const part = await fetch('/api/a?open=first')
        const whole = await fetch('/api/a?echo')
        const twice = await fetch('/api/a')
        const copy = twice.clone()
        const [left, right] = (await fetch('/api/a')).body?.tee() ?? []
        const cut = await fetch('/api/a')
        await cut.body?.cancel()
        return [
          tell(part),
          await read(part.body, 1),
          part.bodyUsed,
          await read(whole.body, 2),
          await attempt(() => whole.text()),
          [await twice.text(), await copy.text(), twice.bodyUsed],
          [await new Response(left).text(), await new Response(right).text()],
          await attempt(() => cut.text()),
          Object.prototype.toString.call(fetch('/api/never-read')),
          [twice.constructor === Response, Reflect.ownKeys(twice), [...twice.headers].flat()],
          await attempt(async () => (await fetch('/api/a?type=application/json')).json()),
        ]
      }),
    )
    expect(transcript[1]).toEqual([false, 'first', 'undefined'])
  })

  test('aborts before, while it waits, and in mid-body, with the reason of the page', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const reason = { mine: true }
        const log: unknown[] = []
        for (const why of [undefined, reason, new Error('mine')]) {
          const before = AbortSignal.abort(why)
          log.push(
            await fetch('/api/a', { signal: before }).catch(error => [error === before.reason, tell(error)]),
          )
          const waiting = new AbortController()
          const waits = fetch(new Request('/api/a?silent', { signal: waiting.signal }))
          waiting.abort(why)
          log.push(await waits.catch(error => [error === waiting.signal.reason, tell(error)]))
          const reading = new AbortController()
          const body = (await fetch('/api/a?open=x', { signal: reading.signal })).body?.getReader()
          await body?.read()
          reading.abort(why)
          log.push(await body?.read().catch(error => [error === reading.signal.reason, tell(error)]))
        }
        const late = new AbortController()
        const done = await fetch('/api/a', { signal: late.signal })
        const whole = await done.text()
        late.abort()
        const any = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(30)])
        return [
          log,
          whole,
          await text(fetch('/api/a?silent', { signal: AbortSignal.timeout(30) })),
          await text(fetch('/api/a?silent', { signal: any })),
          await attempt(async () =>
            (await fetch('/api/a?open=x', { signal: AbortSignal.timeout(100) })).text(),
          ),
          await text(Reflect.apply(fetch, window, ['/api/a', { signal: 'no signal' }])),
          await text(fetch('/api/a', { signal: null })),
        ]
      }),
    )
    expect(transcript[0]).toHaveLength(9)
    expect(transcript[3]).toEqual(['DOMException', 'TimeoutError', 'signal timed out'])
  })

  test('hands on a reason that throws as it is read', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const reason = {
          get name() {
            throw new Error('read')
          },
        }
        const reading = new AbortController()
        const answer = await fetch('/api/a?open=x', { signal: reading.signal })
        const body = answer.text()
        reading.abort(reason)
        return [
          await fetch('/api/a', { signal: AbortSignal.abort(reason) }).catch(error => error === reason),
          await body.catch(error => error === reason),
        ]
      }),
    )
    expect(transcript).toEqual([true, true])
  })

  test('minds its `this`, detached, borrowed and from another window', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const detached = window.fetch
        const frame = document.body.appendChild(document.createElement('iframe'))
        const other = frame.contentWindow
        const borrowed: typeof fetch = Reflect.get(other ?? {}, 'fetch')
        const of = (self: unknown, method = fetch) => text(Reflect.apply(method, self, ['/api/a?echo']))
        const log = [
          await text(detached('/api/a')),
          await text(window.fetch('/api/a')),
          await text(self.fetch('/api/a')),
          await of(undefined),
          await of(null),
          await of(window),
          await of({}),
          await of('text'),
          await of(document),
          await of(other),
          await of(other, borrowed),
          await of(window, borrowed),
          await text(fetch.bind(window)('/api/a')),
          await text(Promise.resolve('/api/a').then(fetch)),
          (await borrowed('/api/a')) instanceof Response,
          (await fetch('/api/a')) instanceof Response,
          await attempt(() => Reflect.construct(fetch, ['/api/a'])),
          fetch('/api/a') instanceof Promise,
        ]
        frame.remove()
        return log
      }),
    )
    expect(transcript[6]).toEqual(['TypeError', expect.stringContaining('Illegal invocation')])
  })

  test('keeps to mode, redirect, credentials, cache and the rest of its options', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async other => {
          const shape = (url: string, init?: RequestInit) => attempt(() => fetch(url, init))
          const to = '/api/a?to=/api/b'
          const log = [
            await shape(`${other}/api/a`),
            await shape(`${other}/api/a?cors=no`),
            await shape(`${other}/api/a?cors=no`, { mode: 'no-cors' }),
            await shape(`${other}/api/a`, { mode: 'same-origin' }),
            await shape(`${other}/api/a`, { credentials: 'include' }),
            await shape(`${other}/api/a`, { headers: { 'x-asked': '1' } }),
            await shape(to),
            await shape(to, { redirect: 'manual' }),
            await shape(to, { redirect: 'error' }),
            await shape('/api/a', { integrity: 'sha256-AAAA' }),
            await shape('/api/a?not-cached', { cache: 'only-if-cached', mode: 'same-origin' }),
            await shape('/api/a', { mode: 'navigate' }),
          ]
          for (const init of [
            { credentials: 'omit' },
            { credentials: 'include' },
            { cache: 'no-store' },
            { cache: 'reload' },
            { cache: 'no-cache' },
            { cache: 'force-cache' },
            { keepalive: true, method: 'POST', body: 'x' },
            { referrerPolicy: 'no-referrer' },
            { referrer: '/elsewhere' },
            { priority: 'low' },
            { headers: [['x-a', '1']] },
            { headers: new Headers({ 'content-type': 'a/b' }), method: 'POST', body: 'x' },
          ] satisfies RequestInit[])
            log.push(await text(fetch('/api/a?echo', init)))
          return log
        }, site.other),
      { head: `<script>document.cookie = 'a=1'</script>` },
    )
    await chromium.context.clearCookies()
    expect(transcript[0]).toContain('cors')
    expect(transcript[2]).toContain('opaque')
    expect(transcript[7]).toContain('opaqueredirect')
    expect(transcript[12]).not.toContain('Cookie')
    expect(transcript[13]).toContain('a=1')
  })

  test('hands on an extended promise, answer and error of the fetch beneath as they are', async () => {
    const head = `<script>
      const error = new Error('mine')
      const response = new Response()
      const promise = Object.assign(Promise.resolve(response), { cancel() {} })
      const seen = []
      const input = new Request('/api/a')
      const init = { method: 'POST' }
      window.fetch = function (...args) {
        seen.push([this === window, this === undefined, args.length, args[0] === input, args[1] === init])
        if (args[0] === 'throw') throw error
        return args[0] === 'reject' ? Promise.reject(error) : args[0] === 'none' ? undefined : args[0] === 'plain' ? Promise.resolve(response) : promise
      }
    </script>`
    const transcript = await same(
      page =>
        page.evaluate(`(async () => {
          const answers = [fetch(input, init), window.fetch(input), fetch.call({}, input, init, 3)]
          let thrown
          try { fetch('throw') } catch (reason) { thrown = reason }
          const rejected = await fetch('reject').catch(reason => reason)
          const plain = fetch('plain')
          const kind = [plain.constructor === Promise, Reflect.ownKeys(plain).length, (await plain) === response]
          return [answers.map(answer => answer === promise), thrown === error, rejected === error, String(fetch('none')), kind, seen]
        })()`),
      { head },
    )
    expect(transcript).toMatchObject([
      [true, true, true],
      true,
      true,
      'undefined',
      [true, 0, true],
      { length: 7 },
    ])
  })

  test('leaves a rejection that nobody handles unhandled, and no other', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const log: unknown[] = []
        addEventListener('unhandledrejection', event => {
          log.push([tell(event.reason), event.promise === last])
          // In a task of its own: a promise that is handled in here was never unhandled.
          setTimeout(unhandled)
        })
        let unhandled = () => {}
        let last: Promise<Response> | undefined
        for (const [url, init] of [
          ['/api/gone?destroy'],
          ['http://['],
          ['/api/a?silent', { signal: AbortSignal.timeout(1) }],
          ['/api/a', { signal: AbortSignal.abort('why') }],
        ] as [string, RequestInit?][]) {
          await fetch(url, init).catch(() => {})
          const told = new Promise<void>(resolve => {
            unhandled = resolve
          })
          last = fetch(url, init)
          await told
        }
        // What is handled late is told so.
        const handled = new Promise<PromiseRejectionEvent>(resolve =>
          addEventListener('rejectionhandled', resolve),
        )
        last?.catch(() => {})
        log.push((await handled).promise === last)
        return log
      }),
    )
    expect(transcript).toEqual([
      [['TypeError', 'Failed to fetch'], true],
      [['TypeError', expect.stringContaining('Failed to parse URL')], true],
      [['DOMException', 'TimeoutError', 'signal timed out'], true],
      ['why', true],
      true,
    ])
  })

  test('lets streams run that never end', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const url = '/api/events?type=text/event-stream&open=data: one%0A%0A'
        const source = new EventSource(url)
        const message = await new Promise<MessageEvent>(resolve => {
          source.onmessage = resolve
        })
        const reader = (await fetch(url)).body?.pipeThrough(new TextDecoderStream()).getReader()
        const first = await reader?.read()
        const state = source.readyState
        source.close()
        await reader?.cancel()
        return [message.data, message.isTrusted, state, first?.value]
      }),
    )
    expect(transcript).toEqual(['one', true, 1, 'data: one\n\n'])
  })

  test('is as good the thousandth time as the first', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const all = Array.from({ length: 1000 }, (_, i) =>
          text(fetch(i % 10 ? `data:,${i}` : `/api/a?i=${i}`)),
        )
        return (await Promise.all(all)).join()
      }),
    )
    expect(transcript).toContain('GET ,1,2')
  })

  test('works on when a library wraps it, by function or Proxy, and unwraps it again', async () => {
    const transcript = await same(page =>
      page.evaluate(async () => {
        const before = window.fetch
        const log: unknown[] = []
        window.fetch = function (...args) {
          log.push(this === window, args.length)
          return before.apply(this, args)
        }
        log.push(await text(window.fetch('/api/function')))
        window.fetch = new Proxy(before, {
          apply(target, self, args) {
            log.push('trap')
            return Reflect.apply(target, self, args)
          },
        })
        log.push(await text(fetch('/api/proxy')))
        window.fetch = before
        log.push(await text(fetch('/api/restored')), window.fetch === before)
        // As zone.js does: marks on the function itself, and a way back.
        Reflect.set(before, '__original', 'mark')
        log.push(Reflect.get(fetch, '__original'), Reflect.ownKeys(fetch))
        log.push(Reflect.deleteProperty(before, '__original'))
        return log
      }),
    )
    expect(transcript).toEqual([
      ...[true, 1, 'GET ', 'trap', 'GET ', 'GET ', true],
      ...['mark', ['length', 'name', '__original'], true],
    ])
  })

  test('works on in a page that a service worker controls, and streams bodies up to it', async () => {
    site.file(
      '/worker.js',
      'text/javascript',
      `addEventListener('install', () => skipWaiting())
      addEventListener('activate', event => event.waitUntil(clients.claim()))
      addEventListener('fetch', event => {
        const { pathname } = new URL(event.request.url)
        const { method, duplex, mode, body } = event.request
        if (pathname === '/api/echoed') event.respondWith(new Response(body, { headers: { 'x-seen': [method, duplex, mode] } }))
        if (pathname === '/api/refused') event.respondWith(Response.error())
        if (pathname === '/api/through') event.respondWith(fetch(event.request))
      })`,
    )
    const transcript = await same(page =>
      page.evaluate(async () => {
        const controlled = new Promise(resolve => {
          navigator.serviceWorker.oncontrollerchange = resolve
        })
        const registration = await navigator.serviceWorker.register('/worker.js')
        await controlled
        const parts = ['one ', 'two ', 'three']
        const body = new ReadableStream({
          pull: controller => {
            const part = parts.shift()
            if (part) controller.enqueue(new TextEncoder().encode(part))
            else controller.close()
          },
        })
        const init = { method: 'POST', body, duplex: 'half' }
        const echoed = await fetch('/api/echoed', init)
        const log = [
          await echoed.text(),
          echoed.headers.get('x-seen'),
          body.locked,
          await text(fetch('/api/through?echo', { method: 'PUT', body: 'x' })),
          await text(fetch('/api/refused')),
        ]
        await registration.unregister()
        return log
      }),
    )
    expect(transcript[0]).toBe('one two three')
  })
})
