/** A fieldline with a week of the demo's traffic, hostile names in it, and pages of a browser that sees its dashboard. */

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from '../../demo/local/browser.ts'
import { type LocalServer, startLocal } from '../../demo/local/server.ts'
import { sendAll } from '../../demo/traffic/send.ts'
import { pageViews, type Sent } from '../../demo/traffic/traffic.ts'

/** Markup, marks that turn the direction of writing, and a name of 200 characters. */
export const HOSTILE = [
  '/<img src=x onerror="document.title=`owned`">',
  '/\u202Eevil\u2066/[id]',
  `/${'long-name-'.repeat(20)}`.slice(0, 200),
] as const

export interface Stage {
  server: LocalServer
  browser: Browser
  /** A new page, and what went wrong on it. */
  page(options?: BrowserContextOptions): Promise<{ page: Page; context: BrowserContext; troubles: string[] }>
  open(page: Page, query: string): Promise<void>
  close(): Promise<void>
}

/** A fieldline with traffic, or without any where a test sends its own. */
export async function stage({ traffic = true } = {}): Promise<Stage> {
  const [server, browser] = await Promise.all([startLocal({ port: 0 }), launchBrowser()])
  if (traffic) await sendAll({ ...server, site: 'demo' }, demoTraffic(), () => {})
  return on(server, browser)
}

/** A week of the demo's visitors, the last of whom name their pages to do harm. */
function demoTraffic(): Sent[] {
  const beacons = [...pageViews({ seed: 5, views: 300, days: 6, now: Date.now() })]
  const telling = beacons.filter(({ view }) => view.why.lcp && view.calls.length > 0)
  const hostile = HOSTILE.map((name, i) => {
    const { view, ...sender } = telling.at(-1 - i) ?? never()
    const calls = view.calls.map(call => ({ ...call, endpoint: `GET ${name}` }))
    const lcp = view.why.lcp && { ...view.why.lcp, target: name.slice(0, 128) }
    return {
      ...sender,
      view: { ...view, id: `${'f'.repeat(15)}${i}`, route: name, calls, why: { ...view.why, lcp } },
    }
  })
  return [...beacons, ...hostile]
}

function on(server: LocalServer, browser: Browser): Stage {
  return {
    server,
    browser,
    async page(options) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      const troubles: string[] = []
      page.on('pageerror', error => troubles.push(error.message))
      page.on('console', message => message.type() === 'error' && troubles.push(message.text()))
      return { page, context, troubles }
    },
    async open(page, query) {
      await page.goto(`${server.url}/${query}#token=${server.token}`)
      await settled(page)
    },
    async close() {
      await browser.close()
      await server.stop()
    },
  }
}

/** Waits until no part of the page is under way. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main section').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
}

function never(): never {
  throw new Error('There is no traffic.')
}
