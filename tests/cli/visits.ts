/** Page views sent to a real worker, as an importer would. */

import { sendAll } from '../../demo/send.ts'
import type { PageView } from '../../schema/pageview.ts'
import { ADMIN_TOKEN, type Local } from '../bench/local.ts'

let serial = 0

/** An ordinary page view; what matters to a test is given. */
export function pageView(given: Partial<PageView> = {}): PageView {
  return {
    id: (++serial).toString(16).padStart(16, '0'),
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

export function visit(worker: Local, site: string, views: Iterable<PageView>): Promise<void> {
  const userAgent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
  const target = { url: worker.url.origin, site, token: ADMIN_TOKEN }
  return sendAll(
    target,
    [...views].map(view => ({ view, userAgent, country: 'DE' })),
    () => {},
  )
}
