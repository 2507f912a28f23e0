/**
 * What the page is listened to for. `document.open` takes all listeners away, so each is added once more where the document has
 * new children; one that is there is not added.
 *
 * @see https://html.spec.whatwg.org/multipage/dynamic-markup-insertion.html#document-open-steps
 */

import { quietly } from './quietly.ts'

/** Hears of an event before the page does, which may end it, or, as the `last`, after it. */
export function listen(type: string, act: (event: never) => void, last = false): void {
  const add = (): void => addEventListener(type, act as EventListener, !last)
  add()
  new MutationObserver(quietly(add)).observe(document, { childList: true })
}
