/**
 * Puts the parts together: options come in, beacons go out. Nothing here throws into the page, sets a cookie or stores
 * anything; a line into the console is written for wrong options alone, on the developer's own machine.
 */

import type { StartAttribution } from './attribution.ts'
import { type Calls, observeCalls } from './calls.ts'
import { native } from './dom.ts'
import type { NameOperation } from './graphql.ts'
import { listen } from './listen.ts'
import { observe } from './observe.ts'
import { patchCalls } from './patch.ts'
import { quietly } from './quietly.ts'
import { type InitOptions, readOptions } from './settings.ts'
import { consent, startTransport } from './transport.ts'
import { mark, name, tag, trackViews, views } from './views.ts'
import { trackVitals } from './vitals.ts'
import { outside } from './zone.ts'

export interface Fieldline {
  /**
   * Starts measuring. The first call counts, later ones do nothing, of whichever copy of the SDK; so does a call on a
   * server, without `site` or `endpoint`, in a browser that is too old, and for a visitor who asks not to be tracked
   * (Global Privacy Control, Do Not Track).
   */
  init(options: InitOptions): void
  /**
   * Names the route of the current page view: `setRoute('/p/[id]')`. Call it once the address is the new one. Without
   * a name the route is the path with its ids templated.
   */
  setRoute(route: string): void
  /**
   * Reports a measure of the page's own: `mark('search.results')`, `mark('cart.items', 3)`. The name is 1 to 64 of
   * letters, digits, `_`, `.` and `-`; the value 0 to 600,000, rounded, by default the ms since the page view began.
   * `time` says when it was, by `performance.now()`; by default now. At most 32 wait until they are sent.
   */
  mark(name: string, value?: number, time?: number): void
  /**
   * Says in your own words what the current page view is, and those after it: `tag('plan', 'pro')`. At most 5 a page view, of
   * the names that the site declares; a value is text of at most 64 characters, and one like an e-mail address or a token is not
   * kept. No value takes the tag away.
   */
  tag(name: string, value?: string): void
  /**
   * Says whether anything may be sent. What was measured before `consent(true)` is sent after it; `consent(false)`
   * forgets what is not sent yet, and ends what is measured of the page views so far.
   */
  consent(granted: boolean): void
}

/** Under which the first copy of the SDK is known to the others: one tag and one package measure once. */
const FIRST: unique symbol = Symbol.for('fieldline')

/** All copies' global object; a server has one, too. */
const shared: object & { [FIRST]?: Fieldline } = globalThis

/**
 * The page's fieldline, of whichever copy, not yet started. `startAttribution` finds what vitals came from, `operationOf` names what GraphQL is asked
 * for, `trackErrors` counts errors; the core does without.
 */
export function fieldline(
  startAttribution?: StartAttribution,
  operationOf?: NameOperation,
  trackErrors?: (wanted?: string) => void,
): Fieldline {
  shared[FIRST] ??= {
    init: quietly(options => {
      const settings = !views[0] && readOptions({ ...options })
      // What is too old is left alone. web-vitals takes the last of a list by `at`, and would throw into the page.
      if (
        !settings ||
        !window.PerformanceObserver ||
        !('keepalive' in Request.prototype) ||
        !('at' in Array.prototype)
      )
        return
      outside(() => {
        const { api } = settings
        trackViews(settings)
        let calls: Calls | undefined
        // First: it takes the page's own fetch, and throws where nobody may listen.
        startTransport(settings, () => calls?._settle())
        if (!/^$|off|false/.test(api as string))
          calls = observeCalls(settings, api === 'passive' ? undefined : patchCalls, operationOf)
        trackErrors?.(settings.errors)
        const begin = quietly(() => {
          const attribution = startAttribution?.(calls ?? {})
          // First, so that resources are known as the LCP is told.
          observe(attribution ?? calls ?? {})
          trackVitals(attribution?._attribute)
        })
        // A prerendered page's visitor sees nothing before it is shown.
        if (native(document, 'prerendering')) listen('prerenderingchange', begin)
        // A task of its own: with the one that puts the parts together it would be a long one on a slow phone.
        else setTimeout(begin)
      })
    }),
    setRoute: quietly(name),
    mark: quietly(mark),
    tag: quietly(tag),
    consent: quietly(consent),
  }
  return shared[FIRST]
}
