/**
 * When the page has something new to say: changes come in, one call for all of them goes out.
 */

import { outside } from './zone.ts'

/** ms after a change at which what belongs to it is known: after a soft navigation, all of the page view before. */
export const SETTLED = 2000

/** Waits in a row after which a change is told at once: the page views that began meanwhile are all that are kept. */
const MAX_WAITS = 6

let timer: ReturnType<typeof setTimeout> | undefined
let act: (() => void) | undefined
/** Waits since a change was told. */
let waits = 0

/** Says what is to be done about changes. */
export function onChange(told: () => void): void {
  act = told
}

/** Unless it says when, in ms, a change is told with those before it. */
export function changed(wait?: number): void {
  if (timer && !wait) return
  clearTimeout(timer)
  outside(() => {
    timer = setTimeout(
      () => {
        timer = undefined
        waits = 0
        act?.()
      },
      ++waits > MAX_WAITS ? 1 : wait || SETTLED,
    )
  })
}
