/**
 * What the browser observes: performance entries come in, of all types by one observer, and go to those who ask for
 * their type, in the order in which they ended.
 */

import { quietly } from './quietly.ts'

/** @see https://wicg.github.io/layout-instability/ */
export interface LayoutShift extends PerformanceEntry {
  readonly value: number
  readonly hadRecentInput: boolean
  readonly sources: readonly { readonly node: Node | null }[]
}

/** @see https://wicg.github.io/soft-navigations/ */
export interface InteractionPaint extends PerformanceEntry {
  readonly interactionId: number
  readonly largestContentfulPaint?: LargestContentfulPaint | null
}

/** @see https://wicg.github.io/soft-navigations/ */
export interface SoftNavigation extends PerformanceEntry {
  readonly interactionId: number
  readonly paintTime?: number
  readonly presentationTime?: number | null
  getLargestInteractionContentfulPaint(): InteractionPaint | null
}

/** @see https://w3c.github.io/long-animation-frames/ */
export interface LongFrame extends PerformanceEntry {
  readonly scripts: readonly (PerformanceEntry & { readonly sourceURL: string; readonly invoker: string })[]
}

/** What is observed, by the names that the specifications give their entries. */
interface Entries {
  event: PerformanceEventTiming
  'first-input': PerformanceEventTiming
  'interaction-contentful-paint': InteractionPaint
  'largest-contentful-paint': LargestContentfulPaint
  'layout-shift': LayoutShift
  'long-animation-frame': LongFrame
  paint: PerformanceEntry
  resource: PerformanceResourceTiming
  'soft-navigation': SoftNavigation
}

/** Who sees entries, by their type. */
export type Observers = { [T in keyof Entries]?: (entry: Entries[T]) => void } & {
  /** The page hides. */
  hidden?: () => void
}

/** ms from which on an event is slow: two and a half frames, as in web-vitals. */
const SLOW = 40

/**
 * Starts to observe; what was before is told, too. Returns what is to be called as the page hides: it tells
 * what the observer holds back, and then that moment.
 */
export function observe(observers: Observers): () => void {
  const see = quietly((entry: { readonly entryType: string }) => {
    ;(observers[entry.entryType as keyof Entries] as ((entry: object) => void) | undefined)?.(entry)
  })
  const read = (entries: PerformanceEntryList): void =>
    entries.sort((a, b) => a.startTime + a.duration - b.startTime - b.duration).forEach(see)
  const observer = new PerformanceObserver(list => read(list.getEntries()))
  // Where the browser does not count interactions, the fast ones are counted by their ids.
  // Firefox writes a line to the console for a type that it does not know.
  for (const type of PerformanceObserver.supportedEntryTypes)
    if (type in observers)
      observer.observe({
        type,
        buffered: true,
        durationThreshold: performance.interactionCount >= 0 ? SLOW : 0,
      })
  return () => {
    read(observer.takeRecords())
    observers.hidden?.()
  }
}
