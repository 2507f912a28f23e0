/**
 * What a script costs the page's main thread as it loads: a page with or without a script goes in, ms of CPU come out.
 */

import type { Browser } from 'playwright-core'
import type { Shop } from './page.ts'
import { cpuOf, isOwn, traced } from './trace.ts'

/** ms of CPU of the main thread. */
export interface Cpu {
  /** Run by the script: its evaluation with compilation, and its later callbacks. */
  own: number
  /** The longest run of the script: from 50 ms on it is a long task. */
  longest: number
  /** Run by any script, the page's own included, while the page loads. */
  load: number
}

/** ms after the page's own work until which a script's work counts as the load's. */
const SETTLED = 700

/** Measures in a process of its own, where no code is compiled yet; `rate` 6 makes the CPU six times slower. */
export async function measureCpu(
  browser: Browser,
  shop: Shop,
  name: string | undefined,
  rate: number,
): Promise<Cpu> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    // The process of the site is there before it is slowed down: a new one would begin at full speed.
    await page.goto(shop.next)
    const commands = await context.newCDPSession(page)
    await commands.send('Emulation.setCPUThrottlingRate', { rate })

    const load = await traced(browser, page, ['devtools.timeline', 'v8', 'toplevel'], async () => {
      await page.goto(shop.address(name))
      await page.waitForSelector('html[data-ready]', { state: 'attached' })
      await page.waitForTimeout(SETTLED)
    })
    const own = load.filter(isOwn)
    return {
      own: cpuOf(own) / 1000,
      longest: Math.max(0, ...own.map(({ cpu }) => cpu)) / 1000,
      load: cpuOf(load) / 1000,
    }
  } finally {
    await context.close()
  }
}
