import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Chromium, startChromium } from './chromium.ts'
import { type Site, startSite } from './site.ts'

let site: Site
let chromium: Chromium

beforeAll(async () => {
  ;[site, chromium] = await Promise.all([startSite(), startChromium()])
})
afterEach(() => site.forget())
afterAll(() => Promise.all([chromium.close(), site.close()]))

/** Runs the same code in a page with and without the SDK, after `head`; both answers must be the same. */
async function same(code: (page: Page) => Promise<unknown>, head = ''): Promise<unknown> {
  const answers: unknown[] = []
  for (const tag of [undefined, 'data-site="shop"']) {
    const parts = { head, ...(tag === undefined ? {} : { tag }) }
    const page = await chromium.open(site.page('/same', parts))
    if (tag)
      await page.waitForFunction(
        'window.fieldline && !String(XMLHttpRequest.prototype.open).includes("native")',
      )
    answers.push(await code(page))
    await page.close()
  }
  expect(answers[1]).toEqual(answers[0])
  return answers[1]
}

describe('with the SDK on the page', () => {
  test('fetch and XMLHttpRequest look as before', async () => {
    const shape = await same(page =>
      page.evaluate(() => {
        const { open, send, abort } = XMLHttpRequest.prototype
        return [fetch, open, send, abort].map(method => [
          method.name,
          method.length,
          Object.hasOwn(method, 'prototype'),
          Object.getOwnPropertyDescriptor(method === fetch ? window : XMLHttpRequest.prototype, method.name)
            ?.enumerable,
        ])
      }),
    )
    expect(shape).toEqual([
      ['fetch', 1, false, true],
      ['open', 2, false, true],
      ['send', 0, false, true],
      ['abort', 0, false, true],
    ])
  })

  test('fetch answers the very promise, and rejects with the very error, of the fetch beneath', async () => {
    const head = `<script>
      window.error = new Error('mine')
      window.promise = Promise.resolve(new Response())
      window.seen = []
      window.fetch = function (...args) {
        seen.push([this === window, this === undefined, args.length, args[0] === input, args[1] === init])
        if (args[0] === 'throw') throw error
        return args[0] === 'reject' ? Promise.reject(error) : promise
      }
      window.input = new Request('/api/a')
      window.init = { get method() { return 'POST' } }
    </script>`
    const answer = await same(
      page =>
        page.evaluate(`(async () => {
          const promises = [fetch(input, init), window.fetch(input), fetch.call({}, input, init, 3)].map(p => p === promise)
          const rejected = await fetch('reject').catch(reason => reason === error)
          let thrown
          try { fetch('throw') } catch (reason) { thrown = reason === error }
          return { promises, rejected, thrown, seen }
        })()`),
      head,
    )
    expect(answer).toMatchObject({ promises: [true, true, true], rejected: true, thrown: true })
  })

  test('a rejection that nobody handles stays unhandled, and one that is handled stays handled', async () => {
    const answer = await same(page =>
      page.evaluate(async () => {
        const unhandled: string[] = []
        addEventListener('unhandledrejection', event => {
          event.preventDefault()
          unhandled.push(String(event.reason))
        })
        fetch('/api/gone?destroy=1')
        await fetch('/api/gone?destroy=2').catch(() => {})
        await new Promise(resolve => setTimeout(resolve, 100))
        return unhandled
      }),
    )
    expect(answer).toEqual(['TypeError: Failed to fetch'])
  })

  test('Request objects, streams and duplex bodies arrive as they were sent', async () => {
    const answer = await same(page =>
      page.evaluate(async () => {
        const stream = () => new Blob(['streamed']).stream()
        const text = async (response: Promise<Response>) => {
          try {
            return await (await response).text()
          } catch (error) {
            return String(error)
          }
        }
        const half = { method: 'POST', duplex: 'half' }
        const used = new Request('/api/used', { method: 'PUT', body: 'used' })
        return [
          await text(fetch(new Request('/api/a', { method: 'POST', body: 'request' }))),
          await text(fetch(used)),
          used.bodyUsed,
          await text(fetch(used)),
          await text(fetch(new Request('/api/a', { method: 'PUT', body: 'x' }), { body: 'init' })),
          await text(fetch('/api/a', { ...half, body: stream() })),
          await text(fetch('/api/a', { method: 'POST', body: stream() })),
          await text(fetch('http://[')),
          await text(fetch('/api/a', { method: 'TRACE' })),
        ]
      }),
    )
    expect(answer).toEqual(expect.arrayContaining(['POST request', 'PUT used', true, 'PUT init']))
  })

  test('a response streams: its first part is there before its end', async () => {
    const answer = await same(page =>
      page.evaluate(async () => {
        const response = await fetch('/api/stream?pause=300')
        const reader = response.body?.getReader()
        const start = performance.now()
        const first = new TextDecoder().decode((await reader?.read())?.value)
        return [first, performance.now() - start < 200, response.bodyUsed, response.type, response.redirected]
      }),
    )
    expect(answer).toEqual(['first', true, true, 'basic', false])
  })

  test('XMLHttpRequest keeps its events, their order, its errors, and can be used again', async () => {
    await same(page =>
      page.evaluate(async () => {
        const log: string[] = []
        const xhr = new XMLHttpRequest()
        const listen = (target: EventTarget, name: string) => {
          for (const type of [
            'readystatechange',
            'loadstart',
            'progress',
            'load',
            'error',
            'abort',
            'loadend',
          ])
            target.addEventListener(type, () => log.push(`${name} ${type} ${xhr.readyState} ${xhr.status}`))
        }
        listen(xhr, 'xhr')
        const run = (start: () => void) =>
          new Promise<void>(resolve => {
            xhr.addEventListener('loadend', () => resolve(), { once: true })
            start()
          })
        await run(() => {
          xhr.open('GET', '/api/one')
          xhr.send()
        })
        await run(() => {
          xhr.open('POST', new URL('/api/two', location.href))
          xhr.send('body')
          xhr.abort()
        })
        await run(() => {
          xhr.open('POST', '/api/three?status=500', true)
          xhr.send('again')
        })
        log.push(xhr.responseText)
        xhr.open('GET', '/api/sync', false)
        xhr.send()
        log.push(xhr.responseText)
        for (const wrong of [
          () => new XMLHttpRequest().send(),
          () => xhr.open('TRACE', '/'),
          () => xhr.open('GET', 'http://['),
        ])
          try {
            wrong()
          } catch (error) {
            log.push(error instanceof DOMException ? error.name : String(error))
          }
        try {
          Reflect.apply(XMLHttpRequest.prototype.open, {}, ['GET', '/'])
        } catch (error) {
          log.push(String(error))
        }
        return log
      }),
    )
  })

  test('a library that wraps fetch afterwards, and takes its wrapper off again, works on', async () => {
    const answer = await same(page =>
      page.evaluate(async () => {
        const before = window.fetch
        let wrapped = 0
        window.fetch = function (...args) {
          wrapped++
          return before.apply(this, args)
        }
        const first = await (await fetch('/api/a')).text()
        window.fetch = before
        const second = await (await fetch('/api/b')).text()
        return [wrapped, first, second]
      }),
    )
    expect(answer).toEqual([1, 'GET ', 'GET '])
  })
})
