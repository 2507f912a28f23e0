/**
 * Why a vital is what it is: the metrics of web-vitals come in with the entries that they were read from, beside them what
 * else the browser tells of those moments; causes go out. The core is built without this file.
 *
 * Parts and phases are those of web-vitals' attribution build, which is 1,100 bytes larger. Not they are rounded but the
 * times between them, so that their sum is the rounded metric.
 */

import type { ClsCause, InpCause, LcpCause } from '../schema/wire/pageview.ts'
import { addressOf } from './address.ts'
import type { Observers } from './observe.ts'
import type { View } from './pageview.ts'
import { idOf, selectorOf } from './selector.ts'
import type { Explain } from './vitals.ts'

/** Starts to find causes, beside those who observe already. */
export type StartWhy = (observers: Observers) => Observers & {
  /** Notes the cause of a vital in its page view. */
  _explain: Explain
}

/** Entries kept of each kind: slow events and long frames, for interactions, and resources, for images. */
const KEPT = 256
/** ms by which two events may disagree on the paint after both: durations are rounded. */
const SAME_PAINT = 8

/** An event or a long animation frame. */
type Slow = Partial<PerformanceEventTiming & PerformanceLongAnimationFrameTiming> & PerformanceEntry
/** Has elements, as long as they are there. */
interface Seen extends PerformanceEntry {
  readonly target?: Node | null | undefined
  /** Sorted by area. */
  readonly sources?: readonly { readonly node?: Node | null | undefined }[]
}

/** Starts with nothing known. */
export const startWhy: StartWhy = observers => {
  const slow: Slow[] = []
  const resources: PerformanceResourceTiming[] = []
  /** Elements are named as the browser tells of them: when their metric is told, they may be gone. */
  const names = new WeakMap<PerformanceEntry, string>()
  /** Works out the cause of the newest INP again, for an entry that came after it. */
  let settle: ((entry: Slow) => void) | undefined

  const nameOf = (entry: Seen): string => {
    const { target, sources = [{ node: target }] } = entry
    const name = names.get(entry) ?? sources.map(({ node }) => selectorOf(node)).find(Boolean) ?? ''
    names.set(entry, name)
    return name
  }
  const keep = (entry: Slow): void => {
    nameOf(entry)
    push(slow, entry)
    settle?.(entry)
  }

  return {
    ...observers,
    event: keep,
    'first-input': keep,
    'long-animation-frame': keep,
    'layout-shift': nameOf,
    resource(entry) {
      push(resources, entry)
      observers.resource?.(entry)
    },
    _explain(view, metric) {
      view._page.why ??= { lcp: null, inp: null, cls: null }
      const { why } = view._page
      if (metric.name === 'LCP') why.lcp = lcpCause(metric.entries[0], view, resources)
      if (metric.name === 'CLS') why.cls = clsCause(metric.entries, view, nameOf)
      if (metric.name === 'INP') {
        const [entry] = metric.entries
        // Its other events and its frames may be told after it.
        settle =
          entry &&
          (({ startTime }) => {
            if (startTime <= entry.startTime + entry.duration) why.inp = inpCause(entry, view, slow, nameOf)
          })
        if (entry) settle?.(entry)
        else why.inp = null
      }
    },
  }
}

function push<T>(list: T[], entry: T): void {
  if (list.push(entry) > KEPT) list.shift()
}

/** @see https://web.dev/articles/optimize-lcp#lcp-breakdown */
function lcpCause(
  entry: LargestContentfulPaint | undefined,
  { _page: { vitals }, _origin }: View,
  resources: readonly PerformanceResourceTiming[],
): LcpCause | null {
  if (!entry) return null
  const lcp = vitals.lcp ?? 0
  const answered = vitals.ttfb ?? 0
  const { element, id, url, startTime: painted } = entry
  // Without Timing-Allow-Origin there is no `requestStart`.
  const requested = ({ requestStart, startTime }: PerformanceResourceTiming) => requestStart || startTime
  // Not asked of the browser, whose list of resources is full after 250, and which pages clear.
  const image = resources.filter(image => image.name === url && requested(image) <= painted).pop()
  const begin = Math.round(Math.max(answered, image ? requested(image) - _origin : 0))
  const end = Math.round(Math.min(lcp, Math.max(begin, image ? image.responseEnd - _origin : 0)))
  return {
    // What is gone has its id left.
    target: selectorOf(element) || idOf(id),
    url: url ? shorten(url) : null,
    loadDelay: begin - Math.round(answered),
    loadDuration: end - begin,
    renderDelay: Math.round(lcp) - end,
  }
}

/** The largest shift of the worst session window. */
function clsCause(
  shifts: readonly LayoutShift[],
  { _origin }: View,
  nameOf: (entry: Seen) => string,
): ClsCause | null {
  const [largest] = [...shifts].sort((a, b) => b.value - a.value)
  return largest
    ? { target: nameOf(largest), value: largest.value * 1000, time: largest.startTime - _origin }
    : null
}

/** @see https://web.dev/articles/optimize-inp */
function inpCause(
  entry: PerformanceEventTiming,
  { _origin }: View,
  slow: readonly Slow[],
  nameOf: (entry: Seen) => string,
): InpCause {
  const { startTime, duration, name, interactionId } = entry
  let { processingStart: begin, processingEnd: end } = entry
  for (const { startTime: start, duration: length, processingStart, processingEnd } of slow)
    if (processingStart && processingEnd && Math.abs(start + length - startTime - duration) <= SAME_PAINT) {
      begin = Math.min(begin, processingStart)
      end = Math.max(end, processingEnd)
    }
  begin = Math.max(begin, startTime)
  const paint = Math.max(begin, startTime + duration)
  end = Math.min(end, paint)

  let script: InpCause['script'] = null
  for (const { startTime: start, scripts = [] } of slow)
    if (start <= end)
      for (const { startTime: start, duration: length, sourceURL, invoker } of scripts) {
        // A dialog of the browser's may go on for long after the paint.
        const duration = Math.min(start + length, paint) - Math.max(start, startTime)
        if (duration > (script?.duration ?? 0))
          script = { url: sourceURL && shorten(sourceURL), invoker: labelOf(invoker), duration }
      }
  const delay = Math.round(begin - startTime)
  const processed = Math.round(end - startTime)
  return {
    // Chromium gives `pointerup` no target unless a page listens for it; the `click` of the same interaction has one.
    target:
      [entry, ...slow.filter(event => event.interactionId === interactionId)].map(nameOf).find(Boolean) ?? '',
    event: name,
    time: startTime - _origin,
    inputDelay: delay,
    processing: processed - delay,
    presentation: Math.round(paint - startTime) - processed,
    script,
  }
}

/** Of `data:`, `blob:` and the like no more than that. */
function shorten(text: string): string {
  const url = new URL(text, document.baseURI)
  return /^http/.test(url.protocol) ? addressOf(url) : url.protocol
}

/** What a browser calls a thing, without addresses and numbers: `IMG[src].onload`, `TimerHandler:setTimeout`. */
function labelOf(text: string): string {
  return text.replace(/=.*(?=])|^[a-z-]+:.*|\d\d+/g, '')
}
