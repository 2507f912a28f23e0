/** In place of web-vitals' lib/runOnce.js: the same, for whenIdleOrHidden.ts beside it, too. */

export const runOnce = (act: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}
