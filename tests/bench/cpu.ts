/**
 * What a script costs the page's main thread: a page with or without a script goes in, ms of CPU come out, of its
 * load and of a thousand API calls.
 *
 * Read from Chromium's trace, whose events tell the CPU time of the thread and whose script it was: wall time, and
 * the browser's own sums of all tasks, vary more from load to load than the scripts differ.
 */

import type { Browser, Page } from 'playwright-core'
import type { Shop } from './page.ts'

/** ms of CPU of the main thread. */
export interface Cpu {
  /** Run by the script: its evaluation with compilation, and its later callbacks. */
  own: number
  /** Run by any script, the page's own included, while the page loads. */
  load: number
  /** Run by any script during `CALLS` calls of fetch and until their timings have been observed; null: not asked. */
  calls: number | null
}

/** Calls of fetch in one measurement, and how many of them are under way at once. */
export const CALLS = 1_000
const AT_ONCE = 50

/** ms after the page's own work until which a script's work counts as the load's. */
const SETTLED = 700

/** Measures in a process of its own, where no code is compiled yet; `rate` 6 makes the CPU six times slower. */
export async function measureCpu(
  browser: Browser,
  shop: Shop,
  name: string | undefined,
  { rate, calls }: { rate: number; calls: boolean },
): Promise<Cpu> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    // The process of the site is there before it is slowed down: a new one would begin at full speed.
    await page.goto(shop.next)
    const commands = await context.newCDPSession(page)
    await commands.send('Emulation.setCPUThrottlingRate', { rate })

    const load = await traced(browser, page, async () => {
      await page.goto(shop.address(name))
      await page.waitForSelector('html[data-ready]', { state: 'attached' })
      await page.waitForTimeout(SETTLED)
    })
    const often = async () => {
      await page.evaluate(`callOften(${CALLS}, ${AT_ONCE})`)
      await page.waitForTimeout(SETTLED)
    }
    return {
      own: sum(load.filter(({ url }) => url.includes('/sdk.js'))),
      load: sum(load),
      calls: calls ? sum(await traced(browser, page, often)) : null,
    }
  } finally {
    await context.close()
  }
}

/** An outermost run of script. */
interface Run {
  url: string
  /** ms of CPU. */
  cpu: number
}

/** An event of Chromium's trace, as far as it is used here; times in us. */
interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  dur?: number
  tdur?: number
  args: { data?: { url?: string } }
}

const RUNS = /^(EvaluateScript|v8\.compile|FunctionCall|BlinkScheduler_PerformMicrotaskCheckpoint)$/

async function traced(browser: Browser, page: Page, work: () => Promise<void>): Promise<Run[]> {
  await browser.startTracing(page, { categories: ['devtools.timeline', 'v8', 'toplevel'] })
  await work()
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(String(await browser.stopTracing()))
  // Chromium's own pages run scripts too.
  const { origin } = new URL(page.url())
  const main = traceEvents.find(({ name, args }) => RUNS.test(name) && args.data?.url?.startsWith(origin))
  const runs: Run[] = []
  let end = 0
  for (const event of traceEvents.toSorted((a, b) => a.ts - b.ts)) {
    const { name, ph, pid, tid, ts, dur = 0, tdur = 0, args } = event
    if (ph !== 'X' || pid !== main?.pid || tid !== main.tid || !RUNS.test(name) || ts < end) continue
    end = ts + dur
    runs.push({ url: args.data?.url ?? '', cpu: tdur / 1000 })
  }
  return runs
}

function sum(runs: readonly Run[]): number {
  return runs.reduce((total, { cpu }) => total + cpu, 0)
}
