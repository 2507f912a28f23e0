/**
 * The page on which scripts are compared, and where they send to: a small web site on one origin, a collector that
 * keeps every request on another, as vendors' collectors are.
 */

import { heroPicture } from '../../demo/shop/pictures.ts'
import { listen, originOf, read } from '../kit/server.ts'
import type { Script } from './peers.ts'

/** A request that a script sent to its collector. */
export interface Sent {
  method: string
  /** Path and query. */
  target: string
  /** Bytes of the body as sent, and of the query, which some use as a body. */
  bytes: number
  body: Buffer
  encoding: string | undefined
}

export interface Shop {
  /** The page with the script of that name; without one where there is none. */
  address(name?: string): string
  /** The same page made for many calls, with `callOften`. */
  callsAddress(name?: string): string
  /** Another page, with no script. */
  next: string
  sent: Sent[]
  close(): Promise<void>
}

/** The API calls of the page: two as it loads, one by a click. */
export const CALLS = ['/api/products', '/api/cart', '/api/stock']

/** ms that a click keeps the main thread busy, so that there is an INP to report. */
const BUSY = 60

export async function openShop(scripts: readonly Script[]): Promise<Shop> {
  const sent: Sent[] = []
  const code = new Map(scripts.map(({ name, code }) => [name, code]))

  const collector = await listen(async (request, response) => {
    const body = await read(request)
    const { method = '', url = '', headers } = request
    const { search } = new URL(url, 'http://collector')
    sent.push({
      method,
      target: url,
      bytes: body.byteLength + Buffer.byteLength(search),
      body,
      encoding: headers['content-encoding'],
    })
    response
      .writeHead(method === 'OPTIONS' ? 204 : 202, {
        'access-control-allow-origin': headers.origin ?? '*',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': headers['access-control-request-headers'] ?? '*',
        'content-type': 'application/json',
      })
      .end(method === 'OPTIONS' ? undefined : '{}')
  })

  const shop = await listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop')
    await read(request)
    const answer = (type: string, body: string | Buffer) =>
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body)
    const name = searchParams.get('sdk')
    if (pathname === '/page') answer('text/html', page(name, originOf(collector), searchParams.has('calls')))
    else if (pathname === '/sdk.js') answer('text/javascript', code.get(name ?? '') ?? '')
    else if (pathname === '/hero.svg') answer('image/svg+xml', heroPicture())
    else if (pathname.startsWith('/api/')) answer('application/json', '{"items":[1,2,3]}')
    else if (pathname === '/next')
      answer('text/html', '<!doctype html><title>Next</title><link rel="icon" href="data:,"><p>The next page')
    else response.writeHead(404).end()
  })

  const address = (name = '') => `${originOf(shop)}/page?sdk=${encodeURIComponent(name)}`
  return {
    address,
    callsAddress: name => `${address(name)}&calls`,
    next: `${originOf(shop)}/next`,
    sent,
    async close() {
      for (const server of [shop, collector]) {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      }
    },
  }
}

/**
 * Before any script: a stand-in for the browser's fetch, which leaves the real one to a later task, `tick`, where its
 * time can be told apart; it passes on what the real one answers. `callOften` makes calls from tasks of their own, and
 * answers the us that a call of fetch took, the stand-in's left out. The page hears of each answer in `arrive`.
 */
const CALLER = `<script>{
  const { fetch: native, setTimeout, setInterval, queueMicrotask } = window
  const waiting = []
  const answers = []
  let inside = 0, total = 0, left = 0, free = 0, end
  window.fetch = function fetch(...request) {
    const begin = performance.now()
    const answer = new Promise((...settle) => { waiting.push([request, settle]) })
    inside = performance.now() - begin
    return answer
  }
  const call = url => {
    inside = 0
    const begin = performance.now()
    const answer = window.fetch(url)
    total += performance.now() - begin - inside
    answer.then(answer => queueMicrotask(function arrive() { answers.push(answer) }))
  }
  setInterval(function tick() {
    for (const answer of answers.splice(0)) { answer.text(); free++ }
    for (const [request, settle] of waiting.splice(0)) native(...request).then(...settle)
    for (; left && free; left--, free--) setTimeout(call, 0, '/api/many/' + left)
    end?.()
  })
  window.callOften = (count, atOnce) => new Promise(resolve => {
    total = 0
    left = count
    free = atOnce
    end = () => { if (!left && free === atOnce) resolve((total / count) * 1000) }
  })
}</script>`

/** A hero picture, two calls once loaded, a banner that shifts the text, a button whose click is slow and calls. */
function page(name: string | null, collector: string, calls: boolean): string {
  const tag = name
    ? `<script async src="/sdk.js?sdk=${encodeURIComponent(name)}" data-site="shop" data-endpoint="${collector}/f"></script>`
    : ''
  return `<!doctype html>
<html><head><title>Shop</title><link rel="icon" href="data:,">${calls ? CALLER : ''}${tag}</head>
<body><h1>Shop</h1><img src="/hero.svg" width="1200" height="480" alt=""><p id="text">Products</p>
<button id="buy">Buy</button>
<script>
  addEventListener('load', async () => {
    await Promise.all([
      fetch('/api/products?page=2').then(response => response.json()),
      fetch('/api/cart', { method: 'POST', body: '{}' }).then(response => response.json()),
    ])
    const banner = document.createElement('div')
    banner.style.height = '60px'
    document.body.prepend(banner)
    document.documentElement.dataset.ready = 'yes'
  })
  document.getElementById('buy').addEventListener('click', async () => {
    for (const end = performance.now() + ${BUSY}; performance.now() < end; );
    await (await fetch('/api/stock')).json()
    document.documentElement.dataset.bought = 'yes'
  })
</script></body></html>`
}
