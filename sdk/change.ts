/**
 * When the page has something new to say: changes come in, one call for all of them goes out.
 */

import { outside } from './zone.ts'

/** ms after a change at which what belongs to it is known: after a soft navigation, all of the page view before. */
export const SETTLED = 2000

let timer: ReturnType<typeof setTimeout> | undefined
let act: (() => void) | undefined

/** Says what is to be done about changes. */
export function onChange(told: () => void): void {
  act = told
}

/** Unless it says when, in ms, a change is told with those before it. */
export function changed(wait?: number): void {
  if (timer && !wait) return
  clearTimeout(timer)
  outside(() => {
    timer = setTimeout(() => {
      timer = undefined
      act?.()
    }, wait || SETTLED)
  })
}
