/**
 * Why the browser loaded a page anew to which its visitor came back: the navigation's entry comes in, reasons go out with the page
 * view. The core is built without this file.
 *
 * @see https://html.spec.whatwg.org/multipage/nav-history-apis.html#the-notrestoredreasons-interface
 */

import { navigationEntry } from './navigation.ts'

type Entry = PerformanceNavigationTiming & {
  /**
   * Of the page's frames, each within its own; null where the visitor did not come back; undefined where the browser tells none.
   * Chromium does, from 123 on. Whose they are, by address, id and name, nobody reads.
   */
  readonly notRestoredReasons?: object | null
}

/** What the browser says of the page and its frames, where its visitor came back and it was not restored: words, each once. */
export function refused(): string[] {
  const reasons = new Set<string>()
  JSON.stringify((navigationEntry() as Entry | undefined)?.notRestoredReasons, (key, value) =>
    key === 'reason' ? reasons.add(value) : value,
  )
  return [...reasons]
}
