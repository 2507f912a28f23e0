/**
 * In place of web-vitals' lib/initMetric.js: what of a metric is used here. How the page was loaded is read in
 * sdk/navigation.ts; an id need only differ from others.
 */

import { getBFCacheRestoreTime } from './bfcache.ts'

export const initMetric = (
  name: string,
  value = -1,
  navigationType?: string,
  navigationId = 0,
  navigationInteractionId?: number,
  navigationURL?: string,
  // Where a page that was hidden before its first paint comes back, only then CLS begins.
  navigationStartTime = Math.max(0, getBFCacheRestoreTime()),
): object => ({
  name,
  value,
  id: {},
  entries: [],
  navigationType,
  navigationId,
  navigationInteractionId,
  navigationURL,
  navigationStartTime,
})
