/**
 * What a script sends for one ordinary page view: a visit in a Chromium whose tabs really hide goes in; requests,
 * bytes, and what could be read in them come out.
 */

import { gunzipSync, inflateSync } from 'node:zlib'
import type { Chromium } from '../kit/chromium.ts'
import { CALLS, type Sent, type Shop } from './page.ts'

export interface Wire {
  /** All requests, preflights included. */
  requests: number
  preflights: number
  /** Of bodies and query strings, as sent. */
  bytes: number
  /** Vitals that arrived; null: the bodies cannot be read. */
  vitals: string[] | null
  /** How many of the page's API calls arrived. */
  calls: number | null
}

/** How the scripts name a vital, before its number. Calls have a time to first byte as well, and Sentry says so. */
const NAMES: Record<string, string> = {
  lcp: 'lcp|largest_?contentful_?paint',
  cls: 'cls|cumulative_?layout_?shift',
  inp: 'inp|interaction_?to_?next_?paint',
  fcp: 'fcp|first_?contentful_?paint',
  ttfb: 'ttfb|(?<!http.request.)time_?to_?first_?byte|first_byte|responseStart',
}

/** ms that the visitor stays before and after the click, and that requests may still take once he has left. */
const STAY = 1_500
const LATE = 2_000

/** Looks at the page, clicks, and goes to another page. */
export async function visit({ open }: Chromium, shop: Shop, name: string): Promise<Wire> {
  shop.sent.length = 0
  const page = await open(shop.address(name))
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  await page.waitForTimeout(STAY)
  await page.click('#buy')
  await page.waitForSelector('html[data-bought]', { state: 'attached' })
  await page.waitForTimeout(STAY)
  await page.goto(shop.next)
  await page.waitForTimeout(LATE)
  await page.close()
  const text = readable(shop.sent)
  return {
    requests: shop.sent.length,
    preflights: shop.sent.filter(({ method }) => method === 'OPTIONS').length,
    bytes: shop.sent.reduce((total, { bytes }) => total + bytes, 0),
    vitals: text === null ? null : Object.keys(NAMES).filter(vital => says(text, vital)),
    calls: text === null ? null : CALLS.filter(path => text.includes(path)).length,
  }
}

function says(text: string, vital: string): boolean {
  return new RegExp(`(?:${NAMES[vital]})(?:[".:={]|value|score|duration|timestamp)+\\d`, 'i').test(text)
}

/** Everything that was sent as text; null where a body is packed in a way not known here. */
function readable(sent: readonly Sent[]): string | null {
  try {
    return sent.map(({ target, body, encoding }) => `${target}\n${unpack(body, encoding)}`).join('\n')
  } catch {
    return null
  }
}

function unpack(body: Buffer, encoding: string | undefined): string {
  if (!encoding) return body.toString()
  if (encoding === 'gzip') return gunzipSync(body).toString()
  if (encoding === 'deflate') return inflateSync(body).toString()
  throw new Error(`a body in ${encoding}`)
}
