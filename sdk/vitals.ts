/**
 * Web vitals: performance entries come in, each vital goes into the page view to which it belongs.
 *
 * The definitions are those of web-vitals, to which tests/browser/oracle holds this file on the same pages. Where it
 * keeps a metric for each vital of each navigation, and observers for each, here the page view is what is kept.
 */

import type { Vital } from '../schema/metrics.ts'
import type { Navigation } from '../schema/pageview.ts'
import { activationStart, navigationEntry, softNavigations } from './navigation.ts'
import type { InteractionPaint, Observers } from './observe.ts'
import type { View } from './pageview.ts'
import type { Views } from './views.ts'
import type { Reasons } from './why.ts'

/** ms without a shift that end a session window of CLS, and the longest window. */
const GAP = 1000
const WINDOW = 5000
/** INP is the 98th percentile: of so many interactions the longest is passed over. */
const PASSED_OVER = 50
/** Longest interactions kept: they answer for 500. */
const KEPT = 10
/** ms that are told where interactions were all too short for browsers to tell, as web-vitals does. */
const FAST = 8
/** ms after all others. */
const NEVER = 1e12

/** Begins where the page is shown: a prerendered page's visitor sees nothing before. */
export function trackVitals(views: Views, why?: Reasons): Observers {
  /** To which what is observed belongs, and what it keeps beside its vitals. */
  let view: View = views._last
  view._origin = activationStart()
  /** When the page was first hidden: what is painted later, nobody saw in time. */
  let hidden =
    performance
      .getEntriesByType('visibility-state')
      .find(({ name, startTime }) => name === 'hidden' && startTime >= view._origin)?.startTime ??
    (document.hidden ? 0 : NEVER)
  /** The session window of CLS: its first and last shift, its score, and the largest score. */
  let opened = 0
  let score = 0
  let largest = 0
  let shifted = -GAP
  /** The slowest event of each interaction, the longest first. */
  let longest: PerformanceEventTiming[] = []
  /** Interactions before the page view. */
  let before = 0
  /** The interaction by which a soft navigation began. */
  let begunBy = 0
  /** Interactions of the document where the browser does not count them: ids grow by 7. */
  let first = 0
  let counted = 0

  const interactions = (): number => performance.interactionCount ?? counted

  const begin = (start: number, navigation: Navigation, url: string, interaction = 0): void => {
    interacted()
    view = views._open(start, navigation, url)
    hidden = NEVER
    longest = []
    shifted = -GAP
    largest = 0
    before = interactions()
    begunBy = interaction
  }

  /** `entry` is what it was read from. Paints from before a prerendered page was shown were there at once. */
  const note = (vital: Vital, time: number, entry?: PerformanceEntry): void => {
    const value = Math.max(0, time)
    if (view._vitals[vital] === value) return
    view._vitals[vital] = value
    why?._explain(view, vital, entry)
    views._onChange()
  }

  /** CLS begins with the first paint, as in CrUX. */
  const painted = (fcp: number): void => {
    note('fcp', fcp)
    if ('LayoutShift' in window) note('cls', largest * 1000)
  }

  // Some browsers tell 0, or a time to come.
  const { responseStart = 0 } = navigationEntry() ?? {}
  if (responseStart > 0 && responseStart <= performance.now()) note('ttfb', responseStart - view._origin)

  const interacted = (): void => {
    const count = interactions() - before
    const slow = longest[Math.min(longest.length - 1, (count / PASSED_OVER) | 0)]
    // A first input is always told: of the document's first page view none is missing.
    if (slow || (count > 0 && view._start)) note('inp', slow ? slow.duration : FAST, slow)
  }

  const event = (entry: PerformanceEventTiming): void => {
    why?._keep(entry)
    const { interactionId: id, duration } = entry
    if (!id) return
    first ||= id
    counted = Math.max(counted, (id - first) / 7 + 1)
    const same = longest.find(({ interactionId }) => interactionId === id)
    if (!same || same.duration < duration)
      longest = [...longest.filter(one => one !== same), entry]
        .sort((a, b) => b.duration - a.duration)
        .slice(0, KEPT)
    interacted()
  }

  const interactionPaint = ({
    interactionId,
    largestContentfulPaint: paint,
    startTime,
  }: InteractionPaint): void => {
    if (interactionId === begunBy && paint && paint.renderTime < hidden)
      note('lcp', paint.renderTime - startTime, paint)
  }

  addEventListener('pageshow', ({ persisted, timeStamp }) => {
    if (!persisted) return
    begin(timeStamp, 'back-forward-cache', location.href)
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const paint = performance.now() - timeStamp
        painted(paint)
        if ('LargestContentfulPaint' in window) note('lcp', paint)
      }),
    )
  })

  return {
    hidden() {
      hidden = Math.min(hidden, views._hidden)
      interacted()
      why?._settle()
    },
    paint({ name, startTime }) {
      if (name === 'first-contentful-paint' && startTime < hidden) painted(startTime - view._origin)
    },
    'largest-contentful-paint'(entry) {
      if (!view._start && entry.startTime < hidden) note('lcp', entry.startTime - view._origin, entry)
    },
    'layout-shift'(entry) {
      if (entry.hadRecentInput) return
      const { startTime, value } = entry
      const opens = startTime - shifted >= GAP || startTime - opened >= WINDOW
      if (opens) {
        opened = startTime
        score = 0
      }
      shifted = startTime
      score += value
      why?._shift(entry, opens, score > largest)
      if (score <= largest) return
      largest = score
      if (view._vitals.fcp !== null) note('cls', largest * 1000)
    },
    event,
    'first-input': event,
    ...(why ? { 'long-animation-frame': why._keep } : {}),
    ...(softNavigations() && {
      'soft-navigation'(entry) {
        const { name, startTime, interactionId, presentationTime, paintTime } = entry
        // Told late, after the page has left and come back.
        if (startTime <= view._start) return
        begin(startTime, 'soft-navigation', name, interactionId)
        painted((presentationTime || paintTime || 0) - startTime)
        const paint = entry.getLargestInteractionContentfulPaint()
        if (paint) interactionPaint(paint)
      },
      'interaction-contentful-paint': interactionPaint,
    }),
  }
}
