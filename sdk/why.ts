/**
 * Why a vital is what it is: the entries that it was read from come in, its cause goes out. The core is built without
 * this file.
 *
 * Parts and phases are those of web-vitals' attribution build. Not they are rounded but the times between them, so that
 * their sum is the rounded metric.
 */

import { MAX_SELECTOR } from '../schema/beacon.ts'
import type { Vital } from '../schema/metrics.ts'
import type { ClsCause, InpCause, LcpCause } from '../schema/pageview.ts'
import { addressOf } from './address.ts'
import type { LayoutShift, LongFrame } from './observe.ts'
import type { View } from './pageview.ts'
import { quietly } from './quietly.ts'

/** What finds causes, from what it is shown. */
export interface Reasons {
  /** Notes the cause of a vital in its page view: `entry` is what it was read from. */
  _explain(view: View, vital: Vital, entry?: PerformanceEntry): void
  /** Keeps a layout shift, which may open a session window and make it the worst. */
  _shift(shift: LayoutShift, opens: boolean, worst: boolean): void
  /** Says what is still to be said, as the page hides. */
  _settle(): void
  /** Keeps what happened around slow interactions. */
  _keep(entry: Slow): void
}

/** Slow events and long frames kept, for interactions that are reported later. */
const KEPT = 256
/** ms by which two events may disagree on the paint after both: durations are rounded. */
const SAME_PAINT = 8
/** ms after which the long frames of an interaction have been told. */
const LATER = 200
/** A name that a person gave. Generated ones hold digits, and change with each build or visitor. */
const STABLE = /^[a-z_-]+$/i

/** An event or a long animation frame. */
type Slow = Partial<PerformanceEventTiming & LongFrame> & PerformanceEntry

/** Starts with nothing known. */
export function startWhy(): Reasons {
  const recent: Slow[] = []
  let settle: (() => void) | undefined
  /** The largest shift of the session window, and of the worst. */
  let peak: LayoutShift | undefined
  let largest: LayoutShift | undefined
  return {
    _keep(entry) {
      if (recent.push(entry) > KEPT) recent.shift()
    },
    _settle() {
      settle?.()
    },
    _shift(shift, opens, worst) {
      if (opens || shift.value > (peak?.value ?? 0)) peak = shift
      if (worst) largest = peak
    },
    _explain: quietly((view, vital, entry) => {
      view._why ??= { lcp: null, inp: null, cls: null }
      const { _why } = view
      if (vital === 'lcp') _why.lcp = lcpCause(entry as LargestContentfulPaint | undefined, view)
      if (vital === 'cls') _why.cls = clsCause(largest, view)
      if (vital === 'inp') {
        const event = entry as PerformanceEventTiming | undefined
        const target = selectorOf(event?.target)
        settle?.()
        // The long frame of an interaction is told after it, when its element may be gone.
        settle = quietly(() => {
          settle = undefined
          _why.inp = event ? inpCause(event, target, view._origin, recent) : null
        })
        setTimeout(() => settle?.(), LATER)
      }
    }),
  }
}

/** @see https://web.dev/articles/optimize-lcp#lcp-breakdown */
function lcpCause(entry: LargestContentfulPaint | undefined, view: View): LcpCause | null {
  const { lcp, ttfb } = view._vitals
  if (!entry || lcp === null) return null
  const origin = view._origin
  const answered = ttfb ?? 0
  const { element, url, startTime: painted } = entry
  // Without Timing-Allow-Origin there is no `requestStart`.
  const requested = ({ requestStart, startTime }: PerformanceResourceTiming) => requestStart || startTime
  const image = performance
    .getEntriesByName(url, 'resource')
    .filter(
      (image): image is PerformanceResourceTiming => requested(image as PerformanceResourceTiming) <= painted,
    )
    .pop()
  const begin = Math.round(Math.max(answered, image ? requested(image) - origin : 0))
  const end = Math.round(Math.min(lcp, Math.max(begin, image ? image.responseEnd - origin : 0)))
  return {
    target: selectorOf(element),
    url: url ? shorten(url) : null,
    loadDelay: begin - Math.round(answered),
    loadDuration: end - begin,
    renderDelay: Math.round(lcp) - end,
  }
}

/** The largest shift. It stays explained as it was when its element was there. */
function clsCause(largest: LayoutShift | undefined, view: View): ClsCause | null {
  if (!largest || !view._vitals.cls) return null
  const known = view._why?.cls
  const time = Math.round(largest.startTime - view._origin)
  if (known?.time === time) return known
  return {
    // Sources are sorted by area.
    target: largest.sources.map(({ node }) => selectorOf(node)).find(Boolean) ?? '',
    value: largest.value * 1000,
    time,
  }
}

/** @see https://web.dev/articles/optimize-inp */
function inpCause(
  entry: PerformanceEventTiming,
  target: string,
  origin: number,
  recent: readonly Slow[],
): InpCause {
  const { startTime, duration, name } = entry
  let { processingStart: begin, processingEnd: end } = entry
  for (const { startTime: start, duration: length, processingStart, processingEnd } of recent)
    if (processingStart && processingEnd && Math.abs(start + length - startTime - duration) <= SAME_PAINT) {
      begin = Math.min(begin, processingStart)
      end = Math.max(end, processingEnd)
    }
  begin = Math.max(begin, startTime)
  const paint = Math.max(begin, startTime + duration)
  end = Math.min(end, paint)

  let script: InpCause['script'] = null
  for (const { startTime: start, scripts = [] } of recent)
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
    target,
    event: name,
    time: startTime - origin,
    inputDelay: delay,
    processing: processed - delay,
    presentation: Math.round(paint - startTime) - processed,
    script,
  }
}

/**
 * A short and stable selector: from the nearest element with an id of its own down, `#cart>ul>li.offer`. Names that
 * look generated are left out, and so is all text.
 */
function selectorOf(node: Node | null | undefined): string {
  let path = ''
  let element = node instanceof Element ? node : node?.parentElement
  while (element?.parentElement) {
    const { id, localName, classList } = element
    const named = STABLE.test(id)
    const part = named ? `#${id}` : [localName, ...[...classList].filter(name => STABLE.test(name))].join('.')
    if (path.length + part.length >= MAX_SELECTOR) break
    path = path ? `${part}>${path}` : part
    if (named) break
    element = element.parentElement
  }
  return path
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
