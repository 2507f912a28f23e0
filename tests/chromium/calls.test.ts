import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { MAX_BYTES } from '../../schema/wire/beacon.ts'
import type { ApiCall } from '../../schema/wire/pageview.ts'
import type {} from '../../sdk/tag.ts'
import { TAG } from '../kit/site.ts'
import { chromium, site } from './started.ts'

async function open(tag = TAG): Promise<Page> {
  const page = await chromium.open(site.page('/calls', { tag }))
  await page.waitForFunction('window.fieldline')
  return page
}

/** The calls that the page's beacons report once its tab is hidden, by endpoint. */
async function callsOf(page: Page): Promise<ApiCall[]> {
  const sent = site.beacons.length
  await chromium.hide(page)
  await site.until(beacons => beacons.length > sent)
  return site.beacons.flatMap(({ view }) => view.calls).sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1))
}

/** A call's own entry is a few milliseconds younger than its end. */
const recorded = (page: Page, count: number) =>
  page.waitForFunction(
    count =>
      performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/')).length >= count,
    count,
  )

test('records method, endpoint, outcome, status, times and bytes of fetch and XHR', async () => {
  const page = await open()
  const witnessed = await page.evaluate(async () => {
    const xhr = (method: string, url: string, body?: string) =>
      new Promise<void>(resolve => {
        const request = new XMLHttpRequest()
        request.open(method, url)
        request.onloadend = () => resolve()
        request.send(body)
      })
    const text = (response: Response) => response.text()
    const start = performance.now()
    const response = await fetch('/api/slow/123?delay=200&pause=100&token=secret#part')
    const head = performance.now() - start
    await response.text()
    const end = performance.now() - start
    await fetch('/api/orders', { method: 'post', body: 'x' }).then(text)
    await fetch(
      new Request('/api/items/0b8e9e86-71c4-4b7b-9a3c-0f8a0ec70001', { method: 'PUT', body: 'y' }),
    ).then(text)
    await fetch(new URL('/api/missing?status=404', location.href)).then(text)
    await fetch('/api/broken?status=503').then(text)
    await xhr('GET', '/api/xhr/9?secret=1')
    await xhr('HEAD', `${location.origin.replace('//', '//jane:secret@')}/api/userinfo#secret`)
    await xhr('DELETE', '/api/xhr/9?status=500', 'z')
    return { head, end }
  })
  await recorded(page, 8)
  const calls = await callsOf(page)
  expect(calls.map(({ endpoint, outcome, status }) => [endpoint, outcome, status])).toEqual([
    ['DELETE /api/xhr/[id]', 'http', 500],
    ['GET /api/broken', 'http', 503],
    ['GET /api/missing', 'http', 404],
    ['GET /api/slow/[id]', 'ok', 200],
    ['GET /api/xhr/[id]', 'ok', 200],
    ['HEAD /api/userinfo', 'ok', 200],
    ['POST /api/orders', 'ok', 200],
    ['PUT /api/items/[id]', 'ok', 200],
  ])
  const slow = calls.find(call => call.endpoint === 'GET /api/slow/[id]')
  expect(slow?.ttfb).toBeGreaterThanOrEqual(200)
  expect(slow?.ttfb).toBeLessThanOrEqual(Math.ceil(witnessed.head))
  expect(slow?.duration).toBeGreaterThanOrEqual(300)
  expect(slow?.duration).toBeLessThanOrEqual(Math.ceil(witnessed.end))
  expect(slow?.bytes).toBeGreaterThan(300)
  expect(site.beacons.map(({ body }) => body).join()).not.toMatch(/secret|jane|token|[?#]|0b8e9e86/)
})

test('tells aborted calls from calls without an answer', async () => {
  const page = await open()
  await page.evaluate(async other => {
    const ignore = () => {}
    const controller = new AbortController()
    const early = fetch('/api/aborted?delay=5000', { signal: controller.signal }).catch(ignore)
    const late = fetch('/api/aborted-in-body?pause=5000', { signal: controller.signal })
    await (await late).body?.getReader().read()
    controller.abort()
    await early
    await fetch(new Request('/api/timeout?delay=5000', { signal: AbortSignal.timeout(50) })).catch(ignore)

    const done = new AbortController()
    await fetch('/api/aborted-after-end', { signal: done.signal }).then(response => response.text())
    done.abort()

    await fetch('/api/destroyed?destroy', { method: 'PATCH' }).catch(ignore)
    await fetch(`${other}/api/cors-refused?cors=no`).catch(ignore)
    await new Promise<void>(resolve => {
      const xhr = new XMLHttpRequest()
      xhr.open('GET', '/api/xhr-aborted?delay=5000')
      xhr.onabort = () => resolve()
      xhr.send()
      setTimeout(() => xhr.abort(), 20)
    })
    await new Promise<void>(resolve => {
      const xhr = new XMLHttpRequest()
      xhr.open('POST', '/api/xhr-destroyed?destroy')
      xhr.onerror = () => resolve()
      xhr.send()
    })
  }, site.other)
  await recorded(page, 8)
  const calls = await callsOf(page)
  expect(
    Object.fromEntries(
      calls.map(({ endpoint, outcome }) => [endpoint.replace(/127.*:\d+/, 'host'), outcome]),
    ),
  ).toEqual({
    'GET /api/aborted': 'aborted',
    'GET /api/aborted-in-body': 'aborted',
    'GET /api/timeout': 'timeout',
    'GET /api/aborted-after-end': 'ok',
    'PATCH /api/destroyed': 'network',
    'GET host/api/cors-refused': 'network',
    'GET /api/xhr-aborted': 'aborted',
    'POST /api/xhr-destroyed': 'network',
  })
  expect(
    calls
      .filter(({ outcome }) => outcome !== 'ok')
      .every(({ ttfb, bytes }) => ttfb === null && bytes === null),
  ).toBe(true)
})

test('leaves out times and bytes that another origin hides, and the status of no-cors', async () => {
  const page = await open()
  await page.evaluate(async other => {
    await fetch(`${other}/api/hidden?status=503`).then(response => response.text())
    await fetch(`${other}/api/open?tao`).then(response => response.text())
    await fetch(`${other}/api/opaque`, { mode: 'no-cors' })
  }, site.other)
  await recorded(page, 3)
  const host = new URL(site.other).host
  const calls = await callsOf(page)
  expect(calls).toMatchObject([
    { endpoint: `GET ${host}/api/hidden`, outcome: 'http', status: 503, ttfb: null, bytes: null },
    { endpoint: `GET ${host}/api/opaque`, outcome: 'ok', status: null, ttfb: null, bytes: null },
    {
      endpoint: `GET ${host}/api/open`,
      outcome: 'ok',
      status: 200,
      ttfb: expect.any(Number),
      bytes: expect.any(Number),
    },
  ])
})

test('parallel calls to one address keep their own methods', async () => {
  const page = await open()
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']
  await page.evaluate(
    methods =>
      Promise.all(
        methods.map((method, i) =>
          fetch('/api/same', { method, ...(i ? { body: String(i) } : {}) }).then(response => response.text()),
        ),
      ),
    methods,
  )
  await recorded(page, methods.length)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(
    methods.map(method => `${method} /api/same`).sort(),
  )
})

test('parallel calls to one address keep their own methods and outcomes', async () => {
  const page = await open()
  await page.evaluate(async () => {
    const call = (method: string, delay: number, status: number) =>
      fetch('/api/same', { method, headers: { 'x-delay': `${delay}`, 'x-status': `${status}` } }).then(r =>
        r.text(),
      )
    await Promise.all([call('POST', 300, 200), call('PUT', 10, 500), call('DELETE', 150, 404)])
  })
  await recorded(page, 3)
  const calls = await callsOf(page)
  expect(calls.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual([
    'DELETE /api/same 404',
    'POST /api/same 200',
    'PUT /api/same 500',
  ])
})

test('calls keep their methods whatever becomes of their address', async () => {
  const page = await open()
  await page.evaluate(async () => {
    const address = new URL('/api/object', location.href)
    const base = document.head.appendChild(document.createElement('base'))
    const put = fetch(address, { method: 'PUT' })
    address.pathname = '/api/other'
    base.href = '/api/'
    const post = fetch('relative', { method: 'POST' })
    base.remove()
    for (const response of await Promise.all([put, post])) await response.text()
  })
  await recorded(page, 2)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['POST /api/relative', 'PUT /api/object'])
})

test('records calls made before the SDK was there, as GET', async () => {
  const page = await chromium.open(site.page('/before', { head: '<script>fetch("/api/early")</script>' }))
  await recorded(page, 1)
  await page.addScriptTag({ url: '/fieldline.js' })
  await page.evaluate(() => window.fieldline?.init({ site: 'shop', endpoint: '/f' }))
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/early'])
})

test('a call to no address holds up no others', async () => {
  const head = '<script>const direct = fetch</script><script src="/fieldline.js" data-site="shop"></script>'
  const page = await chromium.open(site.page('/direct', { head }))
  await page.evaluate(async () => {
    await fetch('http://', { method: 'PATCH' }).catch(() => {})
    // Past the patch: it has no note, and is looked for among all.
    const direct = new Function('return direct("/api/direct")')
    await (await direct()).text()
  })
  await recorded(page, 1)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/direct'])
})

test('a call to an address that is longer than a beacon is cut, and costs no other', async () => {
  const page = await open()
  await page.evaluate(async () => {
    await fetch('/api/a')
    await fetch(`/api/translate/${'a short text '.repeat(2000)}`)
  })
  await recorded(page, 2)
  const names = (await callsOf(page)).map(call => call.endpoint)
  expect(names).toEqual(['GET /api/a', expect.stringMatching(/^GET \/api\/translate\/(a short text )+/)])
  for (const { bytes } of site.beacons) expect(bytes).toBeLessThan(MAX_BYTES)
})

test('does not record a call that is under way when the page leaves', async () => {
  const page = await open()
  await page.evaluate(() => void fetch('/api/pending?delay=5000'))
  expect(await callsOf(page)).toEqual([])
})

test('does not record a call that leaving cuts off, wherever it stood', async () => {
  const page = await open()
  await page.evaluate(async () => {
    const xhr = (method: string, url: string) => {
      const request = new XMLHttpRequest()
      request.open(method, url)
      request.send()
    }
    void fetch('/api/pending?delay=5000', { method: 'POST', body: 'x' }).catch(() => {})
    xhr('POST', '/api/xhr-pending?delay=5000')
    void fetch('/api/in-body?pause=5000').then(response => response.text())
    xhr('GET', '/api/xhr-in-body?pause=5000')
    await fetch('/api/done').then(response => response.text())
    await fetch('/api/refused?destroy').catch(() => {})
  })
  await recorded(page, 2)
  // Unlike a page that rests in the back/forward cache, one that loads again ends what it waits for.
  await page.reload({ waitUntil: 'commit' })
  const [beacon] = await site.until(beacons => beacons.length > 0)
  expect(beacon?.view.calls.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`).toSorted()).toEqual([
    'GET /api/done ok',
    'GET /api/refused network',
  ])
  // Of 50 tabs that are closed before their reload is through, Chromium 156 leaves two or three open, with any page.
  await page.waitForLoadState('load')
  await page.close()
})

test('does not record a call cut off as leaving begins, which Firefox does', async () => {
  const page = await open()
  await page.evaluate(async () => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/xhr-pending?delay=5000')
    request.send()
    void fetch('/api/pending?delay=5000').catch(() => {})
    await fetch('/api/done').then(response => response.text())
    // The entry of the call that is done is yet to come.
    dispatchEvent(new Event('beforeunload'))
    stop()
  })
  await recorded(page, 3)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/done'])
})

test('records a call that ends as the page leaves, before its entry comes', async () => {
  const page = await open()
  await page.evaluate(() =>
    addEventListener(
      'visibilitychange',
      () => {
        const xhr = new XMLHttpRequest()
        xhr.open('GET', '/api/last', false)
        xhr.send()
      },
      { capture: true, once: true },
    ),
  )
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/last'])
})

test('never records its own beacons, whichever way they leave', async () => {
  const page = await open()
  await page.evaluate(() => {
    navigator.sendBeacon = () => false
  })
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => fetch('/api/a').then(response => response.text()))
    await callsOf(page)
    await chromium.show(page)
  }
  await page.waitForFunction(
    () =>
      performance.getEntriesByType('resource').filter(entry => entry.name.includes('/f?site')).length >= 3,
  )
  await page.evaluate(() => fetch('/api/last').then(response => response.text()))
  const endpoints = (await callsOf(page)).map(call => call.endpoint)
  expect(endpoints).toEqual(['GET /api/a', 'GET /api/a', 'GET /api/a', 'GET /api/last'])
  expect(site.beacons).toHaveLength(4)
})

test('data-api="off" leaves fetch and XMLHttpRequest alone and records nothing', async () => {
  const page = await open('data-site="shop" data-api="off"')
  const native = await page.evaluate(async () => {
    await fetch('/api/a').then(response => response.text())
    return [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send].map(String)
  })
  expect(native).toEqual(['fetch', 'open', 'send'].map(name => `function ${name}() { [native code] }`))
  await recorded(page, 1)
  expect(await callsOf(page)).toEqual([])
})

test('data-api="passive" leaves fetch and XHR alone, and records no methods', async () => {
  const page = await open('data-site="shop" data-api="passive"')
  const native = await page.evaluate(async other => {
    await fetch('/api/orders/17', { method: 'POST' }).then(response => response.text())
    await fetch('/api/missing?status=404').then(response => response.text())
    await fetch('/api/refused?destroy').catch(() => {})
    await fetch(`${other}/api/opaque`, { mode: 'no-cors' })
    const request = new Request('/api/a')
    return [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send].every(
      method => !method.toString().includes('Proxy') && request.method === 'GET',
    )
  }, site.other)
  expect(native).toBe(true)
  await recorded(page, 4)
  expect((await callsOf(page)).map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
    '/api/missing http',
    '/api/orders/[id] ok',
  ])
})

test('a GraphQL call has the name of its operation, and nothing else that was written', async () => {
  const page = await open()
  const named: [name: string, body: unknown, path?: string][] = [
    [' GetCart', { operationName: 'GetCart', variables: { id: 1 }, query: 'query Other { cart }' }],
    [' AddItem', { query: '\r\n\t mutation\nAddItem($id: ID!) { add(id: $id) }' }],
    [' Watch', { query: 'subscription Watch @live { cart }' }],
    [' Commented', { query: '# of "Ann\n\n#query Secret {\n  query Commented { cart }' }],
    [' Behind', { query: 'fragment F on Cart { a { b } }\nfragment G on Cart { c }\nquery Behind { cart }' }],
    [' Tight', { query: 'fragment F on Cart{a{b}}query Tight{cart}' }],
    [' First +1', [{ operationName: 'First' }, { operationName: 'Second' }]],
    [' One', [{ query: 'query One { cart }' }]],
    ['', [{ query: '{ cart }' }, { operationName: 'Second' }]],
    ['', { query: '{ cart }', variables: { text: '"query":"query Secret", query Secret {' } }],
    ['', { query: '{ cart }', variables: { filter: { operationName: 'Secret' } } }],
    ['', { query: '{ find(text: "} query Secret {", more: """"\n} query Secret {""") }' }],
    ['', { query: 'query ($query: Secret) { cart }' }],
    ['', { operationName: null, query: '{ cart }' }],
    ['', { operationName: 'Ann Secret', query: 'query Named { cart }' }],
    ['', { operationName: `Long${'x'.repeat(64)}` }],
    ['', { operationName: 'TooLarge', variables: 'x'.repeat(50_000) }],
    ['', 'operationName=Secret'],
    ['', '[]'],
    ['', 'null'],
    [' Shop', { operationName: 'Shop' }, '/shop/graphql.json'],
    [' Gql', { operationName: 'Gql' }, '/gql/'],
  ]
  await page.evaluate(async named => {
    const text = (response: Response) => response.text()
    for (const [, body, path = '/graphql'] of named)
      await fetch(`/api/x${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }).then(text)
    await fetch('/api/y', { method: 'POST', body: '{"operationName":"Secret"}' }).then(text)
    await fetch('/api/y/graphql', { method: 'POST', body: new Blob(['{"operationName":"Secret"}']) }).then(
      text,
    )
    await fetch('/api/y/gql?operationName=GetUser&extensions={}').then(text)
    await fetch('/api/y/gql?query={a}&variables={"operationName":"Secret"}').then(text)
    const init = { method: 'POST', body: '{}', headers: { 'X-Apollo-Operation-Name': 'ByHeader' } }
    await fetch(new Request('/api/y/graphql', init)).then(text)
    await new Promise<void>(resolve => {
      const xhr = new XMLHttpRequest()
      xhr.open('POST', '/api/y/graphql')
      xhr.onloadend = () => resolve()
      xhr.send('{"operationName":"ByXhr"}')
    })
  }, named)
  await recorded(page, named.length + 6)
  const told = (await callsOf(page)).sort((a, b) => a.start - b.start).map(call => call.endpoint)
  expect(told).toEqual([
    ...named.map(([name, , path = '/graphql']) => `POST /api/x${path.replace(/\/$/, '')}${name}`),
    'POST /api/y',
    'POST /api/y/graphql',
    'GET /api/y/gql GetUser',
    'GET /api/y/gql',
    'POST /api/y/graphql ByHeader',
    'POST /api/y/graphql ByXhr',
  ])
  expect(site.beacons.map(({ body }) => body).join()).not.toContain('Secret')
})

test('records the first four durations of a Server-Timing header', async () => {
  const page = await open()
  await page.evaluate(async other => {
    const timing = (value: string) => `timing=${encodeURIComponent(value)}`
    await fetch(
      `/api/a?${timing('cache;desc="hit", db;dur=53.4, none;dur=0, odd;dur=1e12')}&${timing('app;dur=47')}`,
    )
    await fetch(`/api/b?${timing('a;dur=1, b;dur=2, c;dur=3, d;dur=4, e;dur=5')}`)
    await fetch('/api/c')
    await fetch(`${other}/api/d?${timing('db;dur=53')}`)
  }, site.other)
  await recorded(page, 4)
  const calls = await callsOf(page)
  expect(calls.map(({ endpoint, server }) => [endpoint.slice(-6), server])).toEqual([
    [
      '/api/a',
      [
        ['db', 53],
        ['app', 47],
      ],
    ],
    [
      '/api/b',
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
        ['d', 4],
      ],
    ],
    ['/api/c', null],
    ['/api/d', null],
  ])
})

test('reports the trace that Server-Timing names of a failed call, and nothing like it', async () => {
  const id = '4BF92F3577B34DA6a3ce929d0e0e4736'
  const told = id.toLowerCase()
  const expected: [timing: string, trace: string | undefined][] = [
    [`traceparent;desc="00-${id}-00f067aa0ba902b7-01"`, told],
    [`app;dur=1, TraceId;desc=${id}, trace-id;desc=a3ce929d0e0e4736`, told],
    ['trace;desc="}", tracestate;desc="x=1", trace_id;desc="a3ce929d0e0e4736"', 'a3ce929d0e0e4736'],
    // A duration has as many digits.
    ['trace;dur=0.1234567890123456789;desc="none"', undefined],
    [`trace;desc="${id}${id}"`, undefined],
    [`trace;desc="00-${'0'.repeat(32)}-${'0'.repeat(16)}-00"`, undefined],
    [`cache;desc="${id}"`, undefined],
    [`trace;desc="${'trace-'.repeat(999)}"`, undefined],
    ['', undefined],
  ]
  const page = await open()
  await page.evaluate(
    async timings => {
      for (const [i, timing] of timings.entries())
        await (await fetch(`/api/${'abcdefghi'[i]}?status=500&timing=${encodeURIComponent(timing)}`)).text()
    },
    expected.map(([timing]) => timing),
  )
  await recorded(page, expected.length)
  expect((await callsOf(page)).map(({ trace }) => trace)).toEqual(expected.map(([, trace]) => trace))
})

test('a streaming response has its first byte at its begin, its duration at its end', async () => {
  const page = await open()
  const read = await page.evaluate(async () => {
    const start = performance.now()
    const reader = (await fetch('/api/stream?delay=100&pause=400')).body?.getReader()
    await reader?.read()
    const first = performance.now() - start
    while (!(await reader?.read())?.done);
    return { first, last: performance.now() - start }
  })
  await recorded(page, 1)
  const [call] = await callsOf(page)
  expect(call?.ttfb).toBeGreaterThanOrEqual(100)
  expect(call?.ttfb).toBeLessThanOrEqual(Math.ceil(read.first))
  expect(call?.duration).toBeGreaterThanOrEqual(500)
  expect(call?.duration).toBeLessThanOrEqual(Math.ceil(read.last))
})

test('beacons of others are their own affair: they arrive, and are no API calls', async () => {
  const page = await open()
  const sent = await page.evaluate(async other => {
    const sent = [navigator.sendBeacon('/api/beacon', 'x'), navigator.sendBeacon(`${other}/api/beacon`, 'x')]
    await fetch('/api/keepalive', { method: 'POST', body: 'x', keepalive: true }).then(answer =>
      answer.text(),
    )
    return sent
  }, site.other)
  expect(sent).toEqual([true, true])
  await recorded(page, 3)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['POST /api/keepalive'])
})

test('tells answers that nobody reads as the page hides, the failed ones as failed', async () => {
  const page = await open()
  await page.evaluate(async () => {
    for (let i = 0; i < 8; i++)
      await fetch(`/api/unread?cache=no-store&delay=50&size=9&status=${i % 2 ? 500 : 200}`, {
        method: 'POST',
      })
  })
  const calls = await callsOf(page)
  expect(calls.map(({ endpoint, outcome, status }) => `${endpoint} ${outcome} ${status}`).sort()).toEqual([
    ...Array(4).fill('POST /api/unread http 500'),
    ...Array(4).fill('POST /api/unread ok 200'),
  ])
  for (const { duration } of calls) expect(duration).toBeGreaterThanOrEqual(50)
})

test('tells an answer that the page reads late once, and a stream once it ends', async () => {
  const page = await open()
  await page.evaluate(async () => {
    const late = await fetch('/api/late?cache=no-store')
    const reader = (await fetch('/api/stream?pause=300&cache=no-store')).body?.getReader()
    await reader?.read()
    const read = async () => {
      await late.text()
      while (!(await reader?.read())?.done);
    }
    Reflect.set(window, 'read', read)
  })
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/late'])
  await chromium.show(page)
  await page.evaluate(() => Reflect.get(window, 'read')())
  await recorded(page, 2)
  const calls = await callsOf(page)
  expect(calls.map(call => call.endpoint)).toEqual(['GET /api/late', 'GET /api/stream'])
  expect(calls[1]?.duration).toBeGreaterThanOrEqual(300)
})

test('tells a preloaded call once', async () => {
  const head = '<link rel="preload" as="fetch" crossorigin href="/api/preloaded?cache=max-age=60">'
  const page = await chromium.open(site.page('/preloaded', { head, tag: TAG }))
  await page.waitForFunction('window.fieldline')
  await recorded(page, 1)
  await page.evaluate(() => fetch('/api/preloaded?cache=max-age=60').then(answer => answer.text()))
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/preloaded'])
})

test('notes keep nothing of the page alive: no request, body, answer or signal', async () => {
  const without = await chromium.open(site.page('/without', {}))
  const page = await open()
  for (const one of [without, page]) {
    await one.evaluate(async () => {
      const refs: [kind: string, ref: WeakRef<object>][] = []
      const keep =
        (kind: string) =>
        <T extends object>(object: T): T => {
          refs.push([kind, new WeakRef(object)])
          return object
        }
      const xhr = (url: string, body?: Blob) =>
        new Promise<void>(resolve => {
          const request = keep('request')(new XMLHttpRequest())
          request.open('POST', url)
          request.responseType = 'blob'
          request.onloadend = () => resolve()
          request.send(body)
        })
      const blob = () => keep('body')(new Blob(['x'.repeat(100_000)]))
      for (let i = 0; i < 10; i++) {
        await xhr(URL.createObjectURL(blob()))
        await xhr('/api/a', blob())
        const { signal } = keep('controller')(new AbortController())
        const init = { method: 'POST', body: blob(), signal }
        await fetch('/api/a?cache=no-store&size=100000', init).then(keep('answer'))
        await fetch('http://127.0.0.1:1/', { signal: keep('signal')(signal) }).catch(keep('error'))
        await fetch(URL.createObjectURL(blob())).then(keep('answer of an object'))
      }
      Reflect.set(window, 'alive', () => refs.flatMap(([kind, ref]) => (ref.deref() ? kind : [])))
    })
    const session = await chromium.context.newCDPSession(one)
    // An answer that nobody reads is told some seconds later, and let go.
    await expect
      .poll(async () => {
        await session.send('HeapProfiler.collectGarbage')
        return one.evaluate(() => Reflect.get(window, 'alive')())
      })
      .toEqual([])
  }
  expect(await callsOf(page)).toHaveLength(30)
})

test('tells a call once whose address the page’s policy upgrades', async () => {
  const page = await chromium.open()
  const bodies: string[] = []
  const script = readFileSync('dist/fieldline.js', 'utf8')
  await page.route('https://shop.example/**', async route => {
    const { pathname } = new URL(route.request().url())
    if (pathname === '/f') bodies.push(route.request().postData() ?? '')
    const head = `<script>delete window.fetchLater;${script};fieldline.init({ site: 'shop', endpoint: '/f' })</script>`
    await route.fulfill(
      pathname === '/page'
        ? {
            headers: { 'content-security-policy': 'upgrade-insecure-requests' },
            contentType: 'text/html',
            body: `<!doctype html>${head}<h1>A page</h1>`,
          }
        : { status: pathname === '/api/fine' ? 200 : 500 },
    )
  })
  await page.goto('https://shop.example/page')
  await page.evaluate(async () => {
    await fetch('http://shop.example/api/fine')
    await fetch('http://shop.example/api/broken', { method: 'POST' }).then(answer => answer.text())
    const request = new XMLHttpRequest()
    request.open('PUT', 'http://shop.example/api/xhr')
    await new Promise(resolve => {
      request.onloadend = resolve
      request.send()
    })
  })
  await recorded(page, 3)
  await chromium.hide(page)
  await expect.poll(() => bodies.length).toBe(1)
  const { calls } = JSON.parse(bodies[0] ?? '{}')
  expect(calls.map(([endpoint]: string[]) => endpoint).sort()).toEqual([
    'GET shop.example/api/fine',
    'POST shop.example/api/broken',
    'PUT shop.example/api/xhr',
  ])
})

test('calls that never leave the browser push out no other', async () => {
  const headers = { 'content-security-policy': "connect-src 'self' data: odd:" }
  const tag = 'data-site="shop" data-ignore="refused.example"'
  const page = await chromium.open(site.page('/policy', { tag, headers }))
  await page.evaluate(() => {
    Reflect.set(window, 'first', fetch('/api/first?until=/api/last', { method: 'POST' }))
  })
  // More of each kind than there is room for.
  for (let round = 0; round < 4; round++) {
    await page.evaluate(async () => {
      for (const url of ['data:,x', 'odd:x', 'http://refused.example/'])
        await Promise.all(
          Array.from({ length: 300 }, () =>
            fetch(url)
              .then(answer => answer.text())
              .catch(() => {}),
          ),
        )
    })
    await chromium.hide(page)
    await chromium.show(page)
  }
  await page.evaluate(async () => {
    await fetch('/api/last').then(answer => answer.text())
    await (await Reflect.get(window, 'first')).text()
  })
  await recorded(page, 2)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/last', 'POST /api/first'])
})

test('leaves out prefetches and ignored addresses, which take no place', async () => {
  const page = await open('data-site="shop" data-ignore="/api/health, analytics.example  //127.0.0.1:1/"')
  await page.evaluate(async () => {
    const get = (url: string, headers: HeadersInit = {}) =>
      fetch(url, { headers }).then(
        answer => answer.text(),
        () => {},
      )
    for (let i = 0; i < 10; i++) {
      await get(`/api/shop?_rsc=${i}`)
      await get('/api/shop', { RSC: '1' })
      await get('/api/shop', new Headers({ 'Next-Router-Prefetch': '1' }))
      await get('/api/shop', [['Purpose', 'prefetch']])
      await fetch(new Request('/api/shop', { headers: { 'X-Sec-Purpose': 'prefetch' } })).then(answer =>
        answer.text(),
      )
      await get(`/api/health?i=${i}`)
      await get('/api/health/db?status=500')
      await get('http://127.0.0.1:1/')
    }
    await get('/api/checkout?status=500&next-router-prefetch', { purpose: 'buy', 'x-prefetch': 'rsc' })
    await get('/api/search?q=/api/health')
  })
  await recorded(page, 72)
  expect((await callsOf(page)).map(call => call.endpoint)).toEqual(['GET /api/checkout', 'GET /api/search'])
  expect(site.beacons.at(-1)?.view.dropped).toBe(0)
})

test('sends 64 calls a page view: each that failed, and an even sample of the rest', async () => {
  const page = await open()
  await page.evaluate(async () => {
    for (let i = 0; i < 320; i++) {
      const failed = [3, 70, 150, 319].includes(i)
      const answer = await fetch(`/api/${failed ? 'failed?status=500' : `many?i=${i}`}`, { method: 'POST' })
      await answer.text()
    }
  })
  await recorded(page, 200)
  const calls = (await callsOf(page)).sort((a, b) => a.start - b.start)
  expect(calls).toHaveLength(64)
  expect(site.beacons.at(-1)?.view.dropped).toBe(256)
  expect(calls.filter(call => call.outcome === 'http')).toHaveLength(4)
  // Of 60 places 30 are of the later half, give or take 4 (one standard deviation).
  const half = calls.filter(call => call.start > ((calls[0]?.start ?? 0) + (calls.at(-1)?.start ?? 0)) / 2)
  expect(half.length).toBeGreaterThan(12)
  expect(half.length).toBeLessThan(52)
})

test('throws nothing inside, which costs as much as all of the start, or several calls', async () => {
  const page = await chromium.open()
  const session = await chromium.context.newCDPSession(page)
  const thrown: unknown[] = []
  session.on('Debugger.paused', ({ data }) => {
    thrown.push(data?.description)
    void session.send('Debugger.resume')
  })
  await session.send('Debugger.enable')
  await session.send('Debugger.setPauseOnExceptions', { state: 'all' })
  await page.goto(site.page('/calls', { tag: TAG }))
  await page.waitForFunction('window.fieldline')
  expect(thrown).toEqual([])
  await page.evaluate(async () => {
    for (const way of ['text', 'blob', 'bytes', 'arrayBuffer'] as const)
      await (await fetch(`/api/${way}`))[way]()
    const cloned = await fetch('/api/cloned')
    await Promise.all([cloned.clone().text(), cloned.text()])
    const reader = (await fetch('/api/reader')).body?.getReader()
    while (!(await reader?.read())?.done);
    // What is thrown is seen.
    await (await fetch('/api/odd')).json().catch(() => {})
  })
  expect(thrown).toEqual([expect.stringMatching('SyntaxError')])
  await session.detach()
  expect((await callsOf(page)).map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual(
    ['arrayBuffer', 'blob', 'bytes', 'cloned', 'odd', 'reader', 'text'].map(way => `GET /api/${way} ok`),
  )
})
