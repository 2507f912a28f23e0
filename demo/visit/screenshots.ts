/** `npm run screenshots`: seeds a fieldline of its own and takes the README's pictures of its dashboard. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from '../local/browser.ts'
import { build } from '../local/build.ts'
import { runCron, startLocal } from '../local/server.ts'
import { ROOT } from '../local/wrangler.ts'
import { sendAll } from '../traffic/send.ts'
import { pageViews } from '../traffic/traffic.ts'

const FOLDER = join(ROOT, 'demo/visit/screenshots')

const CAUSE = '?site=demo&range=7d&route=/p/[id]&device=phone&release=4.2.0'

/** What each picture shows, and on what; `part` is the panel that it is of. */
const PICTURES: Record<string, { query: string; part?: string; context: BrowserContextOptions }> = {
  light: { query: '?site=demo&range=7d', context: { viewport: { width: 1280, height: 940 } } },
  dark: {
    query: '?site=demo&range=7d',
    context: { viewport: { width: 1280, height: 940 }, colorScheme: 'dark' },
  },
  cause: { query: CAUSE, part: 'LCP elements', context: { viewport: { width: 1280, height: 940 } } },
  phone: { query: '?site=demo&range=7d', context: { viewport: { width: 390, height: 860 } } },
}

build()
const server = await startLocal({ port: 0 })
try {
  // Two weeks, so that there is a week before to compare with.
  const beacons = pageViews({ seed: 42, views: 16_000, days: 13, now: Date.now() })
  await sendAll({ ...server, site: 'demo' }, beacons, () => {})
  await runCron(server.url)
  await fetch(`${server.url}/v1/sites/demo/budgets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ metric: 'lcp', limit: 3_000 }),
  })
  mkdirSync(FOLDER, { recursive: true })
  const browser = await launchBrowser()
  for (const [name, { query, part, context: options }] of Object.entries(PICTURES)) {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await page.goto(`${server.url}/${query}#token=${server.token}`)
    await page.locator('main section').first().waitFor()
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
    const path = join(FOLDER, `${name}.png`)
    if (part) await page.getByRole('region', { name: part, exact: true }).screenshot({ path })
    else await page.screenshot({ path })
    await context.close()
  }
  await browser.close()
} finally {
  await server.stop()
}
