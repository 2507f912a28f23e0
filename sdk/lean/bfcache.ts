/**
 * In place of web-vitals' lib/bfcache.js: the same, written here so that our page views and its metrics begin at one
 * return from the back/forward cache.
 */

let restored = -1

/** When the page came back last, by `performance.now()`; -1: never. */
export const getBFCacheRestoreTime = (): number => restored

export const onBFCacheRestore = (act: (event: PageTransitionEvent) => void): void => {
  addEventListener(
    'pageshow',
    event => {
      if (!event.persisted) return
      restored = event.timeStamp
      act(event)
    },
    true,
  )
}
