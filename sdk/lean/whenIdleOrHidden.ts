/** In place of web-vitals' lib/whenIdleOrHidden.js: what comes second, idle moment or end, finds the work done. */

import { runOnce } from './runOnce.ts'

export const whenIdleOrHidden = (act: () => void): void => {
  if (document.visibilityState === 'hidden') {
    act()
    return
  }
  const once = runOnce(() => {
    removeEventListener('visibilitychange', once, true)
    act()
  })
  addEventListener('visibilitychange', once, true)
  // Safari has no idle callbacks; its timers take the object for 0 ms.
  ;(window.requestIdleCallback ?? setTimeout)(once, { timeout: 1000 })
}
