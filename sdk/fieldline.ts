/**
 * Puts the parts together: options come in, beacons go out.
 *
 * Nothing here throws into the page, logs, sets a cookie or stores anything.
 */

import type { encodeWhy as EncodeWhy } from '../schema/beacon.ts'
import { observeCalls } from './api.ts'
import { patchCalls } from './patch.ts'
import { type InitOptions, readOptions } from './settings.ts'
import { startTransport } from './transport.ts'
import { trackViews } from './views.ts'
import { observeVitals } from './vitals.ts'

export interface Fieldline {
  /**
   * Starts measuring. The first call counts, later ones do nothing; so does a call on a server, without `site` or
   * `endpoint`, and for a visitor who asks not to be tracked (Global Privacy Control, Do Not Track).
   */
  init(options: InitOptions): void
  /**
   * Names the route of the current page view: `setRoute('/p/[id]')`. Call it once the address is the new one. Without
   * a name the route is the path with its ids templated.
   */
  setRoute(route: string): void
}

/** One fieldline, not yet started. `encodeWhy` writes causes into beacons; the core does without. */
export function fieldline(encodeWhy?: typeof EncodeWhy): Fieldline {
  let started = false
  let nameRoute: ((route: string) => void) | undefined

  return {
    init(options) {
      if (started || typeof document === 'undefined') return
      try {
        const settings = readOptions(options)
        if (!settings) return
        started = true
        const views = trackViews(settings)
        nameRoute = views._name
        // web-vitals must listen before the transport does: what it reports at the end goes into the last beacon.
        observeVitals(views)
        startTransport(
          settings,
          views,
          settings._api ? observeCalls(settings._url, patchCalls(), views._addCall) : undefined,
          encodeWhy,
        )
      } catch {}
    },
    setRoute(route) {
      try {
        nameRoute?.(route)
      } catch {}
    },
  }
}
