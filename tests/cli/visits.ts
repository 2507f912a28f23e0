/** Page views sent to a real worker, as an importer would. */

import { sendAll } from '../../demo/traffic/send.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { ADMIN_TOKEN, type Local } from '../kit/local.ts'

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
