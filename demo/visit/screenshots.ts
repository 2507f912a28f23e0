/** `npm run screenshots`: seeds a fieldline of its own and takes the README's pictures of its dashboard. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from '../local/browser.ts'
import { build } from '../local/build.ts'
import { startLocal } from '../local/server.ts'
import { ROOT } from '../local/wrangler.ts'
import { sendAll } from '../traffic/send.ts'
import { pageViews } from '../traffic/traffic.ts'

const FOLDER = join(ROOT, 'demo/visit/screenshots')

/** What each picture shows, and on what. */
const PICTURES: Record<string, { query: string; at?: string; context: BrowserContextOptions }> = {
  light: { query: '?site=demo&range=7d', context: { viewport: { width: 1280, height: 940 } } },
  dark: {
    query: '?site=demo&range=7d&view=views',
    at: 'Waterfall',
    context: { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
  },
  phone: { query: '?site=demo&range=7d', context: { viewport: { width: 390, height: 860 } } },
}

build()
const server = await startLocal({ port: 0 })
try {
  // Two weeks, so that there is a week before to compare with.
  const beacons = pageViews({ seed: 42, views: 2_600, days: 13, now: Date.now() })
  await sendAll({ ...server, site: 'demo' }, beacons, () => {})
  await fetch(`${server.url}/v1/sites/demo/budgets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ metric: 'lcp', limit: 3_000 }),
  })
  mkdirSync(FOLDER, { recursive: true })
  const browser = await launchBrowser()
  for (const [name, { query, at, context: options }] of Object.entries(PICTURES)) {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await page.goto(`${server.url}/${query}#token=${server.token}`)
    await page.locator('main section').first().waitFor()
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
    if (at) await page.getByRole('rowheader').first().getByRole('link').click()
    if (at) await page.getByRole('table', { name: at }).waitFor()
    await page.screenshot({ path: join(FOLDER, `${name}.png`) })
    await context.close()
  }
  await browser.close()
} finally {
  await server.stop()
}
