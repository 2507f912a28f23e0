/**
 * What the browser observes beside vitals. Resources are read late: a busy page has many, and reading one at once costs
 * more than all that is done with it. The others are read at once, as long as their elements are there.
 */

import type {} from 'web-vitals'
import { changed } from './change.ts'
import { quietly } from './quietly.ts'

/** What is observed, by the names that the specifications give their entries. */
interface Entries {
  event: PerformanceEventTiming
  'first-input': PerformanceEventTiming
  'layout-shift': LayoutShift
  'long-animation-frame': PerformanceLongAnimationFrameTiming
  resource: PerformanceResourceTiming
}

/** Who sees entries, by their type, and when they came. */
export type Observers = { [T in keyof Entries]?: (entry: Entries[T], came: number) => void }

/** ms from which on an event is slow: two and a half frames, as in web-vitals. */
const SLOW = 40

/** Tells what is not read yet, and what the browser holds back. */
export let read: (() => void) | undefined

/** Starts to observe; what was before is told, too. */
export function observe(observers: Observers): void {
  const tell = quietly((entry: PerformanceEntry, came: number) =>
    (observers[entry.entryType as keyof Observers] as ((...told: unknown[]) => void) | undefined)?.(
      entry,
      came,
    ),
  )
  const tellAll = (entries: PerformanceEntryList, came = performance.now()): void => {
    for (const entry of entries) tell(entry, came)
  }
  const unread: [list: PerformanceObserverEntryList, came: number][] = []
  const atOnce = new PerformanceObserver(list => tellAll(list.getEntries()))
  const late = new PerformanceObserver(list => {
    unread.push([list, performance.now()])
    changed()
  })
  // Firefox writes a line to the console for a type that it does not know.
  for (const type of PerformanceObserver.supportedEntryTypes)
    if (type in observers)
      (type === 'resource' ? late : atOnce).observe({ type, buffered: true, durationThreshold: SLOW })
  read = () => {
    for (const [list, came] of unread.splice(0)) tellAll(list.getEntries(), came)
    tellAll(late.takeRecords())
    tellAll(atOnce.takeRecords())
  }
}
