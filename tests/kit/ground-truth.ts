/**
 * What the page itself says of its performance, read without the SDK and without web-vitals: inline in a page's head,
 * read later as `window.truth`.
 */

import type { Page } from 'playwright-core'

export interface Truth {
  lcp: number | null
  fcp: number | null
  ttfb: number | null
  cls: number
  inp: number | null
  phases: number[] | null
}

export const WITNESS = `<script>
  {
    const entries = { lcp: [], paint: [], shift: [], event: [] }
    const watch = (type, list, options) =>
      PerformanceObserver.supportedEntryTypes.includes(type) &&
      new PerformanceObserver(records => list.push(...records.getEntries())).observe({ type, buffered: true, ...options })
    watch('largest-contentful-paint', entries.lcp)
    watch('paint', entries.paint)
    watch('layout-shift', entries.shift)
    watch('event', entries.event, { durationThreshold: 16 })
    watch('first-input', entries.event)
    window.truth = () => {
      let cls = 0, sum = 0, first = 0, last = 0
      for (const { startTime, value, hadRecentInput } of entries.shift) {
        if (hadRecentInput) continue
        if (startTime - last >= 1000 || startTime - first >= 5000) { sum = 0; first = startTime }
        sum += value
        last = startTime
        cls = Math.max(cls, sum)
      }
      const [load] = performance.getEntriesByType('navigation')
      const durations = entries.event.filter(event => event.interactionId).map(event => event.duration)
      return {
        cls,
        lcp: entries.lcp.at(-1)?.startTime ?? null,
        fcp: entries.paint.find(paint => paint.name === 'first-contentful-paint')?.startTime ?? null,
        ttfb: load.responseStart,
        inp: durations.length ? Math.max(...durations) : null,
        phases: load.loadEventEnd && [load.domainLookupEnd, load.connectEnd, load.requestStart, load.responseEnd,
          load.domInteractive, load.domContentLoadedEventEnd, load.loadEventEnd].map(Math.round),
      }
    }
  }
</script>`

declare global {
  interface Window {
    truth: () => Truth
  }
}

export function truthOf(page: Page): Promise<Truth> {
  return page.evaluate(() => window.truth())
}
