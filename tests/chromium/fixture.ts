/**
 * A page that can be made to paint, to shift and to be busy, and says when the browser has told it.
 */

import type { Page } from 'playwright-core'

/** What a page can be made to do. Times are taken from Date, so that a test may stop the other clock. */
export const HEAD = `<script>
  let wait = 0
  let moved = 0
  window.slow = []
  window.interactions = {}
  const busy = ms => {
    const end = Date.now() + ms
    while (Date.now() < end);
  }
  const entry = (type, act) => new Promise(resolve => {
    new PerformanceObserver((_, observer) => {
      observer.disconnect()
      resolve()
    }).observe({ type })
    act()
  })
  const shift = (pixels, after = 0) => entry('layout-shift', () => setTimeout(() => {
    banner.style.height = banner.offsetHeight + pixels + 'px'
  }, after))
  const paint = (size, html = 'A text') => entry('element', () => {
    page.insertAdjacentHTML('beforeend', '<p elementtiming="p" style="margin:0;font-size:' + size + 'px">' + html + '</p>')
  })
  new PerformanceObserver(list => {
    for (const { interactionId, duration } of list.getEntries()) {
      if (!interactionId) continue
      slow.push(duration)
      interactions[interactionId] = Math.max(interactions[interactionId] ?? 0, duration)
    }
  }).observe({ type: 'event', durationThreshold: 16, buffered: true })
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) moved += value
  }).observe({ type: 'layout-shift', buffered: true })
</script>`

export const BODY = `
  <div id="banner"></div>
  <button id="go" onclick="busy(wait)">Go</button><input id="field" onkeydown="busy(wait)">
  <p>Text that is pushed down, and is long enough to be seen as it moves over the page.</p>
  <div id="page"></div>`

declare global {
  /** ms for which a click or a key keeps the page busy. */
  var wait: number
  /** Durations of the events of interactions, of 16 ms and more. */
  var slow: number[]
  /** Duration of each interaction of 16 ms and more, by its id: the slowest of its events. */
  var interactions: Record<number, number>
  /** Sum of all shifts but those after input. */
  var moved: number
  /** Pushes the page down, ms after now; answers when the browser has told the shift. */
  function shift(pixels: number, after?: number): Promise<void>
  /** Adds a text of so many pixels; answers when the browser has told that it is painted. */
  function paint(size: number): Promise<void>
}

/** Answers the sum of the shifts so far, in thousandths. */
export const shifts = (page: Page, ...steps: [pixels: number, after?: number][]) =>
  page.evaluate(async steps => {
    for (const [pixels, after] of steps) await shift(pixels, after)
    return Math.round(moved * 1000)
  }, steps)
export const paints = (page: Page, ...sizes: number[]) =>
  page.evaluate(async sizes => {
    for (const size of sizes) await paint(size)
  }, sizes)
/** Clicks, or presses a key, at which the page is busy for `ms`, which the browser tells from 16 ms on. */
export async function interact(page: Page, ms: number, how: 'click' | 'key' = 'click'): Promise<void> {
  const before = await page.evaluate(ms => {
    wait = ms
    return slow.length
  }, ms)
  await (how === 'key' ? page.press('#field', 'a') : page.click('#go'))
  if (ms >= 16)
    await page.waitForFunction(([ms, before]) => slow.slice(before).some(duration => duration > ms - 8), [
      ms,
      before,
    ] as const)
}

/** Durations of the interactions so far, in ms, the first one first; all are told that came before one waited for. */
export const durations = (page: Page) => page.evaluate(() => Object.values(interactions))
/** The one of these that `others` are slower than. */
export const slowest = (durations: readonly number[], others = 0) =>
  durations.toSorted((a, b) => b - a)[others]
