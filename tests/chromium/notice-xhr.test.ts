import { describe, expect, test } from 'vitest'
import { same } from './differential.ts'

/** Cases tell every event of a request, and of its upload, with what the request says of itself at that moment. */
const head = `<script>
  const EVENTS = ['readystatechange', 'loadstart', 'progress', 'load', 'loadend', 'abort', 'timeout', 'error']
  const watch = (xhr, log) => {
    const note = event => {
      const { type, target, isTrusted, loaded, total, lengthComputable } = event
      const from = target === xhr ? 'request' : target === xhr.upload ? 'upload' : 'other'
      const entry = [from, type, event.constructor.name, isTrusted, loaded, total, lengthComputable, xhr.readyState, xhr.status].join()
      // How often it tells of progress is the network's luck.
      if (log.at(-1) !== entry) log.push(entry)
    }
    for (const type of EVENTS) {
      xhr.addEventListener(type, note)
      xhr['on' + type] = () => log.push('on' + type)
      if (type !== 'readystatechange') xhr.upload.addEventListener(type, note)
    }
    return xhr
  }
  const ended = xhr => new Promise(resolve => xhr.addEventListener('loadend', () => resolve(xhr), { once: true }))
  const reaches = (xhr, state) => new Promise(resolve => {
    if (xhr.readyState >= state) resolve()
    xhr.addEventListener('readystatechange', () => { if (xhr.readyState === state) resolve() })
  })
  const outcome = ({ readyState, status, statusText, responseURL, response, responseType }) =>
    [readyState, status, statusText, responseURL, tell(response), responseType]
</script>`

declare global {
  function watch(xhr: XMLHttpRequest, log: unknown[]): XMLHttpRequest
  function ended(xhr: XMLHttpRequest): Promise<XMLHttpRequest>
  function reaches(xhr: XMLHttpRequest, state: number): Promise<void>
  function outcome(xhr: XMLHttpRequest): unknown[]
}

describe('with the SDK on the page, XMLHttpRequest', () => {
  test('fires its events, and those of its upload, in their order, however it ends', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const run = async (
            method: string,
            url: string,
            body?: string,
            then?: (xhr: XMLHttpRequest) => unknown,
          ) => {
            log.push(`${method} ${url}`)
            const xhr = watch(new XMLHttpRequest(), log)
            xhr.open(method, url)
            const end = ended(xhr)
            xhr.send(body ?? null)
            await then?.(xhr)
            await end
            log.push(outcome(xhr), xhr.getAllResponseHeaders())
          }
          await run('GET', '/api/a?echo')
          await run('POST', '/api/a?echo', 'body')
          await run('HEAD', '/api/a')
          await run('GET', '/api/a?status=404')
          await run('GET', '/api/a?to=/api/b')
          await run('POST', '/api/a?destroy', 'body')
          await run('GET', 'data:text/plain,data')
          await run('POST', '/api/a?silent', 'body', xhr => xhr.abort())
          await run('GET', '/api/a?open=x&type=a/b', undefined, async xhr => {
            await reaches(xhr, 3)
            xhr.abort()
          })
          await run('GET', '/api/a?silent', undefined, xhr => {
            xhr.timeout = 20
          })
          return log
        }),
      { head },
    )
    expect(transcript.filter(entry => /^(request|upload)/.test(String(entry))).length).toBeGreaterThan(60)
    expect(String(transcript)).toContain('upload,abort,ProgressEvent,true')
    expect(String(transcript)).toContain('request,timeout,ProgressEvent,true')
  })

  test('opens by as many arguments as it is given: three that are undefined are not two', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const open = async (...args: unknown[]) => {
            const xhr = new XMLHttpRequest()
            log.push(await attempt(() => Reflect.apply(xhr.open, xhr, args)), xhr.readyState)
            if (!xhr.readyState) return
            // Synchronous calls are through when send returns.
            xhr.send()
            log.push(xhr.readyState)
            if (xhr.readyState < 4) await ended(xhr)
            log.push(xhr.status, xhr.responseText)
          }
          const url = '/api/a?echo'
          await open('GET', url)
          await open('GET', url, undefined)
          await open('GET', url, null)
          await open('GET', url, 1)
          await open('GET', url, false)
          await open('GET', url, true, 'jane')
          await open('GET', '/api/locked/a?echo&auth', true, 'jane', 'secret')
          await open('GET', '/api/locked/a?echo&auth', false, undefined, undefined)
          await open('GET', url, true, null, null, 'more')
          await open('get', new URL(url, location.href))
          await open('PATCH', { toString: () => url })
          await open('GET', `${url}#part`)
          await open('GET', 'http://[')
          await open('TRACE', url)
          await open('a b', url)
          await open('GET')
          await open()
          await open(undefined, undefined)
          await open(Symbol('no'), url)
          return log
        }),
      { head },
    )
    expect(transcript.slice(0, 3)).toEqual(['undefined', 1, 1])
    expect(transcript.slice(5, 8)).toEqual(['undefined', 1, 4])
    expect(String(transcript)).toContain('Basic')
  })

  test('throws what it threw, where it threw it', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const opened = (url = '/api/a?silent', async = true) => {
            const xhr = new XMLHttpRequest()
            xhr.open('GET', url, async)
            return xhr
          }
          const { open, send, abort } = XMLHttpRequest.prototype
          for (const wrong of [
            () => new XMLHttpRequest().send(),
            () => new XMLHttpRequest().abort(),
            () => new XMLHttpRequest().setRequestHeader('a', 'b'),
            () => opened().setRequestHeader('a b', 'c'),
            () => opened().setRequestHeader('host', 'c'),
            () => opened('/api/a?destroy', false).send(),
            () => opened('http://127.0.0.1:1/', false).send(),
            () => Object.assign(opened('/api/a', false), { responseType: 'json' }),
            () => Object.assign(opened('/api/a', false), { timeout: 1 }),
            () => Object.assign(opened(), { responseType: 'json' }).responseText,
            () => {
              const xhr = opened()
              xhr.send()
              try {
                xhr.send()
              } finally {
                xhr.abort()
              }
            },
            () => Reflect.apply(open, {}, ['GET', '/']),
            () => Reflect.apply(open, undefined, ['GET', '/']),
            () => Reflect.apply(send, document, []),
            () => Reflect.apply(abort, null, []),
            () => Reflect.construct(open, []),
            () => Reflect.apply(XMLHttpRequest, undefined, []),
            () => Reflect.get(XMLHttpRequest.prototype, 'status'),
          ])
            log.push(await attempt(wrong))
          return log
        }),
      { head },
    )
    expect(transcript[5]).toEqual([
      'DOMException',
      'NetworkError',
      expect.stringContaining('Failed to execute'),
    ])
  })

  test('works again: after its end, after an abort, and opened anew while it runs', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const xhr = watch(new XMLHttpRequest(), log)
          const run = async (method: string, url: string, body?: string) => {
            xhr.open(method, url)
            xhr.setRequestHeader('x-run', url)
            xhr.send(body ?? null)
            await ended(xhr)
            log.push(outcome(xhr))
          }
          await run('GET', '/api/one?echo')
          await run('POST', '/api/two?echo', 'body')
          xhr.open('GET', '/api/three?silent')
          xhr.send()
          xhr.abort()
          log.push(outcome(xhr))
          xhr.abort()
          xhr.open('GET', '/api/four?silent')
          xhr.send()
          await run('PUT', '/api/five?echo', 'other body')
          xhr.open('GET', '/api/six', false)
          xhr.send()
          log.push(outcome(xhr))
          xhr.open('GET', '/api/seven')
          xhr.abort()
          log.push(outcome(xhr))
          xhr.addEventListener('loadstart', () => xhr.abort(), { once: true })
          xhr.open('GET', '/api/eight?silent')
          xhr.send()
          xhr.addEventListener('load', () => xhr.open('GET', '/api/ten'), { once: true })
          xhr.open('GET', '/api/nine')
          xhr.send()
          await reaches(xhr, 4)
          log.push(xhr.readyState)
          return log
        }),
      { head },
    )
    expect(String(transcript)).toContain('other body')
    expect(transcript).toContain('request,abort,ProgressEvent,true,0,0,false,4,0')
  })

  test('sends every body and reads every type of response', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const form = new FormData()
          form.append('file', new Blob(['content'], { type: 'a/b' }), 'a.txt')
          for (const body of [
            'text',
            new Blob(['x'], { type: 'a/b' }),
            new URLSearchParams({ a: 'b' }),
            form,
            new Uint8Array([65]).buffer,
            new DOMParser().parseFromString('<p>x', 'text/html'),
            null,
            undefined,
            7,
          ]) {
            const xhr = new XMLHttpRequest()
            xhr.open('POST', '/api/a?echo')
            Reflect.apply(xhr.send, xhr, [body])
            log.push(outcome(await ended(xhr)))
          }
          for (const type of ['', 'text', 'json', 'blob', 'arraybuffer', 'document', 'nonsense'])
            for (const url of ['/api/a?echo', '/api/a?type=text/html', '/api/a?status=500']) {
              const xhr = new XMLHttpRequest()
              Object.assign(xhr, { responseType: type, withCredentials: true })
              xhr.open('GET', url)
              xhr.setRequestHeader('x-a', '1')
              xhr.setRequestHeader('x-a', '2')
              xhr.overrideMimeType('text/plain; charset=utf-16')
              xhr.send()
              await ended(xhr)
              const { response, responseType, status } = xhr
              log.push([responseType, status, Object.prototype.toString.call(response)])
              log.push(await attempt(() => xhr.responseText), await attempt(() => xhr.responseXML?.title))
            }
          return log
        }),
      { head },
    )
    expect(String(transcript)).toContain('form-data')
    expect(String(transcript)).toContain('blob,200,[object Blob]')
  })

  test('works by a subclass, from another window, and in a thousand requests at once', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          class Request extends XMLHttpRequest {
            log: unknown[] = []
            override open(method: string, url: string): void {
              this.log.push('open', super.open(method, url))
            }
            override send(body?: string): void {
              this.log.push('send', super.send(body))
            }
          }
          const own = new Request()
          own.open('POST', '/api/a?echo')
          own.send('body')
          const frame = document.body.appendChild(document.createElement('iframe'))
          const Other: typeof XMLHttpRequest = Reflect.get(frame.contentWindow ?? {}, 'XMLHttpRequest')
          const other = new Other()
          XMLHttpRequest.prototype.open.call(other, 'GET', '/api/other?echo', true)
          XMLHttpRequest.prototype.send.call(other)
          const log = [
            outcome(await ended(own)),
            own.log,
            [own instanceof XMLHttpRequest, Reflect.ownKeys(own), own.constructor === Request],
            outcome(await ended(other)),
          ]
          frame.remove()
          const many = Array.from({ length: 1000 }, (_, i) => {
            const xhr = new XMLHttpRequest()
            xhr.open('GET', i % 10 ? `data:,${i}` : `/api/a?i=${i}`)
            xhr.send()
            return ended(xhr)
          })
          log.push((await Promise.all(many)).map(xhr => xhr.responseText))
          return log
        }),
      { head },
    )
    expect(transcript.at(-1)).toHaveLength(1000)
  })

  test('works on when a library replaced its methods before, or wraps and unwraps them', async () => {
    const transcript = await same(
      page =>
        page.evaluate(async () => {
          const log: unknown[] = []
          const { prototype } = XMLHttpRequest
          const wrap = (name: 'open' | 'send' | 'abort') => {
            const before: unknown = prototype[name]
            if (typeof before !== 'function') return () => false
            Reflect.set(prototype, name, function (this: XMLHttpRequest, ...args: unknown[]) {
              log.push(`${name} ${args.length} ${this.readyState}`)
              return Reflect.apply(before, this, args)
            })
            return () => {
              Reflect.set(prototype, name, before)
              return prototype[name] === before
            }
          }
          const unwrap = [wrap('open'), wrap('send'), wrap('abort')]
          const run = async () => {
            const xhr = watch(new XMLHttpRequest(), log)
            xhr.open('POST', '/api/a?echo')
            xhr.send('body')
            log.push(outcome(await ended(xhr)))
            xhr.abort()
          }
          await run()
          log.push(unwrap.map(off => off()))
          await run()
          return log
        }),
      {
        head: `${head}<script>
          for (const name of ['open', 'send', 'abort']) {
            const before = XMLHttpRequest.prototype[name]
            XMLHttpRequest.prototype[name] = function () {
              this.seen = [...(this.seen ?? []), name, arguments.length]
              return before.apply(this, arguments)
            }
          }
        </script>`,
      },
    )
    expect(transcript.slice(0, 2)).toEqual(['open 2 0', expect.stringContaining('request,readystatechange')])
    expect(transcript).toContainEqual([true, true, true])
  })
})
