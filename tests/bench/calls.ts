/**
 * What a script costs the main thread for each call of fetch: a page with or without a script goes in, us come out.
 *
 * A call costs the browser itself 20 to 100 times what is to be measured, and varies by more than that. So nothing is
 * taken from a sum that holds it; each part of the script's work is told from the page's and the browser's:
 *
 * - In the call: what `fetch` takes longer than the function that was there before the script, by the page's clock.
 *   That is wall time, of which a busy machine may steal some; the clock's coarse steps even out over many calls.
 * - Runs of the script's own, by the address of its code: observers, timers, the microtasks that these queue.
 * - Its reactions to the answer: runs of microtasks in which nothing of the page ran count whole. Those in which the
 *   page heard of its answer count if there were more microtasks in them than without a script, less what the page's
 *   own take.
 *
 * The last two are CPU time of the thread, with some us for the trace itself. A script that does nothing for a call
 * comes out at 0 but for the noise of the clock. Not counted: what the browser does more where no script runs, as to
 * make entries for observers or to copy a body that was cloned; garbage collected outside these runs; and what is
 * done later than `LATE` after the last call, or as the page hides. The calls are the first of a page, so that
 * compiling and warming up are spread over them; with fewer, a call costs more.
 */

import type { Browser } from 'playwright-core'
import type { Shop } from './page.ts'
import { cpuOf, isOwn, type Run, traced } from './trace.ts'

/** us a call. */
export interface CallCost {
  /** In the call of fetch itself. */
  inCall: number
  /** In observers, timers and reactions. */
  later: number
}

/** What was seen with or without a script, us a call. */
export interface Seen {
  inCall: number
  /** CPU of runs in which nothing of the page ran. */
  own: number
  /** CPU of microtasks in which the page heard of its answer, and how many there were, in each run. */
  heard: { cpu: number; microtasks: number }[]
}

/** Calls in one measurement, and how many are under way at once: a browser opens six connections to a host. */
const CALLS = 1000
const AT_ONCE = 6

/** ms until a page is at rest after it loaded. */
const SETTLED = 500

/** ms after the last answer until which work counts: fieldline reads entries two seconds after a change. */
const LATE = 3000

/** Looks at the calls of a page of its own, loaded at full speed; `rate` 6 then makes the CPU six times slower. */
export async function watchCalls(
  browser: Browser,
  shop: Shop,
  name: string | undefined,
  rate: number,
): Promise<Seen> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(shop.callsAddress(name))
    await page.waitForSelector('html[data-ready]', { state: 'attached' })
    await page.waitForTimeout(SETTLED)
    const commands = await context.newCDPSession(page)
    await commands.send('Emulation.setCPUThrottlingRate', { rate })
    let inCall = 0
    const runs = await traced(browser, page, ['devtools.timeline', 'v8.execute'], async () => {
      inCall = Number(await page.evaluate(`callOften(${CALLS}, ${AT_ONCE})`))
      await page.waitForTimeout(LATE)
    })
    const reactions = runs.filter(({ kind }) => kind === 'RunMicrotasks')
    const isHeard = ({ within }: Run) =>
      within.some(({ called, url }) => called === 'arrive' && url.includes('/page'))
    return {
      inCall,
      own: cpuOf([...runs.filter(isOwn), ...reactions.filter(run => !isHeard(run))]) / CALLS,
      heard: reactions.filter(isHeard),
    }
  } finally {
    await context.close()
  }
}

/** What the script added to what is seen without one. */
export function costOf(seen: Seen, without: Seen): CallCost {
  // An answer may share its run with another's.
  const most = Math.min(...without.heard.map(({ microtasks }) => microtasks))
  const more = seen.heard.filter(({ microtasks }) => microtasks > most)
  const usual = cpu(without.heard) / without.heard.length
  return {
    inCall: seen.inCall - without.inCall,
    later: seen.own - without.own + (cpu(more) - more.length * usual) / CALLS,
  }
}

function cpu(runs: Seen['heard']): number {
  return runs.reduce((total, { cpu }) => total + cpu, 0)
}
