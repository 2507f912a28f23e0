/**
 * A small web site: serves the pages of a test and the built SDK, answers API calls as their query asks, and keeps
 * the beacons it is sent. A beacon that is not as the API describes it fails the test that waits for it, though the worker
 * would make the best of it.
 */

import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decode } from '../../schema/wire/decode.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { faults } from './contract.ts'
import { listen, originOf, read } from './server.ts'

export interface Beacon {
  /** `site` of the query string. */
  site: string | null
  body: string
  bytes: number
  headers: IncomingMessage['headers']
  view: PageView
}

export interface Site {
  /** The origin of the pages. */
  origin: string
  /** Another origin, which allows CORS but no timing. */
  other: string
  beacons: Beacon[]
  /** What pages with `COMPLAINTS` told. */
  complaints: string[]
  /** Page views by id, each with its beacons in order of arrival. */
  views(): Beacon[][]
  /** Serves a page from now on; returns its address. */
  page(path: string, parts: Parts): string
  /** Serves any file from now on; returns its address. `delay` in the query of a request: ms before the answer. */
  file(path: string, type: string, text: string): string
  /** Waits until the beacons are as they should be. */
  until(condition: (beacons: Beacon[]) => boolean): Promise<Beacon[]>
  close(): Promise<void>
}

export interface Parts {
  /** Attributes of the script tag; none: no tag. */
  tag?: string
  head?: string
  body?: string
  /** Headers of the answer. */
  headers?: Record<string, string>
}

/** What most pages say in their tag. */
export const TAG = 'data-site="shop"'

/** For the head of a page that imports the package: where its dependency is. */
export const IMPORTS = `<script type="importmap">{ "imports": { "web-vitals": "/web-vitals.js" } }</script>`

/** For a page's head: tells the site of each console line and each error that nobody caught. */
export const COMPLAINTS = `<script nonce="once">
  {
    const tell = line => navigator.sendBeacon('/complaint', String(line))
    for (const method of ['log', 'info', 'warn', 'error', 'debug'])
      console[method] = (...line) => tell(method + ': ' + line.join(' '))
    addEventListener('error', event => tell(event.message))
    addEventListener('unhandledrejection', event => tell(event.reason))
    addEventListener('securitypolicyviolation', event => tell(event.violatedDirective + ' ' + event.blockedURI))
  }
</script>`

/** What the worker would have to mend. Names of marks are the page's own. */
function faultsIn(body: string): string[] {
  try {
    return faults(BEACON, JSON.parse(body)).filter(fault => !fault.startsWith('/marks/'))
  } catch {
    return ['no JSON']
  }
}

const BEACON = { $ref: '#/components/schemas/Beacon' }
/** ms after which what a test waits for is taken for never to come: a busy machine takes long, the test itself may take 60 s. */
const WAIT = 40_000
const HTML = 'text/html; charset=utf-8'

export async function startSite(): Promise<Site> {
  const beacons: Beacon[] = []
  const complaints: string[] = []
  const files = new Map<string, { text: string; headers: Record<string, string> }>()
  const arrivals = new EventEmitter()
  const requests = new EventEmitter()
  const requested = new Set<string>()
  let failure: Error | undefined

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site')
    const body = (await read(request)).toString()
    if (pathname === '/f') {
      response.writeHead(204).end()
      const decoded = decode(body)
      const odd = faultsIn(body)
      if (odd.length) failure = new Error(`${odd.join()}: ${body}`)
      else if ('error' in decoded) failure = new Error(`${decoded.error.field}: ${body}`)
      else
        beacons.push({
          site: searchParams.get('site'),
          body,
          bytes: Buffer.byteLength(body),
          headers: request.headers,
          view: decoded.ok,
        })
      arrivals.emit('beacon')
    } else if (pathname === '/complaint') {
      complaints.push(body)
      response.writeHead(204).end()
    } else if (/^\/(fieldline(\.core)?|index|core)\.js$/.test(pathname)) {
      response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' })
      response.end(readFileSync(new URL(`../../dist${pathname}`, import.meta.url)))
    } else if (pathname === '/web-vitals.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' })
      response.end(readFileSync(new URL(import.meta.resolve('web-vitals'))))
    } else if (pathname.startsWith('/api/')) {
      response.sendDate = false
      requested.add(pathname)
      requests.emit(pathname)
      const until = searchParams.get('until')
      if (until && !requested.has(until)) await once(requests, until)
      await api(searchParams, request, response, body)
    } else {
      const file = files.get(pathname)
      await sleep(Number(searchParams.get('delay')))
      response.writeHead(file || pathname === '/favicon.ico' ? 200 : 404, {
        'content-type': HTML,
        ...file?.headers,
      })
      response.end(file?.text ?? 'not found')
    }
  }

  const [own, other] = await Promise.all([listen(answer), listen(answer)])
  return {
    origin: originOf(own),
    other: originOf(other),
    beacons,
    complaints,
    views: () => {
      const views = new Map<string, Beacon[]>()
      for (const beacon of beacons) views.set(beacon.view.id, [...(views.get(beacon.view.id) ?? []), beacon])
      return [...views.values()]
    },
    page(path, { tag, head = '', body = '<h1>A page</h1>', headers = {} }) {
      const script = tag === undefined ? '' : `<script async src="/fieldline.js" ${tag}></script>`
      const text = `<!doctype html><html><head><title>${path}</title>${head}${script}</head><body>${body}</body>`
      files.set(path, { text, headers })
      return originOf(own) + path
    },
    file(path, type, text) {
      files.set(path, { text, headers: { 'content-type': type } })
      return originOf(own) + path
    },
    async until(condition) {
      const signal = AbortSignal.timeout(WAIT)
      for (;;) {
        if (failure) throw failure
        if (condition(beacons)) return beacons
        await once(arrivals, 'beacon', { signal }).catch(() => {
          throw new Error(
            `not so after ${WAIT} ms: ${condition}\n${beacons.map(({ body }) => body).join('\n')}`,
          )
        })
      }
    },
    async close() {
      for (const server of [own, other]) {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      }
    },
  }
}

/**
 * `status` and `delay` (ms before the head), as headers too, `pause` (ms within the body), `cors=no`, `tao`, `destroy`;
 * `to` (an address to go to), `auth` (asks for a password), `type` (of the body), `silent` (no head, ever), `open` (a
 * body that never ends), `echo` (the body tells what was asked), `timing` (Server-Timing), `cache` (Cache-Control), `cut` (the
 * body breaks off), `size` (letters of the body).
 */
async function api(
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  if (query.get('cors') !== 'no') {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader('access-control-allow-methods', '*')
  }
  if (query.has('tao')) response.setHeader('timing-allow-origin', '*')
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end()
    return
  }
  const { 'x-delay': delay = query.get('delay'), 'x-status': status = query.get('status') } = request.headers
  await sleep(Number(delay ?? 0))
  if (query.has('destroy')) {
    response.destroy()
    return
  }
  if (query.has('silent')) return
  const to = query.get('to')
  const { authorization } = request.headers
  response.writeHead(to ? 302 : query.has('auth') && !authorization ? 401 : Number(status ?? 200), {
    'content-type': query.get('type') ?? 'text/plain',
    'cache-control': query.get('cache') ?? 'no-cache',
    'set-cookie': query.getAll('cookie'),
    'server-timing': query.getAll('timing'),
    ...(to ? { location: to } : {}),
    ...(query.has('auth') ? { 'www-authenticate': 'Basic realm="site"' } : {}),
  })
  if (query.has('open')) {
    response.write(query.get('open'))
    return
  }
  if (query.has('cut')) {
    response.write('first')
    setTimeout(() => response.destroy(), 100)
    return
  }
  if (query.has('pause')) {
    response.write('first')
    await sleep(Number(query.get('pause')))
  }
  if (query.has('size')) response.write('x'.repeat(Number(query.get('size'))))
  response.end(query.has('echo') ? echoOf(request, body) : `${request.method} ${body}`)
}

/** What of a request its page has a say in. */
function echoOf({ method, url, headers, rawHeaders }: IncomingMessage, body: string): string {
  const [, boundary] = /boundary=(.*)/.exec(headers['content-type'] ?? '') ?? []
  const text = JSON.stringify([method, url, body, rawHeaders])
  return boundary ? text.replaceAll(boundary, 'boundary') : text
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
