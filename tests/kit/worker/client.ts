/**
 * What the tests of the worker share: the requests that a browser and an operator send, to the real worker.
 */

import { env, exports } from 'cloudflare:workers'
import type { SummaryAnswer } from '../../../schema/api/summary.ts'
import { encode } from '../../../schema/wire/beacon.ts'
import type { PageView } from '../../../schema/wire/pageview.ts'
import { drawLot } from '../../../worker/ingest/sample.ts'

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
export const ORIGIN = 'https://shop.example'

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

/** The id under which the row of a page view is kept: a keyed hash of the browser's. */
export async function storedId(view: { id: string }, site = 'shop'): Promise<string> {
  const key = await env.DB.prepare('SELECT key FROM sites WHERE id = ?1').bind(site).first<string>('key')
  return (await drawLot(key ?? '', view.id, 0)).id
}

export const admin = { Authorization: `Bearer ${env.ADMIN_TOKEN}` }

export function get(path: string, headers: Record<string, string> = admin): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, { headers })
}

export function put(path: string, body: unknown): Promise<Response> {
  return give('PUT', path, body)
}

export function post(path: string, body: unknown): Promise<Response> {
  return give('POST', path, body)
}

export function remove(path: string): Promise<Response> {
  return give('DELETE', path, undefined)
}

function give(method: string, path: string, body: unknown): Promise<Response> {
  return exports.default.fetch(`https://rum.example${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
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
