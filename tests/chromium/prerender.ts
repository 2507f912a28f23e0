/**
 * A page that is rendered before anybody asks for it: its parts go in, the page view that it sends comes out.
 */

import type { PageView } from '../../schema/wire/pageview.ts'
import { startAlone } from '../kit/chromium.ts'
import type { Parts, Site } from '../kit/site.ts'

/**
 * Prerenders the page until it asks for `/api/ready`, and then shows it, or the one at `to`. What is shown leaves by itself, as nobody
 * drives its browser.
 */
export async function prerender(site: Site, page: Parts, to = '/ready'): Promise<PageView> {
  site.page('/ready', page)
  const rules = JSON.stringify({ prerender: [{ source: 'list', urls: ['/ready'], eagerness: 'immediate' }] })
  const start = site.page('/start', {
    head: `<script type="speculationrules">${rules}</script><script>
      fetch('/api/wait?until=/api/ready').then(() => { location.href = '${to}' })
    </script>`,
  })
  const alone = startAlone(start)
  const [beacon] = await site.until(beacons => beacons.length > 0).finally(alone.close)
  if (!beacon) throw new Error('no beacon')
  return beacon.view
}
