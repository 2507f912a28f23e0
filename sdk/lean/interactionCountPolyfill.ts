/** In place of web-vitals' lib/polyfills/interactionCountPolyfill.js: the same, set up once. */

import { observe } from './observe.ts'

let least = Number.POSITIVE_INFINITY
let most = 0
let count = 0

/** Interactions of the document so far. */
export const getInteractionCount = (): number => performance.interactionCount ?? count

/** Counts where the browser does not: ids grow by 7. */
export const initInteractionCountPolyfill = (): void => {
  if ('interactionCount' in performance) return
  observe(
    ['event'],
    entries => {
      for (const { interactionId } of entries as PerformanceEventTiming[])
        if (interactionId) {
          least = Math.min(least, interactionId)
          most = Math.max(most, interactionId)
          count = (most - least) / 7 + 1
        }
    },
    { durationThreshold: 0 },
  )
}
