/**
 * What the tests of the worker share: the requests that a browser and an operator send, to the real worker.
 */

import { env, exports } from 'cloudflare:workers'
import { encode } from '../../schema/beacon.ts'
import type { PageView } from '../../schema/pageview.ts'
import type { SummaryAnswer } from '../../schema/summary.ts'

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
export const ORIGIN = 'https://shop.example'

let serial = 0

/**
 * A page view id that no other test uses, spread evenly as random ones are: the serial number through SplitMix64, which
 * maps no two numbers to one.
 */
export function newId(): string {
  const mix = (z: bigint, shift: bigint, factor: bigint) => BigInt.asUintN(64, (z ^ (z >> shift)) * factor)
  const z = BigInt.asUintN(64, BigInt(++serial) * 0x9e3779b97f4a7c15n)
  const mixed = mix(mix(mix(z, 30n, 0xbf58476d1ce4e5b9n), 27n, 0x94d049bb133111ebn), 31n, 1n)
  return mixed.toString(16).padStart(16, '0')
}

/** An ordinary page view; what matters to a test is given. */
export function pageView(given: Partial<PageView> = {}): PageView {
  return {
    id: newId(),
    sequence: 0,
    weight: 1,
    age: 0,
    navigation: 'navigate',
    route: '/',
    release: null,
    connection: '4g',
    touch: false,
    vitals: { lcp: 1200, inp: null, cls: 20, fcp: 800, ttfb: 150 },
    phases: null,
    why: { lcp: null, inp: null, cls: null },
    calls: [],
    dropped: 0,
    marks: [],
    ...given,
  }
}

/** Sends a beacon as a browser on ORIGIN would. */
export function send(body: string, headers: Record<string, string> = {}, site = 'shop'): Promise<Response> {
  return exports.default.fetch(`https://rum.example/f?site=${site}`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'text/plain', Origin: ORIGIN, 'User-Agent': CHROME, ...headers },
  })
}

/** Sends page views, with the admin token, and fails where one is refused. */
export async function sendViews(
  views: readonly PageView[],
  headers: Record<string, string> = {},
  site = 'shop',
) {
  for (let i = 0; i < views.length; i += 50) {
    await Promise.all(
      views.slice(i, i + 50).map(async view => {
        const response = await send(encode(view), { ...admin, ...headers }, site)
        if (response.status !== 204) throw new Error(`${response.status} ${await response.text()}`)
      }),
    )
  }
}

export const admin = { Authorization: `Bearer ${env.ADMIN_TOKEN}` }

export function get(path: string, headers: Record<string, string> = admin): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, { headers })
}

export function put(path: string, body: unknown): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, {
    method: 'PUT',
    body: JSON.stringify(body),
    headers: admin,
  })
}

export async function summary(params: string): Promise<SummaryAnswer> {
  const response = await get(`/v1/summary?${params}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

/** The error that an answer carries. */
export async function problemOf(response: Response) {
  const body: { detail: string; field?: string } = await response.json()
  return { ...body, status: response.status, mediaType: response.headers.get('Content-Type') }
}
