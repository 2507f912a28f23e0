/**
 * What the browser observes beside vitals: performance entries come in, of all types by one observer, and go to those
 * who ask for their type.
 */

import type {} from 'web-vitals'
import { quietly } from './quietly.ts'

/** What is observed, by the names that the specifications give their entries. */
interface Entries {
  event: PerformanceEventTiming
  'first-input': PerformanceEventTiming
  'layout-shift': LayoutShift
  'long-animation-frame': PerformanceLongAnimationFrameTiming
  resource: PerformanceResourceTiming
}

/** Who sees entries, by their type. */
export type Observers = { [T in keyof Entries]?: (entry: Entries[T]) => void }

/** ms from which on an event is slow: two and a half frames, as in web-vitals. */
const SLOW = 40

/** Tells what the observer holds back: there is no time for that as the page hides. */
export let read: (() => void) | undefined

/** Starts to observe; what was before is told, too. */
export function observe(observers: Observers): void {
  const tell = quietly((type: string, entry: object) =>
    (observers[type as keyof Observers] as ((entry: object) => void) | undefined)?.(entry),
  )
  const tellAll = (entries: PerformanceEntryList): void => {
    for (const entry of entries) tell(entry.entryType, entry)
  }
  const observer = new PerformanceObserver(list => tellAll(list.getEntries()))
  // Firefox writes a line to the console for a type that it does not know.
  for (const type of PerformanceObserver.supportedEntryTypes)
    if (type in observers) observer.observe({ type, buffered: true, durationThreshold: SLOW })
  read = () => tellAll(observer.takeRecords())
}
