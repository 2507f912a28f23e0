/**
 * What Chromium's trace tells of the main thread: work on a page goes in, the runs of script in it with their CPU time
 * come out. Wall time, and the browser's own sums of all tasks, vary more from load to load than scripts differ.
 */

import type { Browser, Page } from 'playwright-core'

/** A run of script: a function called by the browser, a script evaluated, microtasks. */
export interface Run {
  /** As the trace names it: `FunctionCall`, `RunMicrotasks`. */
  kind: string
  /** Where its code is; empty for microtasks. */
  url: string
  /** Name of the function called. */
  called: string
  /** us of CPU, those of the runs within included. */
  cpu: number
  /** How many microtasks ran. */
  microtasks: number
  /** Runs that began and ended within this one. */
  within: Run[]
}

/** An event of the trace, as far as it is used here; times in us. */
interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  dur?: number
  tdur?: number
  args: { data?: { url?: string; functionName?: string }; microtask_count?: number }
}

const RUNS =
  /^(EvaluateScript|v8\.compile|FunctionCall|BlinkScheduler_PerformMicrotaskCheckpoint|RunMicrotasks)$/

/** The outermost runs of the page's main thread during `work`. Tracing itself takes time: the fewer categories, the less. */
export async function traced(
  browser: Browser,
  page: Page,
  categories: string[],
  work: () => Promise<void>,
): Promise<Run[]> {
  await browser.startTracing(page, { categories })
  await work()
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(String(await browser.stopTracing()))
  // Chromium's own pages run scripts too.
  const { origin } = new URL(page.url())
  const main = traceEvents.find(({ name, args }) => RUNS.test(name) && args.data?.url?.startsWith(origin))
  const runs: Run[] = []
  let end = 0
  for (const event of traceEvents.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))) {
    const { name, ph, pid, tid, ts, dur = 0, tdur = 0, args } = event
    if (ph !== 'X' || pid !== main?.pid || tid !== main.tid || !RUNS.test(name)) continue
    const run: Run = {
      kind: name,
      url: args.data?.url ?? '',
      called: args.data?.functionName ?? '',
      cpu: tdur,
      microtasks: args.microtask_count ?? 0,
      within: [],
    }
    if (ts < end) runs.at(-1)?.within.push(run)
    else {
      runs.push(run)
      end = ts + dur
    }
  }
  return runs
}

/** Whether the run's code is that of the script compared. */
export function isOwn({ url }: Run): boolean {
  return url.includes('/sdk.js')
}

/** us of CPU. */
export function cpuOf(runs: readonly Run[]): number {
  return runs.reduce((total, { cpu }) => total + cpu, 0)
}
