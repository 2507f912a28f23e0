/**
 * Why the browser loaded a page anew to which its visitor came back: the navigation's entry comes in, reasons go out with the page
 * view. The core is built without this file.
 *
 * @see https://html.spec.whatwg.org/multipage/nav-history-apis.html#the-notrestoredreasons-interface
 */

import { navigationEntry } from './navigation.ts'

/** What a frame says. Of those of other sites both lists are null. Whose they are, by address, id and name, nobody reads. */
interface Frame {
  readonly reasons: readonly { readonly reason: string }[] | null
  readonly children: readonly Frame[] | null
}

type Entry = PerformanceNavigationTiming & {
  /** Null where the visitor did not come back; undefined where the browser tells none. Chromium does, from 123 on. */
  readonly notRestoredReasons?: Frame | null
}

/** What the browser says of the page's frames, where its visitor came back and it was not restored. */
export function refused(): Frame | null | undefined {
  return (navigationEntry() as Entry | undefined)?.notRestoredReasons
}

/** Those of the frame and of all within it: words of the browser's, each once. */
export function reasonsOf({ reasons, children }: Frame): string[] {
  return [
    ...new Set([...(reasons?.map(({ reason }) => reason) ?? []), ...(children?.flatMap(reasonsOf) ?? [])]),
  ]
}
