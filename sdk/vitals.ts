/**
 * Web vitals: performance entries come in, each vital goes into the page view to which it belongs. TTFB is not among
 * them: it is read from the navigation's entry.
 *
 * The definitions are those of web-vitals, to which tests/browser/oracle holds this file on the same pages. Where it
 * keeps a metric for each vital of each navigation, and observers for each, here the page view is what is kept.
 */

import type { Vital } from '../schema/metrics.ts'
import type { Navigation } from '../schema/pageview.ts'
import { activationStart, softNavigations } from './navigation.ts'
import type { InteractionPaint, LayoutShift, Observers } from './observe.ts'
import { originOf, type View } from './pageview.ts'
import type { Views } from './views.ts'
import type { Explain } from './why.ts'

/** ms without a shift that end a session window of CLS, and the longest window. */
const GAP = 1000
const WINDOW = 5000
/** INP is the 98th percentile: of so many interactions the longest is passed over. */
const PASSED_OVER = 50
/** Longest interactions kept: they answer for 500. */
const KEPT = 10
/** ms that are told where interactions were all too short for browsers to tell, as web-vitals does. */
const FAST = 8

/** Begins where the page is shown: a prerendered page's visitor sees nothing before. */
export function trackVitals(views: Views, explain?: Explain): Observers {
  /** To which what is observed belongs, and what it keeps beside its vitals. */
  let view: View = views._list[0]
  /** When the page was first hidden: what is painted later, nobody saw in time. */
  let hidden =
    performance
      .getEntriesByType('visibility-state')
      .find(({ name, startTime }) => name === 'hidden' && startTime >= activationStart())?.startTime ??
    hiddenNow()
  let session: LayoutShift[] = []
  let score = 0
  let largest = 0
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

  /** Answers whether a page view begins at `start`. */
  const begin = (start: number, navigation: Navigation, url: string, interaction = 0): boolean => {
    interacted()
    const next = views._open(start, navigation, url)
    if (!next) return false
    view = next
    hidden = Number.POSITIVE_INFINITY
    session = []
    longest = []
    score = largest = 0
    before = interactions()
    begunBy = interaction
    return true
  }

  const note = (vital: Vital, value: number, entries: readonly PerformanceEntry[] = []): void => {
    if (view._vitals[vital] === value) return
    view._vitals[vital] = value
    explain?.(view, vital, entries)
    views._onChange()
  }

  /** ms from the page view's beginning; paints from before a prerendered page was shown were there at once. */
  const since = (time: number): number => Math.max(0, time - originOf(view))

  /** CLS begins with the first paint, as in CrUX. */
  const painted = (fcp: number): void => {
    note('fcp', fcp)
    if (supports('layout-shift')) note('cls', largest * 1000, session)
  }

  const interacted = (): void => {
    const count = interactions() - before
    const slow = longest[Math.min(longest.length - 1, Math.floor(count / PASSED_OVER))]
    if (slow) note('inp', slow.duration, [slow])
    // A first input is always told: of the document's first page view none is missing.
    else if (count > 0 && view._start) note('inp', FAST)
  }

  const event = (entry: PerformanceEventTiming): void => {
    const { interactionId: id, duration } = entry
    if (!id) return
    first ||= id
    counted = Math.max(counted, (id - first) / 7 + 1)
    const known = longest.find(({ interactionId }) => interactionId === id)
    if (!known || known.duration < duration)
      longest = [...longest.filter(one => one !== known), entry]
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
      note('lcp', Math.max(0, paint.renderTime - startTime), [paint])
  }

  addEventListener(
    'pageshow',
    ({ persisted, timeStamp }) => {
      if (!persisted) return
      begin(timeStamp, 'back-forward-cache', location.href)
      // Not all browsers say at once that the page is visible. https://crbug.com/1133363
      setTimeout(() => {
        hidden = hiddenNow()
      })
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          const paint = performance.now() - timeStamp
          painted(paint)
          if (supports('largest-contentful-paint')) note('lcp', paint)
        }),
      )
    },
    true,
  )

  return {
    hidden({ startTime }) {
      hidden = Math.min(hidden, startTime)
      interacted()
    },
    paint({ name, startTime }) {
      if (name === 'first-contentful-paint' && startTime < hidden) painted(since(startTime))
    },
    'largest-contentful-paint'(entry) {
      if (!view._start && entry.startTime < hidden) note('lcp', since(entry.startTime), [entry])
    },
    'layout-shift'(entry) {
      if (entry.hadRecentInput) return
      const { startTime, value } = entry
      const [opening] = session
      if (
        !opening ||
        startTime - opening.startTime >= WINDOW ||
        startTime - (session[session.length - 1] ?? opening).startTime >= GAP
      ) {
        session = []
        score = 0
      }
      session.push(entry)
      score += value
      if (score <= largest) return
      largest = score
      if (view._vitals.fcp !== null) note('cls', largest * 1000, session)
    },
    event,
    'first-input': event,
    ...(softNavigations() && {
      'soft-navigation'(entry) {
        const { startTime, name, presentationTime, paintTime, interactionId } = entry
        if (!begin(startTime, 'soft-navigation', name, interactionId)) return
        painted(Math.max(0, (presentationTime || paintTime || 0) - startTime))
        const paint = entry.getLargestInteractionContentfulPaint()
        if (paint) interactionPaint(paint)
      },
      'interaction-contentful-paint': interactionPaint,
    }),
  }
}

/** When the page was first hidden, if it is now and nothing is known of before. */
function hiddenNow(): number {
  return document.visibilityState === 'hidden' ? 0 : Number.POSITIVE_INFINITY
}

function supports(type: string): boolean {
  return PerformanceObserver.supportedEntryTypes.includes(type)
}
