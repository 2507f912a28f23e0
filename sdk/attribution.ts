/**
 * Where a vital came from: the metrics of web-vitals come in with the entries that they were read from, beside them what
 * else the browser tells of those moments; causes go out. The core is built without this file.
 *
 * Causes hold times. The worker tells the parts of a vital from them (schema/wire/parts.ts): those of web-vitals' attribution build,
 * which is 1,100 bytes larger.
 */

import { shorten } from './address.ts'
import { refused } from './bfcache.ts'
import { addBlocking } from './blocking.ts'
import { listen } from './listen.ts'
import { type Observers, read } from './observe.ts'
import type { CauseList, View } from './pageview.ts'
import { quietly } from './quietly.ts'
import { idOf, selectorOf } from './selector.ts'
import { current } from './views.ts'
import type { Attribute } from './vitals.ts'

/** Starts to find causes, beside those who observe already. */
export type StartAttribution = (observers: Observers) => Observers & {
  /** Notes the cause of a vital in its page view. */
  _attribute: Attribute
}

/** Entries kept: slow events and long frames, for interactions, and resources, for images. */
const KEPT = 512
/** ms by which two events may disagree on the paint after both: durations are rounded. */
const SAME_PAINT = 8

/** What the visitor does, an event entry, a long animation frame, a layout shift or a resource: each has something of it. */
type Seen = Pick<PerformanceEntry, 'startTime'> &
  Partial<
    Pick<PerformanceEntry, 'name' | 'duration'> &
      Pick<PerformanceEventTiming, 'processingStart' | 'processingEnd' | 'interactionId'> &
      Pick<PerformanceLongAnimationFrameTiming, 'scripts'> &
      Pick<PerformanceResourceTiming, 'requestStart' | 'responseEnd'> & {
        /** Elements, as long as they are there. */
        readonly target: EventTarget | null
        /** Sorted by area. Of what is in a shadow tree the browser tells no node. https://github.com/GoogleChrome/web-vitals/issues/572 */
        readonly sources: readonly { readonly node?: Node | null | undefined }[]
      }
  >

/** Starts with nothing known. */
export const startAttribution: StartAttribution = observers => {
  // Before anything is painted: who waits in vain may leave.
  const reasons = refused()
  if (reasons[0]) current._page.bfcache = reasons
  const seen: Seen[] = []
  /** Elements are named as the browser tells of them: when their metric is told, they may be gone. */
  const names = new WeakMap<Seen, string>()
  /** Works out the cause of the newest INP again, for an entry that came after it. */
  let settle: ((entry: Seen) => void) | undefined

  const nameOf = (entry: Seen): string => {
    const { target, sources = [{ node: target }] } = entry
    const name = names.get(entry) || (sources.map(({ node }) => selectorOf(node)).find(Boolean) ?? '')
    names.set(entry, name)
    return name
  }
  const keep = (entry: Seen): void => {
    nameOf(entry)
    if (seen.push(entry) > KEPT) seen.shift()
    settle?.(entry)
  }

  // An element's form may have a field called `classList`, and an event that a page dispatches any target.
  for (const type of ['pointerdown', 'keydown', 'click'])
    listen(
      type,
      quietly(({ timeStamp: startTime, target }: Event) => keep({ startTime, target })),
    )
  return {
    ...observers,
    event: keep,
    'first-input': keep,
    'long-animation-frame'(entry) {
      addBlocking(entry)
      keep(entry)
    },
    'layout-shift': keep,
    resource(entry, came) {
      if (seen.push(entry) > KEPT) seen.shift()
      observers.resource?.(entry, came)
    },
    _attribute(view, { name, entries }) {
      const { _page: page } = view
      const { why = [null, null, null] } = page
      page.why = why
      // Where the browser would tell, nothing has blocked so far.
      if (PerformanceObserver.supportedEntryTypes.includes('long-animation-frame'))
        page.blocking = page.blocking ?? [0, 0, []]
      const [entry] = entries
      if (name === 'LCP') {
        // The image's entry may not be read yet.
        read?.()
        why[0] = entry && lcpCause(entry as LargestContentfulPaint, view, seen)
      }
      if (name === 'CLS') why[2] = clsCause(entries as LayoutShift[], view, nameOf)
      if (name === 'INP') {
        why[1] = null
        // Its other events and its frames may be told after it.
        settle =
          entry &&
          (({ startTime }) => {
            if (startTime <= entry.startTime + entry.duration) why[1] = inpCause(entry, view, seen, nameOf)
          })
        settle?.(entry as Seen)
      }
    },
  }
}

/** @see https://web.dev/articles/optimize-lcp#lcp-breakdown */
function lcpCause(entry: LargestContentfulPaint, { _origin }: View, seen: readonly Seen[]): CauseList {
  const { element, id, url, startTime: painted } = entry
  // Without Timing-Allow-Origin there is no `requestStart`.
  const requested = ({ requestStart, startTime }: Seen) => requestStart || startTime
  // Not asked of the browser, whose list of resources is full after 250, and which pages clear.
  const image = seen.filter(image => image.name === url && requested(image) <= painted).pop()
  return [
    // What is gone has its id left.
    selectorOf(element) || idOf(id),
    url && shorten(url),
    ...([image && requested(image), image?.responseEnd] as number[]).map(time => time - _origin),
  ]
}

/** The largest shift of the worst session window. */
function clsCause(
  shifts: readonly LayoutShift[],
  { _origin }: View,
  nameOf: (entry: Seen) => string,
): CauseList | undefined {
  const causes = shifts.map(shift => [nameOf(shift), shift.value * 1000, shift.startTime - _origin] as const)
  return causes.sort((one, other) => other[1] - one[1])[0]
}

/** @see https://web.dev/articles/optimize-inp */
function inpCause(
  entry: PerformanceEntry & Seen,
  { _origin }: View,
  seen: readonly Seen[],
  nameOf: (entry: Seen) => string,
): CauseList {
  const { startTime, duration, name, interactionId } = entry
  const paint = startTime + duration
  let { processingStart: begin = 0, processingEnd: end = 0 } = entry
  let script: CauseList | null = null
  let longest = 0
  for (const {
    startTime: start,
    duration: length = 0,
    processingStart,
    processingEnd,
    scripts = [],
  } of seen) {
    if (processingStart && processingEnd && Math.abs(start + length - paint) <= SAME_PAINT) {
      begin = Math.min(begin, processingStart)
      end = Math.max(end, processingEnd)
    }
    for (const { startTime: start, duration: length, sourceURL, invoker } of scripts) {
      // A dialog of the browser's may go on for long after the paint.
      const duration = Math.min(start + length, paint) - Math.max(start, startTime)
      if (duration > longest) {
        longest = duration
        script = [sourceURL && shorten(sourceURL), labelOf(invoker), duration]
      }
    }
  }
  return [
    // Chromium gives `pointerup` no target unless a page listens for it; the `click` of the same interaction has one. What is
    // removed during its own click has none: it was named before any listener of the page heard of it.
    // https://github.com/GoogleChrome/web-vitals/issues/335
    [entry, ...seen.filter(event => event.interactionId === interactionId || event.startTime === startTime)]
      .map(nameOf)
      .find(Boolean) ?? '',
    name,
    script,
    ...[startTime, begin, end, paint].map(time => time - _origin),
  ]
}

/** What a browser calls a thing, without addresses and numbers: `IMG[src].onload`, `TimerHandler:setTimeout`. */
function labelOf(text: string): string {
  return text.replace(/#(.*)(?=\.)|=.*(?=])|^[a-z-]+:.*/, (_, id) => idOf(id))
}
