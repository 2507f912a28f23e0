/**
 * Ordinary beacons for the benches and for the figure "bytes of a typical beacon".
 */

import { encode } from '../../schema/wire/beacon.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import type { Shot } from './client.ts'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

/** A page view of a shop: five vitals, load phases and three API calls. */
export function typicalView(serial: number): PageView {
  return {
    // Scattered over the key like random ids, and the same in every run.
    id: BigInt.asUintN(64, BigInt(serial) * 0x9e3779b97f4a7c15n)
      .toString(16)
      .padStart(16, '0'),
    sequence: 0,
    weight: 1,
    age: 12_345,
    navigation: 'navigate',
    route: '/products/[id]',
    release: '2.4.0',
    connection: '4g',
    touch: false,
    vitals: { lcp: 1410 + (serial % 997), inp: 96, cls: 41, fcp: 912, ttfb: 187 },
    phases: { dns: 12, connect: 48, request: 49, response: 231, interactive: 640, loaded: 702, load: 1490 },
    why: {
      lcp: {
        target: 'main>img.hero',
        url: '/img/kettle.avif',
        loadDelay: 310,
        loadDuration: 402,
        renderDelay: 88,
      },
      inp: {
        target: '#buy',
        event: 'click',
        time: 8_304,
        inputDelay: 4,
        processing: 61,
        presentation: 31,
        script: { url: '/assets/cart.js', invoker: 'BUTTON#buy.onclick', duration: 58 },
      },
      cls: { target: 'section.reviews', value: 41, time: 690 },
    },
    dropped: 0,
    marks: [],
    tags: [],
    errors: { count: 0, list: [] },
    calls: [
      {
        endpoint: 'GET /api/products/[id]',
        start: 412,
        duration: 138,
        outcome: 'ok',
        status: 200,
        ttfb: 121,
        bytes: 2310,
        server: null,
      },
      {
        endpoint: 'GET /api/products/[id]/reviews',
        start: 430,
        duration: 260,
        outcome: 'ok',
        status: 200,
        ttfb: 240,
        bytes: 8122,
        server: null,
      },
      {
        endpoint: 'POST /api/cart',
        start: 8_310,
        duration: 92,
        outcome: 'ok',
        status: 201,
        ttfb: 88,
        bytes: 412,
        server: null,
      },
    ],
  }
}

/** That page view on its way, from an address of its own. */
export function beacon(serial: number): Shot {
  return {
    path: '/f?site=shop',
    body: encode(typicalView(serial)),
    headers: {
      'Content-Type': 'text/plain;charset=UTF-8',
      Origin: 'https://shop.example',
      'User-Agent': CHROME,
      'CF-Connecting-IP': `10.${(serial >> 16) & 255}.${(serial >> 8) & 255}.${serial & 255}`,
    },
  }
}
