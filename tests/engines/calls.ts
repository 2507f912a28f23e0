/** What is recorded of API calls, and that the page gets from them what it would get without the SDK. */

import { describe, expect } from 'vitest'
import { evaluate, recorded, reload, until } from './engine.ts'
import type { BrowserTest } from './visit.ts'

/** What browsers themselves write of calls that fail. */
const IN_VAIN =
  /^error: Failed to load resource|blocked by CORS policy|Cross-Origin Request Blocked|XML Parsing Error/

export function calls(test: BrowserTest): void {
  describe('API calls', () => {
    test('are recorded with method, endpoint, outcome, status, times and bytes', async ({
      visit,
      engine,
    }) => {
      visit.allow(IN_VAIN)
      const tab = await visit.open('/calls')
      const { answers, head, end } = await evaluate(tab, async () => {
        const xhr = (method: string, url: string, body?: string) =>
          new Promise<string>(resolve => {
            const request = new XMLHttpRequest()
            request.open(method, url)
            request.onloadend = () => resolve(`${request.status} ${request.responseText}`)
            request.send(body)
          })
        const text = async (response: Promise<Response>) => {
          const answer = await response
          return `${answer.status} ${await answer.text()}`
        }
        const start = performance.now()
        const slow = await fetch('/api/slow/123?delay=200&pause=100&token=secret#part')
        const head = performance.now() - start
        const body = await slow.text()
        const end = performance.now() - start
        const answers = [
          `${slow.status} ${body}`,
          await text(fetch('/api/orders', { method: 'post', body: 'x' })),
          await text(fetch(new Request('/api/items/7', { method: 'PUT', body: 'y' }))),
          await text(fetch(new URL('/api/missing?status=404', location.href))),
          await text(fetch('/api/broken?status=503')),
          await xhr('GET', '/api/xhr/9?secret=1'),
          await xhr('DELETE', '/api/xhr/9?status=500', 'z'),
        ]
        return { answers, head, end }
      })
      expect(answers).toEqual([
        '200 firstGET ',
        '200 POST x',
        '200 PUT y',
        '404 GET ',
        '503 GET ',
        '200 GET ',
        '500 DELETE z',
      ])
      await recorded(tab, 7)
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const seen = (view?.calls ?? []).map(
        ({ endpoint, outcome, status }) => `${endpoint} ${outcome} ${status}`,
      )
      expect(seen.sort()).toEqual([
        'DELETE /api/xhr/[id] http 500',
        'GET /api/broken http 503',
        'GET /api/missing http 404',
        'GET /api/slow/[id] ok 200',
        'GET /api/xhr/[id] ok 200',
        'POST /api/orders ok 200',
        'PUT /api/items/[id] ok 200',
      ])
      const slow = view?.calls.find(call => call.endpoint === 'GET /api/slow/[id]')
      expect(slow?.ttfb).toBeGreaterThanOrEqual(200)
      expect(slow?.ttfb).toBeLessThanOrEqual(Math.ceil(head))
      expect(slow?.duration).toBeGreaterThanOrEqual(300)
      expect(slow?.duration).toBeLessThanOrEqual(Math.ceil(end))
      expect(slow?.bytes).toBeGreaterThan(0)
    })

    test('that get no answer, or are aborted before it, are told apart', async ({ visit, engine, site }) => {
      visit.allow(IN_VAIN)
      const tab = await visit.open('/failures')
      const answers = await evaluate(
        tab,
        async other => {
          const reason = (promise: Promise<unknown>) =>
            promise.then(
              () => 'fulfilled',
              (error: Error) => error.name,
            )
          const xhr = (url: string, run: (request: XMLHttpRequest) => void) =>
            new Promise<string>(resolve => {
              const request = new XMLHttpRequest()
              request.open('POST', url)
              request.onabort = request.onerror = event => resolve(event.type)
              request.send()
              run(request)
            })
          const sync = (url: string) => {
            const request = new XMLHttpRequest()
            request.open('PUT', url, false)
            try {
              request.send('x')
            } catch {}
            return `${request.readyState} ${request.status}`
          }
          /** The second is refused, and changes nothing of the first. */
          const twice = (url: string) =>
            new Promise<string>(resolve => {
              const request = new XMLHttpRequest()
              request.open('POST', url)
              request.send()
              try {
                request.send()
              } catch (error) {
                request.onload = () => resolve(`${Object(error).name} ${request.status}`)
              }
            })
          const controller = new AbortController()
          setTimeout(() => controller.abort(), 20)
          return [
            await reason(fetch('/api/aborted?delay=5000', { signal: controller.signal })),
            await reason(fetch('/api/destroyed?destroy', { method: 'PATCH' })),
            await reason(fetch(`${other}/api/refused?cors=no`)),
            await xhr('/api/xhr-aborted?delay=5000', request => setTimeout(() => request.abort(), 20)),
            await xhr('/api/xhr-destroyed?destroy', () => {}),
            sync('/api/sync-destroyed?destroy'),
            sync(`${other}/api/sync-refused?cors=no`),
            sync('/api/sync-broken?status=500'),
            await twice('/api/twice'),
          ]
        },
        site.other,
      )
      expect(answers).toEqual([
        ...['AbortError', 'TypeError', 'TypeError', 'abort', 'error'],
        ...['4 0', '4 0', '4 500', 'InvalidStateError 200'],
      ])
      await evaluate(tab, () => fetch('/api/last').then(response => response.text()))
      await until(tab, () =>
        performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/api/last')),
      )
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const seen = view?.calls.map(({ endpoint, outcome }) => [
        endpoint.replace(/127.*:\d+/, 'host'),
        outcome,
      ])
      expect(Object.fromEntries(seen ?? [])).toEqual({
        'GET /api/aborted': 'aborted',
        'PATCH /api/destroyed': 'network',
        'GET host/api/refused': 'network',
        'POST /api/xhr-aborted': 'aborted',
        'POST /api/xhr-destroyed': 'network',
        'PUT /api/sync-destroyed': 'network',
        'PUT host/api/sync-refused': 'network',
        'PUT /api/sync-broken': 'http',
        'POST /api/twice': 'ok',
        'GET /api/last': 'ok',
      })
      expect(view?.calls).toHaveLength(10)
      const failed = view?.calls.filter(call => /network|aborted/.test(call.outcome)) ?? []
      expect(
        failed.every(({ status, ttfb, bytes }) => status === null && ttfb === null && bytes === null),
      ).toBe(true)
    })

    test('of another origin hide what it does not allow', async ({ visit, engine, site }) => {
      visit.allow(IN_VAIN)
      const tab = await visit.open('/elsewhere')
      await evaluate(
        tab,
        async other => {
          await fetch(`${other}/api/hidden?status=503`).then(response => response.text())
          await fetch(`${other}/api/open?tao`).then(response => response.text())
          await fetch(`${other}/api/opaque`, { mode: 'no-cors' })
        },
        site.other,
      )
      await recorded(tab, 3)
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const host = new URL(site.other).host
      const some = expect.any(Number)
      expect(view?.calls).toMatchObject([
        { endpoint: `GET ${host}/api/hidden`, outcome: 'http', status: 503, ttfb: null, bytes: null },
        { endpoint: `GET ${host}/api/open`, outcome: 'ok', status: 200, ttfb: some, bytes: some },
        { endpoint: `GET ${host}/api/opaque`, outcome: 'ok', status: null, ttfb: null, bytes: null },
      ])
    })

    test('to the endpoint of the beacons are not recorded, whichever way these leave', async ({
      visit,
      engine,
    }) => {
      const head = '<script>navigator.sendBeacon = () => false</script>'
      const tab = await visit.open('/own', { head })
      for (let round = 1; round <= 2; round++) {
        await evaluate(tab, round => fetch(`/api/round/a${round}`).then(response => response.text()), round)
        await recorded(tab, round)
        await engine.hide(tab)
        await visit.beacons(round)
        await engine.show(tab)
      }
      await evaluate(tab, () => fetch('/api/last').then(response => response.text()))
      await recorded(tab, 3)
      await engine.hide(tab)
      const views = await visit.beacons(3)
      expect(views.map(view => view.calls.map(call => call.endpoint))).toEqual([
        ['GET /api/round/a1'],
        ['GET /api/round/a2'],
        ['GET /api/last'],
      ])
      expect(views.map(view => view.sequence)).toEqual([0, 1, 2])
    })

    test('to one address, many at a time, are counted once each', async ({ visit, engine }) => {
      const tab = await visit.open('/many')
      await evaluate(tab, async () => {
        const call = () => fetch('/api/graphql', { method: 'POST' }).then(response => response.text())
        for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, call))
      })
      await engine.hide(tab)
      const views = await visit.beacons(1)
      const calls = views.flatMap(view => view.calls)
      expect(calls.length + (views.at(-1)?.dropped ?? 0)).toBe(400)
      expect(new Set(calls.map(({ endpoint, status }) => `${endpoint} ${status}`))).toEqual(
        new Set(['POST /api/graphql 200']),
      )
    })

    test('that leaving cuts off are not recorded', async ({ visit }) => {
      const tab = await visit.open('/cut')
      await evaluate(tab, async () => {
        const xhr = (url: string) => {
          const request = new XMLHttpRequest()
          request.open('POST', url)
          request.send()
        }
        fetch('/api/pending?delay=5000').catch(() => {})
        fetch('/api/in-body?pause=5000').then(response => response.text().catch(() => {}))
        xhr('/api/xhr-pending?delay=5000')
        xhr('/api/xhr-in-body?pause=5000')
        await fetch('/api/done').then(response => response.text())
      })
      await recorded(tab, 1)
      await reload(tab)
      const [view] = await visit.beacons(1)
      expect(view?.calls.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
        'GET /api/done ok',
      ])
    })

    test('that the page leaves on are recorded, as they were answered', async ({ visit, site }) => {
      visit.allow(IN_VAIN)
      const ways: Record<string, (url: string, leave: () => void) => void> = {
        unread: (url, leave) => void fetch(url).then(leave),
        stored: (url, leave) => void fetch(`${url}&cache=no-store&size=100`).then(leave),
        read: (url, leave) =>
          void fetch(url)
            .then(answer => answer.text())
            .then(leave),
        xhr: (url, leave) => {
          const request = new XMLHttpRequest()
          request.open('GET', url)
          request.onload = leave
          request.send()
        },
        sync: (url, leave) => {
          const request = new XMLHttpRequest()
          request.open('GET', url, false)
          request.send()
          leave()
        },
      }
      const next = site.page('/next', {})
      for (const [way, call] of Object.entries(ways))
        for (const status of [200, 401]) {
          const tab = await visit.open('/left')
          await tab.run(
            `void setTimeout(() => (${call})('/api/${way}?status=${status}', () => { location.href = '${next}' }))`,
          )
          await until(tab, () => location.pathname === '/next')
        }
      const views = await visit.beacons(10)
      expect(
        views.flatMap(view => view.calls.map(({ endpoint, status }) => `${endpoint} ${status}`)),
      ).toEqual(Object.keys(ways).flatMap(way => [200, 401].map(status => `GET /api/${way} ${status}`)))
    })

    test('made before the script are told as they ended, or not at all', async ({ visit, engine }) => {
      visit.allow(IN_VAIN)
      const head = `<script>
        fetch('/api/broken?status=500')
        fetch('/api/fine')
        const early = new XMLHttpRequest()
        early.open('GET', '/api/xhr?status=503')
        early.send()
      </script>`
      const tab = await visit.open('/early', { head })
      await recorded(tab, 3)
      await engine.hide(tab)
      const [view] = await visit.beacons(1)
      const told = view?.calls.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`).sort()
      const status = await evaluate(tab, () => 'responseStatus' in PerformanceResourceTiming.prototype)
      expect(told).toEqual(status ? ['GET /api/broken http', 'GET /api/fine ok', 'GET /api/xhr http'] : [])
    })

    test('leave streams, and rejections that nobody handles, as they are without', async ({
      visit,
      engine,
    }) => {
      visit.allow(/./)
      const seen = []
      for (const tag of ['data-api="off"', '']) {
        const tab = await visit.open('/streams', { tag })
        seen.push(
          await evaluate(tab, async () => {
            const unhandled: string[] = []
            addEventListener('unhandledrejection', event => {
              unhandled.push(event.reason)
              event.preventDefault()
            })
            const controller = new AbortController()
            const bodies: ReadableStream[] = []
            // A browser has six connections to a host.
            for (let i = 0; i < 4; i++) {
              const { body } = await fetch(`/api/stream/${i}?open=x`, { signal: controller.signal })
              bodies.push(body ?? new ReadableStream())
            }
            const [first, second, third, fourth] = bodies as [ReadableStream, ...ReadableStream[]]
            const reader = first.getReader()
            await reader.read()
            const looks = [
              Object.keys(reader),
              Object.keys(first),
              `${Object.getOwnPropertyDescriptor(Response.prototype, 'body')?.get}`.includes('[native code]'),
              String(ReadableStream.prototype.getReader).includes('[native code]'),
              reader instanceof ReadableStreamDefaultReader,
              first.locked,
            ]
            // The page looks once, reads, pipes.
            second?.getReader().closed.then(() => {})
            third?.getReader().read()
            fourth?.pipeTo(new WritableStream())
            controller.abort('enough')
            const again = await reader.read().catch(error => error)
            await new Promise(resolve => setTimeout(resolve, 100))
            return [looks, again, await reader.closed.catch(error => error), unhandled.sort()]
          }),
        )
        await engine.hide(tab)
      }
      expect(seen[0]).toEqual(seen[1])
      expect(seen[0]?.[3]).not.toEqual([])
    })

    test('are left alone by data-api="off"', async ({ visit, engine }) => {
      const tab = await visit.open('/off', { tag: 'data-api="off"' })
      const sources = await evaluate(tab, async () => {
        await fetch('/api/a').then(response => response.text())
        return [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send].map(String)
      })
      expect(sources.every(source => source.includes('[native code]'))).toBe(true)
      await recorded(tab, 1)
      await engine.hide(tab)
      expect((await visit.beacons(1))[0]?.calls).toEqual([])
    })
  })
}
